import { rawContiguous } from '../../raw/copy.js';
import { rawLinearInt8 } from '../../raw/quantized.js';
import { refuseSurplus } from '../../tensor/arguments.js';
import { context } from '../../tensor/context.js';
import { fail } from '../../tensor/errors.js';
import { checkOptions } from '../../tensor/options.js';
import { numelOf, showShape } from '../../tensor/shape.js';
import { checkTensor, type Tensor } from '../../tensor/tensor.js';
import { rawReshape } from '../../tensor/view.js';

export interface LinearDynamicOptions {
  /** Quantises the input to 7 bits instead of 8, as PyTorch does; default true. */
  reduceRange?: boolean;
}

/**
 * x · (weightScale · weight)ᵀ + bias with the input quantised by its own least and greatest element: 8-bit integers are
 * multiplied, their sums exact.
 *
 * Shapes: x [..., in] float32, at least two-dimensional; weight [out, in] int8; weightScale [] or [out] float32; bias
 * [out] float32 or null → [..., out] float32. It has no derivative.
 *
 * @throws FlambeauError DTYPE_MISMATCH, SHAPE_MISMATCH; OUT_OF_RANGE for NaN or an infinity in x; GRAD_ERROR when x
 * requires a gradient.
 * @example
 * const weight = tensor([[127, -64]], { dtype: 'int8' });
 * nn.quantized.functional.linearDynamic(tensor([[1, 0]]), weight, tensor(0.01)).shape; // [1, 1]
 */
export function linearDynamic(
  x: Tensor,
  weight: Tensor,
  weightScale: Tensor,
  bias: Tensor | null = null,
  options?: LinearDynamicOptions,
): Tensor {
  if (arguments.length > 5) refuseSurplus('linearDynamic', arguments, 5);
  const op = 'linearDynamic';
  const { reduceRange = true } = checkOptions(op, options, ['reduceRange']);
  checkTensor(op, x);
  const given: [string, Tensor, string][] = [
    ['input', x, 'float32'],
    ['weight', checkTensor(op, weight, 'weight'), 'int8'],
    ['weightScale', checkTensor(op, weightScale, 'weightScale'), 'float32'],
  ];
  if (bias !== null) given.push(['bias', checkTensor(op, bias, 'bias'), 'float32']);
  for (const [name, { dtype }, expected] of given) {
    if (dtype !== expected) fail('DTYPE_MISMATCH', `${op}: ${name} must be ${expected}, got ${dtype}`);
  }
  const [outputs, inputs] = weight._shape;
  if (weight._shape.length !== 2)
    fail('SHAPE_MISMATCH', `${op}: weight must be a matrix, got ${showShape(weight._shape)}`);
  if (x._shape.length < 2 || x._shape.at(-1) !== inputs) {
    fail(
      'SHAPE_MISMATCH',
      `${op}: input must be [..., ${inputs}] of two or more dimensions, got ${showShape(x._shape)}`,
    );
  }
  const isPerRow = weightScale._shape.length === 1 && weightScale._shape[0] === outputs;
  if (weightScale._shape.length !== 0 && !isPerRow) {
    fail('SHAPE_MISMATCH', `${op}: weightScale must be [] or [${outputs}], got ${showShape(weightScale._shape)}`);
  }
  if (bias !== null && (bias._shape.length !== 1 || bias._shape[0] !== outputs)) {
    fail('SHAPE_MISMATCH', `${op}: bias must have shape [${outputs}], got ${showShape(bias._shape)}`);
  }
  if (context().grad && (x.requiresGrad || weightScale.requiresGrad || bias?.requiresGrad === true)) {
    fail(
      'GRAD_ERROR',
      `${op}: quantised layers cannot be trained: no operand may require a gradient; run it in noGrad(…)`,
    );
  }
  const rows = numelOf(x._shape.slice(0, -1));
  const matrix = x._shape.length === 2 ? x : rawReshape(rawContiguous(x), [rows, inputs!]);
  const out = rawLinearInt8(matrix, weight, weightScale, bias, reduceRange);
  return x._shape.length === 2 ? out : rawReshape(out, [...x._shape.slice(0, -1), outputs!]);
}

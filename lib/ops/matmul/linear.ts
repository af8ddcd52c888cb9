import { defineOp, type Op, requiresGrad } from '../../autograd/op.js';
import type { ProductActivation } from '../../raw/epilogue.js';
import { rawLinear } from '../../raw/matmul.js';
import { refuseSurplus } from '../../tensor/arguments.js';
import { fail } from '../../tensor/errors.js';
import { numelOf, showShape } from '../../tensor/shape.js';
import type { Tensor } from '../../tensor/tensor.js';
import { sumDims } from '../broadcast.js';
import { reshapeTo, swapLast } from '../shape/layout.js';
import { checkMultiplies, checkPair, checkRank, product } from './product.js';

/** x [n, in] · weightᵀ [in, out] + bias [out], the bias added while the product is still in registers. */
const linearOp: Op<[x: Tensor, weight: Tensor, bias: Tensor | null]> = defineOp({
  name: 'addmm',
  node: (_x, _weight, bias) => (bias === null ? 'MmBackward0' : 'AddmmBackward0'),
  forward: (x, weight, bias) => rawLinear(x, weight, bias),
  save: ([x, weight], _out, [xNeeds, weightNeeds]) => [weightNeeds ? x : null, xNeeds ? weight : null],
  backward: ({ saved: [x, weight], needs }, g) => [
    needs[0] ? product(g, weight!) : null,
    needs[1] ? product(swapLast(g), x!) : null,
    needs[2] ? sumDims(g, [0], false) : null,
  ],
});

/** The sizes of a product of checked arguments. */
function checkLinear(x: Tensor, weight: Tensor, bias: Tensor | null): [rows: number, inputs: number, outputs: number] {
  checkPair('linear', x, weight, ['input', 'weight']);
  if (bias !== null) checkPair('linear', x, bias, ['input', 'bias']);
  const { _shape: shape } = x;
  checkRank('linear', weight, 2, 'weight');
  if (shape.length === 0) fail('SHAPE_MISMATCH', 'linear: input must be at least 1-dimensional, got shape []');
  const [outputs, inputs] = weight._shape as [number, number];
  const rows = shape.length === 2 ? shape[0]! : numelOf(shape.slice(0, -1));
  checkMultiplies('linear', [rows, shape.at(-1)!], [inputs, outputs]);
  if (bias !== null && (bias._shape.length !== 1 || bias._shape[0] !== outputs)) {
    fail('SHAPE_MISMATCH', `linear: bias must have shape [${outputs}], got ${showShape(bias._shape)}`);
  }
  return [rows, inputs, outputs];
}

/**
 * x · weightᵀ + bias: x [..., in], weight [out, in], bias [out] or null → [..., out].
 *
 * @example
 * F.linear(ones([1, 2]), ones([3, 2]), zeros([3])).toArray(); // [[2, 2, 2]]
 */
export function linear(x: Tensor, weight: Tensor, bias: Tensor | null = null): Tensor {
  if (arguments.length > 3) refuseSurplus('linear', arguments, 3);
  return ofRows(x, checkLinear(x, weight, bias), (flat) => linearOp(flat, weight, bias));
}

/**
 * activation(x · weightᵀ + bias) in one pass over the result, with the numbers of the two ops. Nothing is recorded: for
 * where grad mode is off.
 */
export function linearThen(x: Tensor, weight: Tensor, bias: Tensor | null, activation: ProductActivation): Tensor {
  return ofRows(x, checkLinear(x, weight, bias), (flat) => rawLinear(flat, weight, bias, activation));
}

/** `multiply` of x as a matrix, in x's shape. */
function ofRows(
  x: Tensor,
  [rows, inputs, outputs]: readonly [number, number, number],
  multiply: (x: Tensor) => Tensor,
): Tensor {
  const { _shape: shape } = x;
  if (shape.length === 2) return multiply(x);
  const flat = reshapeTo(x, [rows, inputs]);
  const result = multiply(flat);
  const out = reshapeTo(result, [...shape.slice(0, -1), outputs]);
  // Without a graph the other geometries are nobody's, and would keep the memory of x and of the result.
  if (!requiresGrad(out)) {
    flat.dispose();
    result.dispose();
  }
  return out;
}

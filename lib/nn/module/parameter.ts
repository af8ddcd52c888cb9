import { requireGrad } from '../../autograd/accumulate.js';
import { rawFull } from '../../raw/create.js';
import { refuseSurplus } from '../../tensor/arguments.js';
import { shareStorage } from '../../tensor/data.js';
import { type DType, isFloating } from '../../tensor/dtype.js';
import { fail } from '../../tensor/errors.js';
import { checkOptions } from '../../tensor/options.js';
import type { Shape } from '../../tensor/shape.js';
import { checkTensor, INTERNAL, Tensor } from '../../tensor/tensor.js';

export interface ParameterOptions {
  /** Whether the optimizer's gradients reach it; default true. */
  readonly requiresGrad?: boolean;
}

/**
 * A tensor that a module learns: assigned to a module, it is listed by `parameters()` and saved by `stateDict()`.
 *
 * It is a new leaf over the same memory as `data`, whatever history `data` has. Only float32 and float64 can require
 * grad; other dtypes need `{ requiresGrad: false }`.
 *
 * @example
 * class Scale extends nn.Module {
 *   factor = new nn.Parameter(ones([3]));
 *   override forward(x: Tensor): Tensor { return x.mul(this.factor); }
 * }
 */
export class Parameter extends Tensor {
  constructor(data: Tensor, options: ParameterOptions = {}) {
    if (arguments.length > 2) refuseSurplus('Parameter', arguments, 2);
    checkTensor('Parameter', data, 'data');
    const { requiresGrad = true } = checkOptions('Parameter', options, ['requiresGrad']);
    if (requiresGrad && !isFloating(data.dtype)) {
      fail(
        'DTYPE_MISMATCH',
        `Parameter: Only Tensors of floating point dtype can require gradients, got ${data.dtype}`,
      );
    }
    super(INTERNAL, data._shape, data.dtype);
    shareStorage(this, data);
    if (requiresGrad) requireGrad(this);
  }

  override toString(): string {
    return `Parameter containing:\n${super.toString()}`;
  }
}

/** A parameter of zeros that alone holds its memory, for a layer to initialise. */
export function newParameter(shape: Shape, dtype: DType): Parameter {
  const data = rawFull(shape, 0, dtype);
  const parameter = new Parameter(data);
  data.dispose();
  return parameter;
}

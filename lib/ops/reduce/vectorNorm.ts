import { noGrad } from '../../autograd/modes.js';
import { defineOp, type Op } from '../../autograd/op.js';
import { reduceKernel } from '../../raw/reduce.js';
import { isOptions, named, refuseSurplus } from '../../tensor/arguments.js';
import { fail } from '../../tensor/errors.js';
import { checkNumber, checkOptions } from '../../tensor/options.js';
import { numelOf } from '../../tensor/shape.js';
import { checkTensor, type Tensor } from '../../tensor/tensor.js';
import { castTo, checkFloating, type Dims, reduceDims, sumDims, unreduced, widen } from '../broadcast.js';
import { div, mul, square } from '../elementwise/arithmetic.js';
import { eq, isnan, ne } from '../elementwise/compare.js';
import { maskedFill } from '../elementwise/masking.js';
import { pow } from '../elementwise/pointwise.js';
import { abs, sign, sqrt } from '../elementwise/unary.js';
import type { ReduceOptions } from './reduce.js';

const amaxRaw = reduceKernel('amax');
const aminRaw = reduceKernel('amin');

type NormArguments = [x: Tensor, p: number, dims: readonly number[], keepdim: boolean];

/** (Σ |x|^p)^(1/p), with its limits at p = 0 and ±∞. Where the norm is 0 the gradient is 0. */
const normOp: Op<NormArguments> = defineOp({
  name: 'norm',
  node: 'LinalgVectorNormBackward0',
  forward: (x, p, dims, keepdim) => noGrad(() => castTo(power(widen(x), p, dims, keepdim), x.dtype)),
  save: ([x], out) => [x, out],
  backward: ({ args: [{ shape, dtype }, p, dims, keepdim], saved: [x, out] }, g) => {
    // A count has no derivative, as in PyTorch.
    if (p === 0) return [null];
    const wide = unreduced(widen(g), shape, dims, keepdim);
    return [castTo(slope(widen(x!), p, wide, unreduced(widen(out!), shape, dims, keepdim), dims), dtype)];
  },
});

function power(x: Tensor, p: number, dims: readonly number[], keepdim: boolean): Tensor {
  switch (p) {
    case 0:
      return sumDims(castTo(ne(x, 0), x.dtype), dims, keepdim);
    case 1:
      return sumDims(abs(x), dims, keepdim);
    case 2:
      return sqrt(sumDims(square(x), dims, keepdim));
    case Infinity:
      return amaxRaw(abs(x), dims, keepdim);
    case -Infinity:
      return aminRaw(abs(x), dims, keepdim);
    default:
      return pow(sumDims(pow(abs(x), p), dims, keepdim), 1 / p);
  }
}

function slope(x: Tensor, p: number, g: Tensor, norm: Tensor, dims: readonly number[]): Tensor {
  if (p === 1) return mul(g, sign(x));
  // In an order in which a small norm under a large gradient does not overflow on the way.
  if (p === 2) return mul(g, maskedFill(div(x, norm), eq(norm, 0), 0));
  if (p < 1 && Number.isFinite(p)) {
    const signed = mul(sign(x), maskedFill(pow(abs(x), p - 1), eq(x, 0), 0));
    return mul(mul(signed, g), pow(norm, 1 - p));
  }
  if (Number.isFinite(p)) {
    const scale = maskedFill(div(g, pow(norm, p - 1)), eq(norm, 0), 0);
    const signed = mul(sign(x), pow(abs(x), p - 1));
    // Below p = 2 the factor is not smooth at 0, where the gradient is taken as 0.
    return mul(p < 2 ? maskedFill(signed, eq(x, 0), 0) : mul(x, pow(abs(x), p - 2)), scale);
  }
  // Ties share the gradient; a NaN, which is the norm and has no sign, has none.
  const holds = castTo(eq(abs(x), norm), x.dtype);
  const share = maskedFill(div(g, sumDims(holds, dims, true)), isnan(norm), 0);
  return mul(mul(sign(x), holds), share);
}

export interface NormOptions extends ReduceOptions {
  dim?: Dims;
}

/**
 * The p-norm of the vectors along `dim` (of all elements by default); 'fro' is p = 2.
 *
 * @example
 * tensor([3, 4]).norm().item(); // 5
 */
export function norm(
  x: Tensor,
  ...args:
    | [p?: number | 'fro', dim?: Dims, options?: ReduceOptions]
    | [p: number | 'fro', options: NormOptions]
    | [options: NormOptions & { p?: number | 'fro' }]
): Tensor;
export function norm(
  x: Tensor,
  p: number | 'fro' | (NormOptions & { p?: number | 'fro' }) = 2,
  dim: Dims | ReduceOptions = null,
  options?: ReduceOptions,
): Tensor {
  if (arguments.length > 4) refuseSurplus('norm', arguments, 4);
  if (isOptions(p)) {
    const [order, rest] = named('norm', 'p', p, dim ?? options);
    return norm(x, order, rest);
  }
  if (isOptions(dim)) return norm(x, p, ...named('norm', 'dim', dim, options));
  checkFloating('norm', checkTensor('norm', x));
  const { keepdim = false } = checkOptions('norm', options, ['keepdim'], undefined, 'dim');
  const order = p === 'fro' ? 2 : checkNumber('norm', 'p', p);
  const dims = reduceDims('norm', dim, x._shape.length);
  if (Math.abs(order) === Infinity || order < 0) {
    if (numelOf(dims.map((d) => x._shape[d]!)) === 0)
      fail('BAD_ARGUMENT', `norm: the ${order} norm of an empty tensor is not defined`);
  }
  return normOp(x, order, dims, keepdim);
}

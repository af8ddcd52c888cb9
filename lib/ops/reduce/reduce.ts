import { noGrad } from '../../autograd/modes.js';
import { defineOp, type Op } from '../../autograd/op.js';
import { rawTo } from '../../raw/copy.js';
import { rawFull } from '../../raw/create.js';
import { binaryScalarKernel } from '../../raw/elementwise.js';
import { rawSquaredDeviations, reducedShape, reduceKernel } from '../../raw/reduce.js';
import { type AlongAny, isOptions, named, refuseSurplus } from '../../tensor/arguments.js';
import { checkDType, type DType, isFloating } from '../../tensor/dtype.js';
import { describe, fail } from '../../tensor/errors.js';
import { checkNumber, checkOptions } from '../../tensor/options.js';
import { numelOf, type Shape } from '../../tensor/shape.js';
import { checkTensor, type Tensor } from '../../tensor/tensor.js';
import { rawReshape } from '../../tensor/view.js';
import {
  accumulated,
  castTo,
  checkFloating,
  type Dims,
  expandTo,
  reduceDims,
  reductionNode,
  sumDims,
  unreduced,
  widen,
} from '../broadcast.js';
import { add, div, mul, sub } from '../elementwise/arithmetic.js';
import { eq, isfinite, ne } from '../elementwise/compare.js';
import { maskedFill, where } from '../elementwise/masking.js';
import { exp, log, sqrt } from '../elementwise/unary.js';

// Reductions over one dimension, several or all: [..] → the shape without them, or with size 1 under keepdim.

export interface ReduceOptions {
  /** Keep the reduced dimensions with size 1. */
  keepdim?: boolean;
}

export interface SumOptions extends ReduceOptions {
  /** Computed and returned in this dtype; integers default to int64. */
  dtype?: DType;
}

const sumRaw = reduceKernel('sum');

/**
 * The sum over `dim` (all by default); integers and booleans give int64. Nothing sums to 0.
 *
 * @example
 * tensor([[1, 2], [3, 4]]).sum(1, { keepdim: true }).toArray(); // [[3], [7]]
 */
export function sum(x: Tensor, ...args: AlongAny<SumOptions, Dims>): Tensor;
export function sum(x: Tensor, dim?: Dims | SumOptions, options?: SumOptions): Tensor {
  if (arguments.length > 3) refuseSurplus('sum', arguments, 3);
  if (isOptions(dim)) return sum(x, ...named('sum', 'dim', dim, options));
  checkTensor('sum', x);
  const { keepdim = false, dtype } = checkOptions('sum', options, ['keepdim', 'dtype'], undefined, 'dim');
  const terms = accumulated('sum', x, dtype);
  // Whether any is true.
  if (dtype === 'bool') return any(terms, dim, { keepdim });
  return sumDims(terms, reduceDims('sum', dim, x._shape.length), keepdim);
}

const divRaw = binaryScalarKernel('div');
const countOf = (shape: Shape, dims: readonly number[]): number => dims.reduce((n, d) => n * shape[d]!, 1);

const meanOp: Op<[x: Tensor, dims: readonly number[], keepdim: boolean]> = defineOp({
  name: 'mean',
  node: (x, dims, keepdim) => reductionNode('Mean', x, dims, keepdim),
  forward: (x, dims, keepdim) => {
    const out = sumRaw(x.dtype === 'bfloat16' ? rawTo(x, 'float32') : x, dims, keepdim);
    return rawTo(divRaw(out, countOf(x._shape, dims), false, 0, out), x.dtype);
  },
  backward: ({ args: [x, dims, keepdim] }, g) => [
    expandTo(div(unreduced(g, x.shape, dims, keepdim), countOf(x.shape, dims)), x.shape),
  ],
});

/**
 * The mean over `dim` (all by default) of a floating point tensor. The mean of nothing is NaN.
 *
 * @example
 * tensor([[1, 2], [3, 4]]).mean(0).toArray(); // [2, 3]
 */
export function mean(x: Tensor, ...args: AlongAny<SumOptions, Dims>): Tensor;
export function mean(x: Tensor, dim?: Dims | SumOptions, options?: SumOptions): Tensor {
  if (arguments.length > 3) refuseSurplus('mean', arguments, 3);
  if (isOptions(dim)) return mean(x, ...named('mean', 'dim', dim, options));
  checkTensor('mean', x);
  const { keepdim = false, dtype } = checkOptions('mean', options, ['keepdim', 'dtype'], undefined, 'dim');
  return meanOp(
    checkFloating('mean', dtype === undefined ? x : castTo(x, checkDType('mean', dtype))),
    reduceDims('mean', dim, x._shape.length),
    keepdim,
  );
}

type VarArguments = [x: Tensor, dims: readonly number[], keepdim: boolean, correction: number];

const divisorOf = (shape: Shape, dims: readonly number[], correction: number): number =>
  countOf(shape, dims) - correction;

/** x − mean(x). */
const centred = (x: Tensor, dims: readonly number[]): Tensor => sub(x, meanOp(x, dims, true));

/** In float64, as PyTorch: squares of float32 numbers neither overflow nor vanish. */
function variance(x: Tensor, dims: readonly number[], keepdim: boolean, correction: number): Tensor {
  const squares = rawSquaredDeviations(widen(x), dims, keepdim);
  return div(squares, Math.max(0, divisorOf(x._shape, dims, correction)));
}

/** g times the slope of the variance. Of no more numbers than `correction` all slopes are infinite, as the variance is. */
function varianceGradient(g: Tensor, x: Tensor, dims: readonly number[], keepdim: boolean, correction: number): Tensor {
  const { _shape: shape } = x;
  const divisor = divisorOf(shape, dims, correction);
  const wide = unreduced(g, shape, dims, keepdim);
  const deviations = centred(x, dims);
  if (divisor > 0 || dims.length < shape.length) return mul(mul(wide, 2 / divisor), deviations);
  return mul(wide, where(eq(deviations, 0), Number.NaN, Infinity));
}

const varOp: Op<VarArguments> = defineOp({
  name: 'var',
  forward: (x, dims, keepdim, correction) => noGrad(() => castTo(variance(x, dims, keepdim, correction), x.dtype)),
  save: ([x]) => [x],
  backward: ({ args: [{ dtype }, dims, keepdim, correction], saved: [x] }, g) => [
    castTo(varianceGradient(widen(g), widen(x!), dims, keepdim, correction), dtype),
  ],
});

export interface VarOptions extends ReduceOptions {
  /** Subtracted from the number of elements in the divisor: 1 is Bessel's, 0 gives the population's variance. */
  correction?: number;
  /** PyTorch's older name for a correction of 1 (true) or 0; it may also come by position, alone or after `dim`. */
  unbiased?: boolean;
}

/** `x.var(1, { correction: 0 })`, `x.var(1, false)`, `x.var(false)`. */
type VarCall = AlongAny<VarOptions, Dims> | [unbiased: boolean] | [dim: Dims, unbiased: boolean];

function varArguments(
  op: string,
  x: Tensor,
  dim: Dims | boolean,
  given: VarOptions | boolean | undefined,
): [Tensor, number[], boolean, number] {
  if (typeof dim === 'boolean') {
    if (given !== undefined) fail('BAD_ARGUMENT', `${op}: nothing follows unbiased, got ${describe(given)}`);
    return varArguments(op, x, null, dim);
  }
  checkFloating(op, checkTensor(op, x));
  const options = typeof given === 'boolean' ? { unbiased: given } : given;
  const known = checkOptions(op, options, ['keepdim', 'correction', 'unbiased'], undefined, 'dim');
  const { keepdim = false, unbiased = true, correction = Number(unbiased) } = known;
  if (known.unbiased !== undefined && known.correction !== undefined)
    fail('BAD_ARGUMENT', `${op}: unbiased and correction say the same; give one of them`);
  return [x, reduceDims(op, dim, x._shape.length), keepdim, checkNumber(op, 'correction', correction)];
}

function varOf(x: Tensor, ...args: VarCall): Tensor;
function varOf(x: Tensor, dim?: Dims | VarOptions | boolean, options?: VarOptions | boolean): Tensor {
  if (arguments.length > 3) refuseSurplus('var', arguments, 3);
  if (isOptions(dim)) return varOf(x, ...named('var', 'dim', dim, options));
  return varOp(...varArguments('var', x, dim, options));
}

/** The variance over `dim` (all by default), Σ(x − mean)² / (n − correction). */
export { varOf as var };

/**
 * The standard deviation over `dim` (all by default); where it is 0 the gradient is 0.
 *
 * @example
 * tensor([1, 3]).std(0, { correction: 0 }).item(); // 1
 */
export function std(x: Tensor, ...args: VarCall): Tensor;
export function std(x: Tensor, dim?: Dims | VarOptions | boolean, options?: VarOptions | boolean): Tensor {
  if (arguments.length > 3) refuseSurplus('std', arguments, 3);
  if (isOptions(dim)) return std(x, ...named('std', 'dim', dim, options));
  return stdOp(...varArguments('std', x, dim, options));
}

const stdOp: Op<VarArguments> = defineOp({
  name: 'std',
  forward: (x, dims, keepdim, correction) =>
    noGrad(() => castTo(sqrt(variance(x, dims, keepdim, correction)), x.dtype)),
  save: ([x], out) => [x, out],
  backward: ({ args: [{ dtype }, dims, keepdim, correction], saved: [x, out] }, g) => {
    const slope = maskedFill(div(widen(g), mul(widen(out!), 2)), eq(out!, 0), 0);
    return [castTo(varianceGradient(slope, widen(x!), dims, keepdim, correction), dtype)];
  },
});

const amaxRaw = reduceKernel('amax');
const aminRaw = reduceKernel('amin');

function truth(x: Tensor): Tensor {
  return x.dtype === 'bool' ? x : ne(x, 0);
}

/** Whether any element along `dim` (all by default) is non-zero; false for none. bool, but uint8 of uint8. */
export function any(x: Tensor, ...args: AlongAny<ReduceOptions, Dims>): Tensor;
export function any(x: Tensor, dim?: Dims | ReduceOptions, options?: ReduceOptions): Tensor {
  if (arguments.length > 3) refuseSurplus('any', arguments, 3);
  if (isOptions(dim)) return any(x, ...named('any', 'dim', dim, options));
  return quantifier('any', amaxRaw, 0, x, dim, options);
}

/** Whether all elements along `dim` (all by default) are non-zero; true for none. bool, but uint8 of uint8. */
export function all(x: Tensor, ...args: AlongAny<ReduceOptions, Dims>): Tensor;
export function all(x: Tensor, dim?: Dims | ReduceOptions, options?: ReduceOptions): Tensor {
  if (arguments.length > 3) refuseSurplus('all', arguments, 3);
  if (isOptions(dim)) return all(x, ...named('all', 'dim', dim, options));
  return quantifier('all', aminRaw, 1, x, dim, options);
}

function quantifier(
  op: string,
  kernel: typeof amaxRaw,
  ofNone: number,
  x: Tensor,
  dim: Dims,
  options: ReduceOptions | undefined,
): Tensor {
  checkTensor(op, x);
  const { keepdim = false } = checkOptions(op, options, ['keepdim'], undefined, 'dim');
  const dims = reduceDims(op, dim, x._shape.length);
  // PyTorch had uint8 masks before it had bool, and still answers them in kind.
  const dtype = x.dtype === 'uint8' ? 'uint8' : 'bool';
  if (numelOf(x._shape) === 0) return rawFull(reducedShape(x._shape, dims, keepdim), ofNone, dtype);
  return castTo(kernel(truth(x), dims, keepdim), dtype);
}

const logsumexpOp: Op<[x: Tensor, dims: readonly number[], keepdim: boolean]> = defineOp({
  name: 'logsumexp',
  forward: (x, dims, keepdim) =>
    noGrad(() => {
      if (numelOf(x._shape) === 0) return log(sumDims(x, dims, keepdim));
      const top = amaxRaw(x, dims, true);
      const shift = where(isfinite(top), top, 0);
      const out = add(log(sumDims(exp(sub(x, shift)), dims, true)), shift);
      return keepdim ? out : rawReshape(out, reducedShape(x._shape, dims, false));
    }),
  save: ([x], out) => [x, out],
  backward: ({ args: [y, dims, keepdim], saved: [x, out] }, g) => {
    const weights = exp(sub(x!, unreduced(out!, y.shape, dims, keepdim)));
    return [mul(unreduced(g, y.shape, dims, keepdim), weights)];
  },
});

/**
 * log Σ e^x over `dim`, without overflow.
 *
 * @example
 * tensor([[0, 0]]).logsumexp(1).toArray(); // [0.6931…]
 */
export function logsumexp(x: Tensor, ...args: AlongAny<ReduceOptions, Dims>): Tensor;
export function logsumexp(x: Tensor, dim?: Dims | ReduceOptions, options?: ReduceOptions): Tensor {
  if (arguments.length > 3) refuseSurplus('logsumexp', arguments, 3);
  if (isOptions(dim)) return logsumexp(x, ...named('logsumexp', 'dim', dim, options));
  checkTensor('logsumexp', x);
  const { keepdim = false } = checkOptions('logsumexp', options, ['keepdim'], undefined, 'dim');
  return logsumexpOp(
    isFloating(x.dtype) ? x : castTo(x, 'float32'),
    reduceDims('logsumexp', dim, x._shape.length),
    keepdim,
  );
}

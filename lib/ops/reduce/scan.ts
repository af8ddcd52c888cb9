import { defineOp, type Op } from '../../autograd/op.js';
import { rawFull } from '../../raw/create.js';
import { rawTriangle } from '../../raw/indexing.js';
import { reduceKernel, scanKernel } from '../../raw/reduce.js';
import { type Along, type AlongAny, isOptions, named, refuseSurplus } from '../../tensor/arguments.js';
import type { DType } from '../../tensor/dtype.js';
import { checkOptions } from '../../tensor/options.js';
import { normalizeDim, numelOf } from '../../tensor/shape.js';
import { checkTensor, type Tensor } from '../../tensor/tensor.js';
import { accumulated, reduceDims, reductionNode, sumDims, unreduced } from '../broadcast.js';
import { div, mul } from '../elementwise/arithmetic.js';
import { eq } from '../elementwise/compare.js';
import { where } from '../elementwise/masking.js';
import { flip } from '../shape/arrange.js';
import { joinOp } from '../shape/join.js';
import { reshapeTo, slice } from '../shape/layout.js';
import { all, any, type SumOptions } from './reduce.js';

// Running sums, and products: those need care where a factor is 0.

const cumsumRaw = scanKernel('cumsum');

const cumsumOp: Op<[x: Tensor, dim: number]> = defineOp({
  name: 'cumsum',
  forward: (x, dim) => cumsumRaw(x, dim),
  backward: ({ args: [, dim] }, g) => [cumsumFromEnd(g, dim)],
});

const cumsumFromEnd = (x: Tensor, dim: number): Tensor =>
  x._shape.length === 0 ? cumsumOp(x, dim) : flip(cumsumOp(flip(x, dim), dim), dim);

const cumprodRaw = scanKernel('cumprod');

const cumprodOp: Op<[x: Tensor, dim: number]> = defineOp({
  name: 'cumprod',
  forward: (x, dim) => cumprodRaw(x, dim),
  save: ([x], out) => [x, out],
  backward: ({ args: [{ shape }, dim], saved: [x, y] }, g) => {
    if (shape.length === 0) return [g];
    if (!hasZero(x!)) return [div(cumsumFromEnd(mul(g, y!), dim), x!)];
    // dy[j] / dx[i] = the product of x[..j] without x[i], for i <= j: all of them, in one more dimension.
    const n = shape[dim]!;
    const diagonal = identity(n, shape.length - dim - 1);
    const others = cumprodOp(
      where(diagonal, 1, reshapeTo(x!, [...shape.slice(0, dim), 1, ...shape.slice(dim)])),
      dim + 1,
    );
    const reached = upperTriangle(n, shape.length - dim - 1, g.dtype);
    return [
      sumDims(
        mul(mul(others, reached), reshapeTo(g, [...shape.slice(0, dim), 1, ...shape.slice(dim)])),
        [dim + 1],
        false,
      ),
    ];
  },
});

const hasZero = (x: Tensor): boolean => any(eq(x, 0)).item() !== 0;

/** Ones on and above the diagonal of [n, n], followed by `trailing` dimensions of size 1. */
function upperTriangle(n: number, trailing: number, dtype: DType): Tensor {
  return reshapeTo(rawTriangle(rawFull([n, n], 1, dtype), 0, true), [n, n, ...new Array<number>(trailing).fill(1)]);
}

function identity(n: number, trailing: number): Tensor {
  const upper = rawTriangle(rawFull([n, n], 1, 'bool'), 0, true);
  return reshapeTo(rawTriangle(upper, 0, false), [n, n, ...new Array<number>(trailing).fill(1)]);
}

export interface ScanOptions {
  /** Computed and returned in this dtype; integers default to int64. */
  dtype?: DType;
}

/**
 * The running sum along `dim`.
 *
 * @example
 * tensor([1, 2, 3]).cumsum(0).toArray(); // [1, 3, 6]
 */
export function cumsum(x: Tensor, ...args: Along<[], ScanOptions>): Tensor;
export function cumsum(x: Tensor, dim: number | ScanOptions, options?: ScanOptions): Tensor {
  if (arguments.length > 3) refuseSurplus('cumsum', arguments, 3);
  if (isOptions(dim)) return cumsum(x, ...named('cumsum', 'dim', dim, options));
  checkTensor('cumsum', x);
  const { dtype } = checkOptions('cumsum', options, ['dtype'], undefined, 'dim');
  return cumsumOp(accumulated('cumsum', x, dtype), normalizeDim('cumsum', dim, x._shape.length));
}

/**
 * The running product along `dim`.
 *
 * @example
 * tensor([1, 2, 3]).cumprod(0).toArray(); // [1, 2, 6]
 */
export function cumprod(x: Tensor, ...args: Along<[], ScanOptions>): Tensor;
export function cumprod(x: Tensor, dim: number | ScanOptions, options?: ScanOptions): Tensor {
  if (arguments.length > 3) refuseSurplus('cumprod', arguments, 3);
  if (isOptions(dim)) return cumprod(x, ...named('cumprod', 'dim', dim, options));
  checkTensor('cumprod', x);
  const { dtype } = checkOptions('cumprod', options, ['dtype'], undefined, 'dim');
  return cumprodOp(accumulated('cumprod', x, dtype), normalizeDim('cumprod', dim, x._shape.length));
}

const prodRaw = reduceKernel('prod');

const prodOp: Op<[x: Tensor, dims: readonly number[], keepdim: boolean]> = defineOp({
  name: 'prod',
  node: (x, dims, keepdim) => reductionNode('Prod', x, dims, keepdim),
  forward: (x, dims, keepdim) => prodRaw(x, dims, keepdim),
  save: ([x], out) => [x, out],
  backward: ({ args: [{ shape }, dims, keepdim], saved: [x, out] }, g) => {
    const wide = unreduced(g, shape, dims, keepdim);
    if (!hasZero(x!)) return [mul(wide, div(unreduced(out!, shape, dims, keepdim), x!))];
    return [
      mul(
        wide,
        dims.length === 1
          ? productOfOthers(x!, dims[0]!)
          : reshapeTo(productOfOthers(reshapeTo(x!, [numelOf(shape)]), 0), shape),
      ),
    ];
  },
});

/** At each place the product of the other elements along `dim`: of those before and those after it. */
function productOfOthers(x: Tensor, dim: number): Tensor {
  const n = x._shape[dim]!;
  const before = (y: Tensor): Tensor => {
    const one = rawFull(
      y._shape.map((size, i) => (i === dim ? 1 : size)),
      1,
      y.dtype,
    );
    return n === 1 ? one : joinOp([one, cumprodOp(slice(y, dim, 0, n - 1), dim)], dim);
  };
  return mul(before(x), flip(before(flip(x, dim)), dim));
}

/**
 * The product over one dimension, or over all; integers and booleans give int64. Nothing multiplies to 1.
 *
 * @example
 * tensor([2, 3]).prod().item(); // 6
 */
export function prod(x: Tensor, ...args: AlongAny<SumOptions, number | null>): Tensor;
export function prod(x: Tensor, dim?: number | null | SumOptions, options?: SumOptions): Tensor {
  if (arguments.length > 3) refuseSurplus('prod', arguments, 3);
  if (isOptions(dim)) return prod(x, ...named('prod', 'dim', dim, options));
  checkTensor('prod', x);
  const { keepdim = false, dtype } = checkOptions('prod', options, ['keepdim', 'dtype'], undefined, 'dim');
  const factors = accumulated('prod', x, dtype);
  // Whether all are true.
  if (dtype === 'bool') return all(factors, dim, { keepdim });
  return prodOp(factors, reduceDims('prod', dim, x._shape.length), keepdim);
}

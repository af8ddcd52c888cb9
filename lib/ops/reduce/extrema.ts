import { noGrad } from '../../autograd/modes.js';
import { defineOp, type Op } from '../../autograd/op.js';
import { rawContiguous } from '../../raw/copy.js';
import { rawFull } from '../../raw/create.js';
import { rawGather } from '../../raw/indexing.js';
import { argReduceKernel, reduceKernel } from '../../raw/reduce.js';
import { rawSort } from '../../raw/sort.js';
import { type AlongAny, isOptions, named, refuseSurplus } from '../../tensor/arguments.js';
import { isFloating } from '../../tensor/dtype.js';
import { describe, fail } from '../../tensor/errors.js';
import { checkOptions } from '../../tensor/options.js';
import { normalizeDim, numelOf, type Shape } from '../../tensor/shape.js';
import { checkTensor, Tensor } from '../../tensor/tensor.js';
import { rawReshape } from '../../tensor/view.js';
import { castTo, type Dims, isAllDims, reduceDims, unreduced } from '../broadcast.js';
import { div, mul } from '../elementwise/arithmetic.js';
import { eq, isnan, logicalAnd, logicalOr } from '../elementwise/compare.js';
import { where } from '../elementwise/masking.js';
import { maximum, minimum } from '../elementwise/pointwise.js';
import { spreadAlong } from '../indexing/selection.js';
import { reshapeTo, slice } from '../shape/layout.js';
import { any, type ReduceOptions } from './reduce.js';

// The largest and the smallest. NaN wins everywhere. A full reduction shares its gradient among ties, one along a
// dimension gives it to the element whose index it returns.

const sumRaw = reduceKernel('sum');

function extreme(name: 'amax' | 'amin'): Op<[x: Tensor, dims: readonly number[], keepdim: boolean]> {
  const kernel = reduceKernel(name);
  return defineOp({
    name,
    forward: (x, dims, keepdim) => kernel(x, dims, keepdim),
    save: ([x], out) => [x, out],
    backward: ({ args: [y, dims, keepdim], saved: [x, out] }, g) => {
      const top = unreduced(out!, y.shape, dims, keepdim);
      const holds = castTo(eq(x!, top), g.dtype);
      return [mul(holds, div(unreduced(g, y.shape, dims, keepdim), sumRaw(holds, dims, true)))];
    },
  });
}

/** The reduction of everything to one of the elements; those equal to it, or NaN as it is, share the gradient evenly. */
function chosen(name: 'max' | 'min' | 'median', node: string, choose: (x: Tensor) => Tensor): Op<[x: Tensor]> {
  return defineOp({
    name,
    node,
    forward: choose,
    save: ([x], out) => [x, out],
    backward: ({ saved: [x, out] }, g) => {
      const holds = castTo(logicalOr(eq(x!, out!), logicalAnd(isnan(x!), isnan(out!))), g.dtype);
      return [mul(holds, div(g, sumRaw(holds, allDims(x!), false)))];
    },
  });
}

const allDims = (x: Tensor): number[] => x._shape.map((_, i) => i);

const amaxDims = extreme('amax');
const aminDims = extreme('amin');
const maxRaw = reduceKernel('amax');
const minRaw = reduceKernel('amin');
const maxOfAll = chosen('max', 'MaxBackward1', (x) => maxRaw(x, allDims(x), false));
const minOfAll = chosen('min', 'MinBackward1', (x) => minRaw(x, allDims(x), false));

function checkNotEmpty(op: string, shape: Shape, dims: readonly number[], everything: boolean): void {
  if (numelOf(shape) !== 0) return;
  if (everything) {
    fail(
      'BAD_ARGUMENT',
      `${op}(): Expected reduction dim to be specified for input.numel() == 0. Specify the reduction dim with the 'dim' argument.`,
    );
  }
  const empty = dims.find((d) => shape[d] === 0);
  if (empty !== undefined)
    fail('INDEX_OUT_OF_RANGE', `${op}(): Expected reduction dim ${empty} to have non-zero size.`);
}

function reduceExtreme(op: 'amax' | 'amin', x: Tensor, dim: Dims, options: ReduceOptions | undefined): Tensor {
  const { _shape: shape } = checkTensor(op, x);
  const { keepdim = false } = checkOptions(op, options, ['keepdim'], undefined, 'dim');
  const dims = reduceDims(op, dim, shape.length);
  checkNotEmpty(op, shape, dims, isAllDims(dim));
  return (op === 'amax' ? amaxDims : aminDims)(x, dims, keepdim);
}

/**
 * The maximum over `dim` (all by default); ties share the gradient evenly.
 *
 * @example
 * tensor([[1, 9], [7, 2]]).amax(1).toArray(); // [9, 7]
 */
export function amax(x: Tensor, ...args: AlongAny<ReduceOptions, Dims>): Tensor;
export function amax(x: Tensor, dim?: Dims | ReduceOptions, options?: ReduceOptions): Tensor {
  if (arguments.length > 3) refuseSurplus('amax', arguments, 3);
  if (isOptions(dim)) return amax(x, ...named('amax', 'dim', dim, options));
  return reduceExtreme('amax', x, dim, options);
}

/** The minimum over `dim` (all by default); ties share the gradient evenly. */
export function amin(x: Tensor, ...args: AlongAny<ReduceOptions, Dims>): Tensor;
export function amin(x: Tensor, dim?: Dims | ReduceOptions, options?: ReduceOptions): Tensor {
  if (arguments.length > 3) refuseSurplus('amin', arguments, 3);
  if (isOptions(dim)) return amin(x, ...named('amin', 'dim', dim, options));
  return reduceExtreme('amin', x, dim, options);
}

const argmaxRaw = argReduceKernel('argmax');
const argminRaw = argReduceKernel('argmin');

function argReduce(
  op: 'argmax' | 'argmin',
  x: Tensor,
  dim: number | null | undefined,
  options: ReduceOptions | undefined,
): Tensor {
  const { _shape: shape } = checkTensor(op, x);
  const { keepdim = false } = checkOptions(op, options, ['keepdim'], undefined, 'dim');
  const d = dim === null || dim === undefined ? null : normalizeDim(op, dim, shape.length);
  checkNotEmpty(op, shape, d === null ? [] : [d], d === null);
  return (op === 'argmax' ? argmaxRaw : argminRaw)(x, d, keepdim);
}

/**
 * The index of the maximum along `dim`, or in the flattened tensor; the first where several are equal. int64.
 *
 * @example
 * tensor([[1, 9], [7, 2]]).argmax(1).toArray(); // [1, 0]
 */
export function argmax(x: Tensor, ...args: AlongAny<ReduceOptions, number | null>): Tensor;
export function argmax(x: Tensor, dim?: number | null | ReduceOptions, options?: ReduceOptions): Tensor {
  if (arguments.length > 3) refuseSurplus('argmax', arguments, 3);
  if (isOptions(dim)) return argmax(x, ...named('argmax', 'dim', dim, options));
  return argReduce('argmax', x, dim, options);
}

/** The index of the minimum along `dim`, or in the flattened tensor; the first where several are equal. int64. */
export function argmin(x: Tensor, ...args: AlongAny<ReduceOptions, number | null>): Tensor;
export function argmin(x: Tensor, dim?: number | null | ReduceOptions, options?: ReduceOptions): Tensor {
  if (arguments.length > 3) refuseSurplus('argmin', arguments, 3);
  if (isOptions(dim)) return argmin(x, ...named('argmin', 'dim', dim, options));
  return argReduce('argmin', x, dim, options);
}

/** x, which nobody else holds, without a dimension of size 1. */
function dropped(x: Tensor, dim: number): Tensor {
  const out = rawReshape(
    x,
    x._shape.filter((_, i) => i !== dim),
  );
  out._versions = null;
  x.dispose();
  return out;
}

// The result of picking one element along a dimension: its value and its index.
function picker(
  name: string,
  indexOf: (x: Tensor, dim: number) => Tensor,
): Op<[x: Tensor, dim: number, keepdim: boolean], Tensor[]> {
  return defineOp({
    name,
    forward: (x, dim, keepdim) => {
      const indices = rawContiguous(indexOf(x, dim));
      const values = rawGather(x, dim, indices);
      return keepdim || x._shape.length === 0 ? [values, indices] : [dropped(values, dim), dropped(indices, dim)];
    },
    save: (_args, [, indices]) => [indices!],
    backward: ({ args: [x, dim, keepdim], saved: [indices] }, g) => {
      if (g === null || g === undefined) return [null];
      return [
        spreadAlong(unreduced(g, x.shape, [dim], keepdim), x.shape, dim, unreduced(indices!, x.shape, [dim], keepdim)),
      ];
    },
  });
}

const maxAlong = picker('max', (x, dim) => argmaxRaw(x, dim, true));
const minAlong = picker('min', (x, dim) => argminRaw(x, dim, true));

/** Options are about the dimension; without one they would be silently without effect. */
function checkNoOptions(op: string, options: unknown): void {
  if (options !== undefined && options !== null)
    fail('BAD_ARGUMENT', `${op}: options need a dim, got ${describe(options)} without one`);
}

/** Options with `dim` among them. */
export interface AlongOptions extends ReduceOptions {
  dim: number;
}

function pick(
  op: 'max' | 'min',
  x: Tensor,
  other: Tensor | number | AlongOptions | undefined,
  options: ReduceOptions | undefined,
): Tensor | [Tensor, Tensor] {
  checkTensor(op, x);
  if (isOptions(other)) return pick(op, x, ...named(op, 'dim', other, options));
  if (other === undefined || other instanceof Tensor) checkNoOptions(op, options);
  if (other === undefined) {
    const dims = reduceDims(op, null, x._shape.length);
    checkNotEmpty(op, x._shape, dims, true);
    return (op === 'max' ? maxOfAll : minOfAll)(x);
  }
  if (other instanceof Tensor) return (op === 'max' ? maximum : minimum)(x, other);
  const { keepdim = false } = checkOptions(op, options, ['keepdim'], undefined, 'dim');
  const dim = normalizeDim(op, other, x._shape.length);
  checkNotEmpty(op, x._shape, [dim], false);
  return (op === 'max' ? maxAlong : minAlong)(x, dim, keepdim) as [Tensor, Tensor];
}

/**
 * The maximum of all elements; with `dim` [values, indices] along it; with another tensor the elementwise maximum.
 *
 * @example
 * const [values, indices] = max(tensor([[1, 9], [7, 2]]), 1); // [9, 7] and [1, 0]
 */
export function max(x: Tensor): Tensor;
export function max(x: Tensor, dim: number, options?: ReduceOptions): [values: Tensor, indices: Tensor];
export function max(x: Tensor, options: AlongOptions): [values: Tensor, indices: Tensor];
export function max(x: Tensor, other: Tensor): Tensor;
export function max(
  x: Tensor,
  other?: Tensor | number | AlongOptions,
  options?: ReduceOptions,
): Tensor | [Tensor, Tensor] {
  if (arguments.length > 3) refuseSurplus('max', arguments, 3);
  return pick('max', x, other, options);
}

/** The minimum of all elements; with `dim` [values, indices] along it; with another tensor the elementwise minimum. */
export function min(x: Tensor): Tensor;
export function min(x: Tensor, dim: number, options?: ReduceOptions): [values: Tensor, indices: Tensor];
export function min(x: Tensor, options: AlongOptions): [values: Tensor, indices: Tensor];
export function min(x: Tensor, other: Tensor): Tensor;
export function min(
  x: Tensor,
  other?: Tensor | number | AlongOptions,
  options?: ReduceOptions,
): Tensor | [Tensor, Tensor] {
  if (arguments.length > 3) refuseSurplus('min', arguments, 3);
  return pick('min', x, other, options);
}

// The lower of the two middle elements; NaN where there is one.
const medianAlong = picker('median', (x, dim) => {
  const n = x._shape.length === 0 ? 1 : x._shape[dim]!;
  const [values, order] = rawSort(x, dim, false);
  if (x._shape.length === 0) return order;
  const middle = slice(order, dim, Math.floor((n - 1) / 2), 1);
  if (!isFloating(x.dtype)) return middle;
  // NaN sorts last, so the last element tells whether there is one.
  const nan = isnan(slice(values, dim, n - 1, 1));
  return any(nan).item() === 0 ? middle : where(nan, argmaxRaw(x, dim, true), middle);
});

const medianOfAll = chosen('median', 'MedianBackward0', (x) =>
  noGrad(() => medianAlong(reshapeTo(x, [numelOf(x._shape)]), 0, false)[0]!),
);

/** The median of all elements, or [values, indices] along `dim`; of an even number the lower middle one. */
export function median(x: Tensor): Tensor;
export function median(x: Tensor, dim: number, options?: ReduceOptions): [values: Tensor, indices: Tensor];
export function median(x: Tensor, options: AlongOptions): [values: Tensor, indices: Tensor];
export function median(x: Tensor, dim?: number | AlongOptions, options?: ReduceOptions): Tensor | [Tensor, Tensor] {
  if (arguments.length > 3) refuseSurplus('median', arguments, 3);
  if (isOptions(dim)) return median(x, ...named('median', 'dim', dim, options));
  const { _shape: shape } = checkTensor('median', x);
  if (dim === undefined) {
    checkNoOptions('median', options);
    if (numelOf(shape) === 0) return rawFull([], Number.NaN, x.dtype);
    return medianOfAll(x);
  }
  const { keepdim = false } = checkOptions('median', options, ['keepdim'], undefined, 'dim');
  const d = normalizeDim('median', dim, shape.length);
  checkNotEmpty('median', shape, [d], false);
  return medianAlong(x, d, keepdim) as [Tensor, Tensor];
}

import type { Gradient, Op, TensorInfo } from '../../autograd/op.js';
import { type Geometry, geometryOf, restride } from '../../autograd/strided.js';
import { defineView } from '../../autograd/view.js';
import { rawFull } from '../../raw/create.js';
import { type AlongOnly, type DimOption, isOptions, refuseSurplus } from '../../tensor/arguments.js';
import { checkFits } from '../../tensor/capacity.js';
import { describe, fail } from '../../tensor/errors.js';
import { checkInteger, checkOptions, onlyOption } from '../../tensor/options.js';
import { normalizeDim, type Shape, showShape } from '../../tensor/shape.js';
import { checkTensor, type Tensor } from '../../tensor/tensor.js';
import { rawView } from '../../tensor/view.js';
import { contiguousGeometry, diagonalOf, selected, sliced, unfolded } from './geometry.js';
import { joinOp } from './join.js';
import { unsqueeze, view } from './views.js';

// The views that show a part of their operand: views, as in views.ts.

const rawAt = (x: Tensor, { shape, strides, offset }: Geometry): Tensor => rawView(x, shape, strides, offset);

/** A view that is a choice of places; the backward puts the gradient back among zeros. */
function choice<P extends readonly unknown[]>(
  name: string,
  choose: (whole: Geometry, ...p: P) => Geometry,
): Op<[x: Tensor, ...P]> {
  return defineView<[x: Tensor, ...P], Tensor>({
    name,
    forward: (x, ...p) => rawAt(x, choose(geometryOf(x), ...p)),
    backward: ({ args: [x, ...p] }, g) => {
      const whole = contiguousGeometry((x as TensorInfo).shape);
      return [restride(g, choose(whole, ...(p as unknown as P)), whole)];
    },
  });
}

const sliceOp = choice('slice', sliced);
const selectOp = choice('select', selected);
const diagonalOp = choice('diagonal', diagonalOf);
const unfoldOp = choice('unfold', unfolded);

/** The offsets of consecutive sizes, the end included. */
function starts(sizes: readonly number[]): number[] {
  const result = [0];
  for (const size of sizes) result.push(result[result.length - 1]! + size);
  return result;
}

const filled = (g: Gradient, shape: Shape, like: Tensor): Tensor => g ?? rawFull(shape, 0, like.dtype);

const splitOp: Op<[x: Tensor, bounds: readonly number[], dim: number, sized?: boolean], Tensor[]> = defineView({
  name: 'split',
  node: (_x, _bounds, _dim, sized) => (sized ? 'SplitWithSizesBackward0' : 'SplitBackward0'),
  forward: (x, bounds, dim) =>
    bounds.slice(1).map((end, i) => rawAt(x, sliced(geometryOf(x), dim, bounds[i]!, end, 1))),
  backward: ({ args: [x, bounds, dim] }, ...grads) => {
    const like = grads.find((g) => g !== null)!;
    const parts = grads.map((g, i) => filled(g, x.shape.with(dim, bounds[i + 1]! - bounds[i]!), like));
    return [joinOp(parts, dim)];
  },
});

const unbindOp: Op<[x: Tensor, dim: number], Tensor[]> = defineView({
  name: 'unbind',
  forward: (x, dim) => Array.from({ length: x._shape[dim]! }, (_, i) => rawAt(x, selected(geometryOf(x), dim, i))),
  backward: ({ args: [x, dim] }, ...grads) => {
    const like = grads.find((g) => g !== null)!;
    const parts = grads.map((g) => unsqueeze(filled(g, x.shape.toSpliced(dim, 1), like), dim));
    return [joinOp(parts, dim)];
  },
});

function dimOf(op: string, x: Tensor, dim: number): number {
  const rank = checkTensor(op, x)._shape.length;
  if (rank === 0) fail('INDEX_OUT_OF_RANGE', `${op}: cannot be applied to a 0-dim tensor.`);
  return normalizeDim(op, dim, rank);
}

/**
 * x's places [start, start + length) along `dim`; a negative start counts from the end.
 *
 * @example
 * arange(5).narrow(0, 1, 3).toArray(); // [1, 2, 3]
 */
export function narrow(x: Tensor, ...args: AlongOnly<[start: number, length: number]>): Tensor;
export function narrow(x: Tensor, dim: number, start: number, length: number | DimOption): Tensor {
  if (arguments.length > 4) refuseSurplus('narrow', arguments, 4);
  if (isOptions(length)) return narrow(x, onlyOption('narrow', 'dim', length), dim, start);
  const d = dimOf('narrow', x, dim);
  const size = x._shape[d]!;
  checkInteger('narrow', 'start', start);
  checkInteger('narrow', 'length', length);
  if (length < 0) fail('BAD_ARGUMENT', `narrow: length must be non-negative, got ${length}`);
  if (start < -size || start > size) {
    fail(
      'INDEX_OUT_OF_RANGE',
      `narrow: start out of range (expected to be in range of [${-size}, ${size}], but got ${start})`,
    );
  }
  const first = start < 0 ? start + size : start;
  if (first + length > size) {
    fail('INDEX_OUT_OF_RANGE', `narrow: start (${first}) + length (${length}) exceeds dimension size (${size}).`);
  }
  return sliceOp(x, d, first, first + length, 1);
}

/**
 * x at `index` along `dim`, without that dimension.
 *
 * @example
 * tensor([[1, 2], [3, 4]]).select(1, 0).toArray(); // [1, 3]
 */
export function select(x: Tensor, ...args: AlongOnly<[index: number]>): Tensor;
export function select(x: Tensor, dim: number, index: number | DimOption): Tensor {
  if (arguments.length > 3) refuseSurplus('select', arguments, 3);
  if (isOptions(index)) return select(x, onlyOption('select', 'dim', index), dim);
  const d = dimOf('select', x, dim);
  const size = x._shape[d]!;
  checkInteger('select', 'index', index);
  if (index < -size || index >= size) {
    fail(
      'INDEX_OUT_OF_RANGE',
      `select: index ${index} out of range for tensor of size ${showShape(x._shape)} at dimension ${dim}`,
    );
  }
  return selectOp(x, d, index < 0 ? index + size : index);
}

/** Every `step`-th place of [start, end) along `dim`; bounds as in `Array.prototype.slice`. */
export function slice(x: Tensor, dim = 0, start = 0, end = Number.POSITIVE_INFINITY, step = 1): Tensor {
  if (arguments.length > 5) refuseSurplus('slice', arguments, 5);
  const d = dimOf('slice', x, dim);
  const size = x._shape[d]!;
  const bound = (name: string, value: number): number => {
    if (value !== Number.POSITIVE_INFINITY) checkInteger('slice', name, value);
    return Math.min(Math.max(value < 0 ? value + size : value, 0), size);
  };
  checkInteger('slice', 'step', step);
  if (step < 1) fail('BAD_ARGUMENT', `slice: slice step must be positive, got ${step}`);
  return sliceOp(x, d, bound('start', start), bound('end', end), step);
}

function checkPart(size: unknown): number {
  const part = checkInteger('split', 'size', size);
  if (part < 0) fail('BAD_ARGUMENT', `split: expects split sizes to be non-negative, but got ${part}`);
  return part;
}

const checkCount = (op: string, count: number): void => checkFits(op, count, 'tensors', { views: count });

/**
 * x cut along `dim` into parts of `size` (the last may be smaller), or of the listed sizes.
 *
 * @example
 * arange(5).split(2).map((part) => part.length); // [2, 2, 1]
 */
export function split(x: Tensor, size: number | readonly number[], dim: number | DimOption = 0): Tensor[] {
  if (arguments.length > 3) refuseSurplus('split', arguments, 3);
  if (isOptions(dim)) return split(x, size, onlyOption('split', 'dim', dim));
  const d = dimOf('split', x, dim);
  const whole = x._shape[d]!;
  if (typeof size !== 'number') {
    if (!Array.isArray(size)) fail('WRONG_TYPE', `split: expected a size or an array of sizes, got ${describe(size)}`);
    const sizes: number[] = Array.from(size, (part) => checkPart(part));
    const bounds = starts(sizes);
    if (bounds[bounds.length - 1] !== whole) {
      fail(
        'SHAPE_MISMATCH',
        `split: splitWithSizes expects split sizes to sum exactly to ${whole} (input tensor's size at dimension ${d}), but got ${showShape(sizes)}`,
      );
    }
    return splitOp(x, bounds, d, true);
  }
  checkPart(size);
  if (size === 0 && whole !== 0) {
    fail('BAD_ARGUMENT', `split: split size can only be 0 if dimension size is 0, but got dimension size of ${whole}`);
  }
  const count = size === 0 ? 1 : Math.max(1, Math.ceil(whole / size));
  checkCount('split', count);
  return splitOp(
    x,
    Array.from({ length: count + 1 }, (_, i) => Math.min(whole, i * size)),
    d,
  );
}

/**
 * x cut along `dim` into at most `chunks` parts of equal size, the last of which may be smaller.
 *
 * @example
 * arange(5).chunk(2).map((part) => part.length); // [3, 2]
 */
export function chunk(x: Tensor, chunks: number, dim: number | DimOption = 0): Tensor[] {
  if (arguments.length > 3) refuseSurplus('chunk', arguments, 3);
  if (isOptions(dim)) return chunk(x, chunks, onlyOption('chunk', 'dim', dim));
  const d = dimOf('chunk', x, dim);
  checkInteger('chunk', 'chunks', chunks);
  if (chunks <= 0) fail('BAD_ARGUMENT', `chunk: expects chunks to be greater than 0, got: ${chunks}`);
  checkCount('chunk', Math.min(chunks, x._shape[d] || chunks));
  const size = Math.ceil(x._shape[d]! / chunks);
  return size === 0 ? split(x, new Array<number>(chunks).fill(0), d) : split(x, size, d);
}

/**
 * x at every index along `dim`.
 *
 * @example
 * tensor([[1, 2], [3, 4]]).unbind().length; // 2
 */
export function unbind(x: Tensor, dim: number | DimOption = 0): Tensor[] {
  if (arguments.length > 2) refuseSurplus('unbind', arguments, 2);
  if (isOptions(dim)) return unbind(x, onlyOption('unbind', 'dim', dim));
  const d = dimOf('unbind', x, dim);
  checkCount('unbind', x._shape[d]!);
  return unbindOp(x, d);
}

/** The two dimensions that a diagonal is taken from. */
export interface Plane {
  dim1?: number;
  dim2?: number;
}

/**
 * The diagonal of dimensions dim1 and dim2 (0 and 1 unless given), `offset` above the main one, as the last dimension.
 *
 * @example
 * tensor([[1, 2], [3, 4]]).diagonal().toArray(); // [1, 4]
 */
export function diagonal(
  x: Tensor,
  ...args:
    | [offset?: number, dim1?: number, dim2?: number]
    | [offset: number, options: Plane]
    | [options: Plane & { offset?: number }]
): Tensor;
export function diagonal(
  x: Tensor,
  offset: number | (Plane & { offset?: number }) = 0,
  dim1: number | Plane = 0,
  dim2 = 1,
): Tensor {
  if (arguments.length > 4) refuseSurplus('diagonal', arguments, 4);
  if (isOptions(offset)) {
    const known = checkOptions('diagonal', offset, ['offset', 'dim1', 'dim2']);
    return diagonal(x, known.offset, known.dim1, known.dim2);
  }
  if (isOptions(dim1)) {
    const known = checkOptions('diagonal', dim1, ['dim1', 'dim2']);
    return diagonal(x, offset, known.dim1, known.dim2);
  }
  const rank = checkTensor('diagonal', x)._shape.length;
  const a = normalizeDim('diagonal', dim1, rank);
  const b = normalizeDim('diagonal', dim2, rank);
  checkInteger('diagonal', 'offset', offset);
  if (a === b) fail('BAD_ARGUMENT', `diagonal: dimensions cannot be identical ${dim1}, ${dim2}`);
  return diagonalOp(x, offset, a, b);
}

/**
 * Windows of `size` along `dim`, one every `step` places, in a new last dimension. They overlap where step < size.
 *
 * @example
 * arange(5).unfold(0, 3, 2).toArray(); // [[0, 1, 2], [2, 3, 4]]
 */
export function unfold(
  x: Tensor,
  ...args:
    | [dimension: number, size: number, step: number]
    | [size: number, step: number, options: { dimension: number }]
): Tensor;
export function unfold(x: Tensor, dim: number, size: number, step: number | { dimension: number }): Tensor {
  if (arguments.length > 4) refuseSurplus('unfold', arguments, 4);
  if (isOptions(step)) return unfold(x, onlyOption('unfold', 'dimension', step), dim, size);
  const d = normalizeDim('unfold', dim, checkTensor('unfold', x)._shape.length);
  const whole = x._shape[d] ?? 1;
  checkInteger('unfold', 'size', size);
  checkInteger('unfold', 'step', step);
  if (size < 0) fail('BAD_ARGUMENT', `unfold: size is ${size} but must be >= 0`);
  if (size > whole)
    fail('BAD_ARGUMENT', `unfold: maximum size for tensor at dimension ${d} is ${whole} but size is ${size}`);
  if (step <= 0) fail('BAD_ARGUMENT', `unfold: step is ${step} but must be > 0`);
  return unfoldOp(x, d, size, step);
}

/** What `at` takes for a dimension: an index, [start, end, step] (each optional), null for a new one, '...' for the rest. */
export type Index = number | readonly [start?: number | null, end?: number | null, step?: number] | null | '...';

/**
 * x at Python-like indices: a number picks, an array slices, null inserts a dimension of size 1, '...' stands for as many
 * whole dimensions as are left. An array is a range, never a list of indices: `x.at([0, 2])` is x[0:2]. Rows 0 and 2 are
 * `x.indexSelect(0, tensor([0, 2], { dtype: 'int64' }))`.
 *
 * @example
 * x.at(0);               // x[0]
 * x.at('...', [1, -1]);  // x[..., 1:-1]
 * x.at([], null, 2);     // x[:, None, 2]
 */
export function at(x: Tensor, ...indices: Index[]): Tensor {
  checkTensor('at', x);
  const named = indices.filter((index) => index !== null && index !== '...').length;
  if (named > x._shape.length) {
    fail('INDEX_OUT_OF_RANGE', `at: too many indices for tensor of dimension ${x._shape.length}, got ${named}`);
  }
  if (indices.indexOf('...') !== indices.lastIndexOf('...')) fail('BAD_ARGUMENT', "at: '...' may be given once");
  let out = x;
  let dim = 0;
  for (const index of indices) {
    if (index === '...') dim += x._shape.length - named;
    else if (index === null) out = unsqueeze(out, dim++);
    else if (typeof index === 'number') out = select(out, dim, index);
    else if (Array.isArray(index))
      out = slice(out, dim++, index[0] ?? 0, index[1] ?? Number.POSITIVE_INFINITY, index[2] ?? 1);
    else fail('WRONG_TYPE', `at: an index must be a number, [start, end, step], null or '...', got ${describe(index)}`);
  }
  return out === x ? view(x, x._shape) : out;
}

import { defineOp, type Op } from '../../autograd/op.js';
import { asStridedSpec, type Geometry, geometryOf } from '../../autograd/strided.js';
import { defineView } from '../../autograd/view.js';
import { rawCast } from '../../raw/copy.js';
import {
  type AlongOnly,
  type DimOption,
  type DimsOption,
  isOptions,
  named,
  refuseSurplus,
} from '../../tensor/arguments.js';
import { describe, fail } from '../../tensor/errors.js';
import { checkInteger, checkOptions, listOption, onlyOption } from '../../tensor/options.js';
import {
  checkShape,
  contiguousStrides,
  normalizeDim,
  normalizeDims,
  type Shape,
  showShape,
} from '../../tensor/shape.js';
import { checkTensor, stridesOf, type Tensor } from '../../tensor/tensor.js';
import { rawView } from '../../tensor/view.js';
import { rawExpand, sumTo } from '../broadcast.js';
import { inferShape, permuted, viewStrides } from './geometry.js';

// The ops that show the memory of their operand in another geometry. A result is a view: an in-place change of it
// changes the operand, and autograd follows.

/** Sizes as rest numbers or as one array. */
export type Sizes = number[] | [sizes: readonly number[]];

const rawAt = (x: Tensor, { shape, strides, offset }: Geometry): Tensor => rawView(x, shape, strides, offset);

type ViewName = 'View' | 'Squeeze' | 'Unsqueeze';

const viewOp: Op<[x: Tensor, shape: Shape, strides: Shape, name: ViewName]> = defineView({
  name: 'view',
  node: (_x, _shape, _strides, name) => `${name}Backward0`,
  forward: (x, shape, strides) => rawView(x, shape, strides, x._offset),
  backward: ({ args: [x] }, g) => [reshape(g, x.shape)],
});

const permuteOp: Op<[x: Tensor, dims: readonly number[]]> = defineView({
  name: 'permute',
  forward: (x, dims) => rawAt(x, permuted(geometryOf(x), dims)),
  backward: ({ args: [, dims] }, g) => [
    permuteOp(
      g,
      dims.map((_, i) => dims.indexOf(i)),
    ),
  ],
});

const transposeOp: Op<[x: Tensor, a: number, b: number, name?: 'T']> = defineView({
  name: 'transpose',
  node: (_x, _a, _b, name) => `${name ?? 'Transpose'}Backward0`,
  forward: (x, a, b) => rawView(x, exchanged(x._shape, a, b), exchanged(stridesOf(x), a, b), x._offset),
  backward: ({ args: [, a, b] }, g) => [transposeOp(g, a, b)],
});

function exchanged(values: readonly number[], a: number, b: number): number[] {
  const result = [...values];
  // A zero-dimensional tensor has a dimension 0 to name, but nothing there.
  if (result.length > 0) [result[a], result[b]] = [result[b]!, result[a]!];
  return result;
}

const expandOp: Op<[x: Tensor, shape: Shape]> = defineView({
  name: 'expand',
  forward: (x, shape) => rawExpand(x, shape),
  backward: ({ args: [x] }, g) => [sumTo(g, x.shape)],
});

const asStridedOp = defineView(asStridedSpec);

const cloneOp: Op<[x: Tensor]> = defineOp({
  name: 'clone',
  forward: (x) => rawCast(x, x.dtype),
  backward: (_ctx, g) => [g],
});

/** Sizes of which one may be -1. */
function checkSizes(op: string, rest: Sizes): readonly number[] {
  const sizes = (rest.length === 1 && Array.isArray(rest[0]) ? rest[0] : rest) as readonly number[];
  checkShape(op, [sizes.includes(-1) ? sizes.map((size) => (size === -1 ? 1 : size)) : sizes]);
  return sizes;
}

function viewAt(x: Tensor, shape: Shape): Tensor | null {
  const strides = x._strides === null ? contiguousStrides(shape) : viewStrides(geometryOf(x), shape);
  return strides === null ? null : viewOp(x, shape, strides, 'View');
}

/**
 * x's elements in row-major order in another shape, one of whose sizes may be -1; a view where the strides allow it,
 * otherwise a copy.
 *
 * @example
 * arange(6).reshape(2, -1).shape; // [2, 3]
 */
export function reshape(x: Tensor, ...sizes: Sizes): Tensor {
  checkTensor('reshape', x);
  const shape = inferShape('reshape', checkSizes('reshape', sizes), x.numel);
  return viewAt(x, shape) ?? viewAt(clone(x), shape)!;
}

/** As `reshape`, but always a view; an error where that cannot be. */
export function view(x: Tensor, ...sizes: Sizes): Tensor {
  checkTensor('view', x);
  const shape = inferShape('view', checkSizes('view', sizes), x.numel);
  return (
    viewAt(x, shape) ??
    fail(
      'SHAPE_MISMATCH',
      `view: view size ${showShape(shape)} is not compatible with input tensor's size ${showShape(x._shape)} and stride ${showShape(stridesOf(x))} ` +
        '(at least one dimension spans across two contiguous subspaces). Use .reshape(...) instead.',
    )
  );
}

/** x viewed in the shape of `other`. */
export function viewAs(x: Tensor, other: Tensor): Tensor {
  if (arguments.length > 2) refuseSurplus('viewAs', arguments, 2);
  return view(x, checkTensor('viewAs', other, 'other')._shape);
}

/** x reshaped to the shape of `other`. */
export function reshapeAs(x: Tensor, other: Tensor): Tensor {
  if (arguments.length > 2) refuseSurplus('reshapeAs', arguments, 2);
  return reshape(x, checkTensor('reshapeAs', other, 'other')._shape);
}

/**
 * Merges dimensions startDim to endDim (the last, unless given) into one: [a, b, c] → [a·b·c].
 *
 * @example
 * zeros([2, 3, 4]).flatten(1).shape; // [2, 12]
 */
export function flatten(
  x: Tensor,
  startDim: number | { startDim?: number; endDim?: number } = 0,
  endDim: number | { endDim?: number } = -1,
): Tensor {
  if (arguments.length > 3) refuseSurplus('flatten', arguments, 3);
  if (isOptions(startDim)) return flatten(x, ...named('flatten', 'startDim', startDim, arguments[2]));
  const rank = checkTensor('flatten', x)._shape.length;
  const last = typeof endDim === 'number' ? endDim : (checkOptions('flatten', endDim, ['endDim']).endDim ?? -1);
  const from = normalizeDim('flatten', startDim, rank);
  const to = normalizeDim('flatten', last, rank);
  if (from > to) fail('BAD_ARGUMENT', `flatten: startDim cannot come after endDim, got ${startDim} and ${last}`);
  if (rank === 0) return reshape(x, [1]);
  if (from === to) return x;
  const size = x._shape.slice(from, to + 1).reduce((a, b) => a * b, 1);
  return reshape(x, x._shape.toSpliced(from, to - from + 1, size));
}

/**
 * Splits dimension `dim` into `sizes`, one of which may be -1.
 *
 * @example
 * zeros([2, 12]).unflatten(1, [3, -1]).shape; // [2, 3, 4]
 */
export function unflatten(x: Tensor, ...args: AlongOnly<[sizes: readonly number[]]>): Tensor;
export function unflatten(x: Tensor, dim: number | readonly number[], sizes: readonly number[] | DimOption): Tensor {
  if (arguments.length > 3) refuseSurplus('unflatten', arguments, 3);
  if (isOptions(sizes)) return unflatten(x, onlyOption('unflatten', 'dim', sizes), dim as readonly number[]);
  const d = normalizeDim('unflatten', dim, checkTensor('unflatten', x)._shape.length);
  const size = x._shape[d] ?? fail('INDEX_OUT_OF_RANGE', 'unflatten: cannot be applied to a 0-dim tensor.');
  if (!Array.isArray(sizes) || sizes.length === 0) {
    fail('WRONG_TYPE', `unflatten: sizes must be a non-empty array, got ${describe(sizes)}`);
  }
  checkSizes('unflatten', [sizes]);
  const known = (sizes as readonly number[]).reduce((a, b) => (b === -1 ? a : a * b), 1);
  const fits = sizes.includes(-1) ? known !== 0 && size % known === 0 : known === size;
  if (!fits) {
    fail(
      'SHAPE_MISMATCH',
      `unflatten: Provided sizes ${showShape(sizes)} don't multiply up to the size of dim ${dim} (${size}) in the input tensor`,
    );
  }
  return viewAt(x, x._shape.toSpliced(d, 1, ...inferShape('unflatten', sizes, size)))!;
}

/**
 * x without its dimensions of size 1, or without those of `dim` that have size 1.
 *
 * @example
 * zeros([2, 1, 3]).squeeze(1).shape; // [2, 3]
 */
export function squeeze(
  x: Tensor,
  dim?: number | readonly number[] | null | { dim?: number | readonly number[] | null },
): Tensor {
  if (arguments.length > 2) refuseSurplus('squeeze', arguments, 2);
  if (isOptions(dim)) return squeeze(x, onlyOption('squeeze', 'dim', dim));
  const dims = normalizeDims('squeeze', dim, checkTensor('squeeze', x)._shape.length);
  const keep = x._shape.map((size, i) => size !== 1 || !dims.includes(i));
  const strides = stridesOf(x);
  return viewOp(
    x,
    x._shape.filter((_, i) => keep[i]),
    strides.filter((_, i) => keep[i]),
    'Squeeze',
  );
}

/**
 * x with a dimension of size 1 inserted at `dim` (of the result).
 *
 * @example
 * zeros([2, 3]).unsqueeze(-1).shape; // [2, 3, 1]
 */
export function unsqueeze(x: Tensor, dim: number | { dim: number }): Tensor {
  if (arguments.length > 2) refuseSurplus('unsqueeze', arguments, 2);
  if (isOptions(dim)) return unsqueeze(x, onlyOption('unsqueeze', 'dim', dim));
  const { _shape: shape } = checkTensor('unsqueeze', x);
  const strides = stridesOf(x);
  const d = normalizeDim('unsqueeze', dim, shape.length + 1);
  const stride = d < shape.length ? shape[d]! * strides[d]! : 1;
  return viewOp(x, shape.toSpliced(d, 0, 1), strides.toSpliced(d, 0, stride), 'Unsqueeze');
}

/**
 * x with two dimensions exchanged.
 *
 * @example
 * zeros([2, 3, 4]).transpose(0, 2).shape; // [4, 3, 2]
 */
export function transpose(
  x: Tensor,
  ...args: [dim0: number, dim1: number] | [options: { dim0: number; dim1: number }]
): Tensor;
export function transpose(x: Tensor, dim0: number | { dim0: number; dim1: number }, dim1?: number): Tensor {
  if (arguments.length > 3) refuseSurplus('transpose', arguments, 3);
  if (isOptions(dim0)) {
    const known = checkOptions('transpose', dim0, ['dim0', 'dim1'], undefined, dim1 === undefined ? undefined : 'dim0');
    return transpose(x, known.dim0 as number, (dim1 ?? known.dim1) as number);
  }
  const rank = checkTensor('transpose', x)._shape.length;
  return transposeOp(x, normalizeDim('transpose', dim0, rank), normalizeDim('transpose', dim1, rank));
}

/** The transpose of a matrix; x as it is when it has fewer than two dimensions. */
export function t(x: Tensor): Tensor {
  if (arguments.length > 1) refuseSurplus('t', arguments, 1);
  const rank = checkTensor('t', x)._shape.length;
  if (rank > 2) fail('SHAPE_MISMATCH', `t: expects a tensor with <= 2 dimensions, but self is ${rank}D`);
  return transposeOp(x, 0, Math.max(0, rank - 1), 'T');
}

/** x with its last two dimensions exchanged. */
export function matrixTranspose(x: Tensor): Tensor {
  if (arguments.length > 1) refuseSurplus('matrixTranspose', arguments, 1);
  const rank = checkTensor('mT', x)._shape.length;
  if (rank < 2) fail('SHAPE_MISMATCH', `mT: only supported on matrices or batches of matrices. Got ${rank}-D tensor.`);
  return transposeOp(x, rank - 2, rank - 1);
}

/**
 * x with its dimensions in the order `dims`.
 *
 * @example
 * zeros([2, 3, 4]).permute(2, 0, 1).shape; // [4, 2, 3]
 */
export function permute(x: Tensor, ...dims: Sizes | [options: DimsOption]): Tensor {
  if (isOptions(dims[0])) return permute(x, listOption('permute', dims) as number[]);
  const rank = checkTensor('permute', x)._shape.length;
  const given = (dims.length === 1 && Array.isArray(dims[0]) ? dims[0] : dims) as readonly number[];
  if (given.length !== rank) {
    fail(
      'SHAPE_MISMATCH',
      `permute: number of dimensions in the tensor input does not match the length of the desired ordering of dimensions i.e. ` +
        `input.ndim = ${rank} is not equal to dims.length = ${given.length}`,
    );
  }
  const order = given.map((d) => normalizeDim('permute', d, rank));
  if (new Set(order).size !== rank)
    fail('BAD_ARGUMENT', `permute: duplicate dims are not allowed, got ${showShape(given)}`);
  return permuteOp(x, order);
}

/**
 * x with dimensions `source` moved to `destination`; the others keep their order.
 *
 * @example
 * zeros([2, 3, 4]).movedim(0, -1).shape; // [3, 4, 2]
 */
export function movedim(
  x: Tensor,
  source: number | readonly number[],
  destination: number | readonly number[],
): Tensor {
  if (arguments.length > 3) refuseSurplus('movedim', arguments, 3);
  const rank = checkTensor('movedim', x)._shape.length;
  const list = (dim: number | readonly number[]): readonly number[] => {
    if (typeof dim === 'number') return [dim];
    return Array.isArray(dim) ? dim : fail('WRONG_TYPE', `movedim: expected a dim or an array, got ${describe(dim)}`);
  };
  const from = normalizeDims('movedim', list(source), rank);
  const to = normalizeDims('movedim', list(destination), rank);
  if (from.length !== to.length) {
    fail(
      'BAD_ARGUMENT',
      `movedim: Invalid source or destination dims: source (${showShape(list(source))} dims) should contain the same number of dims as ` +
        `destination (${showShape(list(destination))} dims)`,
    );
  }
  const rest = x._shape.map((_, i) => i).filter((i) => !from.includes(i));
  const order = x._shape.map((_, i) => (to.includes(i) ? from[to.indexOf(i)]! : rest.shift()!));
  return permuteOp(x, order);
}

/**
 * x repeated to a larger shape without copying; -1 keeps a size. Only dimensions of size 1 are repeated.
 *
 * @example
 * tensor([[1], [2]]).expand(-1, 2).toArray(); // [[1, 1], [2, 2]]
 */
export function expand(x: Tensor, ...sizes: Sizes): Tensor {
  checkTensor('expand', x);
  const given = (sizes.length === 1 && Array.isArray(sizes[0]) ? sizes[0] : sizes) as readonly number[];
  checkShape('expand', [given.map((size) => (size === -1 ? 1 : size))]);
  const lead = given.length - x._shape.length;
  if (lead < 0) {
    fail(
      'SHAPE_MISMATCH',
      `expand: the number of sizes provided (${given.length}) must be greater or equal to the number of dimensions in the tensor (${x._shape.length})`,
    );
  }
  const shape = given.map((size, i) => {
    if (i < lead) {
      if (size !== -1) return size;
      return fail(
        'BAD_ARGUMENT',
        `expand: The expanded size of the tensor (-1) isn't allowed in a leading, non-existing dimension ${i}`,
      );
    }
    const old = x._shape[i - lead]!;
    if (size === -1 || size === old || old === 1) return size === -1 ? old : size;
    return fail(
      'SHAPE_MISMATCH',
      `expand: The expanded size of the tensor (${size}) must match the existing size (${old}) at non-singleton dimension ${i}. ` +
        `Target sizes: ${showShape(given)}. Tensor sizes: ${showShape(x._shape)}`,
    );
  });
  return expandOp(x, shape);
}

/** x expanded to the shape of `other`. */
export function expandAs(x: Tensor, other: Tensor): Tensor {
  if (arguments.length > 2) refuseSurplus('expandAs', arguments, 2);
  return expand(x, checkTensor('expandAs', other, 'other')._shape);
}

/** Strides are no sizes: their product means nothing. */
function checkStrides(strides: unknown): Shape {
  if (!Array.isArray(strides)) fail('WRONG_TYPE', `asStrided: stride must be an array, got ${describe(strides)}`);
  for (const stride of strides as unknown[]) {
    if (checkInteger('asStrided', 'a stride', stride) < 0)
      fail('BAD_ARGUMENT', `asStrided: strides must not be negative, got ${showShape(strides as Shape)}`);
  }
  return [...(strides as Shape)];
}

/** x's storage in any geometry; strides and offset in elements. Throws when an element would lie outside. */
export function asStrided(x: Tensor, size: Shape, stride: Shape, options?: { storageOffset?: number }): Tensor {
  if (arguments.length > 4) refuseSurplus('asStrided', arguments, 4);
  checkTensor('asStrided', x);
  const { storageOffset = x._offset } = checkOptions('asStrided', options, ['storageOffset']);
  const shape = checkShape('asStrided', [size]);
  const strides = checkStrides(stride);
  checkShape('asStrided', [storageOffset]);
  if (shape.length !== strides.length) {
    fail(
      'SHAPE_MISMATCH',
      `asStrided: mismatch in length of strides and shape, ${showShape(strides)} and ${showShape(shape)}`,
    );
  }
  return asStridedOp(x, geometryOf(x), { shape, strides, offset: storageOffset });
}

/** A contiguous copy that shares nothing with x. */
export function clone(x: Tensor): Tensor {
  if (arguments.length > 1) refuseSurplus('clone', arguments, 1);
  return cloneOp(checkTensor('clone', x));
}

/** x itself when its elements lie in row-major order without gaps, otherwise a copy that does. */
export function contiguous(x: Tensor): Tensor {
  if (arguments.length > 1) refuseSurplus('contiguous', arguments, 1);
  return checkTensor('contiguous', x).isContiguous() ? x : clone(x);
}

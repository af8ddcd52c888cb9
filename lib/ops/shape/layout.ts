import { defineOp, type Op } from '../../autograd/op.js';
import { rawCast, rawContiguous, rawCopy, rawFill } from '../../raw/copy.js';
import { rawEmpty } from '../../raw/create.js';
import { numelOf, type Shape, sameShape } from '../../tensor/shape.js';
import { stridesOf, type Tensor } from '../../tensor/tensor.js';
import { rawReshape, rawView } from '../../tensor/view.js';

// Geometry inside ops and their backwards. The results share memory with their operand but never reach the user, so
// they carry none of the bookkeeping of the views in views.ts.

/** x with two dimensions exchanged (both normalised). */
export function rawSwap(x: Tensor, a: number, b: number): Tensor {
  const shape = [...x._shape];
  const strides = [...stridesOf(x)];
  [shape[a], shape[b]] = [shape[b]!, shape[a]!];
  [strides[a], strides[b]] = [strides[b]!, strides[a]!];
  return rawView(x, shape, strides, x._offset);
}

/** x's elements [start, start + size) along `dim`. */
export function rawSlice(x: Tensor, dim: number, start: number, size: number): Tensor {
  const strides = stridesOf(x);
  const shape = x._shape.map((n, i) => (i === dim ? size : n));
  return rawView(x, shape, strides, x._offset + (numelOf(shape) === 0 ? 0 : start * strides[dim]!));
}

const reshapeOp: Op<[x: Tensor, shape: Shape]> = defineOp({
  name: 'reshape',
  node: 'ViewBackward0',
  forward: (x, shape) => rawReshape(rawContiguous(x), shape),
  backward: ({ args: [x] }, g) => [reshapeTo(g, x.shape)],
});

/** x's elements in row-major order in another shape; copies where the strides demand it. */
export function reshapeTo(x: Tensor, shape: Shape): Tensor {
  return sameShape(x._shape, shape) ? x : reshapeOp(x, shape);
}

/** x with two dimensions exchanged. */
export const swap: Op<[x: Tensor, a: number, b: number]> = defineOp({
  name: 'transpose',
  forward: (x, a, b) => rawSwap(x, a, b),
  backward: ({ args: [, a, b] }, g) => [swap(g, a, b)],
});

/** The matrix transpose of the last two dimensions. */
export const swapLast = (x: Tensor): Tensor => swap(x, x._shape.length - 2, x._shape.length - 1);

/** x's elements [start, start + size) along `dim`. */
export const slice: Op<[x: Tensor, dim: number, start: number, size: number]> = defineOp({
  name: 'slice',
  forward: (x, dim, start, size) => rawSlice(x, dim, start, size),
  backward: ({ args: [x, dim, start] }, g) => [padSlice(g, x.shape, dim, start)],
});

/** Zeros of `shape` with x at `start` along `dim`: the backward of `slice`. */
const padSlice: Op<[x: Tensor, shape: Shape, dim: number, start: number]> = defineOp({
  name: 'sliceBackward',
  forward: (x, shape, dim, start) => {
    const out = rawEmpty(shape, x.dtype);
    rawFill(out, 0);
    rawCopy(x, rawSlice(out, dim, start, x._shape[dim]!));
    out._versions = null;
    return out;
  },
  backward: ({ args: [x, , dim, start] }, g) => [slice(g, dim, start, x.shape[dim]!)],
});

/** `shape` with `size` in place of `dim`'s. */
export const withSize = (shape: Shape, dim: number, size: number): number[] =>
  shape.map((n, i) => (i === dim ? size : n));

/** A contiguous copy that nothing else refers to, to be written into. */
export const rawClone = (x: Tensor): Tensor => rawCast(x, x.dtype);

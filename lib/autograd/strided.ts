import { rawContiguous, rawCopy, rawFill } from '../raw/copy.js';
import { rawArange, rawFull } from '../raw/create.js';
import { binaryKernel } from '../raw/elementwise.js';
import { rawIndexAdd } from '../raw/indexing.js';
import { numelOf, type Shape } from '../tensor/shape.js';
import { stridesOf, type Tensor } from '../tensor/tensor.js';
import { rawReshape, rawView } from '../tensor/view.js';
import { defineOp, type Op, type OpSpec } from './op.js';

const divRaw = binaryKernel('div');

/** Where a tensor's elements lie in its storage. */
export interface Geometry {
  readonly shape: Shape;
  readonly strides: Shape;
  readonly offset: number;
}

export const geometryOf = (x: Tensor): Geometry => ({ shape: x._shape, strides: stridesOf(x), offset: x._offset });

/** Whether no two elements share a place; may say no of a tensor whose elements interleave. */
function isInjective({ shape, strides }: Geometry): boolean {
  const axes = shape.map((size, i) => [strides[i]!, size] as const).filter(([, size]) => size > 1);
  let reach = 0;
  for (const [stride, size] of axes.sort(([a], [b]) => a - b)) {
    if (stride <= reach) return false;
    reach += stride * (size - 1);
  }
  return true;
}

/** One past the last place of a non-empty geometry. */
function end({ shape, strides, offset }: Geometry): number {
  return shape.reduce((last, size, i) => last + (size - 1) * strides[i]!, offset) + 1;
}

/** Zeros that hold both geometries, and views of them. */
function workspace(
  x: Tensor,
  a: Geometry,
  b: Geometry,
): { view(geometry: Geometry): Tensor; take(geometry: Geometry): Tensor } {
  const start = Math.min(a.offset, b.offset);
  const buffer = rawFull([Math.max(end(a), end(b)) - start], 0, x.dtype);
  const view = (g: Geometry): Tensor => rawView(buffer, g.shape, g.strides, g.offset - start);
  return {
    view,
    take(geometry) {
      const out = view(geometry);
      buffer.dispose();
      // Nobody else sees the storage any more.
      out._versions = null;
      return out;
    },
  };
}

function accumulate(x: Tensor, target: Tensor): void {
  const places = rawArange(0, 1, end(geometryOf(target)), 'int64');
  const index = rawContiguous(rawView(places, target._shape, stridesOf(target), target._offset));
  const flat = rawView(target, places._shape, [1], 0);
  rawIndexAdd(flat, 0, rawReshape(index, [index.numel]), rawReshape(rawContiguous(x), [x.numel]));
}

function rawRestride(x: Tensor, from: Geometry, to: Geometry): Tensor {
  if (numelOf(to.shape) === 0 || x.numel === 0) return rawFull(to.shape, 0, x.dtype);
  const space = workspace(x, from, to);
  const target = space.view(from);
  if (isInjective(from)) rawCopy(x, target);
  else accumulate(x, target);
  target.dispose();
  return space.take(to);
}

/**
 * Lays x (of `from.shape`) out as `from` in a storage of zeros, adding where elements coincide, and reads it as `to`.
 * Its adjoint is itself with the two exchanged, which makes it the backward of every strided view.
 */
export const restride: Op<[x: Tensor, from: Geometry, to: Geometry]> = defineOp({
  name: 'asStridedBackward',
  forward: rawRestride,
  backward: ({ args: [, from, to] }, g) => [restride(g, to, from)],
});

/** x with the places of `hole` zeroed, where x is laid out as `whole`. */
const clearRegion: Op<[x: Tensor, whole: Geometry, hole: Geometry]> = defineOp({
  name: 'clearRegion',
  forward: (x, whole, hole) => {
    if (x.numel === 0) return rawFull(x._shape, 0, x.dtype);
    const space = workspace(x, whole, hole);
    const target = space.view(whole);
    rawCopy(x, target);
    target.dispose();
    if (numelOf(hole.shape) > 0) rawFill(space.view(hole), 0);
    return space.take(whole);
  },
  backward: ({ args: [, whole, hole] }, g) => [clearRegion(g, whole, hole)],
});

/** How a view is a function of its base; the node is made without running it (see ViewMeta). */
export const asStridedSpec: OpSpec<[base: Tensor, from: Geometry, to: Geometry], Tensor> = {
  name: 'asStrided',
  forward: (base, _from, to) => rawView(base, to.shape, to.strides, to.offset),
  backward: ({ args: [, from, to] }, g) => {
    const grad = restride(g, to, from);
    if (isInjective(from)) return [grad];
    // Elements of x that share a place share its gradient.
    const sharers = rawRestride(rawFull(from.shape, 1, g.dtype), from, from);
    return [divide(grad, sharers)];
  },
};

const divide: Op<[x: Tensor, by: Tensor]> = defineOp({
  name: 'div',
  forward: (x, by) => divRaw(x, by),
  save: ([, by]) => [by],
  backward: ({ saved: [by] }, g) => [divide(g, by!), null],
});

/** The base after one of its views was given a new value. */
export const copySlicesSpec: OpSpec<[base: Tensor, slice: Tensor, whole: Geometry, region: Geometry], Tensor> = {
  name: 'copySlices',
  node: 'CopySlices',
  forward: (base) => base,
  backward: ({ args: [, , whole, region], needs }, g) => [
    needs[0] ? clearRegion(g, whole, region) : null,
    needs[1] ? restride(g, whole, region) : null,
  ],
};

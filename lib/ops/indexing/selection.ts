import { defineOp, type Op } from '../../autograd/op.js';
import { rawFull } from '../../raw/create.js';
import { rawGather, rawIndexAdd, rawIndexSelect, rawScatterAdd } from '../../raw/indexing.js';
import type { Shape } from '../../tensor/shape.js';
import type { Tensor } from '../../tensor/tensor.js';

/** x at index along `dim` (normalised, checked); see `gather`. */
export const gatherOp: Op<[x: Tensor, dim: number, index: Tensor]> = defineOp({
  name: 'gather',
  forward: (x, dim, index) => rawGather(x, dim, index),
  save: ([, , index]) => [index],
  backward: ({ args: [x, dim], saved: [index] }, g) => [spreadAlong(g, x.shape, dim, index!)],
});

/** Zeros of `shape` with source added at index along `dim`: the backward of `gather`. */
export const spreadAlong: Op<[source: Tensor, shape: Shape, dim: number, index: Tensor]> = defineOp({
  name: 'gatherBackward',
  forward: (source, shape, dim, index) => {
    const out = rawFull(shape, 0, source.dtype);
    rawScatterAdd(out, dim, index, source);
    return out;
  },
  save: ([, , , index]) => [index],
  backward: ({ args: [, , dim], saved: [index] }, g) => [gatherOp(g, dim, index!)],
});

/** x's slices along `dim` that a vector of indices (checked) names. */
export const indexSelectOp: Op<[x: Tensor, dim: number, index: Tensor]> = defineOp({
  name: 'indexSelect',
  forward: (x, dim, index) => rawIndexSelect(x, dim, index),
  save: ([, , index]) => [index],
  backward: ({ args: [x, dim], saved: [index] }, g) => [addRows(g, x.shape, dim, index!)],
});

/** Zeros of `shape` with source's slices added at index along `dim`: the backward of `indexSelect`. */
export const addRows: Op<[source: Tensor, shape: Shape, dim: number, index: Tensor]> = defineOp({
  name: 'indexSelectBackward',
  forward: (source, shape, dim, index) => {
    const out = rawFull(shape, 0, source.dtype);
    rawIndexAdd(out, dim, index, source);
    return out;
  },
  save: ([, , , index]) => [index],
  backward: ({ args: [, , dim], saved: [index] }, g) => [indexSelectOp(g, dim, index!)],
});

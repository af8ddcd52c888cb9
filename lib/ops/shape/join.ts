import { defineOp, type Op } from '../../autograd/op.js';
import { rawConcat } from '../../raw/indexing.js';
import { type DimOption, isOptions, refuseSurplus } from '../../tensor/arguments.js';
import { type DType, promoteTypes } from '../../tensor/dtype.js';
import { describe, fail } from '../../tensor/errors.js';
import { onlyOption } from '../../tensor/options.js';
import { normalizeDim, type Shape, sameShape, showShape } from '../../tensor/shape.js';
import { checkTensor, type Tensor } from '../../tensor/tensor.js';
import { castTo } from '../broadcast.js';
import { reshapeTo, slice } from './layout.js';

/** Tensors of one dtype whose shapes agree but along `dim`. */
export const joinOp: Op<[tensors: readonly Tensor[], dim: number]> = defineOp({
  name: 'cat',
  forward: (tensors, dim) => rawConcat(tensors, dim),
  backward: ({ args: [tensors, dim], needs }, g) => {
    let start = 0;
    return tensors.map(({ shape }, i) => {
      const size = shape[dim]!;
      start += size;
      return needs[i] ? slice(g, dim, start - size, size) : null;
    });
  },
});

function checkTensors(op: string, tensors: unknown): Tensor[] {
  if (!Array.isArray(tensors)) fail('WRONG_TYPE', `${op}: expected an array of tensors, got ${describe(tensors)}`);
  if (tensors.length === 0) fail('BAD_ARGUMENT', `${op}: expected a non-empty array of tensors`);
  // Not map, which passes over the holes of an array.
  const checked = Array.from(tensors, (x, i) => checkTensor(op, x, `tensors[${i}]`));
  const dtype = checked.reduce<DType>((d, x) => promoteTypes(d, x.dtype), 'bool');
  return checked.map((x) => castTo(x, dtype));
}

// A vector of no elements joins with anything.
const isNothing = (shape: Shape): boolean => shape.length === 1 && shape[0] === 0;

/**
 * Tensors joined along an existing dimension; the other sizes agree, dtypes promote.
 *
 * @example
 * cat([zeros([2, 3]), ones([2, 1])], 1).shape; // [2, 4]
 */
export function cat(tensors: readonly Tensor[], dim: number | DimOption = 0): Tensor {
  if (arguments.length > 2) refuseSurplus('cat', arguments, 2);
  if (isOptions(dim)) return cat(tensors, onlyOption('cat', 'dim', dim));
  const checked = checkTensors('cat', tensors);
  const scalar = checked.findIndex((x) => x._shape.length === 0);
  if (scalar >= 0) fail('SHAPE_MISMATCH', `cat: zero-dimensional tensors[${scalar}] cannot be concatenated; use stack`);
  const parts = checked.filter((x) => !isNothing(x._shape));
  const first = parts[0] ?? checked[0]!;
  const d = normalizeDim('cat', dim, first._shape.length);
  if (parts.length === 0) return joinOp(checked, d);
  for (const x of parts) {
    if (x._shape.length === first._shape.length && x._shape.every((n, i) => i === d || n === first._shape[i])) continue;
    fail(
      'SHAPE_MISMATCH',
      `cat: sizes must match except in dimension ${d}, got ${showShape(first._shape)} and ${showShape(x._shape)} for tensors[${checked.indexOf(x)}]`,
    );
  }
  return joinOp(parts, d);
}

/**
 * Tensors of one shape side by side along a new dimension.
 *
 * @example
 * stack([zeros([3]), ones([3])]).shape; // [2, 3]
 */
export function stack(tensors: readonly Tensor[], dim: number | DimOption = 0): Tensor {
  if (arguments.length > 2) refuseSurplus('stack', arguments, 2);
  if (isOptions(dim)) return stack(tensors, onlyOption('stack', 'dim', dim));
  const checked = checkTensors('stack', tensors);
  const { _shape: shape } = checked[0]!;
  checked.forEach((x, i) => {
    if (!sameShape(x._shape, shape)) {
      fail(
        'SHAPE_MISMATCH',
        `stack: expected tensors of one shape, got ${showShape(shape)} at tensors[0] and ${showShape(x._shape)} at tensors[${i}]`,
      );
    }
  });
  const d = normalizeDim('stack', dim, shape.length + 1);
  const wide = [...shape.slice(0, d), 1, ...shape.slice(d)];
  return joinOp(
    checked.map((x) => reshapeTo(x, wide)),
    d,
  );
}

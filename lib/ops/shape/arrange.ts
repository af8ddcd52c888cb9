import { defineOp, type Op } from '../../autograd/op.js';
import { rawFlip, rawTriangle } from '../../raw/indexing.js';
import { type DimsOption, isOptions, refuseSurplus } from '../../tensor/arguments.js';
import { describe, fail } from '../../tensor/errors.js';
import { checkInteger, listOption, onlyOption } from '../../tensor/options.js';
import { checkShape, normalizeDim, normalizeDims, numelOf, showShape } from '../../tensor/shape.js';
import { checkTensor, type Tensor } from '../../tensor/tensor.js';
import { expandTo } from '../broadcast.js';
import { joinOp } from './join.js';
import { reshapeTo, slice } from './layout.js';
import { clone } from './views.js';

// Ops that reorder, repeat or choose whole elements.

function triangle(name: 'tril' | 'triu'): (x: Tensor, diagonal?: number) => Tensor {
  const op: Op<[x: Tensor, diagonal: number]> = defineOp({
    name,
    forward: (x, diagonal) => rawTriangle(x, diagonal, name === 'triu'),
    backward: ({ args: [, diagonal] }, g) => [op(g, diagonal)],
  });
  return function (x, diagonal = 0) {
    if (arguments.length > 2) refuseSurplus(name, arguments, 2);
    checkTensor(name, x);
    if (x._shape.length < 2)
      fail('SHAPE_MISMATCH', `${name}: input must have at least 2 dimensions, got ${showShape(x._shape)}`);
    return op(x, checkInteger(name, 'diagonal', diagonal));
  };
}

/** The lower triangle of the last two dimensions, 0 above the diagonal (`diagonal` > 0 lies above the main one). */
export const tril: (x: Tensor, diagonal?: number) => Tensor = triangle('tril');

/** The upper triangle of the last two dimensions, 0 below the diagonal. */
export const triu: (x: Tensor, diagonal?: number) => Tensor = triangle('triu');

const flipOp: Op<[x: Tensor, dims: readonly number[]]> = defineOp({
  name: 'flip',
  forward: (x, dims) => rawFlip(x, dims),
  backward: ({ args: [, dims] }, g) => [flipOp(g, dims)],
});

/**
 * x with the order reversed along the given dimensions: `flip(x, 0)`, `flip(x, [0, 1])`.
 *
 * @example
 * tensor([1, 2, 3]).flip(0).toArray(); // [3, 2, 1]
 */
export function flip(x: Tensor, ...dims: number[] | [dims: readonly number[]] | [options: DimsOption]): Tensor {
  if (isOptions(dims[0])) return flip(x, listOption('flip', dims));
  checkTensor('flip', x);
  const list = (dims.length === 1 && Array.isArray(dims[0]) ? dims[0] : dims) as number[];
  return flipOp(x, normalizeDims('flip', list, x._shape.length));
}

/**
 * x shifted around along `dims`, what leaves at the end entering at the start; without `dims` the flattened tensor is
 * shifted.
 *
 * @example
 * tensor([1, 2, 3]).roll(1).toArray(); // [3, 1, 2]
 */
export function roll(
  x: Tensor,
  shifts: number | readonly number[],
  dims?: number | readonly number[] | { dims?: number | readonly number[] },
): Tensor {
  if (arguments.length > 3) refuseSurplus('roll', arguments, 3);
  if (isOptions(dims)) return roll(x, shifts, onlyOption('roll', 'dims', dims));
  checkTensor('roll', x);
  const by = typeof shifts === 'number' ? [shifts] : shifts;
  if (!Array.isArray(by)) fail('WRONG_TYPE', `roll: shifts must be a number or an array, got ${describe(shifts)}`);
  for (const shift of by) checkInteger('roll', 'a shift', shift);
  if (dims === undefined) {
    if (by.length !== 1) fail('BAD_ARGUMENT', `roll: ${by.length} shifts need as many dims`);
    const n = numelOf(x._shape);
    const flat = reshapeTo(x, [n]);
    const rolled = rollAlong(flat, by[0]!, 0);
    return rolled === flat ? clone(x) : reshapeTo(rolled, x._shape);
  }
  const along = typeof dims === 'number' ? [dims] : dims;
  if (!Array.isArray(along)) fail('WRONG_TYPE', `roll: dims must be a number or an array, got ${describe(dims)}`);
  if (along.length !== by.length)
    fail('BAD_ARGUMENT', `roll: shifts and dims must align, got ${by.length} and ${along.length}`);
  const rolled = along.reduce((y, dim, i) => rollAlong(y, by[i]!, normalizeDim('roll', dim, x._shape.length)), x);
  return rolled === x ? clone(x) : rolled;
}

/** x itself when nothing moves. */
function rollAlong(x: Tensor, shift: number, dim: number): Tensor {
  const size = x._shape[dim] ?? 1;
  const start = size === 0 ? 0 : (((size - shift) % size) + size) % size;
  if (start === 0) return x;
  return joinOp([slice(x, dim, start, size - start), slice(x, dim, 0, start)], dim);
}

/**
 * x repeated as often along each dimension; more numbers than dimensions add dimensions in front.
 *
 * @example
 * tensor([1, 2]).repeat(2, 2).toArray(); // [[1, 2, 1, 2], [1, 2, 1, 2]]
 */
export function repeat(x: Tensor, ...times: number[] | [times: readonly number[]]): Tensor {
  checkTensor('repeat', x);
  const counts = checkShape('repeat', times);
  const lead = counts.length - x._shape.length;
  if (lead < 0) {
    fail(
      'SHAPE_MISMATCH',
      `repeat: at least ${x._shape.length} numbers are needed for shape ${showShape(x._shape)}, got ${counts.length}`,
    );
  }
  const sizes = counts.map((_, i) => (i < lead ? 1 : x._shape[i - lead]!));
  const paired = expandTo(
    reshapeTo(
      x,
      sizes.flatMap((n) => [1, n]),
    ),
    sizes.flatMap((n, i) => [counts[i]!, n]),
  );
  const repeated = reshapeTo(
    paired,
    sizes.map((n, i) => n * counts[i]!),
  );
  // Repeated once, that is still x's memory.
  return repeated.numel === x.numel ? clone(repeated) : repeated;
}

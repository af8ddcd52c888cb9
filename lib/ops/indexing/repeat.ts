import { rawFrom } from '../../raw/create.js';
import { isOptions, named, refuseSurplus } from '../../tensor/arguments.js';
import { checkFits } from '../../tensor/capacity.js';
import { fail } from '../../tensor/errors.js';
import { checkInteger, checkOptions } from '../../tensor/options.js';
import { checkShape, normalizeDim, numelOf, showShape } from '../../tensor/shape.js';
import { checkTensor, Tensor } from '../../tensor/tensor.js';
import { expandTo } from '../broadcast.js';
import { reshapeTo } from '../shape/layout.js';
import { clone } from '../shape/views.js';
import { checkIndex } from './indices.js';
import { indexSelectOp } from './selection.js';

const OP = 'repeatInterleave';

export interface RepeatOptions {
  /** Along this dimension; of the flattened tensor by default. */
  readonly dim?: number | null;
  /** The size that the result has along `dim`, where it is known; another is an error. */
  readonly outputSize?: number | null;
}

/**
 * Each element repeated `repeats` times in place, along `dim` or flattened; `repeats` is one number for all, or a vector
 * of integers, one for each place along `dim`.
 *
 * @example
 * tensor([1, 2]).repeatInterleave(2).toArray(); // [1, 1, 2, 2]
 * tensor([1, 2, 3]).repeatInterleave(tensor([2, 0, 1], { dtype: 'int64' })).toArray(); // [1, 1, 3]
 */
export function repeatInterleave(
  x: Tensor,
  repeats: number | Tensor,
  dim: number | null | RepeatOptions = null,
  options?: Omit<RepeatOptions, 'dim'>,
): Tensor {
  if (arguments.length > 4) refuseSurplus(OP, arguments, 4);
  if (isOptions(dim)) return repeatInterleave(x, repeats, ...named(OP, 'dim', dim, options));
  checkTensor(OP, x);
  const { outputSize = null } = checkOptions(OP, options, ['outputSize'], undefined, 'dim');
  const line = dim === null || x._shape.length === 0 ? reshapeTo(x, [numelOf(x._shape)]) : x;
  const d = normalizeDim(OP, dim ?? 0, line._shape.length);
  const times =
    repeats instanceof Tensor
      ? countsOf(repeats, line._shape[d]!)
      : checkShape(OP, [checkInteger(OP, 'repeats', repeats)])[0]!;
  const size = typeof times === 'number' ? line._shape[d]! * times : times.reduce((sum, n) => sum + n, 0);
  if (outputSize !== null && checkInteger(OP, 'outputSize', outputSize) !== size) {
    fail('SHAPE_MISMATCH', `${OP}: Invalid outputSize, expected ${size} but got ${outputSize}`);
  }
  return typeof times === 'number' ? repeated(line, d, times) : indexSelectOp(line, d, placesOf(times, size));
}

/** How often each of n places is repeated; one number for all where there is but one. */
function countsOf(repeats: Tensor, n: number): number | readonly number[] {
  const counts = Array.from(checkIndex(OP, repeats, 'repeats').toTypedArray(), Number);
  if (repeats._shape.length > 1) {
    fail('SHAPE_MISMATCH', `${OP}: repeats must be a vector, got shape ${showShape(repeats._shape)}`);
  }
  if (counts.some((count) => count < 0)) fail('OUT_OF_RANGE', `${OP}: repeats can not be negative`);
  if (counts.length === 1) return checkShape(OP, counts)[0]!;
  if (counts.length !== n) {
    fail(
      'SHAPE_MISMATCH',
      `${OP}: repeats must have the same size as input along dim, but got repeats.size(0) = ${counts.length} and ` +
        `input.size(0) = ${n}`,
    );
  }
  return counts;
}

/** Each place as often as it is repeated. */
function placesOf(counts: readonly number[], size: number): Tensor {
  checkFits(OP, size, 'elements', { bytes: 8 * size });
  const places = new BigInt64Array(size);
  let at = 0;
  for (const [place, count] of counts.entries()) {
    places.fill(BigInt(place), at, at + count);
    at += count;
  }
  return rawFrom(places, [size], 'int64');
}

function repeated(x: Tensor, dim: number, times: number): Tensor {
  const { _shape: shape } = x;
  const wide = reshapeTo(x, [...shape.slice(0, dim + 1), 1, ...shape.slice(dim + 1)]);
  const result = reshapeTo(
    expandTo(wide, [...shape.slice(0, dim + 1), times, ...shape.slice(dim + 1)]),
    shape.map((n, i) => (i === dim ? n * times : n)),
  );
  return times === 1 ? clone(result) : result;
}

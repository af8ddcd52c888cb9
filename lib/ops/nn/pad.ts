import { defineOp, type Op } from '../../autograd/op.js';
import { rawCopy } from '../../raw/copy.js';
import { rawFrom, rawFull } from '../../raw/create.js';
import { refuseSurplus } from '../../tensor/arguments.js';
import { describe, fail } from '../../tensor/errors.js';
import { checkElement } from '../../tensor/nested.js';
import { checkChoice, checkInteger, checkNumber, checkOptions } from '../../tensor/options.js';
import { checkShape, type Shape, showShape } from '../../tensor/shape.js';
import { checkTensor, type Tensor } from '../../tensor/tensor.js';
import { indexSelect } from '../indexing/indexing.js';
import { rawSlice, slice, withSize } from '../shape/layout.js';
import { clone } from '../shape/views.js';

const MODES = ['constant', 'reflect', 'replicate', 'circular'] as const;

/** What padding is made of: one value, the elements mirrored at the border, the border's own, or those of the other end. */
export type PadMode = (typeof MODES)[number];

export interface PadOptions {
  /** Default 'constant'. */
  mode?: PadMode;
  /** The constant; default 0. */
  value?: number;
}

/** x's elements [start, start + size) of every dimension. */
const cropped = (x: Tensor, starts: readonly number[], shape: Shape): Tensor =>
  starts.reduce(
    (part, start, dim) => (part._shape[dim] === shape[dim] ? part : slice(part, dim, start, shape[dim]!)),
    x,
  );

/** x at `starts` in a tensor of `shape`, among elements of `value`. */
const constantOp: Op<[x: Tensor, starts: readonly number[], shape: Shape, value: number]> = defineOp({
  name: 'constantPad',
  node: 'ConstantPadNdBackward0',
  forward: (x, starts, shape, value) => {
    const out = rawFull(shape, value, x.dtype);
    const place = starts.reduce((part, start, dim) => rawSlice(part, dim, start, x._shape[dim]!), out);
    rawCopy(x, place);
    out._versions = null;
    return out;
  },
  backward: ({ args: [x, starts] }, g) => [cropped(g, starts, x.shape)],
});

function constantPad(x: Tensor, before: readonly number[], after: readonly number[], value: number): Tensor {
  const least = (list: readonly number[]): number[] => list.map((n) => Math.max(-n, 0));
  const [left, right] = [least(before), least(after)];
  const kept = x._shape.map((n, i) => n - left[i]! - right[i]!);
  const whole = x._shape.map((n, i) => n + before[i]! + after[i]!);
  if (kept.some((n) => n < 0)) {
    fail(
      'SHAPE_MISMATCH',
      `pad: padding ${describePads(before, after)} leaves nothing of input ${showShape(x._shape)}`,
    );
  }
  const shape = checkShape('pad', whole);
  const inner = cropped(x, left, kept);
  if (before.every((n) => n <= 0) && after.every((n) => n <= 0)) return inner === x ? clone(x) : clone(inner);
  return constantOp(
    inner,
    before.map((n) => Math.max(n, 0)),
    shape,
    value,
  );
}

const describePads = (before: readonly number[], after: readonly number[]): string =>
  `(${before.map((n, i) => `${n}, ${after[i]}`).join('; ')})`;

/** Where element i of a padded dimension of n elements comes from, by mode. */
const SOURCE: Readonly<Record<Exclude<PadMode, 'constant'>, (i: number, n: number) => number>> = {
  reflect: (i, n) => (i < 0 ? -i : i < n ? i : 2 * (n - 1) - i),
  replicate: (i, n) => Math.min(Math.max(i, 0), n - 1),
  circular: (i, n) => (i + n) % n,
};

function padDim(x: Tensor, dim: number, before: number, after: number, mode: Exclude<PadMode, 'constant'>): Tensor {
  if (before === 0 && after === 0) return x;
  const n = x._shape[dim]!;
  const size = n + before + after;
  const most = mode === 'reflect' ? n - 1 : mode === 'circular' ? n : Number.POSITIVE_INFINITY;
  if (before > most || after > most) {
    const rule = mode === 'reflect' ? 'be less than the input' : 'not exceed the input';
    fail(
      'SHAPE_MISMATCH',
      `pad: with mode ${mode} padding must ${rule} along its dimension, but got (${before}, ${after}) at dimension ${dim} of ${showShape(x._shape)}`,
    );
  }
  if (size < 1 || n === 0) {
    fail(
      'SHAPE_MISMATCH',
      `pad: padding (${before}, ${after}) of dimension ${dim} of ${showShape(x._shape)} gives no element`,
    );
  }
  checkShape('pad', withSize(x._shape, dim, size));
  const source = SOURCE[mode];
  const places = BigInt64Array.from({ length: size }, (_, j) => BigInt(source(j - before, n)));
  return indexSelect(x, dim, rawFrom(places, [size], 'int64'));
}

/**
 * x with elements added before and after its last dimensions: `padding` lists [before, after] of the last dimension, then
 * of the one before it, and so on. Negative numbers take elements away. The modes other than 'constant' pad the last one,
 * two or three dimensions, with at most two dimensions (batch and channels) before them.
 *
 * @example
 * F.pad(tensor([[1, 2, 3]]), [1, 2]).toArray(); // [[0, 1, 2, 3, 0, 0]]
 * F.pad(tensor([[1, 2, 3]]), [2, 1], { mode: 'reflect' }).toArray(); // [[3, 2, 1, 2, 3, 2]]
 */
export function pad(x: Tensor, padding: readonly number[], options?: PadOptions): Tensor {
  if (arguments.length > 3) refuseSurplus('pad', arguments, 3);
  const { mode = 'constant', value } = checkOptions('pad', options, ['mode', 'value']);
  checkTensor('pad', x);
  checkChoice('pad', 'mode', mode, MODES);
  const fill = value === undefined ? 0 : checkNumber('pad', 'value', value);
  if (!Array.isArray(padding)) fail('WRONG_TYPE', `pad: padding must be an array of numbers, got ${describe(padding)}`);
  for (const n of padding as readonly unknown[]) checkInteger('pad', 'padding', n);
  const rank = x._shape.length;
  const dims = padding.length / 2;
  if (!Number.isInteger(dims))
    fail('BAD_ARGUMENT', `pad: padding length must be divisible by 2, got ${padding.length}`);
  if (dims > rank) {
    fail(
      'BAD_ARGUMENT',
      `pad: padding length should be at most two times the input dimension, got ${padding.length} for input ${showShape(x._shape)}`,
    );
  }
  const amounts = (side: number): number[] =>
    x._shape.map((_, i) => (i < rank - dims ? 0 : padding[2 * (rank - 1 - i) + side]!));
  const [before, after] = [amounts(0), amounts(1)];
  if (mode === 'constant') return constantPad(x, before, after, checkElement('pad', 'value', fill, x.dtype));
  if (fill !== 0) fail('BAD_ARGUMENT', `pad: mode ${describe(mode)} doesn't take in value argument`);
  if (dims < 1 || dims > 3 || (rank !== dims + 1 && rank !== dims + 2)) {
    fail(
      'SHAPE_MISMATCH',
      `pad: mode ${mode} pads the last 1, 2 or 3 of 1 or 2 dimensions more, got padding of length ${padding.length} for input ${showShape(x._shape)}`,
    );
  }
  // What a circular padding takes away at one end does not come back at the other.
  if (mode === 'circular' && padding.some((n) => n < 0)) {
    const inner = constantPad(
      x,
      before.map((n) => Math.min(n, 0)),
      after.map((n) => Math.min(n, 0)),
      0,
    );
    const grown = padding.map((n) => Math.max(n, 0));
    return pad(inner, grown, { mode });
  }
  return before.reduce((part, n, dim) => padDim(part, dim, n, after[dim]!, mode), x);
}

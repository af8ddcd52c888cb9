import { checkMayBeWritten } from '../../autograd/inplace.js';
import { bumpVersion } from '../../autograd/meta.js';
import { noGrad } from '../../autograd/modes.js';
import { defineOp, type Op } from '../../autograd/op.js';
import { rawTo } from '../../raw/copy.js';
import { rawFrom, rawFull } from '../../raw/create.js';
import { rawEmbedding, rawIndexAdd, rawIndexSelect, rawScatter } from '../../raw/indexing.js';
import { refuseSurplus } from '../../tensor/arguments.js';
import { isFloating } from '../../tensor/dtype.js';
import { fail } from '../../tensor/errors.js';
import { checkInteger, checkNumber, checkOptions } from '../../tensor/options.js';
import { showShape } from '../../tensor/shape.js';
import { checkTensor, type Tensor } from '../../tensor/tensor.js';
import { castTo, rawExpand } from '../broadcast.js';
import { add, mul, reciprocal } from '../elementwise/arithmetic.js';
import { gt, ne } from '../elementwise/compare.js';
import { where } from '../elementwise/masking.js';
import { addRows } from '../indexing/selection.js';
import { norm } from '../reduce/vectorNorm.js';
import { reshapeTo } from '../shape/layout.js';

const embeddingOp: Op<[weight: Tensor, index: Tensor, paddingIdx: number, byFrequency: boolean]> = defineOp({
  name: 'embedding',
  forward: (weight, index, _paddingIdx, _byFrequency) => rawEmbedding(weight, index),
  save: ([, index]) => [index],
  backward: ({ args: [{ shape }, , paddingIdx, byFrequency], saved: [index] }, g) => {
    const flat = reshapeTo(index!, [index!.numel]);
    const rows = reshapeTo(g, [flat.numel, shape[1]!]);
    const factors = factorsOf(flat, shape[0]!, paddingIdx, byFrequency, g);
    return [addRows(factors === null ? rows : mul(rows, factors), shape, 0, flat)];
  },
});

/** By what each row's gradient is multiplied, [n, 1]: 0 for padding, 1 / occurrences by frequency; null for 1. */
function factorsOf(index: Tensor, rows: number, paddingIdx: number, byFrequency: boolean, g: Tensor): Tensor | null {
  if (paddingIdx < 0 && !byFrequency) return null;
  return noGrad(() => {
    let factors = rawFull([index.numel], 1, g.dtype);
    if (byFrequency) {
      const counts = rawFull([rows], 0, g.dtype);
      rawIndexAdd(counts, 0, index, factors);
      factors = reciprocal(rawIndexSelect(counts, 0, index));
    }
    if (paddingIdx >= 0) factors = mul(factors, castTo(ne(index, paddingIdx), g.dtype));
    return reshapeTo(factors, [index.numel, 1]);
  });
}

/** Makes the rows at index no longer than maxNorm, in place and unrecorded. */
function limitNorms(weight: Tensor, index: Tensor, maxNorm: number, normType: number): void {
  checkMayBeWritten('embedding', weight);
  const distinct = [...new Set(index.toTypedArray() as BigInt64Array)];
  if (distinct.length === 0) return;
  noGrad(() => {
    const list = rawFrom(BigInt64Array.from(distinct), [distinct.length], 'int64');
    const rows = rawIndexSelect(weight, 0, list);
    const norms = norm(rows, normType, { dim: 1, keepdim: true });
    const scales = where(gt(norms, maxNorm), mul(reciprocal(add(norms, 1e-7)), maxNorm), 1);
    rawScatter(weight, 0, rawExpand(reshapeTo(list, [distinct.length, 1]), rows._shape), mul(rows, scales));
  });
  bumpVersion(weight);
}

export interface EmbeddingOptions {
  /** The row that gets no gradient; negative from the end. */
  paddingIdx?: number | null;
  /** Rows longer than this are first shortened to it, in place. */
  maxNorm?: number | null;
  /** The p of maxNorm's norm; default 2. */
  normType?: number;
  /** Divides a row's gradient by how often the input names it; default false. */
  scaleGradByFreq?: boolean;
  /** Sparse gradients do not exist here: only false. */
  sparse?: boolean;
}

/** A padding row as its index, or null. */
export function checkPaddingIdx(op: string, value: number | null | undefined, rows: number): number | null {
  if (value === null || value === undefined) return null;
  const index = checkInteger(op, 'paddingIdx', value);
  if (index >= rows || index < -rows) {
    fail('OUT_OF_RANGE', `${op}: paddingIdx must be within the ${rows} embeddings, got ${index}`);
  }
  return index < 0 ? index + rows : index;
}

/** Refuses sparse gradients. */
export function checkDense(op: string, sparse: boolean | undefined): void {
  if (sparse) fail('BAD_ARGUMENT', `${op}: sparse gradients are not supported; leave sparse out`);
}

/**
 * The rows of weight [n, width] at the indices of input [...], as [..., width]. Indices are int64 or int32.
 *
 * @example
 * F.embedding(tensor([2, 0], { dtype: 'int64' }), tensor([[1, 2], [3, 4], [5, 6]])).toArray(); // [[5, 6], [1, 2]]
 */
export function embedding(input: Tensor, weight: Tensor, options?: EmbeddingOptions): Tensor {
  if (arguments.length > 3) refuseSurplus('embedding', arguments, 3);
  const op = 'embedding';
  const {
    paddingIdx,
    maxNorm = null,
    normType = 2,
    scaleGradByFreq = false,
    sparse,
  } = checkOptions(op, options, ['paddingIdx', 'maxNorm', 'normType', 'scaleGradByFreq', 'sparse']);
  checkDense(op, sparse);
  checkTensor(op, input);
  if (input.dtype !== 'int64' && input.dtype !== 'int32') {
    fail(
      'DTYPE_MISMATCH',
      `${op}: input must hold int64 or int32 indices, got ${input.dtype}; make it with { dtype: 'int64' } or cast it with to('int64')`,
    );
  }
  checkTensor(op, weight, 'weight');
  if (weight._shape.length !== 2) {
    fail('SHAPE_MISMATCH', `${op}: weight must be 2-dimensional, got shape ${showShape(weight._shape)}`);
  }
  const padding = checkPaddingIdx(op, paddingIdx, weight._shape[0]!);
  const order = checkNumber(op, 'normType', normType);
  const index = rawTo(input, 'int64');
  if (maxNorm !== null) {
    if (!isFloating(weight.dtype))
      fail('DTYPE_MISMATCH', `${op}: maxNorm needs a floating weight, got ${weight.dtype}`);
    limitNorms(weight, index, checkNumber(op, 'maxNorm', maxNorm), order);
  }
  return embeddingOp(weight, index, padding ?? -1, scaleGradByFreq);
}

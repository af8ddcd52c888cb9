import { embedding, type Tensor } from './library.js';
import { type Row, row } from './row.js';
import { index, of, t } from './samples.js';

const TABLES = [
  [t([5, 3]), index([4], 5)],
  [t([5, 3]), index([], 5)],
  [t([5, 3]), index([0], 5)],
  [t([3, 20]), index([2, 7], 3)],
  [t([6, 4], 'any', 'transposed'), index([3, 2], 6)],
  [t([6, 4], 'any', 'strided'), index([9], 6)],
  [t([4, 3]), of('int32', [5], 'mask')],
];

/** The result, and the weight that the call shortened. */
function renormed(run: (weight: Tensor) => Tensor, weight: Tensor): [Tensor, Tensor] {
  const copy = weight.detach().clone();
  return [run(copy), copy];
}

export const embeddings: readonly Row[] = [
  row('embedding', 'F.embedding(b, a)', ([a, b]) => embedding(b!, a!), TABLES),
  row(
    'embedding paddingIdx',
    'F.embedding(b, a, padding_idx=1)',
    ([a, b]) => embedding(b!, a!, { paddingIdx: 1 }),
    TABLES,
    { isDerivative: false }, // padding gets no gradient
  ),
  row(
    'embedding negative paddingIdx',
    'F.embedding(b, a, padding_idx=-2)',
    ([a, b]) => embedding(b!, a!, { paddingIdx: -2 }),
    TABLES,
    { isDerivative: false }, // padding gets no gradient
  ),
  // PyTorch has no second derivative of this one.
  row(
    'embedding scaleGradByFreq',
    'F.embedding(b, a, padding_idx=0, scale_grad_by_freq=True)',
    ([a, b]) => embedding(b!, a!, { paddingIdx: 0, scaleGradByFreq: true }),
    TABLES.map((inputs) => ({ inputs, depth: 1 })),
    { isDerivative: false },
  ),
  ...[1, 2, Number.POSITIVE_INFINITY].map((normType) =>
    row(
      `embedding maxNorm ${normType}`,
      `(lambda w: (F.embedding(b, w, max_norm=3.0, norm_type=float("${normType === Number.POSITIVE_INFINITY ? 'inf' : normType}")), w))(a.detach().clone())`,
      ([a, b]) => renormed((weight) => embedding(b!, weight, { maxNorm: 3, normType }), a!),
      TABLES.map((inputs) => ({ inputs, depth: 0 })),
    ),
  ),
];

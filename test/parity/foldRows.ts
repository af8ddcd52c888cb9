import { fold, unfold } from './library.js';
import { type ErrorRow, error, type Row, row } from './row.js';
import { t } from './samples.js';

const WINDOWS = [
  ['2', 2, {}],
  ['3, padding=1', 3, { padding: 1 }],
  ['(2, 3), stride=(3, 1), padding=(0, 2)', [2, 3], { stride: [3, 1], padding: [0, 2] }],
  ['2, dilation=(3, 2), padding=2, stride=2', 2, { dilation: [3, 2], padding: 2, stride: 2 }],
  ['1, stride=5', 1, { stride: 5 }],
] as const;

const unfolding = WINDOWS.map(([torch, kernel, options]) =>
  row(`unfold ${torch}`, `F.unfold(a, ${torch})`, ([a]) => unfold(a!, kernel, options), [
    [t([2, 3, 6, 8])],
    [t([3, 7, 9])],
    [t([0, 2, 6, 6])],
    [t([2, 6, 7], 'any', 'transposed')],
    [t([2, 2, 6, 6], 'any', 'strided')],
    [t([2, 2, 6, 5], 'any', 'expanded')],
    [t([2, 3, 6, 8], 'special')],
  ]),
);

// Planes of 6 by 7.
const COLUMNS = [
  [4, 30],
  [9, 42],
  [6, 18],
  [4, 20],
  [1, 4],
] as const;
const folding = WINDOWS.map(([torch, kernel, options], i) => {
  const [taps, blocks] = COLUMNS[i]!;
  return row(`fold ${torch}`, `F.fold(a, (6, 7), ${torch})`, ([a]) => fold(a!, [6, 7], kernel, options), [
    [t([2, 3 * taps, blocks])],
    [t([taps, blocks])],
    [t([0, 2 * taps, blocks])],
    [t([2, 2 * taps, blocks], 'any', 'transposed')],
    [t([2, taps, blocks], 'any', 'strided')],
    [t([2, taps, blocks], 'any', 'expanded')],
  ]);
});

export const folds: readonly Row[] = [...unfolding, ...folding];

const image = [t([1, 2, 4, 4])];
const columns = [t([1, 8, 9])];
export const foldErrors: readonly ErrorRow[] = [
  error(
    'unfold',
    'F.unfold(a, 2)',
    [t([4, 4])],
    ([a]) => unfold(a!, 2),
    /^unfold: expected 3D or 4D \(batched\) input/,
  ),
  error('unfold', 'F.unfold(a, 2)', [t([1, 0, 4, 4])], ([a]) => unfold(a!, 2), /^unfold: expected 3D or 4D/),
  error(
    'unfold',
    'F.unfold(a, 5)',
    image,
    ([a]) => unfold(a!, 5),
    /^unfold: a window of kernelSize \[5, 5\] does not fit/,
  ),
  error('unfold', 'F.unfold(a, 0)', image, ([a]) => unfold(a!, 0), /^unfold: kernelSize must be greater than zero/),
  error(
    'unfold',
    'F.unfold(a, 2, stride=0)',
    image,
    ([a]) => unfold(a!, 2, { stride: 0 }),
    /^unfold: stride must be greater than zero/,
  ),
  error(
    'unfold',
    'F.unfold(a, 2, padding=-1)',
    image,
    ([a]) => unfold(a!, 2, { padding: -1 }),
    /^unfold: padding must be at least 0/,
  ),
  error('fold', 'F.fold(a, 4, 2)', [t([8])], ([a]) => fold(a!, 4, 2), /^fold: expected 2D or 3D \(batched\) input/),
  error(
    'fold',
    'F.fold(a, 4, 3)',
    columns,
    ([a]) => fold(a!, 4, 3),
    /^fold: expected size of input's dimension 1 to be divisible by the product of kernelSize \[3, 3\]/,
  ),
  error(
    'fold',
    'F.fold(a, (4, 5), 2)',
    columns,
    ([a]) => fold(a!, [4, 5], 2),
    /^fold: expected size of input's dimension 2 to match the calculated number of sliding blocks 3 \* 4 = 12/,
  ),
  error(
    'fold',
    'F.fold(a, 1, 2)',
    columns,
    ([a]) => fold(a!, 1, 2),
    /^fold: a window of kernelSize \[2, 2\] does not fit/,
  ),
];

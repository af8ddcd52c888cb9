import {
  adaptiveAvgPool1d,
  adaptiveAvgPool2d,
  adaptiveMaxPool1d,
  adaptiveMaxPool2d,
  avgPool1d,
  avgPool2d,
  maxPool1d,
  maxPool2d,
} from './library.js';
import { forward, type Row, row } from './row.js';
import { t } from './samples.js';

const IMAGES = [
  [t([2, 3, 6, 8])],
  [t([3, 7, 9])],
  [t([0, 2, 6, 6])],
  [t([2, 2, 5, 37])],
  [t([2, 6, 7], 'any', 'transposed')],
  [t([2, 2, 6, 6], 'any', 'strided')],
  [t([2, 2, 6, 5], 'any', 'expanded')],
];
// Where the maxima are is compared without gradients: a tie is broken alike, but a fixture holds floats alone.
const PLACES = [
  forward(t([2, 3, 6, 8], 'ties')),
  forward(t([1, 6, 40], 'ties')),
  forward(t([2, 6, 6], 'special')),
  forward(t([2, 6, 7], 'any', 'transposed')),
];
const SEQUENCES = [[t([2, 3, 9])], [t([3, 10])], [t([0, 3, 8])], [t([2, 3, 8], 'any', 'transposed')], [t([1, 70])]];

const WINDOWS = [
  ['2', 2, {}],
  ['3, stride=2, padding=1', 3, { stride: 2, padding: 1 }],
  ['(2, 3), stride=(3, 1), padding=(0, 1)', [2, 3], { stride: [3, 1], padding: [0, 1] }],
  ['3, stride=2, ceil_mode=True', 3, { stride: 2, ceilMode: true }],
  ['2, stride=3, padding=1, ceil_mode=True', 2, { stride: 3, padding: 1, ceilMode: true }],
] as const;

const max: readonly Row[] = [
  ...WINDOWS.flatMap(([torch, kernel, options]) => [
    row(`maxPool2d ${torch}`, `F.max_pool2d(a, ${torch})`, ([a]) => maxPool2d(a!, kernel, options), IMAGES),
    row(
      `maxPool2d indices ${torch}`,
      `F.max_pool2d(a, ${torch}, return_indices=True)`,
      ([a]) => maxPool2d(a!, kernel, { ...options, returnIndices: true }),
      PLACES,
    ),
  ]),
  row(
    'maxPool2d dilated',
    'F.max_pool2d(a, (2, 3), stride=(1, 2), padding=(1, 1), dilation=(2, 3))',
    ([a]) => maxPool2d(a!, [2, 3], { stride: [1, 2], padding: [1, 1], dilation: [2, 3] }),
    IMAGES,
  ),
  row(
    'maxPool2d dilated indices',
    'F.max_pool2d(a, (2, 3), stride=(1, 2), padding=(1, 1), dilation=(2, 3), return_indices=True)',
    ([a]) => maxPool2d(a!, [2, 3], { stride: [1, 2], padding: [1, 1], dilation: [2, 3], returnIndices: true }),
    PLACES,
  ),
  row('maxPool2d ties', 'F.max_pool2d(a, 3, stride=1)', ([a]) => maxPool2d(a!, 3, { stride: 1 }), [
    [t([2, 6, 6], 'ties')],
    [t([1, 3, 4, 20], 'ties')],
  ]),
  row('maxPool2d special', 'F.max_pool2d(a, 2)', ([a]) => maxPool2d(a!, 2), [
    { inputs: [t([2, 6, 6], 'special')], depth: 1 },
  ]),
  row('maxPool2d giant', 'F.max_pool2d(a, (70, 2), stride=1)', ([a]) => maxPool2d(a!, [70, 2], { stride: 1 }), [
    [t([2, 71, 4])],
  ]),
  row('maxPool2d wide', 'F.max_pool2d(a, (1, 70), stride=3)', ([a]) => maxPool2d(a!, [1, 70], { stride: 3 }), [
    [t([1, 2, 100])],
  ]),
  row(
    'maxPool1d',
    'F.max_pool1d(a, 3, stride=2, padding=1)',
    ([a]) => maxPool1d(a!, 3, { stride: 2, padding: 1 }),
    SEQUENCES,
  ),
  row(
    'maxPool1d indices',
    'F.max_pool1d(a, 2, dilation=2, ceil_mode=True, return_indices=True)',
    ([a]) => maxPool1d(a!, 2, { dilation: 2, ceilMode: true, returnIndices: true }),
    [forward(t([2, 3, 9], 'ties')), forward(t([3, 12], 'special'))],
  ),
  row('adaptiveMaxPool2d of no planes', 'F.adaptive_max_pool2d(a, 2)', ([a]) => adaptiveMaxPool2d(a!, 2), [
    forward(t([0, 4, 4])),
    forward(t([0, 3, 4, 4])),
  ]),
  row('adaptiveAvgPool2d of no planes', 'F.adaptive_avg_pool2d(a, 2)', ([a]) => adaptiveAvgPool2d(a!, 2), [
    forward(t([0, 4, 4])),
    forward(t([2, 0, 4, 4])),
    forward(t([0, 0, 4, 4])),
  ]),
  row('adaptiveAvgPool2d of nothing to one', 'F.adaptive_avg_pool2d(a, 1)', ([a]) => adaptiveAvgPool2d(a!, 1), [
    forward(t([2, 3, 0, 4])),
    forward(t([2, 0, 4, 4])),
  ]),
  row('adaptiveAvgPool1d of no planes', 'F.adaptive_avg_pool1d(a, 2)', ([a]) => adaptiveAvgPool1d(a!, 2), [
    forward(t([0, 4])),
    forward(t([2, 0, 4])),
  ]),
  row('adaptiveMaxPool2d', 'F.adaptive_max_pool2d(a, (3, 4))', ([a]) => adaptiveMaxPool2d(a!, [3, 4]), IMAGES),
  row(
    'adaptiveMaxPool2d null',
    'F.adaptive_max_pool2d(a, (None, 2))',
    ([a]) => adaptiveMaxPool2d(a!, [null, 2]),
    IMAGES,
  ),
  row(
    'adaptiveMaxPool2d indices',
    'F.adaptive_max_pool2d(a, 4, return_indices=True)',
    ([a]) => adaptiveMaxPool2d(a!, 4, { returnIndices: true }),
    PLACES,
  ),
  row('adaptiveMaxPool1d', 'F.adaptive_max_pool1d(a, 3)', ([a]) => adaptiveMaxPool1d(a!, 3), SEQUENCES),
];

const average: readonly Row[] = [
  ...WINDOWS.flatMap(([torch, kernel, options]) => [
    row(`avgPool2d ${torch}`, `F.avg_pool2d(a, ${torch})`, ([a]) => avgPool2d(a!, kernel, options), IMAGES),
    row(
      `avgPool2d without padding ${torch}`,
      `F.avg_pool2d(a, ${torch}, count_include_pad=False)`,
      ([a]) => avgPool2d(a!, kernel, { ...options, countIncludePad: false }),
      IMAGES,
    ),
  ]),
  row(
    'avgPool2d divisor',
    'F.avg_pool2d(a, 3, stride=2, padding=1, divisor_override=5)',
    ([a]) => avgPool2d(a!, 3, { stride: 2, padding: 1, divisorOverride: 5 }),
    IMAGES,
  ),
  row('avgPool2d wide', 'F.avg_pool2d(a, (1, 70), stride=3)', ([a]) => avgPool2d(a!, [1, 70], { stride: 3 }), [
    [t([1, 2, 100])],
  ]),
  row(
    'avgPool1d',
    'F.avg_pool1d(a, 3, stride=2, padding=1)',
    ([a]) => avgPool1d(a!, 3, { stride: 2, padding: 1 }),
    SEQUENCES,
  ),
  row(
    'avgPool1d without padding',
    'F.avg_pool1d(a, 3, stride=2, padding=1, ceil_mode=True, count_include_pad=False)',
    ([a]) => avgPool1d(a!, 3, { stride: 2, padding: 1, ceilMode: true, countIncludePad: false }),
    SEQUENCES,
  ),
  row('adaptiveAvgPool2d', 'F.adaptive_avg_pool2d(a, (3, 4))', ([a]) => adaptiveAvgPool2d(a!, [3, 4]), IMAGES),
  row('adaptiveAvgPool2d global', 'F.adaptive_avg_pool2d(a, 1)', ([a]) => adaptiveAvgPool2d(a!, 1), IMAGES),
  row(
    'adaptiveAvgPool2d of one row',
    'F.adaptive_avg_pool2d(a, (1, 3))',
    ([a]) => adaptiveAvgPool2d(a!, [1, 3]),
    IMAGES,
  ),
  row(
    'adaptiveAvgPool2d of one column',
    'F.adaptive_avg_pool2d(a, (2, 1))',
    ([a]) => adaptiveAvgPool2d(a!, [2, 1]),
    IMAGES,
  ),
  row(
    'adaptiveAvgPool2d null',
    'F.adaptive_avg_pool2d(a, (None, 2))',
    ([a]) => adaptiveAvgPool2d(a!, [null, 2]),
    IMAGES,
  ),
  row('adaptiveAvgPool2d larger', 'F.adaptive_avg_pool2d(a, (9, 11))', ([a]) => adaptiveAvgPool2d(a!, [9, 11]), IMAGES),
  row('adaptiveAvgPool1d', 'F.adaptive_avg_pool1d(a, 4)', ([a]) => adaptiveAvgPool1d(a!, 4), SEQUENCES),
];

export const pooling: readonly Row[] = [...max, ...average];

import {
  binaryCrossEntropy,
  binaryCrossEntropyWithLogits,
  crossEntropy,
  huberLoss,
  klDiv,
  l1Loss,
  mseLoss,
  nllLoss,
  smoothL1Loss,
} from './library.js';
import { type Row, row, shallow } from './row.js';
import { fixed, index, t } from './samples.js';

const PAIRS = [
  [t([5]), t([5])],
  [t([3, 4], 'any', 'transposed'), t([3, 4])],
  [t([]), t([])],
  [t([2, 3]), fixed(t([2, 3]))],
];
const INFINITE_PAIRS = [shallow(t([12], 'special'), t([12])), shallow(t([12]), t([12], 'special'))];
const REDUCTIONS = ['mean', 'sum', 'none'] as const;

const regression: readonly Row[] = REDUCTIONS.flatMap((reduction) => [
  row(
    `mseLoss ${reduction}`,
    `F.mse_loss(a, b, reduction="${reduction}")`,
    ([a, b]) => mseLoss(a!, b!, { reduction }),
    PAIRS,
  ),
  row(
    `l1Loss ${reduction}`,
    `F.l1_loss(a, b, reduction="${reduction}")`,
    ([a, b]) => l1Loss(a!, b!, { reduction }),
    PAIRS,
  ),
  row(
    `smoothL1Loss ${reduction}`,
    `F.smooth_l1_loss(a, b, reduction="${reduction}", beta=2)`,
    ([a, b]) => smoothL1Loss(a!, b!, { reduction, beta: 2 }),
    [...PAIRS, ...INFINITE_PAIRS],
  ),
  row(
    `huberLoss ${reduction}`,
    `F.huber_loss(a, b, reduction="${reduction}", delta=1.5)`,
    ([a, b]) => huberLoss(a!, b!, { reduction, delta: 1.5 }),
    [...PAIRS, ...INFINITE_PAIRS],
  ),
  row(
    `binaryCrossEntropy ${reduction}`,
    `F.binary_cross_entropy(a, b, c, reduction="${reduction}")`,
    ([a, b, c]) => binaryCrossEntropy(a!, b!, { weight: c!, reduction }),
    [
      [t([5], 'unit'), fixed(t([5], 'unit')), fixed(t([5], 'positive'))],
      [t([3, 4], 'unit', 'transposed'), fixed(t([3, 4], 'unit')), fixed(t([4], 'positive'))],
    ],
  ),
  row(
    `binaryCrossEntropyWithLogits ${reduction}`,
    `F.binary_cross_entropy_with_logits(a, b, c, reduction="${reduction}", pos_weight=d)`,
    ([a, b, c, d]) => binaryCrossEntropyWithLogits(a!, b!, { weight: c!, posWeight: d!, reduction }),
    [
      [t([5]), t([5], 'unit'), fixed(t([5], 'positive')), fixed(t([5], 'positive'))],
      [
        t([3, 4], 'any', 'transposed'),
        fixed(t([3, 4], 'unit')),
        fixed(t([3, 1], 'positive')),
        fixed(t([4], 'positive')),
      ],
    ],
  ),
]);

const pairwise: readonly Row[] = [
  row('mseLoss weighted', 'F.mse_loss(a, b, weight=c)', ([a, b, c]) => mseLoss(a!, b!, { weight: c! }), [
    [t([5]), t([5]), fixed(t([5], 'positive'))],
  ]),
  row('l1Loss weighted', 'F.l1_loss(a, b, weight=c)', ([a, b, c]) => l1Loss(a!, b!, { weight: c! }), [
    [t([5]), t([5]), fixed(t([5], 'positive'))],
  ]),
  row('huberLoss weighted', 'F.huber_loss(a, b, weight=c)', ([a, b, c]) => huberLoss(a!, b!, { weight: c! }), [
    [t([5]), t([5]), fixed(t([5], 'positive'))],
  ]),
  row('smoothL1Loss beta 0', 'F.smooth_l1_loss(a, b, beta=0.0)', ([a, b]) => smoothL1Loss(a!, b!, { beta: 0 }), PAIRS),
  row(
    'binaryCrossEntropy at the ends',
    'F.binary_cross_entropy(a, b)',
    ([a, b]) => binaryCrossEntropy(a!, b!),
    [[t([9], 'unit'), fixed(t([9], 'unit'))], shallow(t([9], 'mask'), fixed(t([9], 'unit')))],
    { tolerance: [1e-3, 1e-8] },
  ),
  row('klDiv', 'F.kl_div(a, b, reduction="none")', ([a, b]) => klDiv(a!, b!, { reduction: 'none' }), [
    [t([3, 4]), fixed(t([3, 4], 'unit'))],
    [t([5]), t([5], 'unit')],
  ]),
  row(
    'klDiv batchmean',
    'F.kl_div(a, b, reduction="batchmean")',
    ([a, b]) => klDiv(a!, b!, { reduction: 'batchmean' }),
    [[t([3, 4]), t([3, 4], 'unit')]],
  ),
  row(
    'klDiv logTarget',
    'F.kl_div(a, b, reduction="sum", log_target=True)',
    ([a, b]) => klDiv(a!, b!, { reduction: 'sum', logTarget: true }),
    [[t([3, 4]), t([3, 4])]],
  ),
];

const WITHOUT_WEIGHT = [
  [t([4, 5]), index([4], 5)],
  [t([4, 5], 'any', 'transposed'), index([4], 5)],
  [t([5]), index([], 5)],
  [t([2, 3, 4]), index([2, 4], 3)],
  [t([2, 3, 2, 2], 'any', 'strided'), index([2, 2, 2], 3)],
];
const WITH_WEIGHT = [
  [t([4, 5]), index([4], 5), fixed(t([5], 'positive'))],
  [t([2, 5, 3]), index([2, 3], 5), fixed(t([5], 'positive'))],
];
const SOFT = [
  [t([4, 5]), t([4, 5], 'unit'), fixed(t([5], 'positive'))],
  [t([2, 5, 3]), fixed(t([2, 5, 3], 'unit')), fixed(t([5], 'positive'))],
];

const classes: readonly Row[] = REDUCTIONS.flatMap((reduction) => [
  row(
    `nllLoss ${reduction}`,
    `F.nll_loss(a, b, reduction="${reduction}")`,
    ([a, b]) => nllLoss(a!, b!, { reduction }),
    WITHOUT_WEIGHT,
  ),
  row(
    `nllLoss weight ignore ${reduction}`,
    `F.nll_loss(a, b, c, reduction="${reduction}", ignore_index=1)`,
    ([a, b, c]) => nllLoss(a!, b!, { weight: c!, reduction, ignoreIndex: 1 }),
    WITH_WEIGHT,
  ),
  row(
    `crossEntropy ${reduction}`,
    `F.cross_entropy(a, b, reduction="${reduction}")`,
    ([a, b]) => crossEntropy(a!, b!, { reduction }),
    WITHOUT_WEIGHT,
  ),
  row(
    `crossEntropy weight ignore smoothing ${reduction}`,
    `F.cross_entropy(a, b, c, reduction="${reduction}", ignore_index=2, label_smoothing=0.2)`,
    ([a, b, c]) => crossEntropy(a!, b!, { weight: c!, reduction, ignoreIndex: 2, labelSmoothing: 0.2 }),
    WITH_WEIGHT,
  ),
  row(
    `crossEntropy smoothing ${reduction}`,
    `F.cross_entropy(a, b, reduction="${reduction}", label_smoothing=0.1)`,
    ([a, b]) => crossEntropy(a!, b!, { reduction, labelSmoothing: 0.1 }),
    WITHOUT_WEIGHT,
  ),
  row(
    `crossEntropy probabilities ${reduction}`,
    `F.cross_entropy(a, b, c, reduction="${reduction}", label_smoothing=0.3)`,
    ([a, b, c]) => crossEntropy(a!, b!, { weight: c!, reduction, labelSmoothing: 0.3 }),
    SOFT,
  ),
]);

export const losses: readonly Row[] = [...regression, ...pairwise, ...classes];

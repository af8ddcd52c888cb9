import { batchNorm, groupNorm, instanceNorm, layerNorm, rmsNorm, type Tensor } from './library.js';
import { forward, type Row, row, shallow } from './row.js';
import { fixed, type Input, t } from './samples.js';

const unused = null;

/** A running statistic under training: the row's copy, and what it becomes. */
function tracked(
  run: (mean: Tensor, variance: Tensor) => Tensor,
  mean: Tensor,
  variance: Tensor,
): [Tensor, Tensor, Tensor] {
  const copies = [mean.clone(), variance.clone()] as const;
  return [run(...copies), ...copies];
}

const rowwise: readonly Row[] = [
  row('layerNorm', 'F.layer_norm(a, a.shape[-1:])', ([a]) => layerNorm(a!, a!.shape.slice(-1)), [
    [t([5])],
    [t([1])],
    [t([3, 4])],
    [t([0, 4])],
    [t([3, 37])],
    [t([4, 5], 'any', 'transposed')],
    [t([2, 3, 8], 'any', 'strided')],
    [t([4, 5], 'any', 'expanded')],
    [t([2, 300])],
  ]),
  row(
    'layerNorm affine',
    'F.layer_norm(a, a.shape[-1:], b, c, eps=1e-3)',
    ([a, b, c]) => layerNorm(a!, a!.shape.slice(-1), { weight: b!, bias: c!, eps: 1e-3 }),
    [
      [t([3, 4]), t([4]), t([4])],
      [t([0, 4]), t([4]), t([4])],
      [t([2, 9, 33]), t([33]), t([33])],
      [t([4, 6], 'any', 'transposed'), t([6], 'any', 'strided'), t([6])],
      [fixed(t([3, 4])), t([4]), t([4])],
      [t([3, 4]), fixed(t([4])), t([4])],
      [t([3, 4]), t([4]), fixed(t([4]))],
    ],
  ),
  row(
    'layerNorm weight',
    'F.layer_norm(a, a.shape[-1:], b)',
    ([a, b]) => layerNorm(a!, a!.shape.slice(-1), { weight: b! }),
    [
      [t([3, 4]), t([4])],
      [t([19, 17]), t([17])],
    ],
  ),
  row(
    'layerNorm bias',
    'F.layer_norm(a, a.shape[-1:], None, b)',
    ([a, b]) => layerNorm(a!, a!.shape.slice(-1), { bias: b! }),
    // PyTorch has no second derivative of this one.
    [shallow(t([3, 4]), t([4]))],
  ),
  row(
    'layerNorm over two dimensions',
    'F.layer_norm(a, (3, 4), b, c)',
    ([a, b, c]) => layerNorm(a!, [3, 4], { weight: b!, bias: c! }),
    [
      [t([2, 5, 3, 4]), t([3, 4]), t([3, 4])],
      [t([2, 3, 4], 'any', 'transposed'), t([3, 4], 'any', 'transposed'), t([3, 4])],
    ],
  ),
  row('layerNorm special', 'F.layer_norm(a, (12,))', ([a]) => layerNorm(a!, [12]), [shallow(t([12], 'special'))]),
  row(
    'rmsNorm',
    'F.rms_norm(a, a.shape[-1:], b, eps=1e-3)',
    ([a, b]) => rmsNorm(a!, a!.shape.slice(-1), { weight: b!, eps: 1e-3 }),
    [
      [t([3, 4]), t([4])],
      [t([0, 4]), t([4])],
      [t([2, 9, 33]), t([33])],
      [t([4, 6], 'any', 'transposed'), t([6], 'any', 'strided')],
      [fixed(t([3, 4])), t([4])],
      [t([3, 4]), fixed(t([4]))],
    ],
  ),
  row('rmsNorm plain', 'F.rms_norm(a, a.shape[-2:])', ([a]) => rmsNorm(a!, a!.shape.slice(-2)), [
    [t([2, 3, 4])],
    [t([3, 4], 'positive', 'strided')],
  ]),
];

/** x of these shapes with a weight, a bias, running means and variances per channel. */
const channelwise = (...inputs: Input[]): Input[][] =>
  inputs.map((x) => {
    const channels = [x.shape[1]!];
    return [x, t(channels), t(channels), fixed(t(channels)), fixed(t(channels, 'positive'))];
  });

const IMAGES = [
  t([2, 3, 4, 5]),
  t([4, 3]),
  t([3, 2, 6]),
  t([2, 1, 3, 3]),
  t([5, 1]),
  t([150, 18]),
  t([2, 3, 4], 'any', 'transposed'),
  t([2, 3, 2, 4], 'any', 'strided'),
  t([3, 2, 2], 'any', 'expanded'),
];

const channels: readonly Row[] = [
  row(
    'batchNorm training',
    '(lambda m, v: (F.batch_norm(a, m, v, b, c, training=True, momentum=0.3, eps=1e-3), m, v))(d.clone(), e.clone())',
    ([a, b, c, d, e]) =>
      tracked(
        (m, v) => batchNorm(a!, m, v, { weight: b!, bias: c!, training: true, momentum: 0.3, eps: 1e-3 }),
        d!,
        e!,
      ),
    channelwise(...IMAGES),
    { isDerivative: false }, // the running statistics are not differentiated
  ),
  row(
    'batchNorm evaluation',
    'F.batch_norm(a, d, e, b, c)',
    ([a, b, c, d, e]) => batchNorm(a!, d!, e!, { weight: b!, bias: c! }),
    [
      ...channelwise(...IMAGES, t([0, 3, 2]), t([1, 3]), fixed(t([2, 3, 4]))),
      ...channelwise(t([4, 6], 'special'), t([2, 3, 4], 'special')).map((inputs) => shallow(...inputs)),
    ],
  ),
  row(
    'batchNorm plain',
    'F.batch_norm(a, None, None, training=True)',
    ([a]) => batchNorm(a!, unused, unused, { training: true }),
    [[t([2, 3, 4])], [t([4, 3])]],
  ),
  row(
    'batchNorm weight',
    'F.batch_norm(a, None, None, b, training=True)',
    ([a, b]) => batchNorm(a!, unused, unused, { weight: b!, training: true }),
    [
      [t([2, 3, 4]), t([3])],
      [fixed(t([2, 3, 4])), t([3])],
      [t([2, 3, 4]), fixed(t([3]))],
    ],
  ),
  row('batchNorm bias', 'F.batch_norm(a, b, c, None, d)', ([a, b, c, d]) => batchNorm(a!, b!, c!, { bias: d! }), [
    forward(t([2, 3, 4]), fixed(t([3])), fixed(t([3], 'positive')), t([3])),
  ]),
  row(
    'batchNorm special tracked',
    '(lambda m, v: (F.batch_norm(a, m, v, training=True), m, v))(b.clone(), c.clone())',
    ([a, b, c]) => tracked((m, v) => batchNorm(a!, m, v, { training: true }), b!, c!),
    [t([6, 4], 'special'), t([2, 4, 3], 'special'), t([4, 1, 3], 'special')].map((x) =>
      forward(x, t([x.shape[1]!]), t([x.shape[1]!], 'positive')),
    ),
  ),
  row(
    'batchNorm special',
    'F.batch_norm(a, None, None, training=True)',
    ([a]) => batchNorm(a!, unused, unused, { training: true }),
    [shallow(t([6, 2], 'special')), shallow(t([2, 2, 3], 'special'))],
  ),
  ...[1, 2, 6].map((groups) =>
    row(
      `groupNorm ${groups}`,
      `F.group_norm(a, ${groups}, b, c, eps=1e-3)`,
      ([a, b, c]) => groupNorm(a!, groups, { weight: b!, bias: c!, eps: 1e-3 }),
      [
        [t([2, 6, 4]), t([6]), t([6])],
        [t([2, 6, 3, 5]), t([6]), t([6])],
        [t([0, 6, 3]), t([6]), t([6])],
        [t([2, 6, 4], 'any', 'transposed'), t([6], 'any', 'strided'), t([6])],
        [fixed(t([2, 6, 4])), t([6]), t([6])],
        [t([2, 6, 4]), fixed(t([6])), t([6])],
      ],
    ),
  ),
  row('groupNorm of features', 'F.group_norm(a, 2, b)', ([a, b]) => groupNorm(a!, 2, { weight: b! }), [
    [t([3, 6]), t([6])],
    [t([2, 34]), t([34])],
  ]),
  row('groupNorm plain', 'F.group_norm(a, 2)', ([a]) => groupNorm(a!, 2), [[t([3, 6, 2])]]),
  row(
    'instanceNorm',
    'F.instance_norm(a, weight=b, bias=c, eps=1e-3)',
    ([a, b, c]) => instanceNorm(a!, { weight: b!, bias: c!, eps: 1e-3 }),
    [
      [t([2, 3, 5]), t([3]), t([3])],
      [t([2, 3, 4, 5], 'any', 'strided'), t([3]), t([3])],
    ],
  ),
  row(
    'instanceNorm tracked',
    '(lambda m, v: (F.instance_norm(a, m, v, b, c, momentum=0.3), m, v))(d.clone(), e.clone())',
    ([a, b, c, d, e]) =>
      tracked(
        (runningMean, runningVar) => instanceNorm(a!, { runningMean, runningVar, weight: b!, bias: c!, momentum: 0.3 }),
        d!,
        e!,
      ),
    channelwise(t([2, 3, 5]), t([2, 3, 4, 5])),
    { isDerivative: false },
  ),
  row(
    'instanceNorm evaluation',
    'F.instance_norm(a, d, e, b, c, use_input_stats=False)',
    ([a, b, c, d, e]) =>
      instanceNorm(a!, { runningMean: d!, runningVar: e!, weight: b!, bias: c!, useInputStats: false }),
    [...channelwise(t([2, 3, 5])), ...channelwise(t([2, 3, 4], 'special')).map((inputs) => shallow(...inputs))],
  ),
];

// Gradients of gradients pass through 1/σ³, which the smallest groups make large.
export const norms: readonly Row[] = [...rowwise, ...channels];

import { forward, type Row, row, shallow, special } from './row.js';
import { type Kind, mask, of, t } from './samples.js';

/** Inputs for the ways to name dimensions. */
const everywhere = (kind: Kind) => [
  [t([], kind)],
  [t([5], kind)],
  [t([3, 4], kind, 'transposed')],
  [t([2, 3, 4], kind, 'strided')],
  [t([4, 3], kind, 'expanded')],
];
const cubes = (kind: Kind) => [
  [t([2, 3, 4], kind)],
  [t([2, 3, 4], kind, 'transposed')],
  [t([2, 3, 4], kind, 'strided')],
];
const withEmpty = (kind: Kind) => [[t([0, 3, 2], kind)], [t([2, 0, 3], kind)]];

const sums: readonly Row[] = [
  row('sum', 'a.sum()', ([a]) => a!.sum(), [...everywhere('any'), ...withEmpty('any'), special]),
  row('sum dim', 'a.sum(1)', ([a]) => a!.sum(1), [...cubes('any'), ...withEmpty('any')]),
  row('sum dims keepdim', 'a.sum((0, -1), keepdim=True)', ([a]) => a!.sum([0, -1], { keepdim: true }), [
    ...cubes('any'),
    ...withEmpty('any'),
  ]),
  row('sum of no dims', 'a.sum(dim=[])', ([a]) => a!.sum([]), cubes('any')),
  row('mean', 'a.mean()', ([a]) => a!.mean(), [...everywhere('any'), shallow(t([0])), special]),
  row('mean dim', 'a.mean(-1, keepdim=True)', ([a]) => a!.mean(-1, { keepdim: true }), cubes('any')),
  row('mean dims', 'a.mean((0, 2))', ([a]) => a!.mean([0, 2]), cubes('any')),
  row('var', 'a.var()', ([a]) => a!.var(), [[t([5])], [t([3, 4], 'any', 'transposed')], special]),
  row(
    'var dim',
    'a.var(1, correction=0, keepdim=True)',
    ([a]) => a!.var(1, { correction: 0, keepdim: true }),
    cubes('any'),
  ),
  row('var dims', 'a.var((0, 2))', ([a]) => a!.var([0, 2]), cubes('any')),
  ...([0, 1, 3] as const).flatMap((correction) =>
    (['var', 'std'] as const).map((name) =>
      row(
        `${name} of few, correction ${correction}`,
        `a.${name}(correction=${correction})`,
        ([a]) => a![name](null, { correction }),
        [shallow(t([0])), shallow(t([1])), shallow(t([])), shallow(t([3])), shallow(t([2, 0]))],
        { isDerivative: correction < 2 }, // infinite where nothing is left to divide by
      ),
    ),
  ),
  ...([2, 3, 4] as const).flatMap((correction) =>
    (['var', 'std'] as const).flatMap((name) =>
      ([0, 1, [0, 1]] as const).map((dims) =>
        row(
          `${name} over ${JSON.stringify(dims)} of few, correction ${correction}`,
          `a.${name}(${Array.isArray(dims) ? '(0, 1)' : dims}, correction=${correction})`,
          ([a]) => a![name](dims, { correction }),
          [shallow(t([2, 3])), shallow(t([3, 2], 'ties', 'transposed')), shallow(t([2, 0]))],
          { isDerivative: false }, // infinite where nothing is left to divide by
        ),
      ),
    ),
  ),
  row('std of large', '(a * 1e30).std() / 1e30', ([a]) => a!.mul(1e30).std().div(1e30), [forward(t([7]))]),
  row(
    'sum and prod to bool',
    '[a.sum(dtype=torch.bool), a.prod(dtype=torch.bool), a.sum(0, dtype=torch.bool), a.prod(-1, True, dtype=torch.bool)]',
    ([a]) => [
      a!.sum(null, { dtype: 'bool' }),
      a!.prod(null, { dtype: 'bool' }),
      a!.sum(0, { dtype: 'bool' }),
      a!.prod(-1, { keepdim: true, dtype: 'bool' }),
    ],
    [forward(t([3, 4], 'factors')), forward(t([0, 3])), [of('int64', [5], 'ties')], [mask([2, 3])]],
  ),
  row('std', 'a.std()', ([a]) => a!.std(), [[t([5])], [t([3, 4], 'any', 'transposed')]]),
  row(
    'std dim',
    'a.std(1, correction=0, keepdim=True)',
    ([a]) => a!.std(1, { correction: 0, keepdim: true }),
    cubes('any'),
  ),
  row('std of constants', 'a.std(0)', ([a]) => a!.std(0), [shallow(t([4, 3], 'any', 'expanded'))]),
  row(
    'prod',
    'a.prod()',
    ([a]) => a!.prod(),
    [...everywhere('any'), [t([7], 'factors')], [t([3, 4], 'factors')], [t([0])]],
    { tolerance: [2e-4, 1e-9] },
  ),
  row('prod dim', 'a.prod(1)', ([a]) => a!.prod(1), [...cubes('any'), ...cubes('factors'), ...withEmpty('any')], {
    tolerance: [2e-4, 1e-9],
  }),
  row('prod keepdim', 'a.prod(-1, keepdim=True)', ([a]) => a!.prod(-1, { keepdim: true }), cubes('factors'), {
    tolerance: [2e-4, 1e-9],
  }),
  row('cumsum', 'a.cumsum(1)', ([a]) => a!.cumsum(1), [...cubes('any'), ...withEmpty('any')]),
  row('cumsum scalar', 'a.cumsum(0)', ([a]) => a!.cumsum(0), [[t([])], special]),
  row('cumprod', 'a.cumprod(1)', ([a]) => a!.cumprod(1), [...cubes('any'), ...cubes('factors')], {
    tolerance: [2e-4, 1e-9],
  }),
  row(
    'cumprod vector',
    'a.cumprod(0)',
    ([a]) => a!.cumprod(0),
    [[t([6], 'factors')], [t([4, 2], 'factors', 'strided')]],
    { tolerance: [2e-4, 1e-9] },
  ),
  row('logsumexp', 'a.logsumexp(1)', ([a]) => a!.logsumexp(1), [...cubes('any'), shallow(t([12, 1], 'special'))]),
  row(
    'logsumexp dims',
    'a.logsumexp((0, 2), keepdim=True)',
    ([a]) => a!.logsumexp([0, 2], { keepdim: true }),
    cubes('any'),
  ),
];

const extrema: readonly Row[] = [
  row('amax', 'a.amax()', ([a]) => a!.amax(), [...everywhere('distinct'), [t([9], 'ties')], special]),
  row('amax dim', 'a.amax(1)', ([a]) => a!.amax(1), [...cubes('distinct'), ...cubes('ties'), [t([0, 3])]]),
  row('amin dims', 'a.amin((0, -1), keepdim=True)', ([a]) => a!.amin([0, -1], { keepdim: true }), [
    ...cubes('distinct'),
    ...cubes('ties'),
  ]),
  row('max', 'a.max()', ([a]) => a!.max(), [...everywhere('distinct'), [t([9], 'ties')], special]),
  row('max dim', 'a.max(1)', ([a]) => a!.max(1), [
    ...cubes('distinct'),
    ...cubes('ties'),
    [t([12, 1], 'special')],
    [t([0, 3])],
  ]),
  row('min dim keepdim', 'a.min(-1, keepdim=True)', ([a]) => a!.min(-1, { keepdim: true }), [
    ...cubes('distinct'),
    ...cubes('ties'),
  ]),
  row('max scalar', 'a.max(0)', ([a]) => a!.max(0), [[t([])]]),
  row('max other', 'torch.max(a, b)', ([a, b]) => a!.max(b!), [[t([9], 'ties'), t([9], 'ties')]]),
  row('argmax', 'a.argmax()', ([a]) => a!.argmax(), [
    forward(t([9], 'ties')),
    forward(t([3, 4], 'distinct', 'transposed')),
    forward(t([])),
    forward(t([12], 'special')),
  ]),
  row('argmax dim', 'a.argmax(1)', ([a]) => a!.argmax(1), [
    forward(t([3, 4], 'ties')),
    forward(t([2, 3, 4], 'ties', 'transposed')),
  ]),
  row('argmin keepdim', 'a.argmin(0, keepdim=True)', ([a]) => a!.argmin(0, { keepdim: true }), [
    forward(t([3, 4], 'ties')),
    forward(t([5])),
  ]),
  row('median', 'a.median()', ([a]) => a!.median(), [
    [t([5], 'distinct')],
    [t([3, 4], 'distinct')],
    [t([3, 3], 'ties', 'transposed')],
    special,
  ]),
  row('median dim', 'a.median(1)', ([a]) => a!.median(1), [...cubes('distinct')]),
  row('any', 'a.any()', ([a]) => a!.any(), [[mask([5])], forward(t([0])), forward(t([12], 'special'))]),
  row('any dim', 'a.any(1)', ([a]) => a!.any(1), [[mask([4, 2])], forward(t([3, 0]))]),
  row('all', 'a.all()', ([a]) => a!.all(), [[mask([2])], forward(t([0])), forward(t([9], 'ties'))]),
  row('all dims', 'a.all(0, keepdim=True)', ([a]) => a!.all(0, { keepdim: true }), [
    [mask([2, 5])],
    forward(t([0, 3])),
  ]),
  row('any of uint8', 'a.any()', ([a]) => a!.any(), [[of('uint8', [3], 'mask')], [of('uint8', [0])]], {
    exactDType: true,
  }),
  row('all of uint8', 'a.all(0)', ([a]) => a!.all(0), [[of('uint8', [3, 2], 'mask')]], { exactDType: true }),
  row(
    'sum of integers',
    'a.sum(0)',
    ([a]) => a!.sum(0),
    [[of('int32', [4, 3])], [of('uint8', [300], 'positive')], [mask([7])]],
    { exactDType: true },
  ),
  row('prod of integers', 'a.prod()', ([a]) => a!.prod(), [[of('int32', [5])], [mask([3])]], { exactDType: true }),
];

const norms: readonly Row[] = [
  row('norm', 'a.norm()', ([a]) => a!.norm(), [...everywhere('any'), [t([0])]]),
  row('norm 1 dim', 'a.norm(1, dim=1)', ([a]) => a!.norm(1, { dim: 1 }), cubes('any')),
  row(
    'norm 3 keepdim',
    'a.norm(3, dim=(0, 2), keepdim=True)',
    ([a]) => a!.norm(3, { dim: [0, 2], keepdim: true }),
    cubes('any'),
    { tolerance: [1e-4, 1e-9] },
  ),
  row('norm 1.5', 'a.norm(1.5)', ([a]) => a!.norm(1.5), cubes('positive')),
  row('norm inf', 'a.norm(float("inf"), dim=-1)', ([a]) => a!.norm(Infinity, { dim: -1 }), [
    ...cubes('distinct'),
    shallow(t([3, 4], 'ties')),
    shallow(t([4, 3], 'special')),
  ]),
  row('norm -inf', 'a.norm(float("-inf"))', ([a]) => a!.norm(-Infinity), cubes('distinct')),
  row('norm -inf dim', 'a.norm(float("-inf"), dim=1)', ([a]) => a!.norm(-Infinity, { dim: 1 }), [
    shallow(t([4, 3], 'special')),
  ]),
  row('norm 0', 'a.norm(0)', ([a]) => a!.norm(0), [shallow(t([9], 'ties'))]),
  row('norm of zeros', '(a * 0).norm()', ([a]) => a!.mul(0).norm(), [shallow(t([3]))]),
];

const softmaxes: readonly Row[] = [
  row('softmax', 'F.softmax(a, -1)', ([a]) => a!.softmax(-1), [
    ...cubes('any'),
    [t([])],
    [t([5])],
    [t([0, 3])],
    shallow(t([4, 3], 'special')),
  ]),
  row('softmax inner', 'F.softmax(a, 1)', ([a]) => a!.softmax(1), cubes('any')),
  row('logSoftmax', 'F.log_softmax(a, -1)', ([a]) => a!.logSoftmax(-1), [
    ...cubes('any'),
    [t([])],
    [t([5])],
    [t([0, 3])],
  ]),
  row('logSoftmax outer', 'F.log_softmax(a, 0)', ([a]) => a!.logSoftmax(0), cubes('any')),
  row('softmin', 'F.softmin(a, 1)', ([a]) => a!.softmin(1), cubes('any')),
];

export const reductions: readonly Row[] = [...sums, ...extrema, ...norms, ...softmaxes];

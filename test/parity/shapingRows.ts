import { cat, stack, type Tensor } from './library.js';
import { forward, type Row, row } from './row.js';
import { index, mask, of, t } from './samples.js';

const reading: readonly Row[] = [
  row('gather of zero dimensions', 'a.gather(0, b)', ([a, b]) => a!.gather(0, b!), [
    [t([]), index([3], 1)],
    [t([]), index([], 1)],
    [t([5]), index([], 5)],
  ]),
  row('scatter of zero dimensions', 'a.scatter(0, b, c)', ([a, b, c]) => a!.scatter(0, b!, c!), [
    [t([]), index([1], 1), t([1])],
    [t([]), index([1], 1), t([])],
    [t([]), index([], 1), t([])],
    [t([4]), index([], 4), t([])],
  ]),
  row('scatter number of zero dimensions', 'a.scatter(0, b, 2)', ([a, b]) => a!.scatter(0, b!, 2), [
    [t([]), index([1], 1)],
    [t([4]), index([], 4)],
  ]),
  row('scatterAdd of zero dimensions', 'a.scatter_add(0, b, c)', ([a, b, c]) => a!.scatterAdd(0, b!, c!), [
    [t([]), index([2], 1), t([2])],
    [t([]), index([1], 1), t([])],
    [t([4]), index([], 4), t([])],
  ]),
  row(
    'asStrided by strides beyond any size',
    'a.as_strided((1, 1, 2), (2**40, 2**40, 3), 1)',
    ([a]) => a!.asStrided([1, 1, 2], [2 ** 40, 2 ** 40, 3], { storageOffset: 1 }),
    [[t([9])]],
  ),
  row('gather', 'a.gather(1, b)', ([a, b]) => a!.gather(1, b!), [
    [t([3, 4]), index([3, 2], 4)],
    [t([3, 4], 'any', 'transposed'), index([2, 6], 4)],
    [t([2, 3, 4], 'any', 'strided'), index([2, 5, 4], 3)],
    [t([3, 4]), index([3, 0], 4)],
  ]),
  row('gather scalar', 'a.gather(0, b)', ([a, b]) => a!.gather(0, b!), [[t([]), index([], 1)]]),
  row('indexSelect', 'a.index_select(1, b)', ([a, b]) => a!.indexSelect(1, b!), [
    [t([3, 4]), index([6], 4)],
    [t([2, 3, 4], 'any', 'transposed'), index([2], 3)],
    [t([3, 4]), index([0], 4)],
  ]),
  row('take', 'torch.take(a, b)', ([a, b]) => a!.take(b!), [[t([3, 4], 'any', 'transposed'), index([2, 5], 12)]]),
  row('maskedSelect', 'torch.masked_select(a, b)', ([a, b]) => a!.maskedSelect(b!), [
    [t([3, 4]), mask([3, 4])],
    [t([3, 4], 'any', 'transposed'), mask([4])],
    [t([4]), mask([3, 1])],
  ]),
  row('nonzero', 'torch.nonzero(a)', ([a]) => a!.nonzero(), [
    forward(t([3, 4], 'ties')),
    forward(t([12], 'special')),
    forward(t([0])),
    [mask([2, 3, 4])],
    forward(t([])),
  ]),
];

// Views of what is empty begin past its end.
const empty: readonly Row[] = [
  row('narrow of an empty tensor', 'a.narrow(0, 2, 2)', ([a]) => a!.narrow(0, 2, 2), [[t([5, 0])], [t([4, 0, 3])]]),
  row('slice of an empty tensor', 'a[:, 3:5]', ([a]) => a!.slice(1, 3, 5), [[t([0, 5])], [t([0, 6, 2])]]),
  row('chunks of an empty tensor', 'a.chunk(3, 1)', ([a]) => a!.chunk(3, { dim: 1 }), [[t([0, 6])]]),
];

// The parts that nothing is made of have a gradient of zeros, of their own shape.
const parts: readonly Row[] = [
  row('one of unbind', 'a.unbind(0)[1]', ([a]) => a!.unbind(0)[1]!, [[t([2, 3, 4])], [t([3])]]),
  row('two of unbind', '[a.unbind(1)[2], a.unbind(1)[0]]', ([a]) => [a!.unbind(1)[2]!, a!.unbind(1)[0]!], [
    [t([2, 3, 4], 'any', 'strided')],
    [t([4, 3], 'any', 'transposed')],
  ]),
  row('one of unbind last', 'a.unbind(-1)[0]', ([a]) => a!.unbind(-1)[0]!, [[t([2, 3, 4])]]),
  row('one of split', 'a.split((1, 2, 3), 1)[1]', ([a]) => a!.split([1, 2, 3], 1)[1]!, [
    [t([2, 6])],
    [t([2, 6, 3], 'any', 'strided')],
  ]),
  row('one of chunk', 'a.chunk(3, 0)[2]', ([a]) => a!.chunk(3, 0)[2]!, [[t([7, 2])], [t([5, 3], 'any', 'transposed')]]),
];

const writing: readonly Row[] = [
  // Each row of the index names one column: PyTorch leaves it open which of several sources wins.
  row('scatter', 'a.scatter(1, b, c)', ([a, b, c]) => a!.scatter(1, b!, c!), [
    [t([3, 4]), index([3, 1], 4), t([3, 1])],
    // PyTorch has no gradient for a source larger than the index.
    forward(t([3, 4], 'any', 'transposed'), index([2, 1], 4), t([3, 2])),
  ]),
  row('scatter number', 'a.scatter(1, b, 2.5)', ([a, b]) => a!.scatter(1, b!, 2.5), [
    [t([3, 4]), index([3, 2], 4)],
    [t([3, 4], 'any', 'transposed'), index([2, 2], 4)],
  ]),
  row('scatterAdd', 'a.scatter_add(1, b, c)', ([a, b, c]) => a!.scatterAdd(1, b!, c!), [
    [t([3, 4]), index([3, 6], 4), t([3, 6])],
    forward(t([3, 4], 'any', 'transposed'), index([2, 2], 4), t([3, 3])),
    [t([2, 3, 4]), index([2, 5, 4], 3), t([2, 5, 4], 'any', 'strided')],
  ]),
  row('indexAdd', 'a.index_add(1, b, c, alpha=-1.5)', ([a, b, c]) => a!.indexAdd(1, b!, c!, { alpha: -1.5 }), [
    [t([3, 4]), index([6], 4), t([3, 6])],
    [t([2, 3, 4], 'any', 'transposed'), index([2], 3), t([2, 2, 4])],
  ]),
];

/** Written through a view of a larger tensor, which is a result too. */
const writingInPlace: readonly Row[] = (
  [
    ['scatter_', 'scatter_(1, b, c)', (v, b, c) => v.scatter_(1, b, c)],
    ['scatter_ number', 'scatter_(1, b, 2.5)', (v, b) => v.scatter_(b, 2.5, { dim: 1 })],
    ['scatterAdd_', 'scatter_add_(1, b, c)', (v, b, c) => v.scatterAdd_(1, b, c)],
    [
      'indexAdd_',
      'index_add_(1, b[0], c, alpha=-1.5)',
      (v, b, c) => v.indexAdd_(1, b.select(0, 0), c, { alpha: -1.5 }),
    ],
  ] as [string, string, (v: Tensor, b: Tensor, c: Tensor) => Tensor][]
).map(([name, torch, write]) =>
  row(
    name,
    `(lambda x: (x[1:].${torch}, x))(torch.cat([a[:1], a]) * 1)`,
    ([a, b, c]) => {
      const x = cat([a!.slice(0, 0, 1), a!]).mul(1);
      return [write(x.slice(0, 1, 4), b!, c!), x];
    },
    [[t([3, 4]), index([3, 1], 4), t([3, 1])]],
  ),
);

const joining: readonly Row[] = [
  row('cat', 'torch.cat([a, b, c], 1)', ([a, b, c]) => cat([a!, b!, c!], 1), [
    [t([2, 3]), t([2, 1]), t([2, 4], 'any', 'transposed')],
    [t([2, 0]), t([2, 1]), t([2, 2])],
    [t([0]), t([2, 1]), t([2, 2])],
  ]),
  row('cat of one twice', 'torch.cat([a, a])', ([a]) => cat([a!, a!]), [[t([3])], [t([2, 3], 'any', 'strided')]]),
  row('stack', 'torch.stack([a, b], 1)', ([a, b]) => stack([a!, b!], 1), [
    [t([2, 3]), t([2, 3], 'any', 'transposed')],
    [t([3]), t([3])],
  ]),
  row('stack last', 'torch.stack([a, b], -1)', ([a, b]) => stack([a!, b!], -1), [
    [t([]), t([])],
    [t([2, 0]), t([2, 0])],
  ]),
];

const arranging: readonly Row[] = [
  row('tril', 'torch.tril(a, 1)', ([a]) => a!.tril(1), [[t([3, 4])], [t([2, 4, 3], 'any', 'transposed')], [t([0, 3])]]),
  row('triu', 'torch.triu(a, -1)', ([a]) => a!.triu(-1), [[t([4, 3])], [t([2, 3, 3], 'any', 'strided')]]),
  row('flip', 'torch.flip(a, (0, -1))', ([a]) => a!.flip(0, -1), [
    [t([2, 3, 4])],
    [t([3, 4], 'any', 'transposed')],
    [t([0, 2])],
  ]),
  row('roll', 'torch.roll(a, 2)', ([a]) => a!.roll(2), [[t([5])], [t([3, 4], 'any', 'transposed')], [t([0])]]),
  row('roll dims', 'torch.roll(a, (1, -5), (0, 1))', ([a]) => a!.roll([1, -5], [0, 1]), [
    [t([3, 4])],
    [t([2, 3, 4], 'any', 'strided')],
  ]),
  row('repeat', 'a.repeat(2, 1, 3)', ([a]) => a!.repeat(2, 1, 3), [
    [t([3])],
    [t([2, 3], 'any', 'transposed')],
    [t([2, 3, 4])],
    [t([0])],
  ]),
  row('repeatInterleave', 'a.repeat_interleave(3, dim=1)', ([a]) => a!.repeatInterleave(3, { dim: 1 }), [
    [t([2, 3])],
    [t([2, 3, 4], 'any', 'transposed')],
  ]),
  row('repeatInterleave flat', 'a.repeat_interleave(2)', ([a]) => a!.repeatInterleave(2), [[t([2, 3])], [t([])]]),
  row('sort', 'torch.sort(a, stable=True)', ([a]) => a!.sort(), [
    [t([7], 'distinct')],
    [t([3, 4], 'distinct', 'transposed')],
    [t([9], 'ties')],
    [t([12], 'special')],
    [t([])],
    [t([0])],
  ]),
  row(
    'sort descending',
    'torch.sort(a, dim=0, descending=True, stable=True)',
    ([a]) => a!.sort(0, { descending: true }),
    [[t([5, 3], 'distinct')], [t([9], 'ties')], [t([12], 'special')]],
  ),
  row('argsort', 'torch.argsort(a, dim=1, stable=True)', ([a]) => a!.argsort(1), [forward(t([3, 5], 'ties'))]),
  row('topk', 'torch.topk(a, 3)', ([a]) => a!.topk(3), [
    [t([7], 'distinct')],
    [t([3, 4], 'distinct', 'transposed')],
    [t([2, 3, 5], 'distinct')],
  ]),
  row('topk smallest', 'torch.topk(a, 2, dim=0, largest=False)', ([a]) => a!.topk(2, { dim: 0, largest: false }), [
    [t([5, 3], 'distinct')],
  ]),
  row('topk of a scalar', 'torch.topk(a, 0)', ([a]) => a!.topk(0), [[t([])]]),
  row('topk of many', 'torch.topk(a, 5)', ([a]) => a!.topk(5), [[t([60], 'distinct')]]),
  row('oneHot', 'F.one_hot(a)', ([a]) => a!.oneHot(), [[index([5], 4)], [index([2, 3], 5)]]),
  row('oneHot classes', 'F.one_hot(a, 6)', ([a]) => a!.oneHot(6), [[index([5], 4)], [of('int64', [0])]]),
];

export const shaping: readonly Row[] = [
  ...reading,
  ...empty,
  ...parts,
  ...writing,
  ...writingInPlace,
  ...joining,
  ...arranging,
];

import type { Tensor } from './library.js';
import { type ErrorRow, error, forward, type Row, row } from './row.js';
import { index, t } from './samples.js';

// Options that PyTorch's functions have beside the arguments that other rows use.

type Inplace = (x: Tensor) => Tensor;

/** `inplace` of functions: the result and what became of the input, of which nothing before remembers its values. */
const inplaceRows = (
  [
    ['relu', 'F.relu(X, inplace=True)', (x) => x.relu({ inplace: true })],
    ['relu6', 'F.relu6(X, inplace=True)', (x) => x.relu6({ inplace: true })],
    ['silu', 'F.silu(X, inplace=True)', (x) => x.silu({ inplace: true })],
    ['mish', 'F.mish(X, inplace=True)', (x) => x.mish({ inplace: true })],
    ['elu', 'F.elu(X, 0.3, inplace=True)', (x) => x.elu(0.3, { inplace: true })],
    ['elu named', 'F.elu(X, alpha=0.3, inplace=True)', (x) => x.elu({ alpha: 0.3, inplace: true })],
    ['selu', 'F.selu(X, inplace=True)', (x) => x.selu({ inplace: true })],
    ['celu', 'F.celu(X, 0.5, inplace=True)', (x) => x.celu(0.5, { inplace: true })],
    ['leakyRelu', 'F.leaky_relu(X, 0.3, inplace=True)', (x) => x.leakyRelu(0.3, { inplace: true })],
    ['hardtanh', 'F.hardtanh(X, -0.5, 0.5, inplace=True)', (x) => x.hardtanh(-0.5, 0.5, { inplace: true })],
    ['hardtanh named', 'F.hardtanh(X, max_val=0.5, inplace=True)', (x) => x.hardtanh({ maxVal: 0.5, inplace: true })],
    ['hardswish', 'F.hardswish(X, inplace=True)', (x) => x.hardswish({ inplace: true })],
    ['hardsigmoid', 'F.hardsigmoid(X, inplace=True)', (x) => x.hardsigmoid({ inplace: true })],
    ['threshold', 'F.threshold(X, 0.5, -2, inplace=True)', (x) => x.threshold(0.5, -2, { inplace: true })],
  ] as [string, string, Inplace][]
).map(([name, torch, run]) =>
  row(
    `${name} inplace`,
    `(lambda x: (${torch.replace('X', 'x')}, x.mul(2)))(a * 1)`,
    ([a]) => {
      const x = a!.mul(1);
      return [run(x), x.mul(2)];
    },
    [[t([37], 'any')], [t([3, 5], 'any', 'transposed')]],
    { tolerance: [2e-5, 1e-7] },
  ),
);

const others: readonly Row[] = [
  row('scatter add', 'a.scatter(0, b, c, reduce="add")', ([a, b, c]) => a!.scatter(0, b!, c!, { reduce: 'add' }), [
    forward(t([4]), index([7], 4), t([7])),
  ]),
  row(
    'scatter multiply',
    'a.scatter(0, b, c, reduce="multiply")',
    ([a, b, c]) => a!.scatter(b!, c!, { dim: 0, reduce: 'multiply' }),
    [forward(t([4]), index([7], 4), t([9])), forward(t([4]), index([0], 4), t([0]))],
  ),
  row(
    'scatter multiply by rows',
    'a.scatter(1, b, c, reduce="multiply")',
    ([a, b, c]) => a!.scatter(1, b!, c!, { reduce: 'multiply' }),
    [forward(t([2, 3], 'any', 'transposed'), index([2, 3], 3), t([2, 4]))],
  ),
  row(
    'scatter number multiply',
    'a.scatter(0, b, 2.5, reduce="multiply")',
    ([a, b]) => a!.scatter(0, b!, 2.5, { reduce: 'multiply' }),
    [forward(t([4]), index([7], 4))],
  ),
  row(
    'scatter number add',
    'a.scatter(0, b, 2.5, reduce="add")',
    ([a, b]) => a!.scatter(0, b!, 2.5, { reduce: 'add' }),
    [forward(t([4]), index([7], 4))],
  ),
  row('nonzero asTuple', 'a.gt(0).nonzero(as_tuple=True)', ([a]) => a!.gt(0).nonzero({ asTuple: true }), [
    forward(t([3, 4])),
    forward(t([2, 3, 2], 'any', 'transposed')),
    forward(t([5])),
    forward(t([])),
    forward(t([0, 2])),
  ]),
  row('sort stable', 'torch.sort(a, dim=0, stable=True)', ([a]) => a!.sort({ dim: 0, stable: true }), [
    [t([6], 'ties')],
    [t([3, 4])],
  ]),
  row('argsort stable', 'torch.argsort(a, dim=0, stable=True)', ([a]) => a!.argsort(0, { stable: true }), [
    forward(t([6], 'ties')),
  ]),
  row('topk sorted', 'a.topk(2, sorted=True)', ([a]) => a!.topk(2, { sorted: true }), [[t([3, 4])]]),
  row('var unbiased', 'a.var(unbiased=False)', ([a]) => a!.var({ unbiased: false }), [[t([3, 4])]]),
  row('var biased by position', 'a.var(False)', ([a]) => a!.var(false), [[t([3, 4])]]),
  row('std dim unbiased', 'a.std(1, False)', ([a]) => a!.std(1, false), [[t([3, 4])]]),
  row('std unbiased', 'a.std(0, unbiased=True, keepdim=True)', ([a]) => a!.std(0, { unbiased: true, keepdim: true }), [
    [t([3, 4])],
  ]),
  row(
    'repeatInterleave by each',
    'a.repeat_interleave(b, dim=0, output_size=int(b.sum()))',
    ([a, b]) => a!.repeatInterleave(b!, { dim: 0, outputSize: Number(b!.sum().item()) }),
    [
      [t([3, 2]), index([3], 4)],
      [t([5], 'any', 'strided'), index([5], 3)],
    ],
  ),
  row('repeatInterleave flat by each', 'a.repeat_interleave(b)', ([a, b]) => a!.repeatInterleave(b!), [
    [t([2, 2]), index([4], 4)],
    [t([2, 2]), index([1], 4)],
    [t([2]), index([2], 1)],
    [t([0]), index([0], 2)],
  ]),
  row(
    'repeatInterleave outputSize',
    'a.repeat_interleave(2, dim=1, output_size=4)',
    ([a]) => a!.repeatInterleave(2, 1, { outputSize: 4 }),
    [[t([3, 2])]],
  ),
];

export const optionErrors: readonly ErrorRow[] = [
  error(
    'scatter reduce by another name',
    'a.scatter(0, b, a, reduce="mean")',
    [t([3]), index([1], 3)],
    ([a, b]) => a!.scatter(0, b!, a!, { reduce: 'mean' as never }),
    /reduce must be one of 'add', 'multiply', got "mean"/,
  ),
  error(
    'var unbiased and correction',
    'a.var(0, unbiased=True, correction=1)',
    [t([3])],
    ([a]) => a!.var(0, { unbiased: true, correction: 1 }),
    /unbiased and correction say the same/,
  ),
  error(
    'repeatInterleave wrong outputSize',
    'a.repeat_interleave(2, dim=0, output_size=5)',
    [t([3])],
    ([a]) => a!.repeatInterleave(2, 0, { outputSize: 5 }),
    /Invalid outputSize, expected 6 but got 5/,
  ),
  error(
    'repeatInterleave wrong outputSize by each',
    'a.repeat_interleave(b, dim=0, output_size=5)',
    [t([3]), index([3], 2)],
    ([a, b]) => a!.repeatInterleave(b!, 0, { outputSize: 5 }),
    /Invalid outputSize, expected \d but got 5/,
  ),
  error(
    'repeatInterleave too few',
    'a.repeat_interleave(b)',
    [t([3, 2]), index([3], 3)],
    ([a, b]) => a!.repeatInterleave(b!),
    /repeats must have the same size as input along dim, but got repeats.size\(0\) = 3 and input.size\(0\) = 6/,
  ),
  error(
    'repeatInterleave negative',
    'a.repeat_interleave(-1 - b)',
    [t([2]), index([2], 3)],
    ([a, b]) => a!.repeatInterleave(b!.rsub(-1)),
    /repeats can not be negative/,
  ),
  error(
    'repeatInterleave by floats',
    'a.repeat_interleave(b)',
    [t([2]), t([2])],
    ([a, b]) => a!.repeatInterleave(b!),
    /repeats must hold integers/,
  ),
];

export const options: readonly Row[] = [...inplaceRows, ...others];

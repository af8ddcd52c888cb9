import type { Tensor } from './library.js';
import { type Row, row } from './row.js';
import { t } from './samples.js';

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

export const options: readonly Row[] = [...inplaceRows];

import { elementwise } from './elementwiseRows.js';
import { full, linearDynamic } from './library.js';
import { losses } from './lossRows.js';
import { reductions } from './reductionRows.js';
import { forward, type Row, row } from './row.js';
import { type Input, of, t } from './samples.js';
import { shaping } from './shapingRows.js';

// bfloat16 and int8. The rows of the other groups again, with every input of the dtype under test in bfloat16, where
// PyTorch computes in bfloat16 too: an op's result is rounded once, a composite's as often as its parts.

/** PyTorch's bfloat16 product is read where alpha is 0. */
const NOT_IN_BFLOAT16: readonly string[] = ['addmm of NaN by alpha 0'];

/** PyTorch's gradient at NaN depends on the loop that meets it, its gelu(inf) is NaN (docs/differences-from-pytorch.md). */
const ORDINARY_ALONE: readonly string[] = ['gelu', 'hardshrink', 'hardtanh', 'relu6', 'softshrink'];

/** Made of several ops, here and there, that cancel: each rounds, in another order than PyTorch's. */
const TOLERANCE_OF_COMPOSED: ReadonlyMap<string, number> = new Map([
  ['addcdiv', 0.09],
  ['atan2', 0.03],
  ['atanh', 0.03],
  ['binaryCrossEntropyWithLogits none', 0.03],
  ['binaryCrossEntropyWithLogits sum', 0.03],
  ['crossEntropy probabilities none', 0.03],
  ['crossEntropy probabilities sum', 0.045],
  ['cos', 0.045],
  ['cosh', 0.045],
  ['cumprod', 0.09],
  ['round decimals', 0.12],
  ['rsqrt', 0.03],
  ['var dim', 0.045],
  ['var over 0 of few, correction 4', 0.03],
  ['var over 1 of few, correction 4', 0.03],
]);

const inBfloat16 = (input: Input): Input => (input.dtype === null ? { ...input, dtype: 'bfloat16' } : input);

function bfloat16({ name, samples, ...original }: Row): Row {
  const chosen = ORDINARY_ALONE.includes(name)
    ? samples.filter(({ inputs }) => inputs.every(({ kind }) => kind !== 'special'))
    : samples;
  const tolerance = TOLERANCE_OF_COMPOSED.get(name) ?? 0.02;
  return {
    ...original,
    name: `bfloat16 ${name}`,
    samples: chosen.map(({ inputs, depth }) => ({ inputs: inputs.map(inBfloat16), depth: depth > 0 ? 1 : 0 })),
    dtypes: ['float64'],
    tolerance: [tolerance, tolerance],
    exactDType: true,
  };
}

/** Inputs of which most are the ends of a range around 0, and weights of all bytes. */
const quantizedLinear = (reduceRange: boolean): Row => {
  const weight = 'torch._make_per_tensor_quantized_tensor((b * 50).clamp(-128, 127).to(torch.int8), 0.01, 0)';
  const packed = `torch.ops.quantized.linear_prepack(${weight}, None)`;
  return row(
    `linearDynamic ${reduceRange ? 7 : 8} bits`,
    `torch.ops.quantized.linear_dynamic(a.clamp(-1, 1), ${packed}, ${reduceRange ? 'True' : 'False'})`,
    ([a, b]) =>
      linearDynamic(a!.clamp(-1, 1), b!.mul(50).clamp(-128, 127).to('int8'), full([], 0.01), null, { reduceRange }),
    [
      [of('float32', [1, 70]), of('int32', [19, 70])],
      [of('float32', [37, 130]), of('int32', [33, 130])],
    ],
    { dtypes: ['float32'], exactDType: true, tolerance: [1e-6, 1e-6] },
  );
};

const exact = { dtypes: ['float64'], exactDType: true, tolerance: [0, 0] } as const;
const bytes = (shape: readonly number[]): Input => of('int8', shape);
const b16 = (shape: readonly number[]): Input => ({ ...t(shape), dtype: 'bfloat16' });

export const lowPrecision: readonly Row[] = [
  ...[...elementwise, ...reductions, ...shaping, ...losses]
    .filter(
      ({ name, samples }) =>
        !NOT_IN_BFLOAT16.includes(name) && samples.some(({ inputs }) => inputs.some((x) => x.dtype === null)),
    )
    .map(bfloat16),
  row('int8 wraps', 'a * 100 + b * 90', ([a, b]) => a!.mul(100).add(b!.mul(90)), [[bytes([40]), bytes([40])]], exact),
  row('int8 division', 'a // b', ([a, b]) => a!.floorDivide(b!), [[bytes([40]), of('int8', [40], 'above')]], exact),
  row('int8 matmul', '(a * 30) @ b', ([a, b]) => a!.mul(30).matmul(b!), [[bytes([3, 9]), bytes([9, 4])]], exact),
  row(
    'int8 bits',
    '~(a & b) ^ a',
    ([a, b]) => a!.bitwiseAnd(b!).bitwiseNot().bitwiseXor(a!),
    [[bytes([9]), bytes([9])]],
    exact,
  ),
  row(
    'int8 of floats',
    '(a * 100).to(torch.int8)',
    ([a]) => a!.mul(100).to('int8'),
    [[of('float32', [40])], [of('float64', [40])], [of('int64', [40])], [of('bfloat16', [40])]],
    exact,
  ),
  row(
    'bfloat16 of floats',
    '(a / 3).to(torch.bfloat16)',
    ([a]) => a!.div(3).to('bfloat16'),
    [[of('float32', [90])], [of('float64', [90])], [of('float32', [12], 'special')], [of('int64', [40])]],
    exact,
  ),
  row(
    'bfloat16 to integers',
    '(a * 100).to(torch.int32)',
    ([a]) => a!.mul(100).to('int32'),
    [[of('bfloat16', [40])]],
    exact,
  ),
  row('bfloat16 times number', 'a * 0.1', ([a]) => a!.mul(0.1), [[b16([90])]], exact),
  row('bfloat16 plus number', 'a + 0.013', ([a]) => a!.add(0.013), [[b16([90])]], exact),
  row('bfloat16 remainder of number', 'a % 0.3', ([a]) => a!.remainder(0.3), [[b16([90])]], exact),
  row(
    'bfloat16 product',
    'a * b',
    ([a, b]) => a!.mul(b!),
    [
      [b16([7, 9]), b16([7, 9])],
      [b16([7, 9]), b16([])],
      [b16([7, 1]), b16([9])],
    ],
    exact,
  ),
  row(
    'bfloat16 with float32',
    'a * b',
    ([a, b]) => a!.mul(b!),
    [
      [b16([7, 9]), { ...t([9]), dtype: 'float32' }],
      [b16([7, 9]), { ...t([]), dtype: 'float32' }],
    ],
    { ...exact, tolerance: [1e-2, 1e-2] },
  ),
  row('bfloat16 long sum', 'a.sum(1)', ([a]) => a!.sum(1), [[b16([3, 5000])]], { ...exact, tolerance: [4e-3, 4e-3] }),
  row(
    'bfloat16 statistics',
    '[a.mean(), a.mean(1), a.var(), a.var(1), a.std(), a.std(0)]',
    ([a]) => [a!.mean(), a!.mean(1), a!.var(), a!.var(1), a!.std(), a!.std(0)],
    [forward(b16([60, 50])), forward(of('bfloat16', [60, 50], 'positive'))],
    exact,
  ),
  quantizedLinear(true),
  quantizedLinear(false),
  row(
    'bfloat16 products',
    'a @ b',
    ([a, b]) => a!.matmul(b!),
    [
      [b16([33, 70]), b16([70, 41])],
      [b16([2, 5, 3]), b16([3, 4])],
      [b16([1, 300]), b16([300, 17])],
      [b16([4]), b16([4])],
    ],
    { ...exact, tolerance: [8e-3, 8e-3] },
  ),
];

import type { DType, Tensor } from './library.js';
import { arange, cat, linspace, where } from './library.js';
import { forward, type Row, row } from './row.js';
import { index, mask, of, t } from './samples.js';

// Which dtype comes out of which. A plain integer-valued number counts as an integer.

const DTYPES: readonly DType[] = ['bool', 'uint8', 'int8', 'int32', 'int64', 'bfloat16', 'float32', 'float64'];
const kind = (dtype: DType) => (dtype === 'bool' ? 'mask' : dtype === 'uint8' ? 'positive' : 'above');
const exact = { dtypes: ['float64'], exactDType: true, tolerance: [1e-6, 1e-6] } as const;

// PyTorch makes int16 of uint8 and int8, a dtype that does not exist here.
const mixes = (a: DType, b: DType): boolean => a !== b && !(a.endsWith('int8') && b.endsWith('int8'));
const pairs = DTYPES.flatMap((a) => DTYPES.filter((b) => mixes(a, b)).map((b) => [a, b] as const));
const dimensioned = pairs.map(([a, b]) => [of(a, [3], kind(a)), of(b, [3], kind(b))]);
const zeroDim = pairs.map(([a, b]) => [of(a, [3], kind(a)), of(b, [], kind(b))]);
const each = DTYPES.map((a) => [of(a, [4], kind(a))]);
const numeric = each.slice(1);

export const promotion: readonly Row[] = [
  row('promotion add', 'a + b', ([a, b]) => a!.add(b!), [...dimensioned, ...zeroDim], exact),
  row('promotion mul', 'a * b', ([a, b]) => a!.mul(b!), [...dimensioned, ...zeroDim, [mask([4]), mask([4])]], exact),
  row(
    'promotion div',
    'a / b',
    ([a, b]) => a!.div(b!),
    [
      [of('int64', [3], 'above'), of('int32', [3], 'above')],
      [of('uint8', [3], 'above'), of('float64', [3], 'above')],
      [mask([3]), of('float32', [], 'above')],
    ],
    exact,
  ),
  row('promotion maximum', 'torch.maximum(a, b)', ([a, b]) => a!.maximum(b!), dimensioned, exact),
  row('promotion eq', 'a == b', ([a, b]) => a!.eq(b!), dimensioned, exact),
  row(
    'promotion where',
    'torch.where(c, a, b)',
    ([a, b, c]) => where(c!, a!, b!),
    pairs.map(([a, b]) => [of(a, [3], kind(a)), of(b, [3], kind(b)), mask([3])]),
    exact,
  ),
  row('promotion cat', 'torch.cat([a, b])', ([a, b]) => cat([a!, b!]), dimensioned, exact),
  row('promotion add integer', 'a + 2', ([a]) => a!.add(2), each, exact),
  row('promotion add fraction', 'a + 2.5', ([a]) => a!.add(2.5), each, exact),
  row('promotion add boolean', 'a + True', ([a]) => a!.add(true), each, exact),
  row('promotion div number', 'a / 2', ([a]) => a!.div(2), each, exact),
  row('promotion pow', 'a ** 2', ([a]) => a!.pow(2), each, exact),
  row('promotion pow fraction', 'a ** 0.5', ([a]) => a!.pow(0.5), each, exact),
  row('promotion square', 'torch.square(a)', ([a]) => a!.square(), each, exact),
  row('promotion exp', 'torch.exp(a)', ([a]) => a!.exp(), each, exact),
  row('promotion sigmoid', 'torch.sigmoid(a)', ([a]) => a!.sigmoid(), each, exact),
  row('promotion neg', 'torch.neg(a)', ([a]) => a!.neg(), numeric, exact),
  row('promotion floor', 'torch.floor(a)', ([a]) => a!.floor(), numeric, exact),
  row('promotion relu', 'torch.relu(a)', ([a]) => a!.relu(), numeric, exact),
  row('promotion sign', 'torch.sign(a)', ([a]) => a!.sign(), each, exact),
  row('promotion clamp', 'torch.clamp(a, 1, 2)', ([a]) => a!.clamp(1, 2), each, exact),
  row('promotion clamp fraction', 'torch.clamp(a, 1.5, 2.5)', ([a]) => a!.clamp(1.5, 2.5), each, exact),
  row(
    'promotion nan_to_num',
    'torch.nan_to_num(a)',
    ([a]) => a!.nanToNum(),
    each.filter(([a]) => !['float32', 'float64', 'bfloat16'].includes(a!.dtype!)),
    exact,
  ),
  row(
    'promotion alpha',
    'torch.add(a, b, alpha=-1)',
    ([a, b]) => a!.add(b!, { alpha: -1 }),
    [
      [of('uint8', [4], 'above'), of('uint8', [4], 'above')],
      [of('int8', [4], 'above'), of('int8', [4], 'above')],
      [of('uint8', [4], 'above'), of('int32', [], 'above')],
    ],
    exact,
  ),
  row(
    'promotion sub alpha',
    'torch.sub(a, b, alpha=200)',
    ([a, b]) => a!.sub(b!, { alpha: 200 }),
    [
      [of('uint8', [4], 'above'), of('uint8', [4], 'above')],
      [of('int32', [4], 'above'), of('int32', [4], 'above')],
    ],
    exact,
  ),
  row('promotion sum', 'a.sum()', ([a]) => a!.sum(), each, exact),
  row('promotion cumsum', 'a.cumsum(0)', ([a]) => a!.cumsum(0), each, exact),
  row('promotion amax', 'a.amax()', ([a]) => a!.amax(), each, exact),
  row('promotion max dim', 'a.max(0)', ([a]) => a!.max(0), each, exact),
  row('promotion sort', 'a.sort(stable=True)', ([a]) => a!.sort(), each, exact),
  row(
    'promotion masked fill',
    'a.masked_fill(b, 1)',
    ([a, b]) => a!.maskedFill(b!, 1),
    each.map(([a]) => [a!, mask([4])]),
    exact,
  ),
  row(
    'promotion index',
    'a.index_select(0, b)',
    ([a, b]) => a!.indexSelect(0, b!),
    each.map(([a]) => [a!, index([3], 4)]),
    exact,
  ),
  row(
    'integer division',
    'torch.div(a, b, rounding_mode="trunc")',
    ([a, b]) => a!.div(b!, { roundingMode: 'trunc' }),
    [[of('int64', [20]), of('int32', [20], 'above')]],
    exact,
  ),
  row(
    'integer floor division',
    'a // b',
    ([a, b]) => a!.floorDivide(b!),
    [[of('int64', [20]), of('int32', [20], 'above')]],
    exact,
  ),
  row(
    'integer remainder',
    'a % b',
    ([a, b]) => a!.remainder(b!),
    [[of('int64', [20]), of('int32', [20], 'above')]],
    exact,
  ),
  row(
    'integer fmod',
    'torch.fmod(a, b)',
    ([a, b]) => a!.fmod(b!),
    [[of('int64', [20]), of('int32', [20], 'above')]],
    exact,
  ),
  ...(
    [
      ['0.5, 5.9, 1.7', 'int64', () => arange(0.5, 5.9, 1.7, { dtype: 'int64' })],
      ['0.5, 6.7, 1.2', 'int32', () => arange(0.5, 6.7, 1.2, { dtype: 'int32' })],
      ['-2.5, 2.5', 'int64', () => arange(-2.5, 2.5, { dtype: 'int64' })],
      ['0.9', 'int64', () => arange(0.9, { dtype: 'int64' })],
      ['5.9, 0.1, -1.5', 'int64', () => arange(5.9, 0.1, -1.5, { dtype: 'int64' })],
      ['0.5, 3.7', 'uint8', () => arange(0.5, 3.7, { dtype: 'uint8' })],
      ['-0.5, 3', 'int8', () => arange(-0.5, 3, { dtype: 'int8' })],
    ] as [string, DType, () => Tensor][]
  ).map(([range, dtype, run]) =>
    row(`${dtype} arange of ${range}`, `torch.arange(${range}, dtype=torch.${dtype})`, run, [forward()], exact),
  ),
  ...(
    [
      [0.5, 9.9, 4, 'int64'],
      [0.5, 9.9, 1, 'int64'],
      [0.5, 9.9, 2, 'int64'],
      [0.9, 0.1, 3, 'int64'],
      [-3.7, 3.7, 5, 'int32'],
      [0, 10, 4, 'uint8'],
      [-1.5, -7.5, 4, 'int8'],
    ] as [number, number, number, DType][]
  ).map(([start, end, steps, dtype]) =>
    row(
      `${dtype} linspace of ${start} to ${end} in ${steps}`,
      `torch.linspace(${start}, ${end}, ${steps}, dtype=torch.${dtype})`,
      () => linspace(start, end, steps, { dtype }),
      [forward()],
      exact,
    ),
  ),
  row('integer matmul', 'a @ b', ([a, b]) => a!.matmul(b!), [[of('int64', [3, 4]), of('int64', [4, 2])]], exact),
  row(
    'gradients keep their dtype',
    'a * b',
    ([a, b]) => a!.mul(b!),
    [
      [
        { ...t([3, 1]), dtype: 'float32' },
        { ...t([2]), dtype: 'float64' },
      ],
    ],
    exact,
  ),
];

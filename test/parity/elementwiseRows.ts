import { linear, pow, where } from './library.js';
import { forward, oneTensor, type Row, row, shallow, special, twoTensors } from './row.js';
import { fixed, type Kind, mask, of, t } from './samples.js';

const SPECIAL_PAIR = shallow(t([12], 'special'), t([12], 'any'));
const BOTH_SPECIAL = forward(t([12], 'special'), t([12, 1], 'special'));

// [our method, PyTorch's name, where it is defined]; the special values are compared too unless `quirks` says why not.
const UNARY: readonly (readonly [string, string, Kind])[] = [
  ['neg', 'torch.neg', 'any'],
  ['abs', 'torch.abs', 'any'],
  ['sign', 'torch.sign', 'any'],
  ['square', 'torch.square', 'any'],
  ['reciprocal', 'torch.reciprocal', 'positive'],
  ['sqrt', 'torch.sqrt', 'positive'],
  ['rsqrt', 'torch.rsqrt', 'positive'],
  ['exp', 'torch.exp', 'any'],
  ['exp2', 'torch.exp2', 'any'],
  ['expm1', 'torch.expm1', 'any'],
  ['log', 'torch.log', 'positive'],
  ['log2', 'torch.log2', 'positive'],
  ['log10', 'torch.log10', 'positive'],
  ['log1p', 'torch.log1p', 'positive'],
  ['sin', 'torch.sin', 'any'],
  ['cos', 'torch.cos', 'any'],
  ['tan', 'torch.tan', 'inside'],
  ['asin', 'torch.asin', 'inside'],
  ['acos', 'torch.acos', 'inside'],
  ['atan', 'torch.atan', 'any'],
  ['sinh', 'torch.sinh', 'any'],
  ['cosh', 'torch.cosh', 'any'],
  ['tanh', 'torch.tanh', 'any'],
  ['asinh', 'torch.asinh', 'any'],
  ['acosh', 'torch.acosh', 'above'],
  ['atanh', 'torch.atanh', 'inside'],
  ['erf', 'torch.erf', 'any'],
  ['erfc', 'torch.erfc', 'any'],
  ['erfinv', 'torch.erfinv', 'inside'],
  ['sigmoid', 'torch.sigmoid', 'any'],
  ['logit', 'torch.logit', 'unit'],
  ['floor', 'torch.floor', 'any'],
  ['ceil', 'torch.ceil', 'any'],
  ['round', 'torch.round', 'any'],
  ['trunc', 'torch.trunc', 'any'],
  ['frac', 'torch.frac', 'any'],
  ['relu', 'torch.relu', 'any'],
  ['relu6', 'F.relu6', 'any'],
  ['gelu', 'F.gelu', 'any'],
  ['silu', 'F.silu', 'any'],
  ['softplus', 'F.softplus', 'any'],
  ['elu', 'F.elu', 'any'],
  ['selu', 'F.selu', 'any'],
  ['leakyRelu', 'F.leaky_relu', 'any'],
  ['hardtanh', 'F.hardtanh', 'any'],
  ['hardswish', 'F.hardswish', 'any'],
  ['hardshrink', 'F.hardshrink', 'any'],
  ['softshrink', 'F.softshrink', 'any'],
  ['mish', 'F.mish', 'any'],
  ['softsign', 'F.softsign', 'any'],
  ['tanhshrink', 'F.tanhshrink', 'any'],
  ['logSigmoid', 'F.logsigmoid', 'any'],
];

type Method = () => ReturnType<Row['run']>;

const unary = UNARY.map(([name, torch, kind]) =>
  row(name, `${torch}(a)`, ([a]) => (a as unknown as Record<string, Method>)[name]!(), [
    ...oneTensor(kind),
    ...(kind === 'any' || kind === 'positive' ? [special] : [forward(t([12], 'special'))]),
  ]),
);

const withNumbers: readonly Row[] = [
  // PyTorch's own constants 1/6 and 1/alpha are float32.
  row('hardsigmoid', 'F.hardsigmoid(a)', ([a]) => a!.hardsigmoid(), [...oneTensor('any'), special], {
    tolerance: [2e-5, 1e-7],
  }),
  row('hardsigmoid at bounds', 'F.hardsigmoid(a * 3)', ([a]) => a!.mul(3).hardsigmoid(), [[t([9], 'ties')]], {
    tolerance: [2e-5, 1e-7],
  }),
  row('celu', 'F.celu(a)', ([a]) => a!.celu(), [...oneTensor('any'), special]),
  row('celu negative alpha', 'F.celu(a, -2)', ([a]) => a!.celu(-2), oneTensor('any')),
  row('elu negative alpha', 'F.elu(a, -0.5)', ([a]) => a!.elu(-0.5), oneTensor('any')),
  row('logit outside', 'torch.logit(a)', ([a]) => a!.logit(), [shallow(t([37])), shallow(t([9], 'ties')), special], {
    isDerivative: false, // NaN outside of (0, 1), where differences are NaN at every place
  }),
  row('logit eps', 'torch.logit(a, 0.125)', ([a]) => a!.logit(0.125), [...oneTensor('unit'), shallow(t([9])), special]),
  row('logit eps 0', 'torch.logit(a, 0)', ([a]) => a!.logit(0), [shallow(t([37])), shallow(t([9], 'ties')), special], {
    isDerivative: false, // likewise: infinite at the ends
  }),
  row('nanToNum', 'torch.nan_to_num(a)', ([a]) => a!.nanToNum(), [...oneTensor('any'), special], {
    dtypes: ['float64'],
  }),
  row(
    'nanToNum numbers',
    'torch.nan_to_num(a, 1.5, 7, -8)',
    ([a]) => a!.nanToNum({ nan: 1.5, posinf: 7, neginf: -8 }),
    [special],
  ),
  row('add number', 'a + 2.5', ([a]) => a!.add(2.5), [...oneTensor('any'), special]),
  row('add number alpha', 'torch.add(a, 2, alpha=1.5)', ([a]) => a!.add(2, { alpha: 1.5 }), oneTensor('any')),
  row('sub number', 'a - 2.5', ([a]) => a!.sub(2.5), [...oneTensor('any'), special]),
  row('rsub alpha', 'torch.rsub(a, b, alpha=-2)', ([a, b]) => a!.rsub(b!, { alpha: -2 }), twoTensors('any', 'any')),
  row('rsub number alpha', 'torch.rsub(a, 2, alpha=1.5)', ([a]) => a!.rsub(2, { alpha: 1.5 }), oneTensor('any')),
  row('rsub number', '2.5 - a', ([a]) => a!.rsub(2.5), [...oneTensor('any'), special]),
  row('mul number', 'a * -1.5', ([a]) => a!.mul(-1.5), [...oneTensor('any'), special]),
  row('div number', 'a / 3', ([a]) => a!.div(3), [...oneTensor('any'), special]),
  row(
    'div number floor',
    'torch.div(a, 0.75, rounding_mode="floor")',
    ([a]) => a!.div(0.75, { roundingMode: 'floor' }),
    oneTensor('any'),
  ),
  row('remainder number', 'torch.remainder(a, 1.5)', ([a]) => a!.remainder(1.5), [...oneTensor('any'), special]),
  row('fmod number', 'torch.fmod(a, -1.5)', ([a]) => a!.fmod(-1.5), [...oneTensor('any'), special]),
  row('pow 2', 'a ** 2', ([a]) => a!.pow(2), [...oneTensor('any'), special]),
  row('pow 3', 'a ** 3', ([a]) => a!.pow(3), [...oneTensor('any'), special]),
  row('pow 0', 'a ** 0', ([a]) => a!.pow(0), [...oneTensor('any'), special]),
  row('pow 0.5', 'a ** 0.5', ([a]) => a!.pow(0.5), [...oneTensor('positive'), special]),
  row('pow -1.5', 'a ** -1.5', ([a]) => a!.pow(-1.5), oneTensor('positive')),
  row('number pow', '1.5 ** a', ([a]) => pow(1.5, a!), [...oneTensor('any'), special]),
  row('clamp', 'torch.clamp(a, -1, 1.5)', ([a]) => a!.clamp(-1, 1.5), [...oneTensor('any'), [t([9], 'ties')], special]),
  row('clamp min', 'torch.clamp(a, min=0)', ([a]) => a!.clamp(0), [...oneTensor('any'), [t([9], 'ties')], special]),
  row('clampMax', 'torch.clamp_max(a, 0.5)', ([a]) => a!.clampMax(0.5), [...oneTensor('any'), special]),
  row('round decimals', 'torch.round(a, decimals=1)', ([a]) => a!.round({ decimals: 1 }), oneTensor('any')),
  row('gelu tanh', 'F.gelu(a, approximate="tanh")', ([a]) => a!.gelu({ approximate: 'tanh' }), [
    ...oneTensor('any'),
    special,
  ]),
  row('softplus beta', 'F.softplus(a, 2, 3)', ([a]) => a!.softplus({ beta: 2, threshold: 3 }), oneTensor('any')),
  row('elu alpha', 'F.elu(a, 0.3)', ([a]) => a!.elu(0.3), oneTensor('any')),
  row('celu alpha', 'F.celu(a, 0.4)', ([a]) => a!.celu(0.4), oneTensor('any'), { tolerance: [2e-5, 1e-7] }),
  row('leakyRelu slope', 'F.leaky_relu(a, 0.3)', ([a]) => a!.leakyRelu(0.3), [...oneTensor('any'), [t([9], 'ties')]]),
  row('hardtanh bounds', 'F.hardtanh(a, -1, 1)', ([a]) => a!.hardtanh(-1, 1), [...oneTensor('any'), [t([9], 'ties')]]),
  row('relu at 0', 'torch.relu(a)', ([a]) => a!.relu(), [[t([9], 'ties')]]),
  row('abs at 0', 'torch.abs(a)', ([a]) => a!.abs(), [[t([9], 'ties')]]),
  row('threshold', 'F.threshold(a, 0.5, -2)', ([a]) => a!.threshold(0.5, -2), oneTensor('any')),
];

const binary: readonly Row[] = [
  row('add', 'a + b', ([a, b]) => a!.add(b!), [...twoTensors('any', 'any'), SPECIAL_PAIR]),
  row('add alpha', 'torch.add(a, b, alpha=-2.5)', ([a, b]) => a!.add(b!, { alpha: -2.5 }), twoTensors('any', 'any')),
  row('sub', 'a - b', ([a, b]) => a!.sub(b!), [...twoTensors('any', 'any'), SPECIAL_PAIR]),
  row('sub alpha', 'torch.sub(a, b, alpha=3)', ([a, b]) => a!.sub(b!, { alpha: 3 }), twoTensors('any', 'any')),
  row('mul', 'a * b', ([a, b]) => a!.mul(b!), [...twoTensors('any', 'any'), SPECIAL_PAIR, BOTH_SPECIAL]),
  row('mul by itself', 'a * a', ([a]) => a!.mul(a!), oneTensor('any')),
  row('div', 'a / b', ([a, b]) => a!.div(b!), [...twoTensors('any', 'positive'), SPECIAL_PAIR, BOTH_SPECIAL]),
  row(
    'div floor',
    'torch.div(a, b, rounding_mode="floor")',
    ([a, b]) => a!.div(b!, { roundingMode: 'floor' }),
    twoTensors('any', 'positive'),
  ),
  row(
    'div trunc',
    'torch.div(a, b, rounding_mode="trunc")',
    ([a, b]) => a!.div(b!, { roundingMode: 'trunc' }),
    twoTensors('any', 'positive'),
  ),
  row('floorDivide', 'torch.floor_divide(a, b)', ([a, b]) => a!.floorDivide(b!), [
    ...twoTensors('any', 'positive').map((s) => forward(...('inputs' in s ? s.inputs : s))),
    BOTH_SPECIAL,
  ]),
  row('remainder', 'torch.remainder(a, b)', ([a, b]) => a!.remainder(b!), [
    ...twoTensors('any', 'positive'),
    BOTH_SPECIAL,
  ]),
  row('fmod', 'torch.fmod(a, b)', ([a, b]) => a!.fmod(b!), [...twoTensors('any', 'positive'), BOTH_SPECIAL]),
  row('pow', 'a ** b', ([a, b]) => a!.pow(b!), [
    ...twoTensors('positive', 'any'),
    [t([9], 'factors'), fixed(t([9], 'positive'))],
    BOTH_SPECIAL,
  ]),
  row('maximum', 'torch.maximum(a, b)', ([a, b]) => a!.maximum(b!), [
    ...twoTensors('any', 'any'),
    [t([9], 'ties'), t([9], 'ties')],
    SPECIAL_PAIR,
    BOTH_SPECIAL,
  ]),
  row('minimum', 'torch.minimum(a, b)', ([a, b]) => a!.minimum(b!), [
    ...twoTensors('any', 'any'),
    [t([9], 'ties'), t([9], 'ties')],
    SPECIAL_PAIR,
    BOTH_SPECIAL,
  ]),
  row('logaddexp', 'torch.logaddexp(a, b)', ([a, b]) => a!.logaddexp(b!), [...twoTensors('any', 'any'), BOTH_SPECIAL]),
  row('atan2', 'torch.atan2(a, b)', ([a, b]) => a!.atan2(b!), [
    ...twoTensors('any', 'any'),
    [t([9], 'ties'), t([9, 1], 'ties')],
    BOTH_SPECIAL,
  ]),
  row('lerp number', 'torch.lerp(a, b, 0.3)', ([a, b]) => a!.lerp(b!, 0.3), twoTensors('any', 'any')),
  row('lerp number far', 'torch.lerp(a, b, 0.8)', ([a, b]) => a!.lerp(b!, 0.8), twoTensors('any', 'any')),
  row('lerp', 'torch.lerp(a, b, c)', ([a, b, c]) => a!.lerp(b!, c!), [
    [t([3, 4]), t([3, 4]), t([3, 4], 'unit')],
    [t([3, 1]), t([4]), t([3, 4], 'any')],
  ]),
  row('addcmul', 'torch.addcmul(a, b, c, value=0.5)', ([a, b, c]) => a!.addcmul(b!, c!, { value: 0.5 }), [
    [t([3, 4]), t([3, 1]), t([4])],
  ]),
  row('addcdiv', 'torch.addcdiv(a, b, c, value=2)', ([a, b, c]) => a!.addcdiv(b!, c!, { value: 2 }), [
    [t([3, 4]), t([3, 1]), t([4], 'positive')],
  ]),
  row('clamp tensors', 'torch.clamp(a, b, c)', ([a, b, c]) => a!.clamp(b!, c!), [
    [t([3, 4]), t([4]), t([3, 1])],
    [t([12], 'ties'), t([12], 'ties'), t([12], 'ties')],
    shallow(t([12, 12], 'special'), t([12, 1], 'special'), t([12], 'ties')),
    shallow(t([12, 12], 'special'), t([12], 'ties'), t([12, 1], 'special')),
  ]),
  row('clamp min tensor', 'torch.clamp(a, min=b)', ([a, b]) => a!.clamp(b!), [
    [t([3, 4]), t([4])],
    [t([9], 'ties'), t([9, 1], 'ties')],
    BOTH_SPECIAL,
  ]),
  row('clamp max tensor', 'torch.clamp(a, max=b)', ([a, b]) => a!.clamp(null, b!), [
    [t([3, 1]), t([4])],
    [t([9], 'ties'), t([9, 1], 'ties')],
    BOTH_SPECIAL,
  ]),
  row('where', 'torch.where(a, b, c)', ([a, b, c]) => where(a!, b!, c!), [
    [mask([3, 4]), t([3, 4]), t([3, 4], 'any', 'transposed')],
    [mask([3, 1]), t([4]), t([])],
    [mask([12]), t([12], 'special'), t([12])],
  ]),
  row('where number', 'torch.where(a, b, 1.5)', ([a, b]) => where(a!, b!, 1.5), [[mask([3, 4]), t([4])]]),
  row('maskedFill', 'a.masked_fill(b, -2)', ([a, b]) => a!.maskedFill(b!, -2), [
    [t([3, 4]), mask([4])],
    [t([12], 'special'), mask([12])],
  ]),
  row('maskedFill tensor', 'a.masked_fill(b, c)', ([a, b, c]) => a!.maskedFill(b!, c!), [
    [t([3, 4]), mask([3, 1]), t([])],
  ]),
];

const COMPARISONS = ['eq', 'ne', 'lt', 'le', 'gt', 'ge'] as const;
const LOGICAL = [
  ['logicalAnd', 'logical_and'],
  ['logicalOr', 'logical_or'],
  ['logicalXor', 'logical_xor'],
] as const;
const BITWISE = [
  ['bitwiseAnd', 'bitwise_and'],
  ['bitwiseOr', 'bitwise_or'],
  ['bitwiseXor', 'bitwise_xor'],
] as const;

const predicates: readonly Row[] = [
  ...COMPARISONS.flatMap((name) => [
    row(name, `torch.${name}(a, b)`, ([a, b]) => a![name](b!), [
      ...twoTensors('ties', 'ties').map((s) => forward(...('inputs' in s ? s.inputs : s))),
      BOTH_SPECIAL,
    ]),
    row(`${name} number`, `torch.${name}(a, 1)`, ([a]) => a![name](1), [
      forward(t([9], 'ties')),
      forward(t([12], 'special')),
    ]),
  ]),
  ...LOGICAL.map(([name, torch]) =>
    row(name, `torch.${torch}(a, b)`, ([a, b]) => a![name](b!), [
      forward(t([9], 'ties'), t([9], 'ties')),
      BOTH_SPECIAL,
    ]),
  ),
  ...BITWISE.map(([name, torch]) =>
    row(name, `torch.${torch}(a, b)`, ([a, b]) => a![name](b!), [
      [of('int64', [9]), of('int64', [9])],
      [mask([9]), mask([9])],
      [of('uint8', [9], 'positive'), of('int32', [9, 1])],
    ]),
  ),
  // Nothing is divided, so zero divides it.
  row('remainder of none', 'a % 0', ([a]) => a!.remainder(0), [[of('int64', [0])]]),
  row('floorDivide of none', 'a // (b * 0)', ([a, b]) => a!.floorDivide(b!.mul(0)), [
    [of('int64', [0, 2]), of('int64', [2])],
  ]),
  row('bitwiseNot', 'torch.bitwise_not(a)', ([a]) => a!.bitwiseNot(), [
    [of('int64', [9])],
    [mask([9])],
    [of('uint8', [9], 'positive')],
  ]),
  row('logicalNot', 'torch.logical_not(a)', ([a]) => a!.logicalNot(), [
    forward(t([9], 'ties')),
    forward(t([12], 'special')),
    [mask([5])],
  ]),
  row('isnan', 'torch.isnan(a)', ([a]) => a!.isnan(), [forward(t([12], 'special')), [of('int64', [3])]]),
  row('isinf', 'torch.isinf(a)', ([a]) => a!.isinf(), [forward(t([12], 'special')), [of('int64', [3])]]),
  row('isfinite', 'torch.isfinite(a)', ([a]) => a!.isfinite(), [forward(t([12], 'special')), [of('int64', [3])]]),
  row('isclose', 'torch.isclose(a, b, rtol=0.2, atol=0.1)', ([a, b]) => a!.isclose(b!, { rtol: 0.2, atol: 0.1 }), [
    forward(t([40], 'ties'), t([40, 1])),
    BOTH_SPECIAL,
  ]),
  row('isclose nan', 'torch.isclose(a, b, equal_nan=True)', ([a, b]) => a!.isclose(b!, { equalNan: true }), [
    BOTH_SPECIAL,
  ]),
  row('allclose', 'torch.allclose(a, a.flip(0))', ([a]) => a!.allclose(a!.flip(0)), [
    forward(t([1])),
    forward(t([9], 'distinct')),
    forward(t([0])),
  ]),
  row('equal', 'torch.equal(a, b)', ([a, b]) => a!.equal(b!), [
    forward(t([2]), t([3])),
    forward(t([0]), t([0])),
    [mask([1]), mask([1])],
  ]),
];

const products: readonly Row[] = [
  row('matmul', 'a @ b', ([a, b]) => a!.matmul(b!), [
    [t([3]), t([3])],
    [t([2, 3]), t([3])],
    [t([3]), t([3, 4])],
    [t([2, 3]), t([3, 4])],
    [t([2, 3], 'any', 'transposed'), t([3, 4], 'any', 'strided')],
    [t([5, 2, 3]), t([3, 4])],
    [t([5, 2, 3]), t([3])],
    [t([3]), t([5, 3, 2])],
    [t([5, 2, 3]), t([5, 3, 4])],
    [t([2, 1, 2, 3]), t([5, 3, 4])],
    [t([5, 2, 3], 'any', 'transposed'), t([1, 3, 4])],
    [t([2, 3]), t([4, 3, 2], 'any', 'expanded')],
    [t([0, 3]), t([3, 2])],
    [t([2, 0]), t([0, 3])],
    [t([17, 33]), t([33, 19])],
  ]),
  row('matmul special', 'a @ b', ([a, b]) => a!.matmul(b!), [forward(t([3, 4], 'special'), t([4, 3]))]),
  row('mm', 'torch.mm(a, b)', ([a, b]) => a!.mm(b!), [[t([2, 3]), t([3, 4])]]),
  row('bmm', 'torch.bmm(a, b)', ([a, b]) => a!.bmm(b!), [
    [t([2, 3, 4]), t([2, 4, 2])],
    [t([0, 3, 4]), t([0, 4, 2])],
  ]),
  row('mv', 'torch.mv(a, b)', ([a, b]) => a!.mv(b!), [[t([2, 3]), t([3])]]),
  row('dot', 'torch.dot(a, b)', ([a, b]) => a!.dot(b!), [
    [t([5]), t([5], 'any', 'strided')],
    [t([0]), t([0])],
  ]),
  row('outer', 'torch.outer(a, b)', ([a, b]) => a!.outer(b!), [[t([3]), t([4])]]),
  row('addmm', 'torch.addmm(a, b, c, beta=0.5, alpha=2)', ([a, b, c]) => a!.addmm(b!, c!, { beta: 0.5, alpha: 2 }), [
    [t([2, 4]), t([2, 3]), t([3, 4])],
    [t([4]), t([2, 3]), t([3, 4])],
  ]),
  row('addmm beta 0', 'torch.addmm(a, b, c, beta=0)', ([a, b, c]) => a!.addmm(b!, c!, { beta: 0 }), [
    forward(t([4], 'special'), t([2, 3]), t([3, 4])),
  ]),
  row('addmm of NaN by beta 0', 'torch.addmm(a, b, c, beta=0)', ([a, b, c]) => a!.addmm(b!, c!, { beta: 0 }), [
    shallow(t([3, 4], 'special'), t([3, 2]), t([2, 4])),
    shallow(t([4], 'special'), t([3, 2]), t([2, 4])),
  ]),
  row(
    'addmm of NaN by alpha 0',
    'torch.addmm(a, b, c, beta=2, alpha=0)',
    ([a, b, c]) => a!.addmm(b!, c!, { beta: 2, alpha: 0 }),
    [shallow(t([3, 4]), t([3, 2], 'special'), t([2, 4])), shallow(t([4]), t([3, 2]), t([2, 4], 'special'))],
  ),
  row(
    'addmm by zeros',
    'torch.addmm(a, b, c, beta=0, alpha=0)',
    ([a, b, c]) => a!.addmm(b!, c!, { beta: 0, alpha: 0 }),
    [shallow(t([4], 'special'), t([3, 2]), t([2, 4]))],
  ),
  row('baddbmm of NaN by beta 0', 'torch.baddbmm(a, b, c, beta=0)', ([a, b, c]) => a!.baddbmm(b!, c!, { beta: 0 }), [
    shallow(t([2, 3, 4], 'special'), t([2, 3, 2]), t([2, 2, 4])),
  ]),
  // PyTorch's loop for small matrices reads what 0 multiplies.
  row('baddbmm of NaN by alpha 0', 'torch.baddbmm(a, b, c, alpha=0)', ([a, b, c]) => a!.baddbmm(b!, c!, { alpha: 0 }), [
    shallow(t([2, 30, 40]), t([2, 30, 20], 'special'), t([2, 20, 40])),
  ]),
  row('baddbmm', 'torch.baddbmm(a, b, c)', ([a, b, c]) => a!.baddbmm(b!, c!), [
    [t([2, 4]), t([3, 2, 3]), t([3, 3, 4])],
  ]),
  row('linear', 'F.linear(a, b, c)', ([a, b, c]) => linear(a!, b!, c!), [
    [t([2, 3]), t([4, 3]), t([4])],
    [t([3]), t([4, 3]), t([4])],
    [t([2, 5, 3], 'any', 'transposed'), t([4, 3], 'any', 'transposed'), t([4])],
    [t([0, 3]), t([4, 3]), t([4])],
  ]),
  row('linear without bias', 'F.linear(a, b)', ([a, b]) => linear(a!, b!), [
    [t([2, 3]), t([4, 3])],
    [t([2, 2, 3]), t([4, 3])],
  ]),
];

export const elementwise: readonly Row[] = [...unary, ...withNumbers, ...binary, ...predicates, ...products];

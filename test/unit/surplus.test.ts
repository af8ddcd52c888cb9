import { tmpdir } from 'node:os';
import path from 'node:path';
import * as flambeau from 'flambeau';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';

// Nothing is swallowed: every exported function, method of Tensor and constructor, found by reflection, is called with one
// argument too many, and with one option too many. The tables hold a full call of each, with its options where it takes
// any; an export without a row fails.

const { functional: F, nn, ones, optim, Tensor, tensor } = flambeau;

type Call = () => readonly unknown[];

const m = (): flambeau.Tensor => ones([2, 2]);
const v = (): flambeau.Tensor => ones([2]);
const ints = (): flambeau.Tensor => tensor([0, 1], { dtype: 'int64' });
const mask = (): flambeau.Tensor => tensor([true, false]);
const leaf = (): flambeau.Tensor => ones([2], { requiresGrad: true });
const image = (): flambeau.Tensor => ones([1, 1, 4, 4]);
const row = (): flambeau.Tensor => ones([1, 1, 4]);
const nothing = (): number => 0;
const sgd = (): flambeau.optim.SGD => new optim.SGD([new nn.Parameter(v())], { lr: 1 });
const file = path.join(tmpdir(), `flambeau-surplus-${process.pid}.safetensors`);

/** One row for several names. */
const rows = <C = Call>(names: string, call: C): Record<string, C> =>
  Object.fromEntries(names.split(' ').map((name) => [name, call]));

const FUNCTIONS: Record<string, Call> = {
  ...rows('abs acos acosh asin asinh atan atanh ceil clone cos cosh erf erfc erfinv exp exp2 expm1 floor frac', () => [
    v(),
  ]),
  ...rows(
    'log log10 log1p log2 logSigmoid neg reciprocal rsqrt sigmoid sign sin sinh softsign sqrt square t tan',
    () => [v()],
  ),
  ...rows('tanh tanhshrink trunc isfinite isinf isnan logicalNot keep', () => [v()]),
  ...rows('gelu hardsigmoid hardswish mish relu relu6 selu silu softplus nanToNum round dropout', () => [v(), {}]),
  ...rows('bernoulli emptyLike onesLike randLike randnLike zerosLike', () => [v(), {}]),
  ...rows('atan2 eq equal floorDivide fmod ge gt le logaddexp logicalAnd logicalOr logicalXor lt matmul', () => [
    v(),
    v(),
  ]),
  ...rows('maximum minimum mul ne pow remainder dot outer', () => [v(), v()]),
  ...rows('add div rsub sub allclose isclose', () => [v(), v(), {}]),
  ...rows('bitwiseAnd bitwiseOr bitwiseXor', () => [ints(), ints()]),
  ...rows('all amax amin any argmax argmin argsort cumprod cumsum logSoftmax logsumexp max mean median min', () => [
    m(),
    0,
    {},
  ]),
  ...rows('prod softmax softmin sort std sum var', () => [m(), 0, {}]),
  ...rows('addcdiv addcmul', () => [v(), v(), v(), {}]),
  ...rows('celu elu leakyRelu', () => [v(), 1, {}]),
  ...rows('clampMax clampMin hardshrink softshrink', () => [v(), 1]),
  ...rows('tril triu squeeze unbind unsqueeze', () => [m(), 0]),
  ...rows('binaryCrossEntropy binaryCrossEntropyWithLogits huberLoss klDiv l1Loss mseLoss smoothL1Loss', () => [
    v(),
    v(),
    {},
  ]),
  ...rows('crossEntropy nllLoss', () => [m(), ints(), {}]),
  ...rows('conv1d convTranspose1d', () => [row(), ones([1, 1, 2]), null, {}]),
  ...rows('conv2d convTranspose2d', () => [image(), ones([1, 1, 2, 2]), null, {}]),
  ...rows('avgPool1d maxPool1d adaptiveMaxPool1d', () => [row(), 2, {}]),
  ...rows('avgPool2d maxPool2d adaptiveMaxPool2d', () => [image(), 2, {}]),
  ...rows('cat stack', () => [[v(), v()], 0]),
  ...rows('noGrad enableGrad inferenceMode tidy', () => [nothing]),
  ...rows(
    'isGradEnabled isInferenceModeEnabled emptyCache getNumThreads isa memory resetPeakMemory initialSeed seed',
    () => [],
  ),
  adaptiveAvgPool1d: () => [row(), 2],
  adaptiveAvgPool2d: () => [image(), 2],
  addmm: () => [m(), m(), m(), {}],
  fold: () => [ones([4, 9]), 4, 2, {}],
  unfold: () => [image(), 2, {}],
  asStrided: () => [v(), [1], [1], {}],
  baddbmm: () => [ones([1, 2, 2]), ones([1, 2, 2]), ones([1, 2, 2]), {}],
  batchNorm: () => [m(), v(), v(), {}],
  bitwiseNot: () => [ints()],
  bmm: () => [ones([1, 2, 2]), ones([1, 2, 2])],
  chunk: () => [m(), 2, 0],
  clamp: () => [v(), 0, 1],
  diagonal: () => [m(), 0, 0, 1],
  embedding: () => [ints(), m(), {}],
  flatten: () => [m(), 0, 1],
  fromTypedArray: () => [new Float32Array(2), [2], {}],
  full: () => [[2], 1, {}],
  fullLike: () => [v(), 1, {}],
  gather: () => [v(), 0, ints()],
  groupNorm: () => [m(), 1, {}],
  hardtanh: () => [v(), -1, 1, {}],
  indexAdd: () => [v(), 0, ints(), v(), {}],
  indexSelect: () => [v(), 0, ints()],
  instanceNorm: () => [row(), {}],
  layerNorm: () => [m(), [2], {}],
  lerp: () => [v(), v(), 0.5],
  linear: () => [m(), m(), v()],
  linspace: () => [0, 1, 2, {}],
  loadSafetensors: () => [file],
  loadSafetensorsMetadata: () => [file],
  logit: () => [v(), 0.1],
  manualSeed: () => [0],
  maskedFill: () => [v(), mask(), 0],
  maskedSelect: () => [v(), mask()],
  matrixTranspose: () => [m()],
  mm: () => [m(), m()],
  movedim: () => [m(), 0, 1],
  multinomial: () => [v(), 1, {}],
  mv: () => [m(), v()],
  narrow: () => [v(), 0, 0, 1],
  nonzero: () => [v(), {}],
  norm: () => [m(), 2, 0, {}],
  oneHot: () => [ints(), 2],
  pad: () => [v(), [1, 1], {}],
  randperm: () => [2, {}],
  repeatInterleave: () => [v(), 2, 0, {}],
  rmsNorm: () => [m(), [2], {}],
  roll: () => [v(), 1, 0],
  saveSafetensors: () => [file, { a: v() }, {}],
  scaledDotProductAttention: () => [m(), m(), m(), {}],
  scatter: () => [v(), 0, ints(), v(), {}],
  scatterAdd: () => [v(), 0, ints(), v()],
  select: () => [v(), 0, 0],
  setNumThreads: () => [flambeau.getNumThreads()],
  split: () => [v(), 1, 0],
  take: () => [v(), ints()],
  tensor: () => [[1], {}],
  threshold: () => [v(), 0, 1, {}],
  topk: () => [v(), 1, 0, {}],
  transpose: () => [m(), 0, 1],
  unflatten: () => [v(), 0, [2, 1]],
  where: () => [mask(), v(), v()],
  // These take their sizes or indices as rest arguments too.
  ...rows('empty ones rand randn zeros', () => [[2], {}]),
  arange: () => [0, 4, 1, {}],
  expand: () => [v(), [2, 2]],
  eye: () => [2, 2, {}],
  flip: () => [v(), [0]],
  normal: () => [0, 1, [2], {}],
  permute: () => [m(), [0, 1]],
  randint: () => [0, 2, [2], {}],
  randintLike: () => [v(), 0, 2, {}],
  repeat: () => [v(), [2]],
  reshape: () => [v(), [2]],

  'autograd.backward': () => [leaf().sum(), null, {}],
  'autograd.detectAnomaly': () => [nothing, {}],
  'autograd.grad': () => {
    const x = leaf();
    return [x.sum(), x, {}];
  },
  'autograd.gradcheck': () => [
    (x: flambeau.Tensor) => x.mul(2),
    ones([1], { dtype: 'float64', requiresGrad: true }),
    {},
  ],
  'autograd.gradgradcheck': () => [
    (x: flambeau.Tensor) => x.pow(3),
    ones([1], { dtype: 'float64', requiresGrad: true }),
    {},
  ],
  'autograd.onceDifferentiable': () => [() => null],
  'autograd.savedTensorsHooks': () => [(x: unknown) => x, (x: unknown) => x, nothing],
  'nn.init.calculateFanInAndFanOut': () => [m()],
  'nn.init.calculateGain': () => ['leakyRelu', 0.1],
  'nn.init.constant_': () => [v(), 1],
  'nn.init.dirac_': () => [ones([1, 1, 1]), {}],
  ...rows('nn.init.eye_ nn.init.ones_ nn.init.zeros_', () => [m()]),
  ...rows('nn.init.kaimingNormal_ nn.init.kaimingUniform_ nn.init.normal_ nn.init.orthogonal_', () => [m(), {}]),
  ...rows('nn.init.truncNormal_ nn.init.uniform_ nn.init.xavierNormal_ nn.init.xavierUniform_', () => [m(), {}]),
  'nn.init.sparse_': () => [m(), 0.5, {}],
  'nn.quantized.functional.linearDynamic': () => {
    const { weight, weight_scale } = new nn.quantized.dynamic.Linear(2, 2);
    return [m(), weight, weight_scale, null, {}];
  },
  'nn.quantized.quantizeDynamic': () => [new nn.Sequential(new nn.Linear(2, 2)), {}],
  'nn.utils.clipGradNorm_': () => [[leaf()], 1, {}],
  'nn.utils.clipGradValue_': () => [[leaf()], 1],
  'nn.utils.parametersToVector': () => [[leaf()]],
  'nn.utils.vectorToParameters': () => [v(), [leaf()]],
};

/** Methods that are no exported function: their arguments after the tensor, which is `self` where ones will not do. */
const METHODS: Record<string, Call> = {
  ...rows('bfloat16 bool byte char double float int long isFloatingPoint contiguous', () => []),
  ...rows('isContiguous dispose toTypedArray toArray detach detach_ zero_', () => []),
  ...rows(
    'exp_ exp2_ expm1_ log_ log2_ log10_ log1p_ sqrt_ rsqrt_ sin_ cos_ tan_ asin_ acos_ atan_ sinh_ cosh_',
    () => [],
  ),
  ...rows('tanh_ erf_ erfinv_ sigmoid_ abs_ floor_ ceil_ trunc_ sign_ neg_ square_ reciprocal_', () => []),
  ...rows('item retainGrad bitwiseNot_', () => []),
  ...rows('relu_ round_ nanToNum_ bernoulli', () => [{}]),
  ...rows('typeAs expandAs reshapeAs viewAs copy_', () => [v()]),
  ...rows('mul_ pow_ remainder_ fmod_ floorDivide_ clampMin_ clampMax_ fill_', () => [2]),
  ...rows('add_ sub_ div_', () => [2, {}]),
  ...rows('addcmul_ addcdiv_', () => [v(), v(), {}]),
  ...rows('bitwiseAnd_ bitwiseOr_ bitwiseXor_', () => [1]),
  ...rows('cauchy_ logNormal_ normal_', () => [0, 1, {}]),
  ...rows('bernoulli_ geometric_', () => [0.5, {}]),
  ...rows('random_ uniform_', () => [0, 2, {}]),
  exponential_: () => [1, {}],
  backward: () => [null, {}],
  at: () => [0],
  clamp_: () => [0, 1],
  lerp_: () => [v(), 0.5],
  indexAdd_: () => [0, ints(), v(), {}],
  maskedFill_: () => [mask(), 0],
  registerHook: () => [() => undefined],
  registerPostAccumulateGradHook: () => [() => undefined],
  requiresGrad_: () => [true],
  scatterAdd_: () => [0, ints(), v()],
  scatter_: () => [0, ints(), v(), {}],
  size: () => [0],
  slice: () => [0, 0, 1, 1],
  to: () => ['float64', {}],
  unfold: () => [0, 1, 1],
  view: () => [[2]],
};

const SELF: Record<string, () => flambeau.Tensor> = {
  ...rows('bitwiseNot_ bitwiseAnd_ bitwiseOr_ bitwiseXor_', ints),
  ...rows('retainGrad', () => leaf().mul(2)),
  ...rows('backward', () => leaf().sum()),
  ...rows('registerHook registerPostAccumulateGradHook', leaf),
  item: () => ones([1]),
};

const CLASSES: Record<string, Call> = {
  ...rows('nn.Module nn.Sigmoid nn.Tanh nn.LogSigmoid Generator', () => []),
  ...rows('nn.ReLU nn.GELU nn.SiLU nn.BCELoss nn.BCEWithLogitsLoss nn.CrossEntropyLoss nn.HuberLoss nn.L1Loss', () => [
    {},
  ]),
  ...rows('nn.MSELoss nn.NLLLoss nn.SmoothL1Loss', () => [{}]),
  ...rows('nn.BatchNorm1d nn.BatchNorm2d nn.InstanceNorm1d nn.InstanceNorm2d nn.LayerNorm nn.RMSNorm', () => [2, {}]),
  ...rows('nn.Conv1d nn.Conv2d nn.ConvTranspose1d nn.ConvTranspose2d', () => [1, 1, 1, {}]),
  ...rows('nn.AvgPool1d nn.AvgPool2d nn.MaxPool1d nn.MaxPool2d nn.AdaptiveMaxPool1d nn.AdaptiveMaxPool2d', () => [
    2,
    {},
  ]),
  ...rows('nn.AdaptiveAvgPool1d nn.AdaptiveAvgPool2d', () => [2]),
  ...rows('nn.ELU nn.LeakyReLU nn.Softplus nn.Flatten', () => [1, {}]),
  ...rows('nn.Dropout', () => [0.5, {}]),
  ...rows('nn.Hardtanh', () => [-1, {}]),
  ...rows('nn.GRU nn.GRUCell nn.LSTM nn.LSTMCell nn.RNN nn.RNNCell nn.Linear nn.quantized.dynamic.Linear', () => [
    2,
    2,
    {},
  ]),
  ...rows('nn.MultiheadAttention nn.TransformerEncoderLayer', () => [2, 1, {}]),
  ...rows('nn.Embedding', () => [2, 2, {}]),
  ...rows('nn.GroupNorm', () => [1, 2, {}]),
  ...rows('nn.LogSoftmax nn.Softmax', () => [0]),
  ...rows('nn.ModuleDict nn.ParameterDict', () => [{}]),
  ...rows('nn.ModuleList nn.ParameterList', () => [[]]),
  'nn.Fold': () => [4, 2, {}],
  'nn.Unfold': () => [2, {}],
  'nn.Parameter': () => [v(), {}],
  'nn.Sequential': () => [new nn.Tanh()],
  'nn.TransformerEncoder': () => [new nn.TransformerEncoderLayer(2, 1), 1, {}],
  'nn.Unflatten': () => [1, [2, 1]],
  ...rows('optim.Adam optim.AdamW optim.SGD', () => [[new nn.Parameter(v())], { lr: 1 }]),
  'optim.lrScheduler.CosineAnnealingLR': () => [sgd(), 2, {}],
  'optim.lrScheduler.ExponentialLR': () => [sgd(), 0.5, {}],
  'optim.lrScheduler.LambdaLR': () => [sgd(), () => 1, {}],
  'optim.lrScheduler.LinearLR': () => [sgd(), 0.5, {}],
  'optim.lrScheduler.MultiStepLR': () => [sgd(), [2], {}],
  'optim.lrScheduler.ReduceLROnPlateau': () => [sgd(), {}],
  'optim.lrScheduler.StepLR': () => [sgd(), 2, {}],
};

/** What cannot be asked, and why. */
const EXEMPT: Record<string, string> = {
  isTensor: 'a test for xs.filter(isTensor)',
  Tensor: 'no public constructor',
  FlambeauError: 'made by the library alone',
  'autograd.Function': 'a base class; forward says what apply takes',
  'autograd.checkpoint': 'the further arguments are those of its function',
  'nn.Identity': 'takes and ignores any arguments, as in PyTorch',
  'optim.Optimizer': 'abstract',
  'optim.lrScheduler.LRScheduler': 'abstract',
};

/** Rest arguments: one more is a size, an index or a module that is none, and refused as such. */
const REST = new Set(
  'empty ones rand randn zeros arange expand flip permute repeat reshape view at nn.Sequential'.split(' '),
);

/** Here a plain object is what it holds. */
const DICTS = new Set(['nn.ModuleDict', 'nn.ParameterDict']);

type Exported = readonly [name: string, value: (...args: readonly unknown[]) => unknown];

/** Everything that `flambeau` exports, each once, under the name of its place. */
function exported(from: object, prefix = '', seen = new Set<unknown>()): Exported[] {
  return Object.entries(from).flatMap(([name, value]): Exported[] => {
    if (value === F || seen.has(value)) return value === F && prefix === '' ? exported(F, '', seen) : [];
    seen.add(value);
    if (typeof value === 'function') return [[prefix + name, value]];
    return typeof value === 'object' && value !== null ? exported(value, `${prefix}${name}.`, seen) : [];
  });
}

const isClass = (value: unknown): boolean => /^class\b/.test(Function.prototype.toString.call(value));

const all = exported(flambeau);
const functions = all.filter(([name, value]) => !isClass(value) && !(name in EXEMPT));
const classes = all.filter(([name, value]) => isClass(value) && !(name in EXEMPT));
const methods = Object.getOwnPropertyNames(Tensor.prototype).filter(
  (name) =>
    !name.startsWith('_') &&
    !['constructor', 'toString', 'valueOf', 'toJSON'].includes(name) &&
    typeof Object.getOwnPropertyDescriptor(Tensor.prototype, name)!.value === 'function',
);

const expected = (name: string): RegExp => (REST.has(name) ? /./ : /too many/);

/** `call` takes what the table says, and neither an argument nor an option more. */
function check(name: string, make: Call | undefined, call: (args: readonly unknown[]) => unknown): void {
  expect(make, `${name} has no row in this test`).toBeDefined();
  call(make!());
  expect(() => call([...make!(), 7]), `${name} with one argument more`).toThrow(expected(name));
  const args = [...make!()];
  const last = args.at(-1);
  const takesOptions = typeof last === 'object' && last !== null && Object.getPrototypeOf(last) === Object.prototype;
  if (takesOptions) args[args.length - 1] = { ...last, bogus: 1 };
  else args.push({ bogus: 1 });
  const message = REST.has(name) && !takesOptions ? /./ : /unknown option bogus|bogus \}/;
  if (!DICTS.has(name)) expect(() => call(args), `${name} with one option more`).toThrow(message);
}

describe('one argument or one option too many is refused', () => {
  beforeAll(() => {
    flambeau.saveSafetensors(file, { a: v() });
    vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
  });
  afterAll(() => vi.restoreAllMocks());

  it.each(functions)('%s', (name, fn) => {
    check(name, FUNCTIONS[name] ?? FUNCTIONS[name.replace('autograd.', '')], (args) => fn(...args));
  });

  it.each(methods)('Tensor.%s', (name) => {
    const shared = FUNCTIONS[name];
    const call = (self: object, args: readonly unknown[]): unknown =>
      (self as Record<string, (...args: readonly unknown[]) => unknown>)[name]!(...args);
    if (name === 'where')
      return check(
        name,
        () => [mask(), v()],
        (args) => call(v(), args),
      );
    if (name in METHODS) return check(name, METHODS[name], (args) => call((SELF[name] ?? v)(), args));
    check(name, shared, ([self, ...args]) => call(self as object, args));
  });

  it.each(classes)('new %s', (name, Class) => {
    check(name, CLASSES[name], (args) => Reflect.construct(Class, args));
  });

  it('an undefined argument is none, and map is told how to be written', () => {
    expect((F.relu as (...args: unknown[]) => flambeau.Tensor)(v(), undefined, undefined).toArray()).toEqual([1, 1]);
    expect(() => [v()].map(flambeau.abs as never)).toThrow('as a callback write (x) => abs(x)');
  });

  it('forwards too', () => {
    const layers = [new nn.Linear(2, 2), new nn.ReLU(), new nn.LayerNorm(2), new nn.Dropout(), new nn.Softmax(-1)];
    for (const layer of layers) {
      expect(() => (layer as unknown as (...args: unknown[]) => unknown)(m(), 7)).toThrow(
        'one argument too many, got 7',
      );
    }
  });
});

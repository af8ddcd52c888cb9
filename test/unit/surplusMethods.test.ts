import * as flambeau from 'flambeau';
import { describe, expect, it } from 'vitest';

// As surplus.test.ts, for the methods of every exported class, found by reflection: a full call of each passes, one
// argument more is refused, and so is an option that is none.

const { functional: F, nn, ones, optim, tensor } = flambeau;

type Method = (...args: readonly unknown[]) => unknown;
type Call = (self: never) => readonly unknown[];

const m = (): flambeau.Tensor => ones([2, 2]);
const row = (): flambeau.Tensor => ones([1, 1, 4]);
const image = (): flambeau.Tensor => ones([1, 1, 4, 4]);
const sequence = (): flambeau.Tensor => ones([3, 1, 2]);
const parameter = (): flambeau.nn.Parameter => new nn.Parameter(ones([2]));
const sgd = (): flambeau.optim.SGD => new optim.SGD([parameter()], { lr: 1 });
const hook = (): undefined => undefined;

/** One row for several names. */
const rows = <T>(names: string, value: T): Record<string, T> =>
  Object.fromEntries(names.split(' ').map((name) => [name, value]));

const stepped = (): flambeau.optim.Adam => {
  const weight = parameter();
  const optimizer = new optim.Adam([weight]);
  weight.sum().backward();
  optimizer.step();
  return optimizer;
};

class Scaled extends nn.Module {
  weight = parameter();
  inner = new nn.Linear(2, 2);
  constructor() {
    super();
    this.registerBuffer('held', ones([2]));
  }
}

/** An instance of each class, in the state that its methods below ask for. */
const SELF: Record<string, () => object> = {
  ...Object.fromEntries(
    'ReLU GELU SiLU Sigmoid Tanh LogSigmoid LeakyReLU ELU Hardtanh Softplus Dropout Identity Flatten'
      .split(' ')
      .map((name) => [`nn.${name}`, () => new (nn as never as Record<string, new () => object>)[name]!()]),
  ),
  ...Object.fromEntries(
    'MSELoss L1Loss HuberLoss SmoothL1Loss BCELoss BCEWithLogitsLoss CrossEntropyLoss NLLLoss'
      .split(' ')
      .map((name) => [`nn.${name}`, () => new (nn as never as Record<string, new () => object>)[name]!()]),
  ),
  ...Object.fromEntries(
    'AvgPool1d AvgPool2d MaxPool1d MaxPool2d AdaptiveAvgPool1d AdaptiveAvgPool2d AdaptiveMaxPool1d AdaptiveMaxPool2d'
      .split(' ')
      .map((name) => [`nn.${name}`, () => new (nn as never as Record<string, new (size: number) => object>)[name]!(2)]),
  ),
  ...Object.fromEntries(
    'Linear RNN GRU LSTM RNNCell GRUCell LSTMCell Embedding'
      .split(' ')
      .map((name) => [
        `nn.${name}`,
        () => new (nn as never as Record<string, new (a: number, b: number) => object>)[name]!(2, 2),
      ]),
  ),
  ...Object.fromEntries(
    'Conv1d Conv2d ConvTranspose1d ConvTranspose2d'
      .split(' ')
      .map((name) => [
        `nn.${name}`,
        () => new (nn as never as Record<string, new (...a: number[]) => object>)[name]!(1, 1, 2),
      ]),
  ),
  'nn.BatchNorm1d': () => new nn.BatchNorm1d(2),
  'nn.BatchNorm2d': () => new nn.BatchNorm2d(1),
  'nn.InstanceNorm1d': () => new nn.InstanceNorm1d(1),
  'nn.InstanceNorm2d': () => new nn.InstanceNorm2d(1),
  'nn.LayerNorm': () => new nn.LayerNorm(2),
  'nn.RMSNorm': () => new nn.RMSNorm(2),
  'nn.GroupNorm': () => new nn.GroupNorm(1, 2),
  'nn.Fold': () => new nn.Fold(4, 2),
  'nn.Unfold': () => new nn.Unfold(2),
  'nn.Unflatten': () => new nn.Unflatten(1, [2, 1]),
  ...rows('nn.Softmax', () => new nn.Softmax(-1)),
  ...rows('nn.LogSoftmax', () => new nn.LogSoftmax(-1)),
  'nn.MultiheadAttention': () => new nn.MultiheadAttention(2, 1),
  'nn.TransformerEncoderLayer': () => new nn.TransformerEncoderLayer(2, 1),
  'nn.TransformerEncoder': () => new nn.TransformerEncoder(new nn.TransformerEncoderLayer(2, 1), 1),
  'nn.quantized.dynamic.Linear': () => new nn.quantized.dynamic.Linear(2, 2),
  'nn.Module': () => new Scaled(),
  'nn.Sequential': () => new nn.Sequential(new nn.Tanh(), new nn.ReLU()),
  'nn.ModuleList': () => new nn.ModuleList([new nn.Tanh(), new nn.ReLU()]),
  'nn.ModuleDict': () => new nn.ModuleDict({ a: new nn.Tanh() }),
  'nn.ParameterList': () => new nn.ParameterList([parameter(), parameter()]),
  'nn.ParameterDict': () => new nn.ParameterDict({ a: parameter() }),
  'optim.SGD': sgd,
  ...rows('optim.Optimizer optim.Adam', stepped),
  'optim.AdamW': () => new optim.AdamW([parameter()]),
  'optim.lrScheduler.LRScheduler': () => new optim.lrScheduler.StepLR(sgd(), 2),
  'optim.lrScheduler.ReduceLROnPlateau': () => new optim.lrScheduler.ReduceLROnPlateau(sgd()),
  Generator: () => new flambeau.Generator(),
};

const INPUTS: Record<string, Call> = {
  ...rows('Conv1d AvgPool1d MaxPool1d AdaptiveAvgPool1d AdaptiveMaxPool1d InstanceNorm1d', () => [row()]),
  ...rows('Conv2d AvgPool2d MaxPool2d AdaptiveAvgPool2d AdaptiveMaxPool2d InstanceNorm2d BatchNorm2d', () => [image()]),
  ...rows('MSELoss L1Loss HuberLoss SmoothL1Loss BCELoss BCEWithLogitsLoss', () => [m(), m()]),
  ...rows('CrossEntropyLoss NLLLoss', () => [m(), tensor([0, 1], { dtype: 'int64' })]),
  ...rows('RNN GRU', () => [sequence(), ones([1, 1, 2])]),
  ...rows('RNNCell GRUCell', () => [m(), m()]),
  LSTM: () => [sequence(), [ones([1, 1, 2]), ones([1, 1, 2])]],
  LSTMCell: () => [m(), [m(), m()]],
  ConvTranspose1d: () => [row(), {}],
  ConvTranspose2d: () => [image(), {}],
  Embedding: () => [tensor([0, 1], { dtype: 'int64' })],
  Unfold: () => [image()],
  Fold: () => [ones([1, 4, 9])],
  MultiheadAttention: () => [sequence(), sequence(), sequence(), {}],
  ...rows('TransformerEncoderLayer TransformerEncoder', () => [sequence(), {}]),
};

const nothing: Call = () => [];
const moduleMethods: Record<string, Call> = {
  ...rows('eval float double bfloat16 children namedChildren', nothing),
  ...rows('parameters buffers namedParameters namedBuffers modules namedModules zeroGrad stateDict', () => [{}]),
  ...rows('train requiresGrad_', () => [true]),
  ...rows('to type', () => ['float32']),
  ...rows('registerForwardPreHook registerForwardHook registerFullBackwardHook', () => [hook, {}]),
  registerFullBackwardPreHook: () => [hook, {}],
  ...rows('registerStateDictPreHook registerStateDictPostHook', () => [hook]),
  ...rows('registerLoadStateDictPreHook registerLoadStateDictPostHook', () => [hook]),
  registerBuffer: () => ['buffer', ones([2]), {}],
  registerParameter: () => ['more', parameter()],
  ...rows('registerModule addModule', () => ['child', new nn.Tanh()]),
  getSubmodule: () => ['inner'],
  setSubmodule: () => ['inner', new nn.Tanh(), {}],
  getParameter: () => ['weight'],
  getBuffer: () => ['held'],
  apply: () => [() => undefined],
  loadStateDict: (self: flambeau.nn.Module) => [self.stateDict(), {}],
};

const listMethods: Record<string, Call> = {
  ...rows('at delete pop', () => [0]),
  set: () => [0, new nn.Tanh()],
  append: () => [new nn.Tanh()],
  ...rows('extend concat', () => [[new nn.Tanh()]]),
  insert: () => [0, new nn.Tanh()],
  slice: () => [0, 2, 1],
  repeat: () => [2],
};

const dictMethods: Record<string, Call> = {
  ...rows('get has delete pop', () => ['a']),
  ...rows('clear keys values entries popItem copy', nothing),
};

const optimizerMethods: Record<string, Call> = {
  addParamGroup: () => [{ params: [parameter()] }],
  zeroGrad: () => [{}],
  step: () => [() => 1],
  ...rows('registerStepPreHook registerStepPostHook', () => [hook]),
  stateDict: nothing,
  loadStateDict: (self: flambeau.optim.Adam) => [self.stateDict()],
};

/** The arguments of a full call, by class and method. */
const CALLS: Record<string, Record<string, Call>> = {
  'nn.Module': moduleMethods,
  'nn.Sequential': { ...listMethods, concat: () => [new nn.Sequential(new nn.Tanh())] },
  'nn.ModuleList': listMethods,
  'nn.ModuleDict': { ...dictMethods, set: () => ['b', new nn.Tanh()], update: () => [{ b: new nn.Tanh() }] },
  'nn.ParameterList': { ...listMethods, set: () => [0, parameter()], append: () => [parameter()], extend: () => [[]] },
  'nn.ParameterDict': {
    ...dictMethods,
    get: () => ['a', 0],
    ...rows('set setDefault', () => ['b', parameter()]),
    update: () => [{ b: parameter() }],
  },
  ...rows('optim.Optimizer optim.Adam optim.AdamW optim.SGD', optimizerMethods),
  'optim.lrScheduler.LRScheduler': {
    ...rows('step getLastLr stateDict', nothing),
    loadStateDict: (self: flambeau.optim.lrScheduler.StepLR) => [self.stateDict()],
  },
  'optim.lrScheduler.ReduceLROnPlateau': {
    step: () => [1],
    ...rows('getLastLr stateDict', nothing),
    loadStateDict: (self: flambeau.optim.lrScheduler.ReduceLROnPlateau) => [self.stateDict()],
  },
  Generator: {
    manualSeed: () => [1],
    ...rows('seed initialSeed clone', nothing),
    setState: () => [new flambeau.Generator()],
  },
};

// Seen at run time, but private or protected in TypeScript, or called by JavaScript itself.
const HIDDEN = new Set(
  (
    'constructor toString toJSON extraRepr describe shown like missing stored attend feedForward takesPackedPath ' +
    'checkInputs batchesOfOne paddingMask scoreMask project extended padded heads isTimeMajor joined output ' +
    'checkSettings checkState checkDisjoint updates updateGroup momentsOf bufferOf nextLr coverGroups lambdaOf ' +
    'isBetter checkBounds reduce pick resolve op normalise outputPaddingFor addParameters checkParametersFit suffixes ' +
    'checkInput dimFor run'
  ).split(' '),
);

/** Their forward refuses any call, or hands its arguments on. */
const FREE = new Set(
  'Module Identity Sequential ModuleList ModuleDict ParameterList ParameterDict'.split(' ').map((name) => `nn.${name}`),
);

const isClass = (value: unknown): value is { readonly prototype: object } =>
  typeof value === 'function' && /^class\b/.test(Function.prototype.toString.call(value));

const isEmptyObject = (value: unknown): boolean =>
  typeof value === 'object' && Object.getPrototypeOf(value) === Object.prototype && Object.keys(value!).length === 0;

const PLACES: readonly (readonly [prefix: string, from: object])[] = [
  ['', flambeau],
  ['nn.', nn],
  ['nn.quantized.dynamic.', nn.quantized.dynamic],
  ['optim.', optim],
  ['optim.lrScheduler.', optim.lrScheduler],
];

/** [class, method], the methods that a class or a base that is not exported itself defines. */
function methods(): [string, string][] {
  const classes = PLACES.flatMap(([prefix, from]) =>
    Object.entries(from).flatMap(([name, value]) => (isClass(value) ? [[prefix + name, value] as const] : [])),
  );
  const named = new Set(classes.map(([, { prototype }]) => prototype));
  return classes.flatMap(([name, { prototype }]) => {
    if (['Tensor', 'FlambeauError', 'nn.Parameter'].includes(name)) return [];
    const found = new Set<string>();
    for (let at = prototype; at === prototype || !(named.has(at) || at === Object.prototype); ) {
      for (const [key, { value }] of Object.entries(Object.getOwnPropertyDescriptors(at))) {
        if (typeof value === 'function' && !key.startsWith('_') && !HIDDEN.has(key)) found.add(key);
      }
      at = Object.getPrototypeOf(at) as object;
    }
    if (FREE.has(name)) found.delete('forward');
    if (name.endsWith('Cell')) found.delete('step'); // protected; those of optimizers are not
    return [...found].map((key): [string, string] => [name, key]);
  });
}

function argumentsOf(name: string, method: string): Call | undefined {
  if (method === 'resetParameters' || method === 'resetRunningStats') return nothing;
  if (method === 'forward') return INPUTS[name.slice(3)] ?? (() => [m()]);
  return CALLS[name]?.[method];
}

describe('one argument or one option too many is refused', () => {
  it('F and every place are looked at', () => {
    expect(Object.values(F).filter(isClass)).toEqual([]);
    expect(methods().length).toBeGreaterThan(150);
  });

  it.each(methods())('%s.%s', (name, method) => {
    const make = argumentsOf(name, method);
    expect(make, `${name}.${method} has no row in this test`).toBeDefined();
    const call = (change: (args: readonly unknown[]) => readonly unknown[]): void => {
      const self = SELF[name]!();
      const result = (self as Record<string, Method>)[method]!(...change(make!(self as never)));
      // A generator begins to run when it is asked.
      if (typeof (result as Iterator<unknown> | undefined)?.next === 'function')
        void [...(result as Iterable<unknown>)];
    };
    call((args) => args);
    expect(() => call((args) => [...args, 7])).toThrow('too many');
    expect(() => call((args) => [...(isEmptyObject(args.at(-1)) ? args.slice(0, -1) : args), { bogus: 1 }])).toThrow(
      /unknown option bogus|bogus \}/,
    );
  });

  it.each<[string, Method, () => unknown[]]>([
    ['Embedding.fromPretrained', nn.Embedding.fromPretrained as Method, () => [m(), {}]],
    [
      'quantized.dynamic.Linear.fromFloat',
      nn.quantized.dynamic.Linear.fromFloat as Method,
      () => [new nn.Linear(2, 2), {}],
    ],
  ])('%s', (_, call, args) => {
    call(...args());
    expect(() => call(...args(), 7)).toThrow('too many');
    expect(() => call(...args().slice(0, -1), { bogus: 1 })).toThrow('unknown option bogus');
  });
});

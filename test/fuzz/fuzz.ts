// `npm run test:fuzz -- [SECONDS] [SEED]`: calls every public function, and every method and setter of tensors, generators,
// modules, optimizers and schedulers, with random good and bad arguments; makes every layer, loss, container, optimizer
// and scheduler with such arguments and uses it; reads safetensors files with bytes changed. Each call must return or throw a FlambeauError; anything else, or a crash, is a bug. The seed
// replays a run.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as flambeau from '../../lib/index.js';
import { autograd, FlambeauError, functional, nn, optim, Tensor } from '../../lib/index.js';

const seconds = Number(process.argv[2] ?? 30);
const seed = Number(process.argv[3] ?? Date.now() % 1_000_000);

// Mulberry32, by Tommy Ettinger: small and good enough to pick arguments.
let state = seed;
function random(): number {
  state = (state + 0x6d2b79f5) | 0;
  let t = Math.imul(state ^ (state >>> 15), state | 1);
  t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
}
const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;

const DTYPES = ['float32', 'float64', 'bfloat16', 'int32', 'int64', 'uint8', 'int8', 'bool'] as const;
const SHAPES = [[], [0], [1], [3], [2, 3], [3, 2], [2, 3, 4], [1, 3], [2, 0, 3], [4, 4], [2, 1, 3, 1]];

function anyTensor(): Tensor {
  const shape = pick(SHAPES);
  let x = flambeau.rand(shape).mul(5).sub(1).to(pick(DTYPES));
  if (random() < 0.2 && shape.length >= 2) x = x.transpose(0, 1);
  if (random() < 0.1 && x.dtype.startsWith('float')) x = x.detach().requiresGrad_();
  if (random() < 0.05) x.dispose();
  return x;
}

// No size between a thousand and a trillion: those are legal, and merely slow.
const NUMBERS = [-1, 0, 1, 2, 3, 5, -3, 0.5, 1e-3, Number.NaN, Infinity, -Infinity, 2 ** 53, 2 ** 60, 1e300, -0];
const JUNK: readonly (() => unknown)[] = [
  () => undefined,
  () => null,
  () => 'sum',
  () => ({}),
  () => [],
  () => [[1, 2], [3]],
  () => Symbol('s'),
  () => 5n,
  () => () => 1,
  () => Tensor,
  () => new Float32Array(4),
  () => ({ dim: pick(NUMBERS), keepdim: pick([true, 'yes']) }),
  () => ({ dtype: pick([...DTYPES, 'float8', 3]) }),
  () => ({ reduction: pick(['none', 'sum', 'average']) }),
  () => structuredClone({ _handle: pick(NUMBERS), shape: [1], dtype: 'float32' }),
];

function anyArgument(): unknown {
  const r = random();
  if (r < 0.45) return anyTensor();
  if (r < 0.65) return pick(NUMBERS);
  if (r < 0.75) return pick(SHAPES);
  if (r < 0.8) return [anyTensor(), anyTensor()];
  if (r < 0.85) return pick([true, false]);
  return pick(JUNK)();
}

type Callable = (...args: unknown[]) => unknown;
// These change the process, or are no calls of a program; files have targets of their own.
const EXCLUDED = /^(setNumThreads|constructor|valueOf|(load|save)Safetensors.*)$/;

/** What TypeScript keeps from programs, and JavaScript shows. Two of the names are public in other classes. */
function hiddenNames(): ReadonlySet<string> {
  const lib = path.join(import.meta.dirname, '../../lib');
  const sources = readdirSync(lib, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
  const declaration = /(?:private|protected)(?: override| abstract)* (\w+)(?:<.*>)?\(/g;
  const names = sources.flatMap((name) => [...readFileSync(path.join(lib, name), 'utf8').matchAll(declaration)]);
  return new Set(names.map(([, name]) => name!).filter((name) => name !== 'step' && name !== 'apply'));
}

const hidden = hiddenNames();

function functionsOf(group: object, prefix: string): [string, Callable][] {
  return Object.entries(group).flatMap(([name, value]): [string, Callable][] =>
    typeof value === 'function' && /^[a-z]/.test(name) && !EXCLUDED.test(name)
      ? [[prefix + name, value as Callable]]
      : [],
  );
}

/** The methods and setters of what `make` makes, inherited ones included; each is called on a fresh one. */
function membersOf(prefix: string, make: () => object): [string, Callable][] {
  const members = new Map<string, Callable>();
  for (
    let proto: object = Object.getPrototypeOf(make());
    proto !== Object.prototype && proto !== Function.prototype;
    proto = Object.getPrototypeOf(proto)
  ) {
    for (const [name, { value, set }] of Object.entries(Object.getOwnPropertyDescriptors(proto))) {
      if (members.has(name) || name.startsWith('_') || EXCLUDED.test(name) || hidden.has(name)) continue;
      if (typeof value === 'function') members.set(name, (...args) => exhausted(Reflect.apply(value, make(), args)));
      else if (set !== undefined) members.set(name, (arg) => Reflect.set(make(), name, arg));
    }
  }
  return [...members].map(([name, fn]) => [`${prefix}.${name}`, fn]);
}

/** A generator runs when it is read. */
function exhausted(result: unknown): void {
  if (Object.prototype.toString.call(result) === '[object Generator]') for (const _ of result as Iterable<unknown>);
}

const tensors = membersOf('Tensor', anyTensor);

type Constructor = new (...args: unknown[]) => unknown;

function classesOf(group: object): [string, Constructor][] {
  return Object.entries(group).filter(
    ([name, value]) => typeof value === 'function' && /^[A-Z]/.test(name) && value.prototype !== undefined,
  ) as [string, Constructor][];
}

/** A layer or container made with the arguments, used and questioned. */
const layers = classesOf(nn)
  .filter(([name]) => !['Module', 'Parameter'].includes(name))
  .map(([name, Layer]): [string, Callable] => [
    `nn.${name}`,
    (...args) => {
      const layer = new Layer(...args) as nn.Module & ((...inputs: unknown[]) => unknown);
      if (!(layer instanceof nn.Module)) return;
      String(layer);
      pick<() => unknown>([
        () => layer(...args.slice(1)),
        () => layer(anyArgument()),
        () => layer.to(pick(NUMBERS_AND_DTYPES) as never),
        () => layer.loadStateDict(anyStateDict(layer) as never, { strict: pick([true, false]) }),
        () => layer.train(anyArgument() as never),
        () => {
          const method = Reflect.get(layer, pick(['append', 'insert', 'extend', 'slice', 'at', 'update', 'pop']));
          if (typeof method === 'function') Reflect.apply(method, layer, args.slice(0, 2));
        },
      ])();
    },
  ]);

const someModules: Readonly<Record<string, () => nn.Module>> = {
  Sequential: () => new nn.Sequential(new nn.Linear(3, 2), new nn.ReLU()),
  ModuleList: () => new nn.ModuleList([new nn.Linear(3, 2)]),
  ModuleDict: () => new nn.ModuleDict({ sum: new nn.Linear(3, 2) }),
  ParameterList: () => new nn.ParameterList([flambeau.rand([2])]),
  ParameterDict: () => new nn.ParameterDict({ sum: flambeau.rand([2]) }),
  LSTM: () => new nn.LSTM(3, 2),
  MultiheadAttention: () => new nn.MultiheadAttention(4, 2),
  TransformerEncoder: () => new nn.TransformerEncoder(new nn.TransformerEncoderLayer(4, 2), 1),
  BatchNorm1d: () => new nn.BatchNorm1d(3),
  Embedding: () => new nn.Embedding(5, 3),
  Conv2d: () => new nn.Conv2d(2, 3, 2),
};
const modules = Object.entries(someModules).flatMap(([name, make]) => membersOf(`nn.${name}`, make));

const NUMBERS_AND_DTYPES: readonly unknown[] = [...DTYPES, ...NUMBERS];

/** The model's own state dict with some entries lost, replaced by junk or added. */
function anyStateDict(model: nn.Module): unknown {
  if (random() < 0.1) return anyArgument();
  const entries = [...model.stateDict()].filter(() => random() < 0.9) as [unknown, unknown][];
  for (const entry of entries) if (random() < 0.2) entry[1] = anyArgument();
  if (random() < 0.2) entries.push([anyArgument(), anyArgument()]);
  return new Map(entries);
}

const optimizers = classesOf(optim)
  .filter(([name, Kind]) => name !== 'Optimizer' && Kind.prototype instanceof optim.Optimizer)
  .map(([name, Kind]): [string, Callable] => [
    `optim.${name}`,
    (...args) => {
      const params = [new nn.Parameter(flambeau.rand([3])), new nn.Parameter(flambeau.rand([2, 2]))];
      const optimizer = new Kind(random() < 0.7 ? params : args[0], args[1]) as optim.Optimizer;
      for (const param of params) if (random() < 0.8) param.grad = flambeau.rand(param.shape);
      if (random() < 0.1) params[0]!.dispose();
      optimizer.step();
      pick<() => unknown>([
        () => optimizer.zeroGrad(args[2] as never),
        () => optimizer.addParamGroup(args[2] as never),
        () => optimizer.loadStateDict(spoil(structuredClone(withoutTensors(optimizer.stateDict()))) as never),
        () => optimizer.loadStateDict(args[2] as never),
      ])();
      optimizer.step();
    },
  ]);

const sgd = (): optim.SGD => new optim.SGD([new nn.Parameter(flambeau.rand([3]))], { momentum: 0.9 });
const adam = (): optim.Adam => new optim.Adam([new nn.Parameter(flambeau.rand([3]))]);
const steppers = [
  ...membersOf('optim.SGD', sgd),
  ...membersOf('optim.Adam', adam),
  ...membersOf('lrScheduler.StepLR', () => new optim.lrScheduler.StepLR(sgd(), 2)),
  ...membersOf('lrScheduler.ReduceLROnPlateau', () => new optim.lrScheduler.ReduceLROnPlateau(sgd())),
  ...classesOf(optim.lrScheduler)
    .filter(([name]) => name !== 'LRScheduler')
    .map(([name, Kind]): [string, Callable] => [
      `lrScheduler.${name}`,
      (...args) => {
        const scheduler = new Kind(random() < 0.9 ? sgd() : args[0], ...args.slice(1)) as {
          step(metric: unknown): void;
        };
        scheduler.step(args[0]);
      },
    ]),
];

/** A state dict whose tensors became numbers, so that it can be cloned. */
const withoutTensors = (state: unknown): unknown => JSON.parse(JSON.stringify(state));

/** Replaces one value somewhere inside. */
function spoil(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || random() < 0.2) return pick([anyTensor(), ...NUMBERS, null, 'x']);
  const keys = Object.keys(value);
  if (keys.length > 0) {
    const key = pick(keys);
    Reflect.set(value, key, spoil(Reflect.get(value, key)));
  }
  return value;
}

/** A small graph, then any use of autograd on it. */
const graphs: [string, Callable][] = [
  [
    'autograd on a graph',
    (...args) => {
      const x = flambeau.rand([3, 2], { requiresGrad: true });
      const y = x.mul(x).add(1).transpose(0, 1);
      const z = random() < 0.5 ? y.sum() : y;
      const hook = (g: Tensor): unknown =>
        pick<() => unknown>([() => undefined, () => g.mul(2), () => g.dispose(), anyArgument])();
      if (random() < 0.3) y.registerHook(hook as never);
      if (random() < 0.3) x.registerHook(hook as never);
      if (random() < 0.2) pick([x, y]).dispose();
      if (random() < 0.2)
        autograd.savedTensorsHooks(
          () => 0,
          () => anyArgument() as Tensor,
          () => y.mul(y).sum().backward(),
        );
      pick<() => unknown>([
        () => z.backward(args[0] as never, args[1] as never),
        () => autograd.grad(z, x, args[0] as never),
        () => autograd.grad([z, args[0]] as never, [x, args[1]] as never, { allowUnused: true }),
        () => autograd.checkpoint((() => args[0]) as never, x),
      ])();
    },
  ],
  [
    'autograd.Function',
    (...args) => {
      class Any extends autograd.Function {
        static forward(ctx: autograd.FunctionContext, x: Tensor): Tensor {
          pick<() => unknown>([
            () => ctx.saveForBackward(x),
            () => ctx.saveForBackward(args[0] as Tensor),
            () => ctx.markDirty(args[0] as Tensor),
            () => ctx.markNonDifferentiable(args[0] as Tensor),
            () => x.dispose(),
          ])();
          return pick([x, x.mul(2), args[1]]) as Tensor;
        }
        static backward(ctx: autograd.FunctionContext, g: Tensor): Tensor {
          return pick([g, ctx.savedTensors[0], args[2]]) as Tensor;
        }
      }
      const x = flambeau.rand([3], { requiresGrad: true }).mul(1);
      const y = Any.apply(x) as Tensor;
      if (y instanceof Tensor) y.sum().backward();
    },
  ],
];

const folder = mkdtempSync(path.join(tmpdir(), 'flambeau-fuzz-'));
const file = path.join(folder, 'x.safetensors');
flambeau.saveSafetensors(
  file,
  new Map(DTYPES.map((dtype, i) => [`layer.${dtype}`, flambeau.rand(SHAPES[i]!).mul(9).to(dtype)])),
  { metadata: { format: 'pt' } },
);
const good = readFileSync(file);

const files: [string, Callable][] = [
  [
    'loadSafetensors of a spoilt file',
    () => {
      let bytes = Buffer.from(good);
      for (let i = Math.floor(random() * 4); i >= 0; i--) {
        const at = Math.floor(random() ** 2 * bytes.length);
        pick<() => unknown>([
          () => (bytes[at] = Math.floor(random() * 256)),
          () => (bytes[at] = pick([...'0123456789{}[]",:-e']).charCodeAt(0)),
          () => (bytes = bytes.subarray(0, at)),
          () => (bytes = Buffer.concat([bytes.subarray(0, at), bytes])),
        ])();
      }
      writeFileSync(file, bytes);
      for (const x of flambeau.loadSafetensors(file).values()) x.toArray();
      flambeau.loadSafetensorsMetadata(file);
    },
  ],
  [
    'saveSafetensors',
    (...args) =>
      flambeau.saveSafetensors(file, args[0] as never, ...(random() < 0.5 ? [] : [{ metadata: args[1] as never }])),
  ],
];

const groups: readonly (readonly [string, Callable][])[] = [
  [...functionsOf(flambeau, ''), ...functionsOf(functional, 'functional.'), ...tensors],
  [
    ...layers,
    ...modules,
    ...membersOf('Generator', () => new flambeau.Generator()),
    ...functionsOf(nn.quantized, 'nn.quantized.'),
    ...functionsOf(nn.quantized.functional, 'nn.quantized.functional.'),
    ...functionsOf(nn.init, 'nn.init.'),
    ...functionsOf(nn.utils, 'nn.utils.'),
    ...functionsOf(autograd, 'autograd.'),
  ],
  [...optimizers, ...steppers],
  graphs,
  files,
];
const targets = groups.flat();
console.log(`fuzz: ${targets.length} functions, ${seconds} s, seed ${seed}`);

const problems = new Map<string, string>();
let calls = 0;
let returned = 0;
for (const end = Date.now() + seconds * 1000; Date.now() < end; calls++) {
  const [name, fn] = pick(random() < 0.5 ? groups[0]! : pick(groups));
  const args = Array.from({ length: Math.floor(random() * 5) }, anyArgument);
  try {
    fn(...args);
    returned++;
  } catch (error) {
    if (error instanceof FlambeauError && error.code !== 'INTERNAL') continue;
    if (String(error).includes('Class constructor Tensor cannot be invoked')) continue; // a callback that threw
    const key = `${name}: ${String(error).split('\n')[0]}`;
    if (!problems.has(key)) problems.set(key, (error as Error).stack ?? '');
  }
}

rmSync(folder, { recursive: true });
console.log(`fuzz: ${calls} calls, ${returned} returned, the others threw`);
for (const [key, stack] of problems) console.error(`\n${key}\n${stack.split('\n').slice(1, 4).join('\n')}`);
if (problems.size > 0) {
  console.error(`\n${problems.size} kinds of calls threw something other than a FlambeauError`);
  process.exitCode = 1;
}

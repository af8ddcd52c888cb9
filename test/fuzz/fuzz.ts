// `npm run test:fuzz -- [SECONDS] [SEED]`: calls every public function and every Tensor method with random good and bad
// arguments. Each call must return or throw a FlambeauError; anything else, or a crash, is a bug. The seed replays a run.
import * as flambeau from '../../lib/index.js';
import { FlambeauError, functional, Tensor, tensor } from '../../lib/index.js';

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

const DTYPES = ['float32', 'float64', 'int32', 'int64', 'uint8', 'bool'] as const;
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
// These call back, or change the process; they have tests of their own.
const EXCLUDED = /^(tidy|noGrad|enableGrad|inferenceMode|setNumThreads|constructor|load.*|save.*|.*[Hh]ook.*|checkpoint)$/;

function functionsOf(group: object, prefix: string): [string, Callable][] {
  return Object.entries(group).flatMap(([name, value]): [string, Callable][] =>
    typeof value === 'function' && /^[a-z]/.test(name) && !EXCLUDED.test(name) ? [[prefix + name, value as Callable]] : [],
  );
}

const methods = Object.getOwnPropertyNames(Tensor.prototype).flatMap((name): [string, Callable][] => {
  const value = Object.getOwnPropertyDescriptor(Tensor.prototype, name)?.value;
  if (typeof value !== 'function' || name.startsWith('_') || EXCLUDED.test(name) || name === 'valueOf') return [];
  return [[`Tensor.${name}`, (x, ...rest) => Reflect.apply(value, x instanceof Tensor ? x : tensor([1]), rest)]];
});

const targets = [...functionsOf(flambeau, ''), ...functionsOf(functional, 'functional.'), ...methods];
console.log(`fuzz: ${targets.length} functions, ${seconds} s, seed ${seed}`);

const problems = new Map<string, string>();
let calls = 0;
let returned = 0;
for (const end = Date.now() + seconds * 1000; Date.now() < end; calls++) {
  const [name, fn] = pick(targets);
  const args = Array.from({ length: Math.floor(random() * 5) }, anyArgument);
  try {
    fn(...args);
    returned++;
  } catch (error) {
    if (error instanceof FlambeauError && error.code !== 'INTERNAL') continue;
    const key = `${name}: ${String(error).split('\n')[0]}`;
    if (!problems.has(key)) problems.set(key, (error as Error).stack ?? '');
  }
}

console.log(`fuzz: ${calls} calls, ${returned} returned, the others threw`);
for (const [key, stack] of problems) console.error(`\n${key}\n${stack.split('\n').slice(1, 4).join('\n')}`);
if (problems.size > 0) {
  console.error(`\n${problems.size} kinds of calls threw something other than a FlambeauError`);
  process.exit(1);
}

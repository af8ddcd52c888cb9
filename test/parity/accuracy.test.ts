import { describe, expect, test } from 'vitest';
import { fromTypedArray, onesLike as ones, pow, type Tensor } from './library.js';

// Elementwise ops over the whole range of float32 and bfloat16, forward and gradient, against float64: in units of the
// last place, so that small results count as much as large ones. The rows compare float64 itself with PyTorch's.

interface Op {
  readonly name: string;
  readonly run: (x: Tensor) => Tensor;
  /** Largest errors of the value and the gradient in float32, in units of the last place. */
  readonly float32: readonly [value: number, gradient: number];
  /** … and in bfloat16, where half a unit is the rounding of the result. */
  readonly bfloat16: readonly [value: number, gradient: number];
  /**
   * Smaller values and gradients are measured in units of these: a difference, or what is made of a rounded result, has
   * no relative accuracy where it vanishes, in PyTorch neither.
   */
  readonly least: readonly [value: number, gradient: number];
  /** The magnitudes of x that are compared; outside of them a step in between overflows, in PyTorch too. */
  readonly within: readonly [smallest: number, largest: number];
}

type Limits = Partial<Omit<Op, 'name' | 'run'>>;

const op = (name: string, run: Op['run'], limits: Limits = {}): Op => ({
  name,
  run,
  float32: [3, 4],
  bfloat16: [0.51, 0.51],
  least: [0, 0],
  within: [0, Infinity],
  ...limits,
});

/** Where the gradient is made of the rounded value. */
const ofValue: Limits = { bfloat16: [0.51, 1.6] };

/** Where the gradient is made of x². */
const ofSquare: Limits = { within: [0, 1e19] };
const ofBellCurve: Limits = { float32: [3, 64] };

/** Where the gradient passes through 0. */
const crossing: Limits = { least: [1e-30, 0.25] };

const OPS: readonly Op[] = [
  op('sqrt', (x) => x.sqrt(), ofValue),
  op('rsqrt', (x) => x.rsqrt(), { float32: [3, 6], bfloat16: [0.51, 2.6], within: [1e-25, Infinity] }),
  op('exp', (x) => x.exp(), ofValue),
  op('exp2', (x) => x.exp2(), { ...ofValue, within: [0, 127] }),
  op('expm1', (x) => x.expm1(), { ...ofValue, least: [0, 1] }),
  op('log', (x) => x.log()),
  op('log2', (x) => x.log2()),
  op('log10', (x) => x.log10(), { within: [0, 1e38] }),
  op('log1p', (x) => x.log1p()),
  op('sin', (x) => x.sin()),
  op('cos', (x) => x.cos()),
  op('tan', (x) => x.tan(), { bfloat16: [0.51, 2] }),
  op('asin', (x) => x.asin()),
  op('acos', (x) => x.acos()),
  op('atan', (x) => x.atan(), ofSquare),
  op('sinh', (x) => x.sinh()),
  op('cosh', (x) => x.cosh()),
  op('tanh', (x) => x.tanh(), { bfloat16: [0.51, 2], least: [0, 1] }),
  op('asinh', (x) => x.asinh(), ofSquare),
  op('acosh', (x) => x.acosh(), ofSquare),
  op('atanh', (x) => x.atanh(), ofSquare),
  op('erf', (x) => x.erf(), ofBellCurve),
  op('erfc', (x) => x.erfc(), ofBellCurve),
  op('erfinv', (x) => x.erfinv(), { float32: [3, 12], bfloat16: [0.51, 6.5] }),
  op('sigmoid', (x) => x.sigmoid(), { bfloat16: [0.51, 2], least: [0, 1] }),
  op('logit', (x) => x.logit(), { least: [1, 0] }),
  op('logit eps', (x) => x.logit(2 ** -10), { least: [1, 0] }),
  op('reciprocal', (x) => x.reciprocal(), { bfloat16: [0.51, 2] }),
  op('square', (x) => x.square()),
  op('abs', (x) => x.abs()),
  op('relu', (x) => x.relu()),
  op('relu6', (x) => x.relu6()),
  op('gelu', (x) => x.gelu(), { least: [1e-6, 0.25] }),
  op('gelu tanh', (x) => x.gelu({ approximate: 'tanh' }), { ...ofSquare, float32: [6, 48], least: [0.25, 0.25] }),
  op('silu', (x) => x.silu(), { ...crossing, float32: [3, 10] }),
  op('softplus', (x) => x.softplus()),
  op('elu', (x) => x.elu()),
  op('elu alpha', (x) => x.elu(2.5)),
  op('elu negative alpha', (x) => x.elu(-0.5)),
  op('selu', (x) => x.selu()),
  op('celu', (x) => x.celu()),
  op('celu alpha', (x) => x.celu(0.1), { float32: [3, 70] }),
  op('leakyRelu', (x) => x.leakyRelu()),
  op('hardtanh', (x) => x.hardtanh()),
  op('hardsigmoid', (x) => x.hardsigmoid()),
  op('hardswish', (x) => x.hardswish(), crossing),
  op('mish', (x) => x.mish(), { ...crossing, float32: [4, 4] }),
  op('logSigmoid', (x) => x.logSigmoid()),
  op('pow 3', (x) => x.pow(3)),
  op('pow 0.5', (x) => x.pow(0.5)),
  op('pow -1.5', (x) => x.pow(-1.5)),
  op('number pow', (x) => pow(1.5, x), { ...ofValue, within: [0, 200] }),
  op('logaddexp', (x) => x.logaddexp(x.neg()), { bfloat16: [0.51, 1.1], least: [0, 1] }),
  op('atan2', (x) => x.atan2(ones(x)), ofSquare),
  op('lerp', (x) => x.lerp(ones(x), 0.3), { least: [1, 0] }),
  op('addcdiv', (x) => ones(x).addcdiv(ones(x), x, { value: 0.25 }), { least: [1, 0] }),
];

const BRANCHES = [0.1, 0.25, 0.3, 0.5, 0.55, 0.7, 1, 1.5, Math.PI / 2, 2, 2.984375, 3, 6, 9, 20, 87.3, 88.72, 103];

/** Every exponent of float32 with some mantissas, an even grid, and the neighbourhood of where formulas change. */
function float32Points(): Float32Array {
  const bits: number[] = [];
  for (let exponent = 0; exponent < 255; exponent++) {
    for (const mantissa of [0, 1, 0x1234, 0x2aaaab, 0x400000, 0x555555, 0x6f1234, 0x7fffff])
      bits.push((exponent << 23) | mantissa);
  }
  const values = [...new Float32Array(Uint32Array.from(bits).buffer)];
  for (let i = 0; i <= 6000; i++) values.push(i / 240, i / 6000);
  for (const at of BRANCHES)
    for (let k = -4; k <= 4; k++) values.push(at * (1 + k * 2 ** -23), at * (1 + k * 2 ** -12));
  return Float32Array.from(values.flatMap((x) => [x, -x]));
}

/** Every finite bfloat16. */
function bfloat16Points(): Float32Array {
  const bits = new Uint32Array(0x10000).map((_, i) => i << 16);
  return new Float32Array(bits.buffer).filter(Number.isFinite);
}

const FORMATS = {
  float32: { points: float32Points(), digits: 24, lowest: -149, largest: 2 ** 128 * (1 - 2 ** -25) },
  bfloat16: { points: bfloat16Points(), digits: 8, lowest: -133, largest: 2 ** 128 * (1 - 2 ** -9) },
} as const;

type Format = (typeof FORMATS)[keyof typeof FORMATS];

const asNumbers = (x: Tensor): Float64Array => x.detach().to('float64').contiguous().toTypedArray() as Float64Array;

/** The op's values and gradients in a dtype, at the points. */
function computed({ run }: Op, points: Float32Array, dtype: 'float32' | 'bfloat16' | 'float64'): Float64Array[] {
  const x = fromTypedArray(points, [points.length]).to(dtype).detach().requiresGrad_();
  const y = run(x);
  y.sum().backward();
  return [asNumbers(y), asNumbers(x.grad!)];
}

/** The distance in units of the last place; what overflows the format is ∞ in it. */
function distance(value: number, exact: number, least: number, { digits, lowest, largest }: Format): number {
  if (Object.is(value, exact) || value === exact) return 0;
  if (Number.isNaN(exact) || Number.isNaN(value)) return Infinity;
  if (Math.abs(exact) > largest) return value === exact * Infinity || Math.abs(value) > largest / 2 ? 0 : Infinity;
  const exponent = Math.floor(Math.log2(Math.max(Math.abs(exact), least))) + 1 - digits;
  return Math.abs(value - exact) / 2 ** Math.max(lowest, exponent);
}

function worst(values: Float64Array, exact: Float64Array, { within }: Op, least: number, format: Format) {
  let error = 0;
  let at = Number.NaN;
  values.forEach((value, i) => {
    const x = format.points[i]!;
    if (Math.abs(x) < within[0] || Math.abs(x) > within[1]) return;
    const d = distance(value, exact[i]!, least, format);
    if (d > error) [error, at] = [d, x];
  });
  return { error, at };
}

describe.each(['float32', 'bfloat16'] as const)('%s over its whole range', (dtype) => {
  const format = FORMATS[dtype];
  test.each(OPS)('$name', (tested) => {
    const exact = computed(tested, format.points, 'float64');
    computed(tested, format.points, dtype).forEach((values, i) => {
      const { error, at } = worst(values, exact[i]!, tested, tested.least[i]!, format);
      const what = i === 0 ? 'value' : 'gradient';
      expect(error, `${what} at ${at}`).toBeLessThanOrEqual(tested[dtype][i]!);
    });
  });
});

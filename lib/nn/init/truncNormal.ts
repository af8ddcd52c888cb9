import { noGrad } from '../../autograd/modes.js';
import { fromTypedArray } from '../../ops/create.js';
import { erf } from '../../ops/elementwise/unary.js';
import { checkFloating } from '../../ops/random/checks.js';
import type { RandomOptions } from '../../ops/random/random.js';
import { normal_, uniform_ } from '../../ops/random/sampling.js';
import { rawCopy } from '../../raw/copy.js';
import { rawFrom } from '../../raw/create.js';
import { rawEmptyLike } from '../../raw/random.js';
import { refuseSurplus } from '../../tensor/arguments.js';
import { roundTo } from '../../tensor/dtype.js';
import { fail } from '../../tensor/errors.js';
import type { Generator } from '../../tensor/generator.js';
import { checkNumber, checkOptions } from '../../tensor/options.js';
import type { Tensor } from '../../tensor/tensor.js';

export interface TruncNormalOptions extends RandomOptions {
  /** Default 0. */
  mean?: number;
  /** Default 1. */
  std?: number;
  /** Lower bound, default -2. */
  a?: number;
  /** Upper bound, default 2. */
  b?: number;
}

type Values = Float32Array | Float64Array;

interface Target {
  readonly x: Tensor;
  readonly mean: number;
  readonly std: number;
  readonly a: number;
  readonly b: number;
  readonly generator: Generator | undefined;
  /** To x's precision. */
  readonly round: (value: number) => number;
}

/**
 * Fills x from N(mean, std²) within [a, b]: what falls outside is drawn again. Best with a ≤ mean ≤ b; where the
 * interval holds less than 0.3 of the distribution, uniform numbers are accepted by their density instead.
 *
 * @example
 * nn.init.truncNormal_(empty([100]), { std: 0.02, a: -0.04, b: 0.04 });
 */
export function truncNormal_(x: Tensor, options?: TruncNormalOptions): Tensor {
  if (arguments.length > 2) refuseSurplus('truncNormal_', arguments, 2);
  const op = 'init.truncNormal_';
  const known = checkOptions(op, options, ['mean', 'std', 'a', 'b', 'generator']);
  const { generator } = known;
  checkFloating(op, x);
  const number = (name: 'mean' | 'std' | 'a' | 'b', preset: number): number =>
    checkNumber(op, name, known[name] === undefined ? preset : known[name]);
  const [mean, std, a, b] = [number('mean', 0), number('std', 1), number('a', -2), number('b', 2)];
  if (!(std > 0 && a < b && Number.isFinite(mean))) {
    fail(
      'OUT_OF_RANGE',
      `${op}: expected std > 0, a < b and a finite mean, got std=${std}, a=${a}, b=${b}, mean=${mean}`,
    );
  }
  if (mean < a - 2 * std || mean > b + 2 * std) {
    process.emitWarning(`${op}: mean is more than 2 std from [a, b]. The distribution of values may be incorrect.`);
  }
  const round = (value: number): number => roundTo(x.dtype, value);
  const target: Target = { x, mean, std, a, b, generator, round };
  return noGrad(() => {
    const values = massBetween((a - mean) / std, (b - mean) / std) > 0.3 ? redrawn(target) : accepted(target);
    if (values !== null) {
      const source = rawFrom(values, x._shape, x.dtype);
      rawCopy(source, x);
      source.dispose();
    }
    return x;
  });
}

/** The share of the standard normal distribution between two bounds. */
function massBetween(low: number, high: number): number {
  const bounds = fromTypedArray(Float64Array.of(low / Math.SQRT2, high / Math.SQRT2), [2]);
  const [below, above] = erf(bounds).toTypedArray() as Float64Array;
  return (above! - below!) / 2;
}

/** Fills `x`, whose elements then come as an array. */
function drawn(x: Tensor, fill: (x: Tensor) => Tensor): Values {
  return fill(x).toTypedArray() as Values;
}

/** Normal numbers, those outside of the bounds replaced until there are none; null where x has the result already. */
function redrawn({ x, mean, std, a, b, generator, round }: Target): Values | null {
  const fill = (y: Tensor): Tensor => normal_(y, mean, std, { generator });
  const low = round(a);
  const high = round(b);
  const outside = (value: number): boolean => value < low || value > high;
  const values = drawn(x, fill);
  if (!values.some(outside)) return null;
  const again = rawEmptyLike(x);
  do {
    // Every element is drawn each time, as PyTorch does: the number of draws decides what comes after.
    const fresh = drawn(again, fill);
    for (let i = 0; i < values.length; i++) if (outside(values[i]!)) values[i] = fresh[i]!;
  } while (values.some(outside));
  again.dispose();
  return values;
}

/** Uniform numbers, each accepted with a probability proportional to the density there. */
function accepted({ x, mean, std, a, b, generator, round }: Target): Values {
  const mode = Math.max(a, Math.min(mean, b));
  const peak = round(-0.5 * ((mode - mean) / std) ** 2);
  // Rounded step by step, as the tensor operations of PyTorch's formula are.
  const logDensity = (value: number): number => {
    const z = round(round(value - round(mean)) / round(std));
    return round(round(z * z) * -0.5 - peak);
  };
  const candidates = rawEmptyLike(x);
  const tosses = rawEmptyLike(x);
  const values = drawn(x, (y) => uniform_(y, a, b, { generator }));
  let fresh = values;
  const pending = new Uint8Array(values.length).fill(1);
  for (;;) {
    const toss = drawn(tosses, (y) => uniform_(y, 0, 1, { generator }));
    let left = 0;
    for (let i = 0; i < values.length; i++) {
      if (pending[i] === 0) continue;
      values[i] = fresh[i]!;
      pending[i] = round(Math.log(toss[i]!)) > logDensity(fresh[i]!) ? 1 : 0;
      left += pending[i]!;
    }
    if (left === 0) break;
    fresh = drawn(candidates, (y) => uniform_(y, a, b, { generator }));
  }
  candidates.dispose();
  tosses.dispose();
  return values;
}

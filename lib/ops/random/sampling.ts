import { inplaceOf } from '../../autograd/inplace.js';
import { defineOp } from '../../autograd/op.js';
import { rawContiguous } from '../../raw/copy.js';
import { rawEmpty, rawFull } from '../../raw/create.js';
import { binaryKernel } from '../../raw/elementwise.js';
import { rawBernoulli, rawEmptyLike, rawMultinomial, rawRandom, rawSample } from '../../raw/random.js';
import { argReduceKernel } from '../../raw/reduce.js';
import { rawTopk } from '../../raw/sort.js';
import { refuseSurplus } from '../../tensor/arguments.js';
import { describe, fail } from '../../tensor/errors.js';
import { checkGenerator, type Generator, type RandomOptions } from '../../tensor/generator.js';
import { checkInteger, checkNumber, checkOptions } from '../../tensor/options.js';
import { broadcastShapes, sameShape, showShape } from '../../tensor/shape.js';
import { checkTensor, Tensor } from '../../tensor/tensor.js';
import { rawReshape } from '../../tensor/view.js';
import { zerosAs } from '../broadcast.js';
import {
  checkBound,
  checkFloating,
  checkPositive,
  checkProbability,
  checkRange,
  checkStd,
  generatorOf,
} from './checks.js';

// Random numbers as methods. The same seed gives PyTorch's numbers; the gradient of what a draw replaces is zero.

type Fill<A extends readonly unknown[]> = (x: Tensor, generator: Generator, ...args: A) => void;

/** The in-place op of a fill. */
function filling<A extends readonly (number | Tensor | readonly [number, number] | null)[]>(
  name: string,
  fill: Fill<A>,
) {
  const drawn = defineOp({
    name: name.slice(0, -1),
    forward: (x: Tensor, generator: Generator, ...args: A): Tensor => {
      const out = rawEmptyLike(x);
      fill(out, generator, ...args);
      return out;
    },
    backward: ({ args: [, , ...args], needs }, g) => [
      zerosAs(g),
      ...args
        .filter((arg) => arg instanceof Tensor)
        .map((p, i) => (needs[i + 1] ? rawFull(p._shape, 0, p.dtype) : null)),
    ],
  });
  return inplaceOf(name, drawn, (x, generator, ...args) => {
    fill(x, generator, ...args);
    return true;
  });
}

const uniformFill = filling('uniform_', (x, generator, from: number, to: number) =>
  rawSample(generator, 'uniform', x, from, to),
);

/**
 * Fills x with numbers uniform in [from, to), default [0, 1).
 *
 * @example
 * manualSeed(0);
 * empty([2]).uniform_(-1, 1).toArray(); // [-0.00748682…, 0.53644359…]
 */
export function uniform_(x: Tensor, from = 0, to = 1, options?: RandomOptions): Tensor {
  if (arguments.length > 4) refuseSurplus('uniform_', arguments, 4);
  checkFloating('uniform_', x);
  const low = checkBound('uniform_', 'from', from, x.dtype);
  const high = checkBound('uniform_', 'to', to, x.dtype);
  if (low > high) {
    fail('OUT_OF_RANGE', `uniform_: expects to return a [from, to) range, but found from=${low} > to=${high}`);
  }
  checkBound('uniform_', 'to - from', high - low, x.dtype);
  return uniformFill(x, generatorOf('uniform_', options), low, high);
}

const normalFill = filling('normal_', (x, generator, mean: number, std: number) =>
  rawSample(generator, 'normal', x, mean, std),
);

/** Fills x with numbers of the normal distribution, default mean 0 and standard deviation 1. */
export function normal_(x: Tensor, mean = 0, std = 1, options?: RandomOptions): Tensor {
  if (arguments.length > 4) refuseSurplus('normal_', arguments, 4);
  checkFloating('normal_', x);
  const middle = checkNumber('normal_', 'mean', mean);
  return normalFill(x, generatorOf('normal_', options), middle, checkStd('normal_', std));
}

const logNormalFill = filling('logNormal_', (x, generator, mean: number, std: number) =>
  rawSample(generator, 'logNormal', x, mean, std),
);

/** Fills x with exp of normal numbers; `mean` and `std` are those of the logarithm, default 1 and 2. */
export function logNormal_(x: Tensor, mean = 1, std = 2, options?: RandomOptions): Tensor {
  if (arguments.length > 4) refuseSurplus('logNormal_', arguments, 4);
  checkFloating('logNormal_', x);
  const middle = checkNumber('logNormal_', 'mean', mean);
  return logNormalFill(x, generatorOf('logNormal_', options), middle, checkPositive('logNormal_', 'std', std));
}

const cauchyFill = filling('cauchy_', (x, generator, median: number, sigma: number) =>
  rawSample(generator, 'cauchy', x, median, sigma),
);

/** Fills x with numbers of the Cauchy distribution, default median 0 and scale 1. */
export function cauchy_(x: Tensor, median = 0, sigma = 1, options?: RandomOptions): Tensor {
  if (arguments.length > 4) refuseSurplus('cauchy_', arguments, 4);
  checkFloating('cauchy_', x);
  const middle = checkNumber('cauchy_', 'median', median);
  return cauchyFill(x, generatorOf('cauchy_', options), middle, checkPositive('cauchy_', 'sigma', sigma));
}

const exponentialFill = filling('exponential_', (x, generator, rate: number) =>
  rawSample(generator, 'exponential', x, rate, 0),
);

/** Fills x with numbers of density lambd · e^(−lambd · t), default rate 1. */
export function exponential_(x: Tensor, lambd = 1, options?: RandomOptions): Tensor {
  if (arguments.length > 3) refuseSurplus('exponential_', arguments, 3);
  checkFloating('exponential_', x);
  return exponentialFill(x, generatorOf('exponential_', options), checkPositive('exponential_', 'lambd', lambd));
}

const geometricFill = filling('geometric_', (x, generator, p: number) => rawSample(generator, 'geometric', x, p, 0));

/** Fills x with the numbers of trials until the first success of probability p in (0, 1). Any dtype but bool. */
export function geometric_(x: Tensor, p: number, options?: RandomOptions): Tensor {
  if (arguments.length > 3) refuseSurplus('geometric_', arguments, 3);
  if (checkTensor('geometric_', x).dtype === 'bool')
    fail('DTYPE_MISMATCH', 'geometric_: x must be of a number dtype, got bool');
  const chance = checkNumber('geometric_', 'p', p);
  if (!(chance > 0 && chance < 1)) {
    fail('OUT_OF_RANGE', `geometric_: expects p to be in (0, 1), but got p=${chance}`);
  }
  return geometricFill(x, generatorOf('geometric_', options), chance);
}

const bernoulliFill = filling('bernoulli_', (x, generator, p: number | Tensor) => rawBernoulli(generator, x, p));

/** Fills x with 1 where a toss of probability p (default 0.5; a number, or a tensor that broadcasts to x) succeeds, else 0. */
export function bernoulli_(x: Tensor, p: number | Tensor = 0.5, options?: RandomOptions): Tensor {
  if (arguments.length > 3) refuseSurplus('bernoulli_', arguments, 3);
  checkTensor('bernoulli_', x);
  const generator = generatorOf('bernoulli_', options);
  if (!(p instanceof Tensor)) return bernoulliFill(x, generator, checkProbability('bernoulli_', p));
  checkFloating('bernoulli_', p);
  if (!sameShape(broadcastShapes('bernoulli_', x._shape, p._shape), x._shape)) {
    fail(
      'SHAPE_MISMATCH',
      `bernoulli_: p of shape ${showShape(p._shape)} does not broadcast to x of shape ${showShape(x._shape)}`,
    );
  }
  return bernoulliFill(x, generator, p);
}

const bernoulliOp = defineOp({
  name: 'bernoulli',
  forward: (p: Tensor, generator: Generator): Tensor => {
    const out = rawEmpty(p._shape, p.dtype); // row-major, unlike the …Like functions: PyTorch's choice
    rawBernoulli(generator, out, p);
    return out;
  },
  backward: (_ctx, g) => [zerosAs(g)],
});

/**
 * 1 with the probability that stands at the element's place in p, else 0; p's shape and dtype.
 *
 * @example
 * bernoulli(tensor([0, 1])).toArray(); // [0, 1]
 */
export function bernoulli(p: Tensor, options?: RandomOptions): Tensor {
  if (arguments.length > 2) refuseSurplus('bernoulli', arguments, 2);
  checkFloating('bernoulli', p);
  return bernoulliOp(p, generatorOf('bernoulli', options));
}

const randomFill = filling('random_', (x, generator, range: readonly [number, number] | null) =>
  rawRandom(generator, x, range),
);

/**
 * Fills x with integers: `random_(to)` from [0, to), `random_(from, to)` from [from, to), `random_()` from 0 to the
 * dtype's largest value (2^24 for float32, 2^53 for float64). Any dtype.
 */
export function random_(x: Tensor, from?: number, to?: number, options?: RandomOptions): Tensor {
  if (arguments.length > 4) refuseSurplus('random_', arguments, 4);
  checkTensor('random_', x);
  const generator = generatorOf('random_', options);
  if (from === undefined) {
    if (to !== undefined) fail('BAD_ARGUMENT', `random_: expected random_(from, to), got ${describe(to)} for to alone`);
    return randomFill(x, generator, null);
  }
  const [low, high] = to === undefined ? [0, from] : [from, to];
  return randomFill(x, generator, checkRange('random_', low, high, x.dtype));
}

export interface MultinomialOptions extends RandomOptions {
  /** Whether a category can be drawn again; default false. */
  replacement?: boolean;
}

const divRaw = binaryKernel('div');
const argmaxRaw = argReduceKernel('argmax');

/**
 * Draws `numSamples` category indices (int64) by the weights in x, [categories] → [samples] or
 * [rows, categories] → [rows, samples]. Weights need not sum to 1.
 *
 * @example
 * multinomial(tensor([0, 3, 0]), 1).toArray(); // [1]
 */
export function multinomial(x: Tensor, numSamples: number, options?: MultinomialOptions): Tensor {
  if (arguments.length > 3) refuseSurplus('multinomial', arguments, 3);
  const op = 'multinomial';
  const { replacement = false, generator } = checkOptions(op, options, ['replacement', 'generator']);
  checkFloating(op, x);
  checkInteger(op, 'numSamples', numSamples);
  if (x.ndim !== 1 && x.ndim !== 2)
    fail('SHAPE_MISMATCH', `${op}: weights must be 1 or 2 dim, got shape ${showShape(x._shape)}`);
  const categories = x._shape.at(-1)!;
  if (numSamples < 1) fail('OUT_OF_RANGE', `${op}: cannot sample numSamples <= 0 samples, got ${numSamples}`);
  if (!replacement && numSamples > categories) {
    fail('OUT_OF_RANGE', `${op}: cannot sample ${numSamples} of ${categories} categories without replacement`);
  }
  if (categories > 2 ** 24) fail('OUT_OF_RANGE', `${op}: number of categories cannot exceed 2^24, got ${categories}`);
  checkWeights(x, categories);
  const rows = x.ndim === 1 ? rawReshape(rawContiguous(x), [1, categories]) : x;
  const source = checkGenerator(op, generator);
  const out = replacement ? rawMultinomial(source, rows, numSamples) : drawn(rows, numSamples, source);
  return x.ndim === 1 ? rawReshape(out, [numSamples]) : out;
}

/** The largest of weight / exponential draw are a sample without replacement (the Gumbel-max trick, exponentiated). */
function drawn(p: Tensor, samples: number, generator: Generator): Tensor {
  const q = rawEmptyLike(p);
  rawSample(generator, 'exponential', q, 1, 0);
  const keys = divRaw(p, q);
  return samples === 1 ? argmaxRaw(keys, 1, true) : rawTopk(keys, 1, samples, true)[1];
}

function checkWeights(x: Tensor, categories: number): void {
  const weights = x.toTypedArray() as Float32Array | Float64Array;
  for (let row = 0; row < weights.length; row += categories) {
    let sum = 0;
    for (let i = row; i < row + categories; i++) {
      const weight = weights[i]!;
      if (!(weight >= 0 && weight < Infinity)) {
        fail('OUT_OF_RANGE', `multinomial: probability tensor contains either inf, nan or element < 0: ${weight}`);
      }
      sum += weight;
    }
    if (sum <= 0) fail('OUT_OF_RANGE', 'multinomial: invalid multinomial distribution (sum of probabilities <= 0)');
  }
}

import { codesOf } from '../tensor/codes.js';
import { DTYPES, type DType } from '../tensor/dtype.js';
import type { Generator } from '../tensor/generator.js';
import { addon, put } from '../tensor/runtime.js';
import type { Shape } from '../tensor/shape.js';
import { handleOf, makeTensor, stridesOf, type Tensor } from '../tensor/tensor.js';
import { rawEmpty } from './create.js';

// As raw.ts, for what draws from a generator: x is filled in place, in memory order.

const DISTRIBUTIONS = codesOf('distribution', ['uniform', 'normal', 'exponential', 'logNormal', 'cauchy', 'geometric']);
export type Distribution = keyof typeof DISTRIBUTIONS;

export function rawSample(generator: Generator, distribution: Distribution, x: Tensor, a: number, b: number): void {
  addon.sample(generator._native, DISTRIBUTIONS[distribution], handleOf(`${distribution}_`, x), a, b);
}

/** Integers in [low, high); without bounds, over the dtype's whole non-negative range. */
export function rawRandom(generator: Generator, x: Tensor, range: readonly [low: number, high: number] | null): void {
  if (range === null) addon.randomFull(generator._native, handleOf('random_', x));
  else addon.randomFromTo(generator._native, handleOf('random_', x), range[0], range[1]);
}

export function rawRandperm(generator: Generator, x: Tensor): void {
  addon.randperm(generator._native, handleOf('randperm', x));
}

/** `value` with probability p, else 0. */
export function rawBernoulli(generator: Generator, x: Tensor, p: number | Tensor, value = 1): void {
  if (typeof p === 'number') addon.bernoulli(generator._native, handleOf('bernoulli_', x), p, value);
  else addon.bernoulliTensor(generator._native, handleOf('bernoulli_', x), handleOf('bernoulli_', p));
}

/** Indices [rows, samples] drawn with replacement by the weights p [rows, categories]. */
export function rawMultinomial(generator: Generator, p: Tensor, samples: number): Tensor {
  const out = makeTensor([p._shape[0]!, samples], 'int64');
  out._handle = addon.multinomial(generator._native, handleOf('multinomial', p), samples, out);
  return out;
}

/**
 * Uninitialised memory without gaps in x's shape and its order of dimensions: PyTorch's `empty_like`. Filling in memory
 * order makes the order part of the result.
 */
export function rawEmptyLike(x: Tensor, dtype: DType = x.dtype): Tensor {
  if (x.isContiguous()) return rawEmpty(x._shape, dtype);
  const strides = denseStrides(x._shape, stridesOf(x));
  const out = makeTensor(x._shape, dtype);
  const memory = addon.empty(DTYPES[dtype].id, put([x.numel]), null);
  put(x._shape);
  put(strides, x._shape.length);
  out._handle = addon.view(memory, x._shape.length, 0, out);
  out._strides = strides;
  addon.dispose(memory);
  return out;
}

/** Strides without gaps that keep the order of the given ones. A repeated dimension (stride 0) keeps its place. */
function denseStrides(shape: Shape, strides: Shape): number[] {
  const order = shape.map((_, i) => shape.length - 1 - i); // innermost first
  for (let i = 1; i < order.length; i++) {
    let moving = i;
    for (let inner = i - 1; inner >= 0; inner--) {
      const a = strides[order[inner]!]!;
      const b = strides[order[moving]!]!;
      if (a === 0 || b === 0) continue;
      const wrong = a > b || (a === b && shape[order[inner]!]! > shape[order[moving]!]!);
      if (!wrong && a < b) break;
      if (!wrong) continue;
      [order[inner], order[moving]] = [order[moving]!, order[inner]!];
      moving = inner;
    }
  }
  const dense = new Array<number>(shape.length);
  let step = 1;
  for (const dim of order) {
    dense[dim] = step;
    step *= Math.max(1, shape[dim]!);
  }
  return dense;
}

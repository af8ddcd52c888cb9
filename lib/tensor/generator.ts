import { randomBytes } from 'node:crypto';
import type { GeneratorHandle } from '../native/addon.js';
import { refuseSurplus } from './arguments.js';
import { brand } from './copies.js';
import { describe, fail } from './errors.js';
import { addon } from './runtime.js';

/**
 * A stream of random numbers of its own, for a computation that must not disturb the default one. The same seed gives
 * the numbers of PyTorch's CPU generator. It starts from a fixed seed, as PyTorch's does; `seed()` takes a random one.
 *
 * @example
 * const generator = new Generator().manualSeed(7);
 * randperm(5, { generator }); // leaves the default generator where it was
 */
export class Generator {
  /** @internal */
  readonly _native: GeneratorHandle = addon.createGenerator();

  constructor() {
    if (arguments.length > 0) refuseSurplus('Generator', arguments, 0);
  }

  /** Starts over from `seed`, an integer of 64 bits (a number or a bigint); a negative one is taken modulo 2^64. */
  manualSeed(seed: number | bigint): this {
    if (arguments.length > 1) refuseSurplus('manualSeed', arguments, 1);
    addon.seedGenerator(this._native, checkSeed(seed));
    return this;
  }

  /** Starts over from a seed that the system's entropy gives, and returns it. */
  seed(): bigint {
    if (arguments.length > 0) refuseSurplus('seed', arguments, 0);
    const seed = randomBytes(8).readBigUInt64LE();
    addon.seedGenerator(this._native, seed);
    return seed;
  }

  /** The seed it last started from. */
  initialSeed(): bigint {
    if (arguments.length > 0) refuseSurplus('initialSeed', arguments, 0);
    return addon.seedOf(this._native);
  }

  /** A generator that will give the same numbers as this one from here on. */
  clone(): Generator {
    if (arguments.length > 0) refuseSurplus('clone', arguments, 0);
    return new Generator().setState(this);
  }

  /** Puts this generator where `other` is. */
  setState(other: Generator): this {
    if (arguments.length > 1) refuseSurplus('setState', arguments, 1);
    if (!(other instanceof Generator))
      fail('WRONG_TYPE', `setState: other must be a Generator, got ${describe(other)}`);
    addon.copyGenerator(other._native, this._native);
    return this;
  }

  /** Refuses: JSON does not hold a generator's state. */
  toJSON(): never {
    return fail('WRONG_TYPE', 'toJSON: a Generator has no form in JSON; keep a clone() of it, or its initialSeed()');
  }
}

brand(Generator);

function checkSeed(seed: unknown): bigint {
  if (typeof seed !== 'bigint' && !Number.isSafeInteger(seed)) {
    fail('WRONG_TYPE', `manualSeed: expected an integer (a bigint past 2^53), got ${describe(seed)}`);
  }
  const value = BigInt(seed as number | bigint);
  if (value < -(2n ** 63n) || value >= 2n ** 64n) {
    fail('OUT_OF_RANGE', `manualSeed: the seed must lie in [-2^63, 2^64), got ${value}`);
  }
  return BigInt.asUintN(64, value);
}

/** What random functions draw from when no generator is given; every worker has one. */
export const defaultGenerator = new Generator();
defaultGenerator.seed();

/**
 * Starts the default generator over from `seed`: what follows draws the numbers that PyTorch draws after
 * `torch.manual_seed` on the CPU. Returns the generator.
 *
 * @example
 * manualSeed(0);
 * randn([2]).toArray(); // [1.5409960746765137, -0.293428897857666]
 */
export function manualSeed(seed: number | bigint): Generator {
  if (arguments.length > 1) refuseSurplus('manualSeed', arguments, 1);
  return defaultGenerator.manualSeed(seed);
}

/** Starts the default generator over from a random seed, and returns that seed. */
export function seed(): bigint {
  if (arguments.length > 0) refuseSurplus('seed', arguments, 0);
  return defaultGenerator.seed();
}

/** The seed from which the default generator last started. */
export function initialSeed(): bigint {
  if (arguments.length > 0) refuseSurplus('initialSeed', arguments, 0);
  return defaultGenerator.initialSeed();
}

export interface RandomOptions {
  /** Draws from this generator instead of the default one. */
  generator?: Generator;
}

/** The generator that an options object names, or the default one. */
export function checkGenerator(op: string, generator: unknown): Generator {
  if (generator === undefined || generator === null) return defaultGenerator;
  if (!(generator instanceof Generator)) {
    fail('WRONG_TYPE', `${op}: generator must be a Generator, got ${describe(generator)}`);
  }
  return generator;
}

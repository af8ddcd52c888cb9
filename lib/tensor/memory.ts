import { refuseSurplus } from './arguments.js';
import { context, outlive, Scope, withContext } from './context.js';
import { describe, fail } from './errors.js';
import { addon } from './runtime.js';
import { checkTensor, DISPOSED_BY, Tensor } from './tensor.js';

/**
 * Runs `fn` and then disposes of every tensor made inside, but those it returns (also within arrays, plain objects,
 * Maps and Sets), those given to `keep`, and what belongs to something that outlives it: parameters, gradients in
 * `.grad`, the state of optimizers, tensors assigned to a property of a module. Graphs stay intact: what a pending
 * backward saved is freed with the graph. An async `fn` is tidied when it settles. When `fn` throws, everything made
 * inside is disposed of.
 *
 * @example
 * const y = tidy(() => x.mul(2).add(1).relu()); // the two intermediates are freed at once
 */
export function tidy<R>(fn: () => R): R {
  if (arguments.length > 1) refuseSurplus('tidy', arguments, 1);
  if (typeof fn !== 'function') fail('WRONG_TYPE', `tidy: expected a function, got ${describe(fn)}`);
  const outer = context().scope;
  const scope = new Scope(outer);
  const finish = (result: unknown): void => {
    for (const kept of tensorsIn(result)) if (scope.delete(kept)) outer?.add(kept);
    for (const x of scope) (x as Tensor)._dispose(DISPOSED_BY.tidy);
  };
  let result: R;
  try {
    result = withContext({ scope }, fn);
  } catch (error) {
    finish(undefined);
    throw error;
  }
  if (!isThenable(result)) {
    finish(result);
    return result;
  }
  return result.then(
    (value) => {
      finish(value);
      return value;
    },
    (error: unknown) => {
      finish(undefined);
      throw error;
    },
  ) as R;
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}

function tensorsIn(root: unknown): Set<Tensor> {
  const tensors = new Set<Tensor>();
  const seen = new Set<object>();
  const pending = [root];
  while (pending.length > 0) {
    const value = pending.pop();
    if (typeof value !== 'object' || value === null || seen.has(value)) continue;
    seen.add(value);
    if (value instanceof Tensor) tensors.add(value);
    else if (value instanceof Map) for (const entry of value) pending.push(...entry);
    else if (Array.isArray(value) || value instanceof Set) for (const item of value) pending.push(item);
    else for (const item of Object.values(value)) pending.push(item);
  }
  return tensors;
}

/**
 * Exempts a tensor from every surrounding `tidy`, and returns it.
 *
 * @example
 * const kept = tidy(() => {
 *   keep(x.mul(2)); // outlives the tidy that did not return it
 *   return x.add(1);
 * });
 */
export function keep<T extends Tensor>(x: T): T {
  if (arguments.length > 1) refuseSurplus('keep', arguments, 1);
  checkTensor('keep', x);
  outlive(x);
  return x;
}

/** As `keep`, of every tensor that a value holds: what is handed to something that outlives the surrounding `tidy`. */
export function keepAll(value: unknown): void {
  if (context().scope !== null) for (const x of tensorsIn(value)) outlive(x);
}

/** Native memory, in bytes but for the counts. */
export interface MemoryInfo {
  /** Held by the tensors of this thread; views and shared memory count once. */
  readonly bytes: number;
  /** Live tensors of this thread. */
  readonly tensors: number;
  /** Held by all tensors of the process, shared memory counted once. */
  readonly processBytes: number;
  /** Blocks of memory behind `processBytes`. */
  readonly processStorages: number;
  /** Freed memory kept warm for the next tensor; `emptyCache` gives back what it can. */
  readonly cachedBytes: number;
  /** The highest `processBytes` since the start or `resetPeakMemory`. */
  readonly peakBytes: number;
}

const counters = new Float64Array(6);

/**
 * What tensors hold of native memory now.
 *
 * @example
 * memory().tensors; // how many tensors are alive
 */
export function memory(): MemoryInfo {
  if (arguments.length > 0) refuseSurplus('memory', arguments, 0);
  addon.memory(counters);
  const [bytes, tensors, processBytes, processStorages, cachedBytes, peakBytes] = counters as unknown as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  return { bytes, tensors, processBytes, processStorages, cachedBytes, peakBytes };
}

/** Lets `memory().peakBytes` start anew from what is held now. */
export function resetPeakMemory(): void {
  if (arguments.length > 0) refuseSurplus('resetPeakMemory', arguments, 0);
  addon.resetPeak();
}

/**
 * Gives the memory of freed tensors, kept for reuse, back to the system; small tensors share pages, which stay while one
 * of them lives.
 *
 * @example
 * emptyCache();
 * memory().cachedBytes; // less than before
 */
export function emptyCache(): void {
  if (arguments.length > 0) refuseSurplus('emptyCache', arguments, 0);
  addon.releaseCache();
}

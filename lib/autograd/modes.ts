import { refuseSurplus } from '../tensor/arguments.js';
import { type Context, context, withContext } from '../tensor/context.js';
import { describe, fail } from '../tensor/errors.js';

function inMode<R>(name: string, change: { grad: boolean; inference?: boolean }, fn: () => R): R {
  if (typeof fn !== 'function') fail('WRONG_TYPE', `${name}: expected a function, got ${describe(fn)}`);
  const result = withContext(change, fn);
  return isGenerator(result) ? inModeThroughout(result, change) : result;
}

interface Resumable {
  next(value?: unknown): unknown;
  return(value?: unknown): unknown;
  throw(error: unknown): unknown;
}

function isGenerator<R>(value: R): value is R & Resumable {
  const tag = Object.prototype.toString.call(value);
  return tag === '[object Generator]' || tag === '[object AsyncGenerator]';
}

/** The body of a generator runs when it is resumed, long after the function that made it returned. */
function inModeThroughout<R extends Resumable>(generator: R, change: Partial<Context>): R {
  const resume = (method: 'next' | 'return' | 'throw') => (value?: unknown) =>
    withContext(change, () => generator[method](value));
  return Object.create(generator, {
    next: { value: resume('next') },
    return: { value: resume('return') },
    throw: { value: resume('throw') },
  }) as R;
}

/**
 * Runs `fn` without recording for differentiation; results do not require grad. The mode ends with `fn`, also when it
 * throws, and follows an async `fn` through its awaits without leaking out of it.
 *
 * @example
 * const y = noGrad(() => model(x)); // y.requiresGrad is false
 */
export function noGrad<R>(fn: () => R): R {
  if (arguments.length > 1) refuseSurplus('noGrad', arguments, 1);
  return inMode('noGrad', { grad: false }, fn);
}

/**
 * Records again inside `noGrad`; has no effect inside `inferenceMode`.
 *
 * @example
 * const x = ones([1], { requiresGrad: true });
 * noGrad(() => enableGrad(() => x.mul(2))).requiresGrad; // true
 */
export function enableGrad<R>(fn: () => R): R {
  if (arguments.length > 1) refuseSurplus('enableGrad', arguments, 1);
  return inMode('enableGrad', { grad: !context().inference }, fn);
}

/**
 * As `noGrad`, and the tensors made inside can never be saved for backward later.
 *
 * @example
 * inferenceMode(() => model(x)).requiresGrad; // false
 */
export function inferenceMode<R>(fn: () => R): R {
  if (arguments.length > 1) refuseSurplus('inferenceMode', arguments, 1);
  return inMode('inferenceMode', { grad: false, inference: true }, fn);
}

/** Whether operations are being recorded here. */
export function isGradEnabled(): boolean {
  if (arguments.length > 0) refuseSurplus('isGradEnabled', arguments, 0);
  return context().grad;
}

/** Whether this runs inside `inferenceMode`. */
export function isInferenceModeEnabled(): boolean {
  if (arguments.length > 0) refuseSurplus('isInferenceModeEnabled', arguments, 0);
  return context().inference;
}

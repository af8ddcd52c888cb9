import { context, withContext } from '../tensor/context.js';
import { describe, fail } from '../tensor/errors.js';

function inMode<R>(name: string, change: { grad: boolean; inference?: boolean }, fn: () => R): R {
  if (typeof fn !== 'function') fail('WRONG_TYPE', `${name}: expected a function, got ${describe(fn)}`);
  return withContext(change, fn);
}

/**
 * Runs `fn` without recording for differentiation; results do not require grad. The mode ends with `fn`, also when it
 * throws, and follows an async `fn` through its awaits without leaking out of it.
 *
 * @example
 * const y = noGrad(() => model(x)); // y.requiresGrad is false
 */
export function noGrad<R>(fn: () => R): R {
  return inMode('noGrad', { grad: false }, fn);
}

/** Records again inside `noGrad`; has no effect inside `inferenceMode`. */
export function enableGrad<R>(fn: () => R): R {
  return inMode('enableGrad', { grad: !context().inference }, fn);
}

/** As `noGrad`, and the tensors made inside can never be saved for backward later. */
export function inferenceMode<R>(fn: () => R): R {
  return inMode('inferenceMode', { grad: false, inference: true }, fn);
}

/** Whether operations are being recorded here. */
export function isGradEnabled(): boolean {
  return context().grad;
}

/** Whether this runs inside `inferenceMode`. */
export function isInferenceModeEnabled(): boolean {
  return context().inference;
}

import { describe, FlambeauError, makeError } from '../../tensor/errors.js';
import { showShape } from '../../tensor/shape.js';
import { Tensor } from '../../tensor/tensor.js';
import type { Module } from './module.js';
import { printModule } from './print.js';
import { classNameOf, type ModuleState } from './state.js';
import { namedModules } from './traverse.js';

/** Where a forward failed. */
interface Failure {
  /** The module that was called last on the way up. */
  readonly caller: Module;
  /** From `caller` to the module that failed; empty when they are the same. */
  readonly path: string;
  readonly original: Error;
  /** The failed module's printed form and what it was given. */
  readonly details: string;
}

const failures = new WeakMap<Error, Failure>();

/** Errors of calling what has no forward: they say all there is to say about the module itself. */
const uncallable = new WeakSet<Error>();

/**
 * The error to throw from a failed call: it names the path from the outermost module called to the one that failed,
 * prints that module and its input shapes, and keeps the original as `cause`. Each call on the way up adds its part.
 */
export function explainFailure(state: ModuleState, error: unknown, inputs: readonly unknown[]): unknown {
  if (!(error instanceof Error)) return error;
  const inner = failures.get(error);
  if (inner === undefined && isUncallable(error)) return error;
  const failure: Failure =
    inner === undefined
      ? { caller: state.self, path: '', original: error, details: describeCall(state, inputs) }
      : { ...inner, caller: state.self, path: extend(state, inner) };
  const path = failure.path === '' ? '' : `.${failure.path}`;
  const explained = makeError(
    'FORWARD_FAILED',
    `${classNameOf(state.self)}${path}: ${failure.original.message}\n${failure.details}`,
    { cause: failure.original },
  );
  failures.set(explained, failure);
  return explained;
}

function isUncallable(error: Error): boolean {
  if (!(error instanceof FlambeauError) || error.code !== 'MISSING_FORWARD' || uncallable.has(error)) return false;
  uncallable.add(error);
  return true;
}

function extend(state: ModuleState, inner: Failure): string {
  if (inner.caller === state.self) return inner.path;
  const rest = inner.path === '' ? '' : `.${inner.path}`;
  for (const [name, module] of namedModules(state.self)) {
    if (module === inner.caller && name !== '') return name + rest;
  }
  // Called by this forward, but not registered in it.
  return `(${classNameOf(inner.caller)})${rest}`;
}

function describeCall(state: ModuleState, inputs: readonly unknown[]): string {
  const printed = printModule(state.self).replaceAll('\n', '\n  ');
  return `  in ${printed}\n  given ${inputs.length === 0 ? 'no input' : inputs.map((input) => describeInput(input, 0)).join(', ')}`;
}

// An array may hold itself.
function describeInput(input: unknown, depth: number): string {
  if (input instanceof Tensor) return `${showShape(input._shape)} ${input.dtype}`;
  if (Array.isArray(input) && input.length > 0 && input.length <= 8 && depth < 3) {
    return `[${input.map((element) => describeInput(element, depth + 1)).join(', ')}]`;
  }
  return describe(input);
}

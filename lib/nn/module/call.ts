import { nameOf } from '../../autograd/hooks.js';
import { foreignOrigin } from '../../tensor/copies.js';
import { describe, fail } from '../../tensor/errors.js';
import { type BackwardHooks, backwardHooksOf } from './backwardHooks.js';
import { explainFailure } from './failure.js';
import type { ForwardHook, Hooks } from './hooks.js';
import type { Module } from './module.js';
import { classNameOf, MODULE_CLASS, type ModuleState } from './state.js';

type Forward = (...inputs: readonly unknown[]) => unknown;

/** What `module(...inputs)` does: hooks around forward, and errors that tell where they came from. */
export function callModule(state: ModuleState, inputs: readonly unknown[]): unknown {
  try {
    const output =
      state.hooks === null ? (state.receiver.forward as Forward)(...inputs) : callWithHooks(state, state.hooks, inputs);
    if (!(output instanceof Promise)) return output;
    return output.catch((error: unknown) => {
      throw explainFailure(state, error, inputs);
    });
  } catch (error) {
    throw explainFailure(state, error, inputs);
  }
}

function callWithHooks(state: ModuleState, hooks: Hooks, given: readonly unknown[]): unknown {
  const ran = new Set<unknown>();
  let inputs = given;
  let output: unknown;
  try {
    for (const hook of hooks.forwardPre.current) {
      const result = hook(state.self, inputs);
      if (result === undefined || result === null) continue;
      const list = Array.isArray(result) ? (result as unknown[]) : [result];
      for (const [i, value] of list.entries()) checkReplacement(state, 'forward pre-hook', hook, value, inputs[i]);
      inputs = list;
    }
    const backward = backwardHooksOf(state, hooks);
    if (backward !== null) inputs = backward.wrapInputs(inputs);
    output = (state.receiver.forward as Forward)(...inputs);
    for (const entry of hooks.forward.current) {
      ran.add(entry);
      const result = entry.run(state.self, inputs, output);
      if (result === undefined || result === null) continue;
      checkReplacement(state, 'forward hook', entry.run, result, output);
      output = result;
    }
    return finish(backward, output);
  } catch (error) {
    for (const entry of hooks.forward.current) {
      if (entry.always && !ran.has(entry)) runQuietly(entry.run, state, inputs, output);
    }
    throw error;
  }
}

/**
 * Refuses what a hook returned by mistake: the promise of an async one, the number that `push` gives. A value that is no
 * object takes the place of one of its own type alone.
 */
function checkReplacement(
  state: ModuleState,
  kind: string,
  hook: { readonly name: string },
  value: unknown,
  replaced: unknown,
): void {
  if (replaced instanceof Promise || value === undefined || value === null) return;
  const isObject = typeof value === 'object' && !(value instanceof Promise) && foreignOrigin(value) === null;
  if (isObject || (typeof value !== 'object' && typeof value === typeof replaced)) return;
  fail(
    'WRONG_TYPE',
    `${kind} '${nameOf(hook)}' of ${classNameOf(state.self)} must return what takes the place of ${describe(replaced)}, or nothing; got ${describe(value)}`,
  );
}

const finish = (backward: BackwardHooks | null, output: unknown): unknown =>
  backward === null ? output : backward.wrapOutput(output);

// The error of forward is the one to report; that of a hook which runs because of it would hide it.
function runQuietly(hook: ForwardHook, state: ModuleState, inputs: readonly unknown[], output: unknown): void {
  try {
    hook(state.self, inputs, output);
  } catch (error) {
    process.emitWarning(
      `a forward hook with alwaysCall threw while another error was being handled: ${error instanceof Error ? error.message : String(error)}`,
      'FlambeauWarning',
    );
  }
}

/** The forward of a module that has none. */
export function missingForward(module: Module, advice = ''): never {
  const meant = misspeltForward(module);
  const hint = meant === null ? advice : `; did you mean ${meant} to be it?`;
  return fail('MISSING_FORWARD', `Module [${classNameOf(module)}] is missing the required "forward" function${hint}`);
}

/** A method of the module's classes whose name is one letter, or two exchanged, from "forward". */
function misspeltForward(module: Module): string | null {
  for (let type: object = Object.getPrototypeOf(module); !Object.hasOwn(type, MODULE_CLASS); ) {
    const found = Object.getOwnPropertyNames(type).find(
      (name) => name !== 'forward' && isNear(name.toLowerCase(), 'forward'),
    );
    if (found !== undefined) return found;
    type = Object.getPrototypeOf(type) as object;
  }
  return null;
}

function isNear(a: string, b: string): boolean {
  let start = 0;
  while (start < a.length && a[start] === b[start]) start++;
  let end = 0;
  while (end < Math.min(a.length, b.length) - start && a.at(-1 - end) === b.at(-1 - end)) end++;
  const [p, q] = [a.slice(start, a.length - end), b.slice(start, b.length - end)];
  return Math.max(p.length, q.length) <= 1 || (p.length === 2 && p[0] === q[1] && p[1] === q[0]);
}

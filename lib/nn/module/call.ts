import { fail } from '../../tensor/errors.js';
import { type BackwardHooks, backwardHooksOf } from './backwardHooks.js';
import { explainFailure } from './failure.js';
import type { ForwardHook, Hooks } from './hooks.js';
import type { ModuleState } from './state.js';

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
      if (result !== undefined && result !== null) inputs = Array.isArray(result) ? result : [result];
    }
    const backward = backwardHooksOf(state, hooks);
    if (backward !== null) inputs = backward.wrapInputs(inputs);
    output = (state.receiver.forward as Forward)(...inputs);
    for (const entry of hooks.forward.current) {
      ran.add(entry);
      output = replaced(entry.run(state.self, inputs, output), output);
    }
    return finish(backward, output);
  } catch (error) {
    for (const entry of hooks.forward.current) {
      if (entry.always && !ran.has(entry)) runQuietly(entry.run, state, inputs, output);
    }
    throw error;
  }
}

const replaced = (result: unknown, output: unknown): unknown =>
  result === undefined || result === null ? output : result;

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
export function missingForward(name: string): never {
  return fail('MISSING_FORWARD', `Module [${name}] is missing the required "forward" function`);
}

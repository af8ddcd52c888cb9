import type { RemovableHandle } from '../../autograd/hooks.js';
import type { Gradient } from '../../autograd/node.js';
import { checkFunction, checkSynchronous } from '../../tensor/options.js';
import type { Module } from './module.js';
import type { ModuleState } from './state.js';
import type { LoadPostHook, LoadPreHook, SavePostHook, SavePreHook } from './stateDict.js';

/** Runs before forward; an array that it returns replaces the inputs, any other value becomes the only input. */
export type ForwardPreHook<M = Module> = (module: M, inputs: readonly unknown[]) => unknown;

/** Runs after forward; what it returns, unless undefined or null, replaces the output. */
export type ForwardHook<M = Module> = (module: M, inputs: readonly unknown[], output: unknown) => unknown;

/** Sees the gradients of the outputs before they enter the module's backward, and may replace them. */
export type BackwardPreHook<M = Module> = (
  module: M,
  gradOutput: readonly Gradient[],
) => Gradient | readonly Gradient[] | undefined | void;

/** Sees the gradients of inputs and outputs, and may replace those of the inputs. */
export type BackwardHook<M = Module> = (
  module: M,
  gradInput: readonly Gradient[],
  gradOutput: readonly Gradient[],
) => Gradient | readonly Gradient[] | undefined | void;

export interface HookOptions {
  /** Run before the hooks registered so far instead of after them. */
  readonly prepend?: boolean;
}

export interface ForwardHookOptions extends HookOptions {
  /** Run also when forward, or a hook before it, throws. */
  readonly alwaysCall?: boolean;
}

/** A module's hooks in the order in which they run. */
export class Hooks {
  readonly forwardPre = new HookList<ForwardPreHook>();
  readonly forward = new HookList<{ readonly run: ForwardHook; readonly always: boolean }>();
  readonly backwardPre = new HookList<BackwardPreHook>();
  readonly backward = new HookList<BackwardHook>();

  get isEmpty(): boolean {
    return this.forwardPre.size + this.forward.size + this.backwardPre.size + this.backward.size === 0;
  }
}

/** The hooks of saving and loading a state dict. */
export class StateHooks {
  readonly savePre = new HookList<SavePreHook>();
  readonly savePost = new HookList<SavePostHook>();
  readonly loadPre = new HookList<LoadPreHook>();
  readonly loadPost = new HookList<LoadPostHook>();
}

/** Readers hold the array that they started with: a hook removed or added during a call changes the next one. */
class HookList<H> {
  current: readonly H[] = [];

  get size(): number {
    return this.current.length;
  }

  add(hook: H, prepend: boolean): void {
    this.current = prepend ? [hook, ...this.current] : [...this.current, hook];
  }

  remove(hook: H): void {
    const index = this.current.indexOf(hook);
    if (index !== -1) this.current = this.current.toSpliced(index, 1);
  }
}

/** Registers `entry`, which holds the checked `hook`; the same function may be registered any number of times. */
export function addHook(
  state: ModuleState,
  kind: 'forwardPre' | 'forward' | 'backwardPre' | 'backward',
  entry: unknown,
  prepend: boolean,
): RemovableHandle {
  state.hooks ??= new Hooks();
  const { hooks } = state;
  const remove = addTo(hooks[kind] as HookList<unknown>, entry, prepend);
  return {
    remove: () => {
      remove();
      // A module without hooks takes the short way again.
      if (state.hooks?.isEmpty) state.hooks = null;
    },
  };
}

export function addStateHook(state: ModuleState, kind: keyof StateHooks, hook: unknown): RemovableHandle {
  state.stateHooks ??= new StateHooks();
  return { remove: addTo(state.stateHooks[kind] as HookList<unknown>, hook, false) };
}

// A wrapper of its own for each registration, so that removing one leaves another of the same function in place.
function addTo(list: HookList<unknown>, hook: unknown, prepend: boolean): () => void {
  const entry = typeof hook === 'function' ? hook.bind(undefined) : hook;
  list.add(entry, prepend);
  return () => list.remove(entry);
}

/** A forward hook alone may be async: that of a module whose forward is. */
export function checkHook(op: string, hook: unknown): void {
  if (op === 'registerForwardHook') checkFunction(op, 'a hook', hook);
  else checkSynchronous(op, 'a hook', hook);
}

import type { Tensor } from '../../tensor/tensor.js';
import type { Hooks, StateHooks } from './hooks.js';
import type { Module } from './module.js';
import type { Parameter } from './parameter.js';

/** Where a module keeps its state; also what tells a module from any other value. */
export const STATE = Symbol('flambeau.module');

/**
 * What a module knows of itself. Names live in Maps, which keep insertion order for integer-like names too; each value
 * is also a plain property of `raw`, so that reading `this.weight` costs no lookup.
 */
export interface ModuleState {
  /** The callable that programs hold: a proxy that registers what is assigned. */
  readonly self: Module;
  /** The same module behind the proxy, for reads that must be fast. */
  readonly raw: Module;
  /** `this` of the module's forward: `raw` for built-in layers, which assign nothing there, else `self`. */
  receiver: Module;
  readonly parameters: Map<string, Parameter | null>;
  readonly buffers: Map<string, Tensor | null>;
  readonly nonPersistent: Set<string>;
  readonly children: Map<string, Module | null>;
  /** Plain properties that hold a collection, which may have got modules after it was assigned. */
  readonly collections: Set<string>;
  /** Null until the first hook. */
  hooks: Hooks | null;
  /** Null until the first hook of saving or loading. */
  stateHooks: StateHooks | null;
  /** Of a container whose integer properties are positions: keeps them in step with `children`. */
  list: PositionalState | null;
}

/** The positions of a list-like container. */
export interface PositionalState {
  /** Assigns to an existing position. */
  set(index: number, value: unknown): void;
  /** Deletes a position. */
  delete(index: number): void;
  /** Called after `children` changed. */
  sync(): void;
}

interface HasState {
  readonly [STATE]: ModuleState;
}

export function isModule(value: unknown): value is Module {
  return typeof value === 'function' && STATE in value;
}

/** Module.prototype carries this mark. */
export const MODULE_CLASS = Symbol('flambeau.moduleClass');

/** Own mark of the prototypes of built-in layers, whose forwards assign nothing to `this`. */
export const BUILT_IN = Symbol('flambeau.builtIn');

/** On a prototype: which plain properties its forward reads, and what they may be. */
export const SETTINGS = Symbol('flambeau.settings');

export function markBuiltIn(...layers: readonly { readonly prototype: Module }[]): void {
  for (const layer of layers) Object.defineProperty(layer.prototype, BUILT_IN, { value: true });
}

/** Whether `value` is a class of modules rather than an instance. */
export function isModuleClass(value: unknown): value is { readonly name: string } {
  return typeof value === 'function' && typeof value.prototype === 'object' && MODULE_CLASS in value.prototype;
}

export function stateOf(module: Module): ModuleState {
  return (module as unknown as HasState)[STATE];
}

/** Whether calling the module runs a built-in layer's own forward, and no hook. */
export const runsAlone = ({ hooks, receiver, raw }: ModuleState): boolean => hooks === null && receiver === raw;

/** The name that printing and messages use. */
export function classNameOf(module: Module): string {
  return module.constructor.name || 'Module';
}

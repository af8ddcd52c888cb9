import type { Module } from './module.js';
import { checkCollections } from './registry.js';
import { type ModuleState, stateOf } from './state.js';

export interface TraverseOptions {
  /** Put before every name. */
  readonly prefix?: string;
  /** Yield what is registered under several names once, under the first; default true. */
  readonly removeDuplicate?: boolean;
}

export interface MemberOptions extends TraverseOptions {
  /** Include the members of descendants; default true. */
  readonly recurse?: boolean;
}

/** `module` and its descendants in order of registration, each before its children. */
export function namedModules(module: Module, options: TraverseOptions = {}): [string, Module][] {
  const found: [string, Module][] = [];
  const seen = options.removeDuplicate === false ? null : new Set<Module>();
  const visit = (current: Module, name: string): void => {
    if (seen?.has(current)) return;
    seen?.add(current);
    found.push([name, current]);
    const state = stateOf(current);
    checkCollections(state);
    for (const [key, child] of state.children) if (child !== null) visit(child, join(name, key));
  };
  visit(module, options.prefix ?? '');
  return found;
}

/** What each module's `members` lists, its own before its children's. */
export function namedMembers<V extends object>(
  module: Module,
  members: (state: ModuleState) => ReadonlyMap<string, V | null>,
  options: MemberOptions,
): [string, V][] {
  const found: [string, V][] = [];
  const seen = options.removeDuplicate === false ? null : new Set<V>();
  const owners =
    options.recurse === false
      ? ([[options.prefix ?? '', module]] as [string, Module][])
      : namedModules(module, options);
  if (options.recurse === false) checkCollections(stateOf(module));
  for (const [prefix, owner] of owners) {
    for (const [key, value] of members(stateOf(owner))) {
      if (value === null || seen?.has(value)) continue;
      seen?.add(value);
      found.push([join(prefix, key), value]);
    }
  }
  return found;
}

export const join = (prefix: string, name: string): string => (prefix === '' ? name : `${prefix}.${name}`);

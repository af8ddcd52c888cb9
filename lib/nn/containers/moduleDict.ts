import { refuseSurplus } from '../../tensor/arguments.js';
import { describe, fail } from '../../tensor/errors.js';
import { missingForward } from '../module/call.js';
import { type Layer, Module } from '../module/module.js';
import { checkFreeName, checkModule, setChild, unregister } from '../module/registry.js';
import { classNameOf, stateOf } from '../module/state.js';
import { type EntrySource, readEntries } from './entries.js';

/**
 * Modules by name, registered and otherwise left alone, as in a ModuleList. Reads like a Map in order of insertion; a
 * module that is replaced keeps its place. Names may not contain a dot or be those of its own methods.
 *
 * @example
 * class Net extends nn.Module {
 *   activations = new nn.ModuleDict({ relu: new nn.ReLU(), tanh: new nn.Tanh() });
 *   override forward(x: Tensor, name: 'relu' | 'tanh'): Tensor {
 *     return this.activations.get(name)(x);
 *   }
 * }
 */
export class ModuleDict<D extends Readonly<Record<string, Module>> = Readonly<Record<string, Layer>>> extends Module {
  constructor(modules?: D);
  constructor(modules: Iterable<readonly [string, D[string]]>);
  constructor(modules: EntrySource<Module> = {}) {
    if (arguments.length > 1) refuseSurplus('ModuleDict', arguments, 1);
    super();
    this.update(modules);
  }

  /** The number of modules. */
  get size(): number {
    return stateOf(this).children.size;
  }

  /** The module of this name. Throws when there is none. */
  get<K extends keyof D & string>(key: K): D[K] {
    if (arguments.length > 1) refuseSurplus('get', arguments, 1);
    return (stateOf(this).children.get(key) ?? this.missing('get', key)) as D[K];
  }

  has(key: string): boolean {
    if (arguments.length > 1) refuseSurplus('has', arguments, 1);
    return stateOf(this).children.has(key);
  }

  /** Adds a module, or replaces the one of this name in its place. */
  set(key: string, module: Module): this {
    if (arguments.length > 2) refuseSurplus('set', arguments, 2);
    const state = stateOf(this);
    checkModule(`${classNameOf(this)}.set`, module);
    checkFreeName(state, 'module', key);
    setChild(state, key, module);
    return this;
  }

  /** Removes a module; false when there was none. */
  delete(key: string): boolean {
    if (arguments.length > 1) refuseSurplus('delete', arguments, 1);
    return unregister(stateOf(this), key);
  }

  /** Removes the module of this name and returns it. Throws when there is none. */
  pop<K extends keyof D & string>(key: K): D[K] {
    if (arguments.length > 1) refuseSurplus('pop', arguments, 1);
    const module = (stateOf(this).children.get(key) ?? this.missing('pop', key)) as D[K];
    this.delete(key);
    return module;
  }

  clear(): void {
    if (arguments.length > 0) refuseSurplus('clear', arguments, 0);
    for (const key of [...this.keys()]) this.delete(key);
  }

  /** Adds or replaces the modules of a Map, entries, a plain object or another ModuleDict. */
  update(modules: EntrySource<Module>): this {
    if (arguments.length > 1) refuseSurplus('update', arguments, 1);
    for (const [key, module] of readEntries('ModuleDict.update', modules)) this.set(key, module as Module);
    return this;
  }

  keys(): IterableIterator<keyof D & string> {
    if (arguments.length > 0) refuseSurplus('keys', arguments, 0);
    return stateOf(this).children.keys() as IterableIterator<keyof D & string>;
  }

  values(): IterableIterator<D[keyof D & string]> {
    if (arguments.length > 0) refuseSurplus('values', arguments, 0);
    return stateOf(this).children.values() as IterableIterator<D[keyof D & string]>;
  }

  entries(): IterableIterator<[keyof D & string, D[keyof D & string]]> {
    if (arguments.length > 0) refuseSurplus('entries', arguments, 0);
    return stateOf(this).children.entries() as IterableIterator<[keyof D & string, D[keyof D & string]]>;
  }

  [Symbol.iterator](): IterableIterator<[keyof D & string, D[keyof D & string]]> {
    return this.entries();
  }

  override forward(..._inputs: never[]): never {
    return missingForward(
      this,
      ": it runs nothing by itself; call a module of it in the parent's forward: dict.get(name)(x)",
    );
  }

  private missing(method: string, key: unknown): never {
    const names = [...this.keys()].map((name) => `'${name}'`).join(', ');
    return fail(
      'MODULE_ERROR',
      `${classNameOf(this)}.${method}: there is no ${typeof key === 'string' ? `'${key}'` : `key like ${describe(key)}`}, only ${names === '' ? 'nothing yet' : names}`,
    );
  }
}

import { refuseSurplus } from '../../tensor/arguments.js';
import { DTYPES } from '../../tensor/dtype.js';
import { describe, fail } from '../../tensor/errors.js';
import { checkString } from '../../tensor/options.js';
import { Tensor } from '../../tensor/tensor.js';
import { Module } from '../module/module.js';
import { Parameter } from '../module/parameter.js';
import { checkFreeName, checkName, setParameter, unregister } from '../module/registry.js';
import { classNameOf, stateOf } from '../module/state.js';
import { type EntrySource, readEntries } from './entries.js';
import { asParameter, printValue } from './parameterList.js';

/** In order of insertion: null for a name whose value is a registered parameter, else the value itself in a box. */
const contents = new WeakMap<Module, Map<string, { readonly value: unknown } | null>>();

/**
 * Parameters by name, registered under it. Reads like a Map in order of insertion. Tensors put into it become
 * parameters; other values may be kept beside them.
 *
 * @example
 * class Choice extends nn.Module {
 *   params = new nn.ParameterDict({ left: randn([5, 10]), right: randn([5, 10]) });
 *   override forward(x: Tensor, side: 'left' | 'right'): Tensor {
 *     return this.params.get(side)!.matmul(x);
 *   }
 * }
 */
export class ParameterDict<V = Parameter> extends Module {
  constructor(values: EntrySource<V | Tensor> = {}) {
    if (arguments.length > 1) refuseSurplus('ParameterDict', arguments, 1);
    super();
    contents.set(stateOf(this).self, new Map());
    this.update(values);
  }

  /** The number of values. */
  get size(): number {
    return this.stored().size;
  }

  /** The value of this name, or `otherwise`. */
  get(key: string): V | undefined;
  get<D>(key: string, otherwise: D): V | D;
  get(key: string, otherwise?: unknown): unknown {
    if (arguments.length > 2) refuseSurplus('get', arguments, 2);
    const box = this.stored().get(key);
    if (box === undefined) return otherwise;
    return box === null ? stateOf(this).parameters.get(key) : box.value;
  }

  has(key: string): boolean {
    if (arguments.length > 1) refuseSurplus('has', arguments, 1);
    return this.stored().has(key);
  }

  /** Adds a value, or replaces the one of this name in its place. */
  set(key: string, value: V | Tensor): this {
    if (arguments.length > 2) refuseSurplus('set', arguments, 2);
    const op = `${classNameOf(this)}.set`;
    checkString(op, 'a key', key);
    const state = stateOf(this);
    const wrapped = asParameter(op, value);
    if (wrapped instanceof Parameter) {
      checkFreeName(state, 'parameter', key);
      setParameter(state, key, wrapped);
      this.stored().set(key, null);
    } else {
      checkName(state, 'parameter', key);
      unregister(state, key);
      this.stored().set(key, { value: wrapped });
    }
    return this;
  }

  /** Removes a value; false when there was none. */
  delete(key: string): boolean {
    if (arguments.length > 1) refuseSurplus('delete', arguments, 1);
    unregister(stateOf(this), key);
    return this.stored().delete(key);
  }

  /** Removes the value of this name and returns it. Throws when there is none. */
  pop(key: string): V {
    if (arguments.length > 1) refuseSurplus('pop', arguments, 1);
    if (!this.has(key))
      fail(
        'MODULE_ERROR',
        `${classNameOf(this)}.pop: there is no ${typeof key === 'string' ? `'${key}'` : `key like ${describe(key)}`}`,
      );
    const value = this.get(key) as V;
    this.delete(key);
    return value;
  }

  /** Removes the value added last, and returns it with its name. */
  popItem(): [string, V] {
    if (arguments.length > 0) refuseSurplus('popItem', arguments, 0);
    const key = [...this.keys()].at(-1);
    if (key === undefined) fail('MODULE_ERROR', `${classNameOf(this)}.popItem: the dictionary is empty`);
    return [key, this.pop(key)];
  }

  /** The value of this name, which is added when there is none. */
  setDefault(key: string, value: V | Tensor): V {
    if (arguments.length > 2) refuseSurplus('setDefault', arguments, 2);
    if (!this.has(key)) this.set(key, value);
    return this.get(key) as V;
  }

  clear(): void {
    if (arguments.length > 0) refuseSurplus('clear', arguments, 0);
    for (const key of [...this.keys()]) this.delete(key);
  }

  /** Adds or replaces the values of a Map, entries, a plain object or another ParameterDict. */
  update(values: EntrySource<V | Tensor>): this {
    if (arguments.length > 1) refuseSurplus('update', arguments, 1);
    for (const [key, value] of readEntries('ParameterDict.update', values)) this.set(key, value as V | Tensor);
    return this;
  }

  /** A new dictionary that shares the values. */
  copy(): ParameterDict<V> {
    if (arguments.length > 0) refuseSurplus('copy', arguments, 0);
    return new ParameterDict<V>(this.entries());
  }

  keys(): IterableIterator<string> {
    if (arguments.length > 0) refuseSurplus('keys', arguments, 0);
    return this.stored().keys();
  }

  *values(): IterableIterator<V> {
    if (arguments.length > 0) refuseSurplus('values', arguments, 0);
    for (const key of this.keys()) yield this.get(key) as V;
  }

  *entries(): IterableIterator<[string, V]> {
    if (arguments.length > 0) refuseSurplus('entries', arguments, 0);
    for (const key of this.keys()) yield [key, this.get(key) as V];
  }

  [Symbol.iterator](): IterableIterator<[string, V]> {
    return this.entries();
  }

  override extraRepr(): string {
    return Array.from(this, ([key, value]) =>
      printValue(key, value, value instanceof Tensor ? DTYPES[value.dtype].torchName : ''),
    ).join('\n');
  }

  override forward(..._inputs: never[]): never {
    return fail('MISSING_FORWARD', `${classNameOf(this)} should not be called.`);
  }

  private stored(): Map<string, { readonly value: unknown } | null> {
    return contents.get(stateOf(this).self)!;
  }
}

import { refuseSurplus } from '../../tensor/arguments.js';
import { fail } from '../../tensor/errors.js';
import { checkInteger } from '../../tensor/options.js';
import { Module } from '../module/module.js';
import { checkModule } from '../module/registry.js';
import { classNameOf, stateOf } from '../module/state.js';
import { checkModules, Positions, resolveIndex, resolveSlice, type Slice } from './positions.js';

/**
 * What Sequential and ModuleList have in common: they can be read and changed like a list, and each position is also a
 * property (`list[0]`). Negative positions count from the end in all methods.
 */
export abstract class ListModule<M extends Module> extends Module {
  constructor() {
    super();
    const state = stateOf(this);
    state.list = new Positions(state);
  }

  /** The number of modules. */
  override get length(): number {
    return stateOf(this).children.size;
  }

  /** The module at a position. Throws when there is none. */
  at(index: number): M {
    if (arguments.length > 1) refuseSurplus('at', arguments, 1);
    const { children } = positionsOf(this);
    return children[resolveIndex(this.op('at'), index, children.length)] as M;
  }

  /** Replaces the module at a position; the name stays. */
  set(index: number, module: M): this {
    if (arguments.length > 2) refuseSurplus('set', arguments, 2);
    positionsOf(this).set(index, module);
    return this;
  }

  /** Adds a module at the end. */
  append(module: Module): this {
    if (arguments.length > 1) refuseSurplus('append', arguments, 1);
    positionsOf(this).append([checkModule(this.op('append'), module)]);
    return this;
  }

  /** Adds the modules of any iterable at the end. */
  extend(modules: Iterable<Module>): this {
    if (arguments.length > 1) refuseSurplus('extend', arguments, 1);
    if ((modules as unknown) === stateOf(this).self) {
      fail('MODULE_ERROR', `${this.op('extend')}: a ${classNameOf(this)} cannot be extended with itself; use concat`);
    }
    positionsOf(this).append(checkModules(this.op('extend'), modules));
    return this;
  }

  /** Adds a module before a position, which may be the length. */
  insert(index: number, module: Module): this {
    if (arguments.length > 2) refuseSurplus('insert', arguments, 2);
    const positions = positionsOf(this);
    const { size } = positions;
    checkModule(this.op('insert'), module);
    checkInteger(this.op('insert'), 'index', index);
    if (index < -size || index > size) {
      fail('INDEX_OUT_OF_RANGE', `${this.op('insert')}: Index out of range: ${index}`);
    }
    positions.insert(index < 0 ? index + size : index, [module]);
    return this;
  }

  /** Removes the module at a position, or those of a slice; the rest is numbered anew from 0. */
  delete(index: number | Slice): void {
    if (arguments.length > 1) refuseSurplus('delete', arguments, 1);
    positionsOf(this).remove(this.resolve('delete', index));
  }

  /** As `delete`, and returns what it removed: a module, or a container of those of a slice. */
  pop(index: number): M;
  pop(slice: Slice): ListModule<M>;
  pop(index: number | Slice): M | ListModule<M> {
    if (arguments.length > 1) refuseSurplus('pop', arguments, 1);
    const positions = this.resolve('pop', index);
    const removed = this.pick(positions);
    positionsOf(this).remove(positions);
    return typeof index === 'number' ? removed[0]! : this.like(removed);
  }

  /** A new container, numbered from 0, of the modules from `start` to before `end`; it shares them with this one. */
  slice(start?: number, end?: number, step?: number): ListModule<M> {
    if (arguments.length > 3) refuseSurplus('slice', arguments, 3);
    const slice: Slice = {
      ...(start !== undefined && { start }),
      ...(end !== undefined && { end }),
      ...(step !== undefined && { step }),
    };
    return this.like(this.pick(resolveSlice(this.op('slice'), slice, this.length)));
  }

  *[Symbol.iterator](): IterableIterator<M> {
    // Read once, so that changes during the loop do not disturb it.
    yield* positionsOf(this).children as readonly M[];
  }

  /** @internal A new container of these modules. */
  protected abstract like(modules: readonly M[]): ListModule<M>;

  private pick(positions: readonly number[]): M[] {
    const { children } = positionsOf(this);
    return positions.map((i) => children[i] as M);
  }

  private resolve(method: string, index: number | Slice): number[] {
    const op = this.op(method);
    if (typeof index === 'object' && index !== null) return resolveSlice(op, index, this.length);
    return [resolveIndex(op, index, this.length)];
  }

  private op(method: string): string {
    return `${classNameOf(this)}.${method}`;
  }
}

export function positionsOf(module: Module): Positions {
  return stateOf(module).list as Positions;
}

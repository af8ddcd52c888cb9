import { describe, fail } from '../../tensor/errors.js';
import { checkOptions } from '../../tensor/options.js';
import type { Module } from '../module/module.js';
import { checkModule, expose, failAssign, setChild, setChildren } from '../module/registry.js';
import { classNameOf, isModule, type ModuleState, type PositionalState } from '../module/state.js';

// What Sequential and ModuleList share: children that have a position beside their name.

/** A range of positions as in Python's `[start:end:step]`; negative positions count from the end. */
export interface Slice {
  readonly start?: number;
  readonly end?: number;
  readonly step?: number;
}

/** A position from 0, or an IndexError's equivalent. */
export function resolveIndex(op: string, index: unknown, size: number): number {
  if (!Number.isInteger(index)) fail('WRONG_TYPE', `${op}: an index must be an integer, got ${describe(index)}`);
  const i = index as number;
  if (i < -size || i >= size) fail('INDEX_OUT_OF_RANGE', `${op}: index ${i} is out of range`);
  return i < 0 ? i + size : i;
}

/** The positions of a slice, in its order. */
export function resolveSlice(op: string, slice: Slice, size: number): number[] {
  const { step = 1 } = checkOptions<Slice>(op, slice, ['start', 'end', 'step']);
  for (const [name, value] of Object.entries(slice)) {
    if (value !== undefined && !Number.isInteger(value)) {
      fail('WRONG_TYPE', `${op}: ${name} must be an integer, got ${describe(value)}`);
    }
  }
  if (step === 0) fail('BAD_ARGUMENT', `${op}: slice step cannot be zero`);
  const [low, high] = step > 0 ? [0, size] : [-1, size - 1];
  const clamp = (value: number | undefined, otherwise: number): number =>
    value === undefined ? otherwise : Math.min(high, Math.max(low, value < 0 ? value + size : value));
  const start = clamp(slice.start, step > 0 ? low : high);
  const end = clamp(slice.end, step > 0 ? high : low);
  const positions: number[] = [];
  for (let i = start; step > 0 ? i < end : i > end; i += step) positions.push(i);
  return positions;
}

/** The children by position; `list[i]` is a property that follows them. */
export class Positions implements PositionalState {
  /** States of the children, for a forward that calls them in order. */
  children: readonly (Module | null)[] = [];
  private exposed = 0;

  constructor(private readonly state: ModuleState) {}

  get size(): number {
    return this.state.children.size;
  }

  sync(): void {
    this.children = [...this.state.children.values()];
    for (const [i, child] of this.children.entries()) expose(this.state, String(i), child);
    for (let i = this.children.length; i < this.exposed; i++) Reflect.deleteProperty(this.state.raw, String(i));
    this.exposed = this.children.length;
  }

  /** Replaces a child, which keeps its name. */
  set(index: number, value: unknown): void {
    const name = [...this.state.children.keys()][resolveIndex(this.op('set'), index, this.size)]!;
    if (value !== null && !isModule(value)) failAssign(value, `child module '${name}' (nn.Module or null expected)`);
    setChild(this.state, name, value);
  }

  delete(index: number): void {
    this.remove([resolveIndex(this.op('delete'), index, this.size)]);
  }

  /** Removes children, and numbers the others anew from 0. */
  remove(positions: readonly number[]): void {
    const removed = new Set(positions);
    const rest = this.children.filter((_, i) => !removed.has(i));
    setChildren(
      this.state,
      rest.map((child, i) => [String(i), child] as const),
    );
  }

  /**
   * Puts modules before `index`. A child named by its position is named by its new one; any other keeps its name, and
   * no name is ever taken from a child that has it.
   */
  insert(index: number, modules: readonly Module[]): void {
    const old = [...this.state.children].map(([name, child], i) => [name === String(i) ? null : name, child] as const);
    const fresh = modules.map((module) => [null, module] as const);
    const entries: (readonly [string | null, Module | null])[] = old.toSpliced(index, 0, ...fresh);
    const taken = new Set(entries.map(([name]) => name));
    let next = entries.length;
    const nameFor = (position: number): string => {
      if (!taken.has(String(position))) return String(position);
      while (taken.has(String(next))) next++;
      return String(next++);
    };
    setChildren(
      this.state,
      entries.map(([name, child], i) => [name ?? nameFor(i), child] as const),
    );
  }

  append(modules: readonly Module[]): void {
    this.insert(this.size, modules);
  }

  private op(method: string): string {
    return `${classNameOf(this.state.raw)}.${method}`;
  }
}

/** Modules from any iterable, read to its end before anything changes. */
export function checkModules(op: string, source: unknown): Module[] {
  if (!isIterable(source)) {
    const got = isModule(source) ? classNameOf(source) : describe(source);
    fail('WRONG_TYPE', `${op} should be called with an iterable, but got ${got}`);
  }
  return Array.from(source, (module) => checkModule(op, module));
}

export function isIterable(value: unknown): value is Iterable<unknown> {
  return value !== null && value !== undefined && typeof (value as Iterable<unknown>)[Symbol.iterator] === 'function';
}

import { describe, fail } from '../../tensor/errors.js';
import { classNameOf, isModule } from '../module/state.js';
import { isIterable } from './positions.js';

/** What the dictionary containers take: a Map, entries, a plain object, or another such container. */
export type EntrySource<V> = Iterable<readonly [string, V]> | Readonly<Record<string, V>>;

/** The entries of a source, read to its end before anything changes. */
export function readEntries(op: string, source: unknown): [string, unknown][] {
  if (isIterable(source) && typeof source !== 'string') {
    return Array.from(source, (entry, i) => {
      if (!Array.isArray(entry))
        fail('WRONG_TYPE', `${op} sequence element #${i} should be Iterable; is ${describe(entry)}`);
      if (entry.length !== 2)
        fail('BAD_ARGUMENT', `${op} sequence element #${i} has length ${entry.length}; 2 is required`);
      return entry as [string, unknown];
    });
  }
  const prototype: unknown = typeof source === 'object' && source !== null ? Object.getPrototypeOf(source) : undefined;
  if (prototype === null || prototype === Object.prototype) return Object.entries(source as object);
  const got = isModule(source) ? classNameOf(source) : describe(source);
  return fail('WRONG_TYPE', `${op} should be called with an iterable of key/value pairs, but got ${got}`);
}

import { describe, fail } from '../../tensor/errors.js';
import { classNameOf, isModule } from '../module/state.js';
import { isIterable } from './positions.js';

/** What the dictionary containers take: a Map, entries, a plain object, or another such container. */
export type EntrySource<V> = Iterable<readonly [string, V]> | Readonly<Record<string, V>>;

/**
 * The entries of a plain object in the order in which they were written. JavaScript moves names that are indices to the
 * front, in ascending order, so that beside others they are refused.
 */
export function orderedEntries(op: string, source: object): [string, unknown][] {
  const entries = Object.entries(source);
  const index = entries.length > 1 ? entries.find(([name]) => /^(0|[1-9]\d{0,9})$/.test(name)) : undefined;
  if (index !== undefined) {
    fail(
      'BAD_ARGUMENT',
      `${op}: JavaScript moves the name '${index[0]}' to the front of an object, so its order is lost; pass a Map or entries: [['${index[0]}', …], …]`,
    );
  }
  return entries;
}

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
  if (prototype === null || prototype === Object.prototype) return orderedEntries(op, source as object);
  const got = isModule(source) ? classNameOf(source) : describe(source);
  return fail('WRONG_TYPE', `${op} should be called with an iterable of key/value pairs, but got ${got}`);
}

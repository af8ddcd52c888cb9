import { describe, fail } from './errors.js';

// What is said of the arguments of a call, before any of them is looked at for itself.

/**
 * Refuses the arguments after the first `most`: what was meant by them would silently be without effect. An undefined
 * one means nothing and passes. Called where `arguments.length` is too large, so that a good call pays one comparison.
 */
export function refuseSurplus(op: string, given: ArrayLike<unknown>, most: number): void {
  const surplus = Array.from(given).slice(most);
  if (surplus.every((value) => value === undefined)) return;
  const count = surplus.length === 1 ? 'one argument' : `${surplus.length} arguments`;
  const advice = isCallback(given) ? `; as a callback write (x) => ${op}(x)` : '';
  fail('BAD_ARGUMENT', `${op}: ${count} too many, got ${surplus.map(show).join(', ')}${advice}`);
}

const show = (value: unknown): string => {
  if (!isOptions(value)) return describe(value);
  const keys = Object.keys(value);
  return keys.length === 0 ? 'an options object' : `options { ${keys.join(', ')} }`;
};

/** What `array.map(op)` passes: an element, its index and the array. */
function isCallback(given: ArrayLike<unknown>): boolean {
  const [element, index, array] = Array.from(given).slice(-3);
  return Array.isArray(array) && typeof index === 'number' && array[index] === element;
}

/** Whether an argument is an options object: a plain one, as a literal makes it. */
export function isOptions(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype || Object.getPrototypeOf(prototype) === null;
}

/**
 * Takes `name` (a `dim` in most ops) out of an options object that stands where the last positional argument does, and
 * gives it with the rest of the options: what the call would have by position.
 */
export function named(op: string, name: string, options: object, further?: unknown): [value: never, rest: never] {
  if (further !== undefined) fail('BAD_ARGUMENT', `${op}: options come once and last, got also ${describe(further)}`);
  const { [name]: value, ...rest } = options as Readonly<Record<string, unknown>>;
  if (isOptions(value)) fail('WRONG_TYPE', `${op}: ${name} must be a number, got ${describe(value)}`);
  return [value as never, (Object.keys(rest).length === 0 ? undefined : rest) as never];
}

/**
 * Arguments that begin with `dim`, or have it among the options: `x.gather(1, index)` and `x.gather(index, { dim: 1 })`.
 */
export type Along<Rest extends readonly unknown[] = [], Options extends object = object, Dim = number> =
  | [dim: Dim, ...rest: Rest, options?: Options]
  | [...rest: Rest, options: Options & { readonly dim: Dim }];

import { describe, fail } from './errors.js';
import type { Tensor } from './tensor.js';

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
  const keys = Object.keys(value as object);
  return keys.length === 0 ? 'an options object' : `options { ${keys.join(', ')} }`;
};

/** What `array.map(op)` passes: an element, its index and the array. */
function isCallback(given: ArrayLike<unknown>): boolean {
  const [element, index, array] = Array.from(given).slice(-3);
  return Array.isArray(array) && typeof index === 'number' && array[index] === element;
}

/** What of T may be an options object. */
type OptionsOf<T> = Exclude<T, number | string | boolean | null | undefined | readonly unknown[] | Tensor>;

/** Whether an argument is an options object: a plain one, as a literal makes it. */
export function isOptions<T>(value: T): value is OptionsOf<T> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype || Object.getPrototypeOf(prototype) === null;
}

// `dim` both ways. An op is written for the call by position; a call whose last argument is options with `dim` among
// them is turned into that one.

/** Takes `name`, a `dim` in most ops, out of the options: its value, and the other options where there are any. */
export function named(op: string, name: string, options: unknown, further?: unknown): [value: never, rest: never] {
  if (further !== undefined && further !== null)
    fail('BAD_ARGUMENT', `${op}: options come once and last, got also ${describe(further)}`);
  const { [name]: value, ...rest } = options as Readonly<Record<string, unknown>>;
  if (isOptions(value)) fail('WRONG_TYPE', `${op}: ${name} must be an integer, got ${describe(value)}`);
  return [value as never, (Object.keys(rest).length === 0 ? undefined : rest) as never];
}

/** Arguments that begin with `dim` or end with it as an option: `x.gather(1, index)`, `x.gather(index, { dim: 1 })`. */
export type Along<Rest extends readonly unknown[] = [], Options extends object = object> =
  | [dim: number, ...rest: Rest, options?: Options]
  | [...rest: Rest, options: Options & { readonly dim: number }];

/** `dim` as the one option of an op. */
export interface DimOption {
  readonly dim?: number;
}

/** The same where `dim` may be left out; `Dim` says what it may be. */
export type AlongAny<Options extends object = object, Dim = number> =
  | [dim?: Dim, options?: Options]
  | [options: Options & { readonly dim?: Dim }];

/** The same in an op that takes no other options. */
export type AlongOnly<Rest extends readonly unknown[] = []> =
  | [dim: number, ...rest: Rest]
  | [...rest: Rest, options: { readonly dim: number }];

/** Dimensions as the one option of an op. */
export interface DimsOption {
  readonly dims: number | readonly number[];
}

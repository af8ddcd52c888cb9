import { checkHeapHolds, HEAP_ASKED_FROM } from './capacity.js';
import type { DType, TypedArray } from './dtype.js';
import { fail } from './errors.js';
import { type Shape, showShape } from './shape.js';
import type { NestedArray } from './tensor.js';

// From a flat typed array to nested ones in V8's heap.

/** What a place of an array takes, and an array besides its places. */
const PLACE_BYTES = 8;
const ARRAY_BYTES = 48;

/** V8 packs smaller arrays into pages, and what is left of a page is lost; large ones have pages of their own. */
const PAGE_BYTES = 250_000;
const LARGE_BYTES = 2 ** 17;

/** Rows that are longer begin as V8's hash tables, three words a place, and end as arrays. */
const LONGEST_PLAIN_ROW = 2 ** 25;
const LONGEST_ROW = 2 ** 27 - 64;

/** Refuses nested arrays of this shape where V8's heap has no room for them and `more` bytes. */
export function checkNestedFits(op: string, shape: Shape, more = 0): void {
  let bytes = more;
  let arrays = 1;
  let longest = 0;
  for (const n of shape) {
    if (arrays > 0 && n > longest) longest = n;
    bytes += arrays * arrayBytes(n);
    arrays *= n;
  }
  // A row of fractions is copied once as V8 finds out; it may stand twice for a moment.
  bytes += longest * PLACE_BYTES * (longest > LONGEST_PLAIN_ROW ? 8 : 1);
  if (bytes < HEAP_ASKED_FROM) return; // before a small one pays for words
  const what = `an array of shape ${showShape(shape)}`;
  const instead = 'use toTypedArray';
  if (longest > LONGEST_ROW) fail('OUT_OF_MEMORY', `${op}: ${what} is longer than JavaScript's arrays; ${instead}`);
  checkHeapHolds(op, what, bytes, instead);
}

function arrayBytes(n: number): number {
  const bytes = n * PLACE_BYTES + ARRAY_BYTES;
  return bytes < LARGE_BYTES ? PAGE_BYTES / Math.floor(PAGE_BYTES / bytes) : bytes;
}

/**
 * The elements as nested arrays. V8 learns per `new Array` what its arrays hold: numbers would be boxed, three times the
 * memory, where the same one makes arrays of booleans or of arrays.
 */
export function nest(flat: TypedArray, shape: Shape, dtype: DType): NestedArray {
  let position = 0;
  const numbers = (n: number): number[] => {
    const row = new Array<number>(n);
    for (let i = 0; i < n; i++) row[i] = Number(flat[position++]!);
    return row;
  };
  const booleans = (n: number): boolean[] => {
    const row = new Array<boolean>(n);
    for (let i = 0; i < n; i++) row[i] = flat[position++] !== 0;
    return row;
  };
  const build = (dim: number): NestedArray[] => {
    const n = shape[dim]!;
    if (dim === shape.length - 1) return dtype === 'bool' ? booleans(n) : numbers(n);
    const rows = new Array<NestedArray>(n);
    for (let i = 0; i < n; i++) rows[i] = build(dim + 1);
    return rows;
  };
  if (shape.length > 0) return build(0);
  return dtype === 'bool' ? flat[0] !== 0 : Number(flat[0]!);
}

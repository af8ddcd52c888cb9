import { checkNestedFits } from './arrays.js';
import { describe, fail } from './errors.js';
import type { NestedArray, Tensor } from './tensor.js';

// What JSON.stringify writes, or that it cannot: a tensor's fields, or the {} of a Map, would lose the numbers in silence.

/** What the text of a number takes: 20 characters, and once more while V8 joins the pieces. */
const TEXT_BYTES = 40;

/** x's elements as nested arrays. JSON writes null for NaN and infinities and has no integers past 2^53. */
export function toJSON(x: Tensor): NestedArray {
  checkNestedFits('toJSON', x._shape, x.numel * TEXT_BYTES);
  for (const value of x.toTypedArray()) {
    const isExact = typeof value === 'bigint' ? Number.isSafeInteger(Number(value)) : Number.isFinite(value);
    if (!isExact) {
      fail(
        'OUT_OF_RANGE',
        `toJSON: ${describe(value)} has no form in JSON; use saveSafetensors, or write what should stand for it from toTypedArray()`,
      );
    }
  }
  return x.toArray();
}

/** Lets JSON.stringify write a Map of tensors as an object of their numbers, and returns it. */
export function withJSON<M extends ReadonlyMap<string, unknown>>(map: M): M {
  return Object.defineProperty(map, 'toJSON', { configurable: true, writable: true, value: entriesToJSON });
}

function entriesToJSON(this: ReadonlyMap<string, unknown>): object {
  return Object.fromEntries(this);
}

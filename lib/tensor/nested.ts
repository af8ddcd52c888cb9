import { checkHeapHolds, HEAP_ASKED_FROM } from './capacity.js';
import { DTYPES, type DType, isFloating, type TypedArray } from './dtype.js';
import { describe, fail } from './errors.js';
import { MAX_RANK } from './runtime.js';
import { numelOf, type Shape } from './shape.js';

// From JavaScript's values to a flat typed array that nobody else holds.

export type AnyTypedArray = TypedArray | Uint8ClampedArray | Int16Array | Uint16Array | Uint32Array | BigUint64Array;

/** What `tensor` takes: an element, a typed array, or arrays of these, as deep as the tensor has dimensions. */
export type NestedInput = number | boolean | bigint | AnyTypedArray | readonly NestedInput[];

interface Flat {
  readonly values: TypedArray;
  readonly shape: Shape;
  readonly dtype: DType;
}

export function isTypedArray(value: unknown): value is AnyTypedArray {
  return ArrayBuffer.isView(value) && !(value instanceof DataView);
}

const KINDS: Readonly<Record<string, DType>> = {
  Float32Array: 'float32',
  Float64Array: 'float64',
  Int32Array: 'int32',
  BigInt64Array: 'int64',
  Uint8Array: 'uint8',
  Uint8ClampedArray: 'uint8',
  Int8Array: 'int8',
  Int16Array: 'int32',
  Uint16Array: 'int32',
  Uint32Array: 'int64',
  BigUint64Array: 'int64',
  Float16Array: 'float32',
};

// Asked of the prototypes themselves: an array can carry properties of its own that claim anything, and native code
// goes by what is true.
function getter<T>(prototype: object, key: string | symbol): (this: object) => T {
  return Object.getOwnPropertyDescriptor(prototype, key)?.get as (this: object) => T;
}
const typedArrayPrototype: object = Object.getPrototypeOf(Uint8Array.prototype);
const kindGetter = getter<string>(typedArrayPrototype, Symbol.toStringTag);
const bufferGetter = getter<ArrayBufferLike>(typedArrayPrototype, 'buffer');
const lengthGetter = getter<number>(typedArrayPrototype, 'length');
const resizableGetter = getter<boolean>(ArrayBuffer.prototype, 'resizable');

/** The number of a typed array's elements. */
export const lengthOf = (data: AnyTypedArray): number => lengthGetter.call(data);

/** Whether the memory of a typed array stays where it is and as large as it is, until it is detached. */
export function hasFixedMemory(data: AnyTypedArray): boolean {
  try {
    return !resizableGetter.call(bufferGetter.call(data));
  } catch {
    return false; // a SharedArrayBuffer
  }
}

/**
 * The elements as the typed array of a dtype: `data` itself where it is one in memory that native code may read, a
 * converted copy otherwise.
 */
export function asDType(op: string, data: AnyTypedArray): { values: TypedArray; dtype: DType } {
  const kind = kindGetter.call(data);
  const dtype = KINDS[kind];
  if (dtype === undefined) fail('WRONG_TYPE', `${op}: no dtype holds the elements of a ${kind}`);
  const length = lengthOf(data);
  if (length === 0 && isDetached(bufferGetter.call(data))) {
    fail('DETACHED', `${op}: the typed array's buffer was detached (transferred away)`);
  }
  const Kind = DTYPES[dtype].array;
  if (kind === 'BigUint64Array')
    return { values: BigInt64Array.from(data as BigUint64Array, (v) => checkInt64(op, v)), dtype };
  if (kind === 'Uint32Array') return { values: BigInt64Array.from(data as Uint32Array, BigInt), dtype };
  if (kind === Kind.name && hasFixedMemory(data)) return { values: data as TypedArray, dtype };
  const copy = new Kind(length);
  (copy as Float64Array).set(data as Float64Array);
  return { values: copy, dtype };
}

function isDetached(buffer: ArrayBufferLike): boolean {
  try {
    new Uint8Array(buffer);
    return false;
  } catch {
    return true;
  }
}

function checkInt64(op: string, value: bigint): bigint {
  if (BigInt.asIntN(64, value) !== value) fail('OUT_OF_RANGE', `${op}: ${value}n does not fit int64`);
  return value;
}

/** What an element takes in a list that grows by half, and stands twice as it does. */
const ELEMENT_BYTES = 24;

/** The elements of nested arrays in row-major order; every row of a dimension has the same length. */
export function flatten(op: string, data: unknown, dtype: DType | undefined): Flat {
  if (isTypedArray(data)) return { ...asDType(op, data), shape: [lengthOf(data)] };
  const shape = shapeOf(op, data);
  const n = numelOf(shape);
  if (n * ELEMENT_BYTES >= HEAP_ASKED_FROM)
    checkHeapHolds(op, `the list of ${n} elements`, n * ELEMENT_BYTES, 'pass one typed array and reshape it');
  const elements: (number | boolean | bigint)[] = [];
  collect(op, data, shape, [], elements);
  const found = dtype ?? dtypeOf(elements);
  return { values: convert(op, elements, found), shape, dtype: found };
}

const isRow = (value: unknown): value is ArrayLike<unknown> => Array.isArray(value) || isTypedArray(value);

// By the first element of each row; `collect` checks the others against it.
function shapeOf(op: string, data: unknown): number[] {
  const shape: number[] = [];
  for (let value = data; isRow(value); value = value[0]) {
    if (shape.length === MAX_RANK) fail('BAD_ARGUMENT', `${op}: arrays are nested deeper than ${MAX_RANK} dimensions`);
    shape.push(value.length);
    if (value.length === 0) break;
  }
  return shape;
}

function collect(
  op: string,
  value: unknown,
  shape: Shape,
  path: readonly number[],
  elements: (number | boolean | bigint)[],
): void {
  const depth = path.length;
  const where = depth === 0 ? '' : ` at [${path.join('][')}]`;
  if (depth === shape.length) {
    if (isRow(value)) fail('SHAPE_MISMATCH', `${op}: expected an element${where}, got an array of ${value.length}`);
    if (typeof value !== 'number' && typeof value !== 'boolean' && typeof value !== 'bigint') {
      fail('WRONG_TYPE', `${op}: expected numbers, booleans or bigints, got ${describe(value)}${where}`);
    }
    elements.push(value);
    return;
  }
  if (!isRow(value))
    fail('SHAPE_MISMATCH', `${op}: expected an array of ${shape[depth]}${where}, got ${describe(value)}`);
  if (value.length !== shape[depth]) {
    fail('SHAPE_MISMATCH', `${op}: expected an array of ${shape[depth]}${where}, got an array of ${value.length}`);
  }
  for (let i = 0; i < value.length; i++) collect(op, value[i], shape, [...path, i], elements);
}

function dtypeOf(elements: readonly unknown[]): DType {
  let dtype: DType = elements.length === 0 ? 'float32' : 'bool';
  for (const element of elements) {
    if (typeof element === 'number') return 'float32';
    if (typeof element === 'bigint') dtype = 'int64';
  }
  return dtype;
}

const RANGES: Readonly<Partial<Record<DType, readonly [number, number]>>> = {
  int32: [-(2 ** 31), 2 ** 31 - 1],
  uint8: [0, 255],
  int8: [-128, 127],
};

// The largest number below 2^63.
const INT64_RANGE = [-(2 ** 63), 2 ** 63 - 1024] as const;

function convert(op: string, elements: readonly (number | boolean | bigint)[], dtype: DType): TypedArray {
  const out = new DTYPES[dtype].array(elements.length);
  const range = RANGES[dtype];
  for (let i = 0; i < out.length; i++) {
    const value = elements[i]!;
    if (dtype === 'bool')
      out[i] = Number(typeof value === 'bigint' ? value !== 0n : Number.isNaN(value) || Boolean(value));
    else if (isFloating(dtype)) out[i] = Number(value);
    else out[i] = integer(op, value, dtype, range);
  }
  return out;
}

/**
 * A plain number that is written into, or multiplies, a tensor of this dtype. Refuses what an integer dtype cannot hold,
 * as PyTorch does; uint8 takes −1 … −255 as two's complement.
 */
export function checkElement(op: string, name: string, value: number, dtype: DType): number {
  if (isFloating(dtype) || dtype === 'bool') return value;
  const [least, most] = RANGES[dtype] ?? INT64_RANGE;
  const wraps = dtype === 'uint8' && Number.isInteger(value) && value < 0 && value >= -most;
  // NaN is in no range.
  if (!wraps && !(Math.trunc(value) >= least && Math.trunc(value) <= most))
    fail('OUT_OF_RANGE', `${op}: ${name} ${value} does not fit ${dtype}`);
  return wraps ? value + most + 1 : value;
}

function integer(
  op: string,
  value: number | boolean | bigint,
  dtype: DType,
  range: readonly [number, number] | undefined,
): number | bigint {
  if (typeof value === 'number' && !Number.isFinite(value))
    fail('OUT_OF_RANGE', `${op}: cannot convert ${value} to ${dtype}`);
  if (range === undefined) return checkInt64(op, BigInt(typeof value === 'number' ? Math.trunc(value) : value));
  const whole = Math.trunc(Number(value));
  if (whole < range[0] || whole > range[1]) fail('OUT_OF_RANGE', `${op}: ${value} does not fit ${dtype}`);
  return whole;
}

import { describe, fail } from './errors.js';

/** Element types. `int64` elements are numbers in `toArray()`/`item()` and bigints in `toTypedArray()`. */
export type DType = 'float32' | 'float64' | 'int32' | 'int64' | 'uint8' | 'bool';

/** What `toTypedArray` gives, by dtype. */
export type TypedArray = Float32Array | Float64Array | Int32Array | BigInt64Array | Uint8Array;

/** The typed array that holds a dtype's elements (bool: 0 and 1 as bytes). */
export interface TypedArrayOf {
  float32: Float32Array<ArrayBuffer>;
  float64: Float64Array<ArrayBuffer>;
  int32: Int32Array<ArrayBuffer>;
  int64: BigInt64Array<ArrayBuffer>;
  uint8: Uint8Array<ArrayBuffer>;
  bool: Uint8Array<ArrayBuffer>;
}

export enum Category {
  boolean,
  integer,
  floating,
}

interface DTypeInfo {
  /** native/dtype.h's value. */
  readonly id: number;
  readonly category: Category;
  readonly bytes: number;
  readonly array: new (n: number) => TypedArray;
  /** The class name that PyTorch's messages print. */
  readonly torchName: string;
}

export const DTYPES: Readonly<Record<DType, DTypeInfo>> = {
  float32: { id: 0, category: Category.floating, bytes: 4, array: Float32Array, torchName: 'FloatTensor' },
  float64: { id: 1, category: Category.floating, bytes: 8, array: Float64Array, torchName: 'DoubleTensor' },
  int32: { id: 2, category: Category.integer, bytes: 4, array: Int32Array, torchName: 'IntTensor' },
  int64: { id: 3, category: Category.integer, bytes: 8, array: BigInt64Array, torchName: 'LongTensor' },
  uint8: { id: 4, category: Category.integer, bytes: 1, array: Uint8Array, torchName: 'ByteTensor' },
  bool: { id: 5, category: Category.boolean, bytes: 1, array: Uint8Array, torchName: 'BoolTensor' },
};

// Widest last; promotion within these six types is the wider of the two.
const ORDER: readonly DType[] = ['bool', 'uint8', 'int32', 'int64', 'float32', 'float64'];

export function isDType(value: unknown): value is DType {
  return typeof value === 'string' && Object.hasOwn(DTYPES, value);
}

export function checkDType(op: string, value: unknown): DType {
  if (!isDType(value)) fail('WRONG_TYPE', `${op}: dtype must be one of ${ORDER.join(', ')}, got ${describe(value)}`);
  return value;
}

export const isFloating = (dtype: DType): boolean => DTYPES[dtype].category === Category.floating;

/** The smallest dtype that holds both, PyTorch's `torch.promote_types`. */
export function promoteTypes(a: DType, b: DType): DType {
  return a === b ? a : ORDER[Math.max(ORDER.indexOf(a), ORDER.indexOf(b))]!;
}

/** The dtype that a plain JavaScript value has in arithmetic: integer-valued numbers count as integers. */
export function scalarCategory(value: number | boolean): Category {
  if (typeof value === 'boolean') return Category.boolean;
  return Number.isInteger(value) ? Category.integer : Category.floating;
}

interface Operand {
  readonly dtype: DType;
  readonly shape: readonly number[];
}

/**
 * The dtype of an arithmetic result, PyTorch's `torch.result_type`: a zero-dimensional operand matters only when its
 * category is higher than that of the others.
 */
export function resultType(a: Operand, b: Operand): DType {
  if (a.dtype === b.dtype) return a.dtype;
  const aIsScalar = a.shape.length === 0;
  const bIsScalar = b.shape.length === 0;
  if (aIsScalar !== bIsScalar) {
    const [dimensioned, scalar] = aIsScalar ? [b, a] : [a, b];
    if (DTYPES[scalar.dtype].category <= DTYPES[dimensioned.dtype].category) return dimensioned.dtype;
  }
  return promoteTypes(a.dtype, b.dtype);
}

/** As resultType, with a plain JavaScript value as the other operand. */
export function scalarResultType(a: Operand, scalar: number | boolean): DType {
  const category = scalarCategory(scalar);
  if (category <= DTYPES[a.dtype].category) return a.dtype;
  return category === Category.floating ? 'float32' : 'int64';
}

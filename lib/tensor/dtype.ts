import { codesOf } from './codes.js';
import { describe, fail } from './errors.js';

/**
 * Element types. `int64` elements are numbers in `toArray()`/`item()` and bigints in `toTypedArray()`; `bfloat16` ones
 * are float32 there, which holds every one of them exactly.
 */
export type DType = 'float32' | 'float64' | 'bfloat16' | 'int32' | 'int64' | 'uint8' | 'int8' | 'bool';

/** What a factory or a layer takes for weights. */
export type FloatingDType = 'float32' | 'float64' | 'bfloat16';

/** What `toTypedArray` gives, by dtype. */
export type TypedArray = Float32Array | Float64Array | Int32Array | BigInt64Array | Uint8Array | Int8Array;

/** The typed array that holds a dtype's elements (bool: 0 and 1 as bytes; bfloat16: its values as float32). */
export interface TypedArrayOf {
  float32: Float32Array<ArrayBuffer>;
  float64: Float64Array<ArrayBuffer>;
  bfloat16: Float32Array<ArrayBuffer>;
  int32: Int32Array<ArrayBuffer>;
  int64: BigInt64Array<ArrayBuffer>;
  uint8: Uint8Array<ArrayBuffer>;
  int8: Int8Array<ArrayBuffer>;
  bool: Uint8Array<ArrayBuffer>;
}

export enum Category {
  boolean,
  integer,
  floating,
}

interface DTypeInfo {
  /** Native code's value. */
  readonly id: number;
  readonly category: Category;
  readonly bytes: number;
  readonly array: new (n: number) => TypedArray;
  /** The largest finite value, or the largest integer. */
  readonly largest: number;
  /** The class name that PyTorch's messages print. */
  readonly torchName: string;
}

const IDS = codesOf('dtype', ['float32', 'float64', 'bfloat16', 'int32', 'int64', 'uint8', 'int8', 'bool']);

export const DTYPES: Readonly<Record<DType, DTypeInfo>> = {
  float32: info(IDS.float32, Category.floating, 4, Float32Array, 3.4028234663852886e38, 'FloatTensor'),
  float64: info(IDS.float64, Category.floating, 8, Float64Array, Number.MAX_VALUE, 'DoubleTensor'),
  bfloat16: info(IDS.bfloat16, Category.floating, 2, Float32Array, 3.3895313892515355e38, 'BFloat16Tensor'),
  int32: info(IDS.int32, Category.integer, 4, Int32Array, 2 ** 31 - 1, 'IntTensor'),
  int64: info(IDS.int64, Category.integer, 8, BigInt64Array, 2 ** 63, 'LongTensor'),
  uint8: info(IDS.uint8, Category.integer, 1, Uint8Array, 255, 'ByteTensor'),
  int8: info(IDS.int8, Category.integer, 1, Int8Array, 127, 'CharTensor'),
  bool: info(IDS.bool, Category.boolean, 1, Uint8Array, 1, 'BoolTensor'),
};

function info(
  id: number,
  category: Category,
  bytes: number,
  array: DTypeInfo['array'],
  largest: number,
  torchName: string,
): DTypeInfo {
  return { id, category, bytes, array, largest, torchName };
}

// Widest last; promotion is the wider of the two, but for uint8 and int8, of which neither holds the other.
const ORDER: readonly DType[] = ['bool', 'uint8', 'int8', 'int32', 'int64', 'bfloat16', 'float32', 'float64'];

function isDType(value: unknown): value is DType {
  return typeof value === 'string' && Object.hasOwn(DTYPES, value);
}

export function checkDType(op: string, value: unknown): DType {
  if (!isDType(value)) fail('WRONG_TYPE', `${op}: dtype must be one of ${ORDER.join(', ')}, got ${describe(value)}`);
  return value;
}

export const isFloating = (dtype: DType): boolean => DTYPES[dtype].category === Category.floating;

/** The smallest dtype that holds both, PyTorch's `torch.promote_types` (whose int16, of uint8 and int8, is int32 here). */
export function promoteTypes(a: DType, b: DType): DType {
  if (a === b) return a;
  if ((a === 'uint8' && b === 'int8') || (a === 'int8' && b === 'uint8')) return 'int32';
  return ORDER[Math.max(ORDER.indexOf(a), ORDER.indexOf(b))]!;
}

/** The nearest value of a floating dtype, half to even. */
export function roundTo(dtype: DType, value: number): number {
  if (dtype === 'float64') return value;
  const single = Math.fround(value);
  if (dtype === 'float32' || !Number.isFinite(single)) return single;
  word.setFloat32(0, single);
  const bits = word.getUint32(0);
  word.setUint32(0, (bits + 0x7fff + ((bits >>> 16) & 1)) & 0xffff0000);
  return word.getFloat32(0);
}
const word = new DataView(new ArrayBuffer(4));

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

/** How a message about two dtypes that should be one goes on. */
export function castAdvice(a: DType, b: DType): string {
  const common = promoteTypes(a, b);
  return `; cast the ${a === common ? b : a} one with to('${common}')`;
}

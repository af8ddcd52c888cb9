import { requireGrad } from '../autograd/accumulate.js';
import { rawCast, rawCopy } from '../raw/copy.js';
import { rawArange, rawEmpty, rawFrom, rawFull, rawShare } from '../raw/create.js';
import { rawTriangle } from '../raw/indexing.js';
import { refuseSurplus } from '../tensor/arguments.js';
import { checkDType, type DType, isFloating } from '../tensor/dtype.js';
import { describe, fail } from '../tensor/errors.js';
import {
  type AnyTypedArray,
  asDType,
  checkElement,
  flatten,
  hasFixedMemory,
  isTypedArray,
  lengthOf,
  type NestedInput,
} from '../tensor/nested.js';
import { checkInteger, checkNumber, checkOptions } from '../tensor/options.js';
import { checkShape, numelOf, type Shape, showShape } from '../tensor/shape.js';
import { checkTensor, Tensor } from '../tensor/tensor.js';
import { rawView } from '../tensor/view.js';

export interface CreateOptions {
  /** Defaults to float32. */
  dtype?: DType;
  /** Whether operations on the tensor are recorded for differentiation. */
  requiresGrad?: boolean;
}

export interface TensorOptions extends CreateOptions {
  /**
   * Use the typed array's own memory instead of a copy: what is written to one is read in the other. The array must be
   * of the dtype's kind and its buffer neither shared, resizable nor detached.
   */
  share?: boolean;
}

/** A shape as one array, or as numbers. */
export type ShapeArguments = [shape: Shape, options?: CreateOptions] | number[];

/** Takes a factory's arguments apart: `zeros([2, 3], { dtype })` or `zeros(2, 3)`. */
export function shapeAndOptions<T extends object>(op: string, args: readonly unknown[]): [number[], T | undefined] {
  const last = args.at(-1);
  const hasOptions = args.length > 0 && typeof last === 'object' && last !== null && !Array.isArray(last);
  const sizes = hasOptions || last === undefined ? args.slice(0, -1) : args;
  return [checkShape(op, sizes), hasOptions ? (last as T) : undefined];
}

/** Finishes a factory: `requiresGrad` makes the new tensor a leaf of the graph. */
export function asLeaf(op: string, x: Tensor, requiresGrad: unknown): Tensor {
  if (requiresGrad === undefined || requiresGrad === false) return x;
  if (requiresGrad !== true) fail('WRONG_TYPE', `${op}: requiresGrad must be a boolean, got ${describe(requiresGrad)}`);
  if (!isFloating(x.dtype)) {
    fail('DTYPE_MISMATCH', `${op}: only tensors of floating point dtype can require gradients, got ${x.dtype}`);
  }
  requireGrad(x);
  return x;
}

const CREATE_OPTIONS = ['dtype', 'requiresGrad'] as const;

function settings(
  op: string,
  options: CreateOptions | undefined,
  dtype: DType = 'float32',
): [DType, boolean | undefined] {
  const known = checkOptions(op, options, CREATE_OPTIONS);
  return [known.dtype === undefined ? dtype : checkDType(op, known.dtype), known.requiresGrad];
}

/**
 * A tensor of the given elements: nested arrays of numbers (float32 unless `dtype` says otherwise), booleans (bool) or
 * bigints (int64), one such value, or a typed array, whose kind gives the dtype. The elements are copied unless
 * `share` is set. Rows of different lengths are an error.
 *
 * @example
 * tensor([[1, 2], [3, 4]]).shape;               // [2, 2]
 * tensor([0, 2], { dtype: 'int64' });
 * tensor(new Float64Array([1, 2])).dtype;       // 'float64'
 */
export function tensor(data: NestedInput | Tensor, options?: TensorOptions): Tensor {
  if (arguments.length > 2) refuseSurplus('tensor', arguments, 2);
  const known = checkOptions('tensor', options, ['dtype', 'requiresGrad', 'share']);
  const dtype = known.dtype === undefined ? undefined : checkDType('tensor', known.dtype);
  if (known.share === true) return asLeaf('tensor', shared('tensor', data, null, dtype), known.requiresGrad);
  if (data instanceof Tensor) {
    return asLeaf('tensor', rawCast(checkTensor('tensor', data), dtype ?? data.dtype), known.requiresGrad);
  }
  const { values, shape, dtype: found } = flatten('tensor', data, dtype);
  const made = rawFrom(values, shape, found);
  return asLeaf('tensor', dtype === undefined || dtype === found ? made : rawCast(made, dtype), known.requiresGrad);
}

/**
 * A tensor of this shape over a typed array's elements in row-major order; copied unless `share` is set.
 *
 * @example
 * fromTypedArray(new Float32Array(6), [2, 3]).shape; // [2, 3]
 */
export function fromTypedArray(data: AnyTypedArray, shape: Shape, options?: TensorOptions): Tensor {
  if (arguments.length > 3) refuseSurplus('fromTypedArray', arguments, 3);
  const op = 'fromTypedArray';
  const known = checkOptions(op, options, ['dtype', 'requiresGrad', 'share']);
  const dtype = known.dtype === undefined ? undefined : checkDType(op, known.dtype);
  const sizes = checkShape(op, [shape]);
  if (!isTypedArray(data)) fail('WRONG_TYPE', `${op}: expected a typed array, got ${describe(data)}`);
  const length = lengthOf(data);
  if (numelOf(sizes) !== length) {
    fail(
      'SHAPE_MISMATCH',
      `${op}: shape ${showShape(sizes)} has ${numelOf(sizes)} elements, the typed array ${length}`,
    );
  }
  if (known.share === true) return asLeaf(op, shared(op, data, sizes, dtype), known.requiresGrad);
  const { values, dtype: found } = asDType(op, data);
  const made = rawFrom(values, sizes, found);
  return asLeaf(op, dtype === undefined || dtype === found ? made : rawCast(made, dtype), known.requiresGrad);
}

function shared(op: string, data: unknown, shape: Shape | null, dtype: DType | undefined): Tensor {
  if (!isTypedArray(data)) fail('WRONG_TYPE', `${op}: share needs a typed array, got ${describe(data)}`);
  const { values, dtype: found } = asDType(op, data);
  if (!hasFixedMemory(data)) {
    fail(
      'BAD_ARGUMENT',
      `${op}: the memory of a SharedArrayBuffer or a resizable ArrayBuffer cannot be used in place; leave share out to copy it`,
    );
  }
  if ((values as unknown) !== data || (dtype !== undefined && dtype !== found)) {
    const wanted = (values as unknown) === data && dtype !== undefined ? dtype : 'a dtype of its own kind';
    fail(
      'DTYPE_MISMATCH',
      `${op}: a ${data.constructor.name} cannot be used in place as ${wanted}; leave share out to convert it`,
    );
  }
  return rawShare(values, shape ?? [lengthOf(data)], found);
}

/** Uninitialised memory of this shape: write before reading. */
export function empty(...args: ShapeArguments): Tensor {
  const [shape, options] = shapeAndOptions<CreateOptions>('empty', args);
  const [dtype, requiresGrad] = settings('empty', options);
  return asLeaf('empty', rawEmpty(shape, dtype), requiresGrad);
}

/**
 * Zeros: `zeros([2, 3])` or `zeros(2, 3)`.
 *
 * @example
 * zeros([2], { dtype: 'int64' }).toArray(); // [0, 0]
 */
export function zeros(...args: ShapeArguments): Tensor {
  return filled('zeros', 0, args);
}

/**
 * Ones: `ones([2, 3])` or `ones(2, 3)`.
 *
 * @example
 * ones(2, 2).toArray(); // [[1, 1], [1, 1]]
 */
export function ones(...args: ShapeArguments): Tensor {
  return filled('ones', 1, args);
}

function filled(op: string, value: number, args: ShapeArguments): Tensor {
  const [shape, options] = shapeAndOptions<CreateOptions>(op, args);
  const [dtype, requiresGrad] = settings(op, options);
  return asLeaf(op, rawFull(shape, value, dtype), requiresGrad);
}

function checkFill(op: string, value: unknown, dtype: DType): number {
  return checkElement(op, 'the fill value', checkNumber(op, 'the fill value', value), dtype);
}

/**
 * `value` everywhere; a boolean gives bool, a number float32 unless `dtype` says otherwise.
 *
 * @example
 * full([2], 7).toArray(); // [7, 7]
 */
export function full(shape: Shape, value: number | boolean, options?: CreateOptions): Tensor {
  if (arguments.length > 3) refuseSurplus('full', arguments, 3);
  const [dtype, requiresGrad] = settings('full', options, typeof value === 'boolean' ? 'bool' : 'float32');
  return asLeaf('full', rawFull(checkShape('full', [shape]), checkFill('full', value, dtype), dtype), requiresGrad);
}

/**
 * Zeros in x's shape and dtype.
 *
 * @example
 * zerosLike(tensor([1, 2])).toArray(); // [0, 0]
 */
export function zerosLike(x: Tensor, options?: CreateOptions): Tensor {
  if (arguments.length > 2) refuseSurplus('zerosLike', arguments, 2);
  return fillLike('zerosLike', x, 0, options);
}

/** Ones in x's shape and dtype. */
export function onesLike(x: Tensor, options?: CreateOptions): Tensor {
  if (arguments.length > 2) refuseSurplus('onesLike', arguments, 2);
  return fillLike('onesLike', x, 1, options);
}

/** `value` everywhere in x's shape and dtype. */
export function fullLike(x: Tensor, value: number | boolean, options?: CreateOptions): Tensor {
  if (arguments.length > 3) refuseSurplus('fullLike', arguments, 3);
  return fillLike('fullLike', x, value, options);
}

/** Uninitialised memory in x's shape and dtype. */
export function emptyLike(x: Tensor, options?: CreateOptions): Tensor {
  if (arguments.length > 2) refuseSurplus('emptyLike', arguments, 2);
  const [dtype, requiresGrad] = settings('emptyLike', options, checkTensor('emptyLike', x).dtype);
  return asLeaf('emptyLike', rawEmpty(x._shape, dtype), requiresGrad);
}

function fillLike(op: string, x: Tensor, value: number | boolean, options: CreateOptions | undefined): Tensor {
  const [dtype, requiresGrad] = settings(op, options, checkTensor(op, x).dtype);
  return asLeaf(op, rawFull(x._shape, checkFill(op, value, dtype), dtype), requiresGrad);
}

/**
 * start, start + step, … up to but without `end`: `arange(end)`, `arange(start, end)`, `arange(start, end, step)`, then
 * options. int64 when all are integers, float32 otherwise.
 *
 * @example
 * arange(1, 6, 2).toArray(); // [1, 3, 5]
 */
export function arange(end: number, options?: CreateOptions): Tensor;
export function arange(start: number, end: number, options?: CreateOptions): Tensor;
export function arange(start: number, end: number, step: number, options?: CreateOptions): Tensor;
export function arange(...args: (number | CreateOptions | undefined)[]): Tensor {
  const last = args.at(-1);
  const options = typeof last === 'object' && last !== null ? last : undefined;
  const numbers = args
    .filter((arg) => arg !== undefined && arg !== options)
    .map((arg) => checkNumber('arange', 'an argument', arg));
  if (numbers.length < 1 || numbers.length > 3)
    fail('BAD_ARGUMENT', `arange: expected end, or start, end and step, got ${numbers.length} numbers`);
  const [start, end, step] = numbers.length === 1 ? [0, numbers[0]!, 1] : [numbers[0]!, numbers[1]!, numbers[2] ?? 1];
  if (!Number.isFinite(start) || !Number.isFinite(end) || !Number.isFinite(step)) {
    fail('BAD_ARGUMENT', `arange: unsupported range ${start} to ${end} by ${step}`);
  }
  if (step === 0) fail('BAD_ARGUMENT', 'arange: step must be nonzero');
  if ((end - start) * Math.sign(step) < 0) {
    fail('BAD_ARGUMENT', `arange: bounds ${start} to ${end} are inconsistent with the sign of step ${step}`);
  }
  const [dtype, requiresGrad] = settings('arange', options, numbers.every(Number.isInteger) ? 'int64' : 'float32');
  if (isFloating(dtype)) {
    const [n] = checkShape('arange', [Math.ceil((end - start) / step)]);
    return asLeaf('arange', rawArange(start, step, n!, dtype), requiresGrad);
  }
  // As in PyTorch: the numbers of an integer range start and step by whole numbers, those of int64 end at one, too.
  const [first, whole, by] = [start, end, step].map(Math.trunc) as [number, number, number];
  if (dtype === 'int64' && by === 0) fail('BAD_ARGUMENT', `arange: step must be nonzero, got ${step} as ${dtype}`);
  const [n] = checkShape('arange', [Math.ceil(dtype === 'int64' ? (whole - first) / by : (end - start) / step)]);
  return asLeaf('arange', rawArange(first, by, n!, dtype), requiresGrad);
}

/** Elements made in JavaScript at a time. */
const CHUNK = 4096;

/**
 * `steps` numbers from start to end, both included.
 *
 * @example
 * linspace(0, 1, 3).toArray(); // [0, 0.5, 1]
 */
export function linspace(start: number, end: number, steps: number, options?: CreateOptions): Tensor {
  if (arguments.length > 4) refuseSurplus('linspace', arguments, 4);
  const ends = [checkNumber('linspace', 'start', start), checkNumber('linspace', 'end', end)] as const;
  const [n] = checkShape('linspace', [checkInteger('linspace', 'steps', steps)]) as [number];
  const [dtype, requiresGrad] = settings('linspace', options);
  const exact = rawEmpty([n], 'float64');
  // The ends of integers are integers.
  const [first, last] = isFloating(dtype) ? ends : (ends.map(Math.trunc) as [number, number]);
  const step = n > 1 ? (last - first) / (n - 1) : 0;
  // From the nearer end, so that both are exact.
  const valueAt = (i: number): number =>
    i < Math.floor(n / 2) || n === 1 ? first + step * i : last - step * (n - 1 - i);
  for (let at = 0; at < n; at += CHUNK) {
    const values = Float64Array.from({ length: Math.min(CHUNK, n - at) }, (_, i) => valueAt(at + i));
    rawCopy(rawFrom(values, [values.length], 'float64'), rawView(exact, [values.length], [1], at));
  }
  return asLeaf('linspace', dtype === 'float64' ? exact : rawCast(exact, dtype), requiresGrad);
}

/**
 * The identity matrix, [n, n] or [n, m].
 *
 * @example
 * eye(2).toArray(); // [[1, 0], [0, 1]]
 */
export function eye(n: number, ...rest: [m?: number, options?: CreateOptions] | [options?: CreateOptions]): Tensor {
  const [first, second] = rest;
  const most = typeof first === 'number' ? 2 : 1;
  if (rest.length > most) refuseSurplus('eye', rest, most);
  const [m, options] = typeof first === 'number' ? [first, second] : [n, first ?? second];
  const [dtype, requiresGrad] = settings('eye', options);
  const square = rawFull(checkShape('eye', [n, m]), 1, dtype);
  return asLeaf('eye', rawTriangle(rawTriangle(square, 0, true), 0, false), requiresGrad);
}

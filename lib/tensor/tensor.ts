import { refuseSurplus } from './arguments.js';
import { checkNestedFits, nest } from './arrays.js';
import { checkFits } from './capacity.js';
import { context } from './context.js';
import { brand } from './copies.js';
import { DTYPES, type DType, type TypedArray, type TypedArrayOf } from './dtype.js';
import { describe, fail } from './errors.js';
import { toJSON } from './json.js';
import { addon } from './runtime.js';
import { contiguousStrides, numelOf, type Shape, showShape } from './shape.js';

/** Counts the in-place changes of one storage; shared by all views of it, and by `detach()`. */
export interface VersionCounter {
  value: number;
}

/** The counter of every tensor made in inference mode: its changes are not counted, so it cannot be saved for backward. */
export const INFERENCE: VersionCounter = { value: 0 };

/** What autograd knows of a tensor. Owned by lib/autograd; null for a tensor that no graph has touched. */
export interface AutogradMeta {
  requiresGrad: boolean;
  grad: Tensor | null;
  /** The node that computed the tensor, and which of its outputs this is; null for a leaf. */
  gradFn: object | null;
  outputIndex: number;
}

/** Nested arrays of an n-dimensional tensor's elements; a plain element for a zero-dimensional one. */
export type NestedArray<T = number | boolean> = T | NestedArray<T>[];

export const INTERNAL = Symbol('flambeau.internal');

const LIVE = Symbol('a Tensor: its memory stays with its thread; send toTypedArray(), shape and dtype instead;');

/** What disposed of a tensor, as `howDisposed` says it. */
export const DISPOSED_BY = {
  dispose: Symbol('was disposed by dispose()'),
  using: Symbol('was disposed at the end of its using block'),
  tidy: Symbol('was disposed by tidy; return it from there, or keep() it'),
} as const;

/**
 * An n-dimensional array in native memory. Made by `tensor`, `zeros`, `randn` … and by operations; never by `new`.
 *
 * Memory is freed when the tensor is garbage collected, earlier by `dispose()`, `using` or `tidy`.
 *
 * @example
 * const x = tensor([[1, 2], [3, 4]]);
 * x.shape;              // [2, 2]
 * x.mul(10).toArray();  // [[10, 20], [30, 40]]
 */
export class Tensor {
  /** @internal Sizes as the library reads them: shared with other tensors, and never frozen or shown. */
  _shape: Shape;
  /** @internal A frozen copy, once `shape` has been read. A copy, for V8 is slow with frozen arrays. */
  _shown: Shape | null;
  readonly dtype: DType;
  /**
   * @internal Always a symbol: at one, structured clones (and so messages to workers) throw in the sender, with its
   * text. LIVE, or what disposed of the tensor.
   */
  _life: symbol;
  /** @internal Native handle; 0 before the result is there and after disposal. */
  _handle: number;
  /** @internal Element strides; null means row-major without gaps. */
  _strides: Shape | null;
  /** @internal In elements, into the storage. */
  _offset: number;
  /** @internal */
  _autograd: AutogradMeta | null;
  /** @internal How many live graph nodes saved this tensor; they keep its memory through `dispose()`. */
  _pins: number;
  /** @internal The handle of a disposed tensor that a graph still needs; 0 otherwise. */
  _parked: number;
  /** @internal Null stands for "version 0, and no other tensor shares this storage". */
  _versions: VersionCounter | null;

  /** Not for users: see the class. */
  constructor(key: typeof INTERNAL, shape: Shape, dtype: DType) {
    if (key !== INTERNAL)
      fail('WRONG_TYPE', 'Tensor: not a public constructor; use tensor([...]), zeros(shape), randn(shape) …');
    this._shape = shape;
    this._shown = null;
    this.dtype = dtype;
    this._life = LIVE;
    this._handle = 0;
    this._strides = null;
    this._offset = 0;
    this._autograd = null;
    this._pins = 0;
    this._parked = 0;
    this._versions = null;
  }

  /** Sizes, outermost first. */
  get shape(): Shape {
    this._shown ??= Object.freeze(this._shape.slice());
    return this._shown;
  }

  /** The number of dimensions. */
  get ndim(): number {
    return this._shape.length;
  }

  /** The number of elements. */
  get numel(): number {
    return numelOf(this._shape);
  }

  /** Bytes per element. */
  get itemSize(): number {
    return DTYPES[this.dtype].bytes;
  }

  /** The distance between neighbours along each dimension, in elements. */
  get strides(): Shape {
    return Object.freeze(stridesOf(this).slice());
  }

  /** Where the first element lies in the storage, in elements. */
  get storageOffset(): number {
    return this._offset;
  }

  /** The size of dimension 0. Throws on a zero-dimensional tensor. */
  get length(): number {
    if (this._shape.length === 0) fail('WRONG_TYPE', 'length: a zero-dimensional tensor has no length');
    return this._shape[0]!;
  }

  /** The size of dimension `dim` (negative counts from the end), or the whole shape. */
  size(): Shape;
  size(dim: number): number;
  size(dim?: number): Shape | number {
    if (arguments.length > 1) refuseSurplus('size', arguments, 1);
    if (dim === undefined) return this.shape;
    if (!Number.isInteger(dim)) fail('WRONG_TYPE', `size: dim must be an integer, got ${describe(dim)}`);
    const rank = this._shape.length;
    const d = dim < 0 ? dim + rank : dim;
    const size = this._shape[d];
    if (size === undefined) {
      fail(
        'INDEX_OUT_OF_RANGE',
        `size: Dimension out of range (expected to be in range of [${-rank}, ${rank - 1}], but got ${describe(dim)})`,
      );
    }
    return size;
  }

  /** Whether the elements lie in row-major order without gaps. */
  isContiguous(): boolean {
    if (arguments.length > 0) refuseSurplus('isContiguous', arguments, 0);
    if (this._strides === null) return true;
    let step = 1;
    for (let i = this._shape.length - 1; i >= 0; i--) {
      const size = this._shape[i]!;
      if (size === 0) return true;
      if (size !== 1 && this._strides[i] !== step) return false;
      step *= size;
    }
    return true;
  }

  /** Whether `dispose()` was called (by the user, `using` or `tidy`). */
  get isDisposed(): boolean {
    return this._handle === 0;
  }

  /**
   * Frees the native memory now instead of at the next garbage collection; memory that a view or a pending backward
   * still needs goes with the last of them. Any later use is an error.
   */
  dispose(): void {
    if (arguments.length > 0) refuseSurplus('dispose', arguments, 0);
    this._dispose(DISPOSED_BY.dispose);
  }

  /** @internal */
  _dispose(by: symbol): void {
    if (this._handle === 0) return;
    this._life = by;
    if (this._pins > 0) this._parked = this._handle;
    else addon.dispose(this._handle);
    this._handle = 0;
  }

  /** @internal The last graph node that saved this tensor is gone. */
  _unpin(): void {
    if (--this._pins === 0 && this._parked !== 0) {
      addon.dispose(this._parked);
      this._parked = 0;
    }
  }

  [Symbol.dispose](): void {
    this._dispose(DISPOSED_BY.using);
  }

  /** The one element as a number (bool: 0 or 1; an int64 past 2^53 loses precision, see `toTypedArray`). */
  item(): number {
    if (arguments.length > 0) refuseSurplus('item', arguments, 0);
    if (this.numel !== 1) {
      fail(
        'SHAPE_MISMATCH',
        `item: a Tensor with ${this.numel} elements cannot be converted to Scalar, shape ${showShape(this._shape)}`,
      );
    }
    return addon.item(handleOf('item', this));
  }

  /** A copy of the elements in row-major order. */
  toTypedArray(): TypedArray;
  toTypedArray<D extends DType>(this: Tensor & { readonly dtype: D }): TypedArrayOf[D];
  toTypedArray(): TypedArray {
    if (arguments.length > 0) refuseSurplus('toTypedArray', arguments, 0);
    const data = allocate('toTypedArray', this.dtype, this.numel, DTYPES[this.dtype].array);
    addon.read(handleOf('toTypedArray', this), data);
    return data;
  }

  /** A copy as nested arrays of numbers (of booleans for bool); a plain number for a zero-dimensional tensor. */
  toArray(): NestedArray {
    if (arguments.length > 0) refuseSurplus('toArray', arguments, 0);
    checkNestedFits('toArray', this._shape);
    return nest(this.toTypedArray(), this._shape, this.dtype);
  }

  /** What `JSON.stringify` writes: the elements as nested arrays. Throws at NaN, infinities and integers past 2^53. */
  toJSON(): NestedArray {
    return toJSON(this);
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString();
  }

  /** A boolean cannot be made of a tensor silently; arithmetic on the object itself is an error too. */
  valueOf(): never {
    return fail(
      'WRONG_TYPE',
      `Tensor of shape ${showShape(this._shape)} used as a primitive value; use item(), toArray() or the methods (add, eq, …)`,
    );
  }
}

brand(Tensor);

function allocate<A>(op: string, dtype: DType, n: number, kind: new (n: number) => A): A {
  checkFits(op, n, `elements of ${dtype}`, { bytes: n * DTYPES[dtype].bytes });
  try {
    return new kind(n);
  } catch (cause) {
    return fail('OUT_OF_MEMORY', `${op}: no typed array of ${n} elements of ${dtype} can be had`, { cause });
  }
}

/** Whether a value is a Tensor. */
export function isTensor(value: unknown): value is Tensor {
  return value instanceof Tensor;
}

/** The strides as the library reads them, not frozen. */
export const stridesOf = (x: Tensor): Shape => x._strides ?? contiguousStrides(x._shape);

/** How a message about a disposed tensor goes on. */
export const howDisposed = (x: Tensor): string => x._life.description!;

/** The live handle of an operand; the error names the op that was given a disposed tensor. */
export function handleOf(op: string, x: Tensor): number {
  if (x._handle === 0) fail('DISPOSED', `${op}: the tensor of shape ${showShape(x._shape)} ${howDisposed(x)}`);
  return x._handle;
}

/** Refuses anything but a live tensor, before native code sees it. */
export function checkTensor(op: string, x: unknown, argument = 'input'): Tensor {
  if (x instanceof Tensor) {
    if (x._handle === 0) fail('DISPOSED', `${op}: ${argument} of shape ${showShape(x._shape)} ${howDisposed(x)}`);
    if (x._handle === undefined)
      fail('WRONG_TYPE', `${op}: ${argument} must be a Tensor, got an object with the prototype of one`);
    return x;
  }
  return fail('WRONG_TYPE', `${op}: ${argument} must be a Tensor, got ${describe(x)}`);
}

/** The JavaScript side of a fresh result; the caller sets `_handle` from the native call that fills it. */
export function makeTensor(shape: Shape, dtype: DType): Tensor {
  const x = new Tensor(INTERNAL, shape, dtype);
  const { scope, inference } = context();
  if (scope !== null) scope.add(x);
  if (inference) x._versions = INFERENCE;
  return x;
}

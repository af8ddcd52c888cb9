import { DTYPES, type DType, type TypedArray } from '../tensor/dtype.js';
import { addon, put } from '../tensor/runtime.js';
import type { Shape } from '../tensor/shape.js';
import { makeTensor, type Tensor } from '../tensor/tensor.js';

export function rawEmpty(shape: Shape, dtype: DType): Tensor {
  const out = makeTensor(shape, dtype);
  out._handle = addon.empty(DTYPES[dtype].id, put(shape), out);
  return out;
}

export function rawFull(shape: Shape, value: number, dtype: DType): Tensor {
  const out = makeTensor(shape, dtype);
  out._handle = addon.full(DTYPES[dtype].id, put(shape), value, out);
  return out;
}

/** A copy of the elements of a typed array of the dtype's own kind, of bfloat16 also of its bits. */
export function rawFrom(data: TypedArray | Uint16Array, shape: Shape, dtype: DType): Tensor {
  const out = makeTensor(shape, dtype);
  out._handle = addon.from(DTYPES[dtype].id, put(shape), data, out);
  return out;
}

/** As rawFrom, over the array's own memory. */
export function rawShare(data: TypedArray, shape: Shape, dtype: DType): Tensor {
  const out = makeTensor(shape, dtype);
  out._handle = addon.share(DTYPES[dtype].id, put(shape), data, out);
  return out;
}

/** start, start + step, … */
export function rawArange(start: number, step: number, n: number, dtype: DType): Tensor {
  const out = makeTensor([n], dtype);
  out._handle = addon.arange(DTYPES[dtype].id, start, step, n, out);
  return out;
}

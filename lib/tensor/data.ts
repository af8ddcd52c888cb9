import { DTYPES, type DType } from './dtype.js';
import { addon, put } from './runtime.js';
import type { Shape } from './shape.js';
import { handleOf, INFERENCE, stridesOf, type Tensor } from './tensor.js';

// What `.data` means in PyTorch: the memory of a tensor, apart from its identity and its history.

/** Makes the fresh tensor `out` an alias of x, or of what `handle` names in x's place: same memory, same version counter. */
export function shareStorage(out: Tensor, x: Tensor, handle: number = handleOf('share', x)): void {
  put(x._shape);
  put(stridesOf(x), x._shape.length);
  out._handle = addon.view(handle, x._shape.length, x._offset, out);
  out._strides = x._strides;
  out._offset = x._offset;
  out._versions = x._versions ??= { value: 0 };
}

/** Makes x show the elements of `data` from now on, in its shape and dtype; whoever holds x sees the change. */
export function replaceData(x: Tensor, data: Tensor): void {
  const old = handleOf('data', x);
  put(data._shape);
  put(stridesOf(data), data._shape.length);
  const alias = addon.view(handleOf('data', data), data._shape.length, data._offset, x);
  replaceMemory(x, data._shape, data.dtype, alias, old);
  data._versions ??= { value: 0 };
  x._strides = data._strides;
  x._offset = data._offset;
}

/** Gives x memory of its own in `dtype`, with its elements converted; whoever holds x sees the change. */
export function convertInPlace(x: Tensor, dtype: DType): void {
  if (x.dtype === dtype) return;
  const old = handleOf('to', x);
  const converted = addon.cast(old, DTYPES[dtype].id, x);
  replaceMemory(x, x._shape, dtype, converted, old);
  x._strides = null;
  x._offset = 0;
}

// A graph that saved x goes on with x itself, hence with the new elements, as in PyTorch; the version tells it so.
function replaceMemory(x: Tensor, shape: Shape, dtype: DType, handle: number, old: number): void {
  addon.dispose(old);
  x._shape = shape;
  x._shown = null;
  (x as { dtype: DType }).dtype = dtype;
  x._handle = handle;
  if (x._versions !== INFERENCE) x._versions = { value: (x._versions?.value ?? 0) + 1 };
}

/** Leaves x disposed, with a copy of its elements parked for the graph that saved it. */
export function parkCopy(x: Tensor): void {
  x._parked = addon.cast(handleOf('clone', x), DTYPES[x.dtype].id, x);
  x._handle = 0;
  x._strides = null;
  x._offset = 0;
}

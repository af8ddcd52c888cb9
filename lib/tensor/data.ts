import { DTYPES, type DType } from './dtype.js';
import { addon, put } from './runtime.js';
import { handleOf, INFERENCE, type Tensor } from './tensor.js';

// What `.data` means in PyTorch: the memory of a tensor, apart from its identity and its history.

/** Makes the fresh tensor `out` an alias of x: same memory, same version counter. */
export function shareStorage(out: Tensor, x: Tensor): void {
  put(x.shape);
  put(x.strides, x.shape.length);
  out._handle = addon.view(handleOf('share', x), x.shape.length, x._offset, out);
  out._strides = x._strides;
  out._offset = x._offset;
  out._versions = x._versions ??= { value: 0 };
}

/** Gives x memory of its own in `dtype`, with its elements converted; whoever holds x sees the change. */
export function convertInPlace(x: Tensor, dtype: DType): void {
  if (x.dtype === dtype) return;
  const old = handleOf('to', x);
  const converted = addon.cast(old, DTYPES[dtype].id, x);
  // A graph that saved x goes on with x itself, hence with the converted elements, as in PyTorch.
  addon.dispose(old);
  const mutable = x as { -readonly [K in keyof Tensor]: Tensor[K] };
  mutable.dtype = dtype;
  x._handle = converted;
  x._strides = null;
  x._offset = 0;
  if (x._versions !== INFERENCE) x._versions = { value: (x._versions?.value ?? 0) + 1 };
}

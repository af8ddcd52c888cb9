import { shareStorage } from './data.js';
import { addon, put } from './runtime.js';
import { contiguousStrides, type Shape } from './shape.js';
import { handleOf, makeTensor, type Tensor } from './tensor.js';

/** A view over x's storage; it shares x's version counter. */
export function rawView(x: Tensor, shape: Shape, strides: Shape, offset: number): Tensor {
  const out = makeTensor(shape, x.dtype);
  put(shape);
  put(strides, shape.length);
  out._handle = addon.view(handleOf('view', x), shape.length, offset, out);
  out._strides = strides;
  out._offset = offset;
  out._versions = x._versions ??= { value: 0 };
  return out;
}

/** x anew: the same elements and version counter under a handle of its own, without x's place in a graph. */
export function rawAlias(x: Tensor, handle: number = handleOf('view', x)): Tensor {
  const out = makeTensor(x._shape, x.dtype);
  shareStorage(out, x, handle);
  return out;
}

/** As rawView for a contiguous x in a new shape of as many elements. */
export function rawReshape(x: Tensor, shape: Shape): Tensor {
  const out = rawView(x, shape, contiguousStrides(shape), x._offset);
  out._strides = null;
  return out;
}

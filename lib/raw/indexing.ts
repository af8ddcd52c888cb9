import { addon, put, scratch } from '../tensor/runtime.js';
import { handleOf, type Tensor } from '../tensor/tensor.js';
import { produce, resized } from './call.js';

// The kernels that move elements by index. Index tensors are int64; native code checks every value before it writes.

/** index is one-dimensional. */
export function rawIndexSelect(x: Tensor, dim: number, index: Tensor): Tensor {
  return produce(resized(x._shape, dim, index.numel), x.dtype, (out) =>
    addon.indexSelect(handleOf('indexSelect', x), dim, handleOf('indexSelect', index), out),
  );
}

/** The rows of weight [n, width] at index [...], as [..., width]. */
export function rawEmbedding(weight: Tensor, index: Tensor): Tensor {
  return produce([...index._shape, weight._shape[1]!], weight.dtype, (out) =>
    addon.embedding(handleOf('embedding', weight), handleOf('embedding', index), out),
  );
}

/** target[index[i]] += source[i] along `dim`, in place. */
export function rawIndexAdd(target: Tensor, dim: number, index: Tensor, source: Tensor): void {
  addon.indexAdd(handleOf('indexAdd', target), dim, handleOf('indexAdd', index), handleOf('indexAdd', source));
}

export function rawGather(x: Tensor, dim: number, index: Tensor): Tensor {
  return produce(index._shape, x.dtype, (out) =>
    addon.gather(handleOf('gather', x), dim, handleOf('gather', index), out),
  );
}

export function rawScatter(target: Tensor, dim: number, index: Tensor, source: Tensor): void {
  addon.scatter(handleOf('scatter', target), dim, handleOf('scatter', index), handleOf('scatter', source));
}

export function rawScatterAdd(target: Tensor, dim: number, index: Tensor, source: Tensor): void {
  addon.scatterAdd(handleOf('scatterAdd', target), dim, handleOf('scatterAdd', index), handleOf('scatterAdd', source));
}

/** Tensors of one dtype whose shapes agree but along `dim`. */
export function rawConcat(tensors: readonly Tensor[], dim: number): Tensor {
  const size = tensors.reduce((n, x) => n + x._shape[dim]!, 0);
  const first = tensors[0]!;
  const handles = Float64Array.from(tensors, (x) => handleOf('cat', x));
  return produce(resized(first._shape, dim, size), first.dtype, (out) => addon.concat(handles, dim, out));
}

export function rawTriangle(x: Tensor, diagonal: number, upper: boolean): Tensor {
  const op = upper ? 'triu' : 'tril';
  return produce(x._shape, x.dtype, (out) => addon.triangle(handleOf(op, x), diagonal, upper, out));
}

/** The indices of the non-zero elements, [count, rank]. */
export function rawNonzero(x: Tensor): Tensor {
  const shape = [0, x._shape.length];
  return produce(shape, 'int64', (out) => {
    const handle = addon.nonzero(handleOf('nonzero', x), out);
    addon.shape(handle);
    shape[0] = scratch[0]!;
    return handle;
  });
}

export function rawFlip(x: Tensor, dims: readonly number[]): Tensor {
  return produce(x._shape, x.dtype, (out) => addon.flip(handleOf('flip', x), put(dims), out));
}

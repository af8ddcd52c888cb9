import { addon, put } from '../tensor/runtime.js';
import type { Shape } from '../tensor/shape.js';
import { handleOf, makeTensor, type Tensor } from '../tensor/tensor.js';
import { kernelId, produce } from './call.js';

/** The shape after reducing `dims` (normalised). */
export function reducedShape(shape: Shape, dims: readonly number[], keepdim: boolean): number[] {
  const out: number[] = [];
  for (let i = 0; i < shape.length; i++) {
    if (!dims.includes(i)) out.push(shape[i]!);
    else if (keepdim) out.push(1);
  }
  return out;
}

export function reduceKernel(name: string): (x: Tensor, dims: readonly number[], keepdim?: boolean) => Tensor {
  const id = kernelId('reduce', name);
  return (x, dims, keepdim = false) => {
    const out = makeTensor(reducedShape(x._shape, dims, keepdim), x.dtype);
    out._handle = addon.reduce(id, handleOf(name, x), put(dims), keepdim, out);
    return out;
  };
}

/** Σ (x − mean)² over `dims`, in float64, of a float32 or float64 x. */
export function rawSquaredDeviations(x: Tensor, dims: readonly number[], keepdim: boolean): Tensor {
  const out = makeTensor(reducedShape(x._shape, dims, keepdim), 'float64');
  out._handle = addon.squaredDeviations(handleOf('var', x), put(dims), keepdim, out);
  return out;
}

/** `dim` null reduces the flattened tensor to one index. */
export function argReduceKernel(name: string): (x: Tensor, dim: number | null, keepdim?: boolean) => Tensor {
  const id = kernelId('argReduce', name);
  return (x, dim, keepdim = false) => {
    const dims = dim === null ? x._shape.map((_, i) => i) : [dim];
    return produce(reducedShape(x._shape, dims, keepdim), 'int64', (out) =>
      addon.argReduce(id, handleOf(name, x), x._shape.length === 0 ? -1 : (dim ?? -1), keepdim, out),
    );
  };
}

export function scanKernel(name: string): (x: Tensor, dim: number) => Tensor {
  const id = kernelId('scan', name);
  return (x, dim) => produce(x._shape, x.dtype, (out) => addon.scan(id, handleOf(name, x), dim, out));
}

export function softmaxKernel(name: string): (x: Tensor, dim: number) => Tensor {
  const id = kernelId('softmax', name);
  return (x, dim) => produce(x._shape, x.dtype, (out) => addon.softmax(id, handleOf(name, x), dim, out));
}

export function softmaxBackwardKernel(name: string): (g: Tensor, y: Tensor, dim: number) => Tensor {
  const id = kernelId('softmaxBackward', name);
  return (g, y, dim) =>
    produce(y._shape, y.dtype, (out) => addon.softmaxBackward(id, handleOf(name, g), handleOf(name, y), dim, out));
}

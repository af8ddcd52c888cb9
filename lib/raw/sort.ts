import { addon } from '../tensor/runtime.js';
import { handleOf, type Tensor } from '../tensor/tensor.js';
import { producePair, resized } from './call.js';

/** Stable; NaN is the largest value. */
export function rawSort(x: Tensor, dim: number, descending: boolean): [Tensor, Tensor] {
  return producePair(x._shape, [x.dtype, 'int64'], (values, indices) =>
    addon.sort(handleOf('sort', x), dim, descending, values, indices),
  );
}

export function rawTopk(x: Tensor, dim: number, k: number, largest: boolean): [Tensor, Tensor] {
  return producePair(resized(x._shape, dim, k), [x.dtype, 'int64'], (values, indices) =>
    addon.topk(handleOf('topk', x), dim, k, largest, values, indices),
  );
}

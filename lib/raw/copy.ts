import { Category, DTYPES, type DType } from '../tensor/dtype.js';
import { addon } from '../tensor/runtime.js';
import { handleOf, type Tensor } from '../tensor/tensor.js';
import { produce } from './call.js';

/** A contiguous copy in `dtype`. */
export function rawCast(x: Tensor, dtype: DType): Tensor {
  return produce(x._shape, dtype, (out) => addon.cast(handleOf('to', x), DTYPES[dtype].id, out));
}

/** x itself when it has the dtype already. */
export function rawTo(x: Tensor, dtype: DType): Tensor {
  return x.dtype === dtype ? x : rawCast(x, dtype);
}

/** What an arithmetic reduction accumulates in: integers and booleans become int64. */
export function toAccumulator(x: Tensor): Tensor {
  return DTYPES[x.dtype].category === Category.floating ? x : rawTo(x, 'int64');
}

export function rawContiguous(x: Tensor): Tensor {
  return x.isContiguous() ? x : rawCast(x, x.dtype);
}

/** Broadcasts and casts `source` into `target`. */
export function rawCopy(source: Tensor, target: Tensor): void {
  addon.copy(handleOf('copy_', source), handleOf('copy_', target));
}

export function rawFill(target: Tensor, value: number): void {
  addon.fill(handleOf('fill_', target), value);
}

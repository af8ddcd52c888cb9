import { checkDType, type DType, isFloating } from '../tensor/dtype.js';
import { checkOptions } from '../tensor/options.js';
import { checkTensor, type Tensor } from '../tensor/tensor.js';
import { castTo } from './broadcast.js';
import { clone } from './shape/views.js';

export interface ToOptions {
  /** Copies also where the dtype is right already; default false. */
  copy?: boolean;
}

/**
 * x in another dtype; x itself when it has it already. Floating values become integers by truncation, anything but 0
 * becomes true.
 *
 * @example
 * tensor([1.7, -1.7]).to('int64').toArray(); // [1, -1]
 */
export function to(x: Tensor, dtype: DType, options?: ToOptions): Tensor {
  checkTensor('to', x);
  checkDType('to', dtype);
  const { copy = false } = checkOptions('to', options, ['copy']);
  return copy && x.dtype === dtype ? clone(x) : castTo(x, dtype);
}

/** x as float32. */
export const float = (x: Tensor): Tensor => to(x, 'float32');

/** x as float64. */
export const double = (x: Tensor): Tensor => to(x, 'float64');

/** x as bfloat16, each element rounded to the nearest, half to even. */
export const bfloat16 = (x: Tensor): Tensor => to(x, 'bfloat16');

/** x as int32. */
export const int = (x: Tensor): Tensor => to(x, 'int32');

/** x as int64. */
export const long = (x: Tensor): Tensor => to(x, 'int64');

/** x as uint8. */
export const byte = (x: Tensor): Tensor => to(x, 'uint8');

/** x as int8; what does not fit wraps. */
export const char = (x: Tensor): Tensor => to(x, 'int8');

/** x as bool: whether an element is not 0. */
export const bool = (x: Tensor): Tensor => to(x, 'bool');

/** x in the dtype of `other`. */
export function typeAs(x: Tensor, other: Tensor): Tensor {
  return to(x, checkTensor('typeAs', other, 'other').dtype);
}

/** Whether x has a floating dtype. */
export function isFloatingPoint(x: Tensor): boolean {
  return isFloating(checkTensor('isFloatingPoint', x).dtype);
}

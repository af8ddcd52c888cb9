import { refuseSurplus } from '../tensor/arguments.js';
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
  if (arguments.length > 3) refuseSurplus('to', arguments, 3);
  checkTensor('to', x);
  checkDType('to', dtype);
  const { copy = false } = checkOptions('to', options, ['copy']);
  return copy && x.dtype === dtype ? clone(x) : castTo(x, dtype);
}

type Cast = (x: Tensor) => Tensor;

function cast(name: string, dtype: DType): Cast {
  return function (x) {
    if (arguments.length > 1) refuseSurplus(name, arguments, 1);
    return to(x, dtype);
  };
}

/** x as float32. */
export const float: Cast = cast('float', 'float32');

/** x as float64. */
export const double: Cast = cast('double', 'float64');

/** x as bfloat16, each element rounded to the nearest, half to even. */
export const bfloat16: Cast = cast('bfloat16', 'bfloat16');

/** x as int32. */
export const int: Cast = cast('int', 'int32');

/** x as int64. */
export const long: Cast = cast('long', 'int64');

/** x as uint8. */
export const byte: Cast = cast('byte', 'uint8');

/** x as int8; what does not fit wraps. */
export const char: Cast = cast('char', 'int8');

/** x as bool: whether an element is not 0. */
export const bool: Cast = cast('bool', 'bool');

/** x in the dtype of `other`. */
export function typeAs(x: Tensor, other: Tensor): Tensor {
  if (arguments.length > 2) refuseSurplus('typeAs', arguments, 2);
  return to(x, checkTensor('typeAs', other, 'other').dtype);
}

/** Whether x has a floating dtype. */
export function isFloatingPoint(x: Tensor): boolean {
  if (arguments.length > 1) refuseSurplus('isFloatingPoint', arguments, 1);
  return isFloating(checkTensor('isFloatingPoint', x).dtype);
}

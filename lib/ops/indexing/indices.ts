import { rawCast } from '../../raw/copy.js';
import { fail } from '../../tensor/errors.js';
import { checkTensor, type Tensor } from '../../tensor/tensor.js';

/** An index or target tensor as int64; int32, uint8 and int8 are cast, floats refused. */
export function checkIndex(op: string, index: unknown, argument = 'index'): Tensor {
  const checked = checkTensor(op, index, argument);
  switch (checked.dtype) {
    case 'int64':
      return checked;
    case 'int32':
    case 'uint8':
    case 'int8':
      return rawCast(checked, 'int64');
    default:
      return fail(
        'DTYPE_MISMATCH',
        `${op}: ${argument} must hold integers, got ${checked.dtype}; make it with { dtype: 'int64' } or cast it with to('int64')`,
      );
  }
}

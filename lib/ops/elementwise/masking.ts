import { defineOp, type Op } from '../../autograd/op.js';
import { rawWhere } from '../../raw/elementwise.js';
import { refuseSurplus } from '../../tensor/arguments.js';
import {
  Category,
  type DType,
  promoteTypes,
  resultType,
  scalarCategory,
  scalarResultType,
} from '../../tensor/dtype.js';
import { describe, fail } from '../../tensor/errors.js';
import { checkElement } from '../../tensor/nested.js';
import { checkTensor, Tensor } from '../../tensor/tensor.js';
import { castTo, checkOperand, type Operand, scalar, sumTo } from '../broadcast.js';

const whereOp: Op<[condition: Tensor, a: Tensor, b: Tensor]> = defineOp({
  name: 'where',
  forward: (condition, a, b) => rawWhere(condition, a, b),
  save: ([condition]) => [condition],
  backward: ({ args: [, a, b], saved: [condition], needs }, g) => {
    const zero = scalar(0, g.dtype);
    return [
      null,
      needs[1] ? sumTo(whereOp(condition!, g, zero), a.shape) : null,
      needs[2] ? sumTo(whereOp(condition!, zero, g), b.shape) : null,
    ];
  },
});

export function checkMask(op: string, mask: unknown, argument: string): Tensor {
  const checked = checkTensor(op, mask, argument);
  if (checked.dtype !== 'bool')
    fail('DTYPE_MISMATCH', `${op}: ${argument} must be a bool tensor, got ${checked.dtype}`);
  return checked;
}

function scalarDType(value: number | boolean): 'bool' | 'int64' | 'float32' {
  const category = scalarCategory(value);
  return category === Category.boolean ? 'bool' : category === Category.integer ? 'int64' : 'float32';
}

/**
 * a where condition holds, b elsewhere; the three broadcast, a and b promote. Only the chosen side gets a gradient.
 *
 * @example
 * where(x.gt(0), x, 0); // relu
 */
export function where(condition: Tensor, a: Operand, b: Operand): Tensor {
  if (arguments.length > 3) refuseSurplus('where', arguments, 3);
  checkMask('where', condition, 'condition');
  checkOperand('where', a, 'input');
  checkOperand('where', b);
  if (a instanceof Tensor) {
    const dtype = b instanceof Tensor ? resultType(a, b) : scalarResultType(a, b);
    return whereOp(condition, castTo(a, dtype), b instanceof Tensor ? castTo(b, dtype) : constant('other', b, dtype));
  }
  const dtype = b instanceof Tensor ? scalarResultType(b, a) : promoteTypes(scalarDType(a), scalarDType(b));
  const input = constant('input', a, dtype);
  return whereOp(condition, input, b instanceof Tensor ? castTo(b, dtype) : constant('other', b, dtype));
}

const constant = (name: string, value: number | boolean, dtype: DType): Tensor =>
  scalar(checkElement('where', name, Number(value), dtype), dtype);

/**
 * x with `value` (a number or a zero-dimensional tensor) where the broadcast bool mask holds.
 *
 * @example
 * tensor([1, 2]).maskedFill(tensor([true, false]), -Infinity).toArray(); // [-Infinity, 2]
 */
export function maskedFill(x: Tensor, mask: Tensor, value: Operand): Tensor {
  if (arguments.length > 3) refuseSurplus('maskedFill', arguments, 3);
  checkTensor('maskedFill', x);
  checkMask('maskedFill', mask, 'mask');
  checkOperand('maskedFill', value, 'value');
  if (!(value instanceof Tensor))
    return whereOp(mask, scalar(checkElement('maskedFill', 'value', Number(value), x.dtype), x.dtype), x);
  if (value._shape.length !== 0) {
    fail(
      'SHAPE_MISMATCH',
      `maskedFill: value must be a number or a zero-dimensional tensor, got ${describe(value)} with ${value._shape.length} dimension(s)`,
    );
  }
  return whereOp(mask, castTo(value, x.dtype), x);
}

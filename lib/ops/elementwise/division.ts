import { defineOp, type Op } from '../../autograd/op.js';
import { binaryKernel, unaryKernel } from '../../raw/elementwise.js';
import { refuseSurplus } from '../../tensor/arguments.js';
import { isFloating } from '../../tensor/dtype.js';
import { fail } from '../../tensor/errors.js';
import { Tensor } from '../../tensor/tensor.js';
import { type Operand, operands, sumTo, zerosAs } from '../broadcast.js';

// Division to a whole number, for the ops that are made of it.

export type Divider = Op<[x: Tensor, other: Operand]>;

/** `op` on broadcast operands of one dtype, which is not bool; `byNumber` where the divisor is no tensor. */
export function divider(
  name: string,
  op: Op<[a: Tensor, b: Tensor]>,
  byNumber: Op<[a: Tensor, b: Tensor]> = op,
): Divider {
  return function (x, other) {
    if (arguments.length > 2) refuseSurplus(name, arguments, 2);
    const [a, b] = operands(name, x, other);
    if (a.dtype === 'bool') fail('DTYPE_MISMATCH', `${name}: not defined for bool tensors`);
    return other instanceof Tensor ? op(a, b) : byNumber(a, b);
  };
}

export const floorDivideRaw = binaryKernel('floorDivide');
const divRaw = binaryKernel('div');
const subRaw = binaryKernel('sub');
const fmodRaw = binaryKernel('fmod');
const truncRaw = unaryKernel('trunc');

/** A division to a whole number with the derivative of a step function, which is 0. */
const wholeDivision = (divide: (a: Tensor, b: Tensor) => Tensor): Divider =>
  divider(
    'div',
    defineOp({
      name: 'div',
      node: 'DivBackward2',
      forward: divide,
      backward: ({ args: [x, y], needs }, g) => [
        needs[0] ? sumTo(zerosAs(g), x.shape) : null,
        needs[1] ? sumTo(zerosAs(g), y.shape) : null,
      ],
    }),
  );

/** ⌊x / other⌋; unlike that of `floorDivide`, its derivative is no error. */
export const divFloor: Divider = wholeDivision((a, b) => floorDivideRaw(a, b));

/** x / other rounded towards zero. Of integers: what is left after taking C's remainder off divides exactly. */
export const divTrunc: Divider = wholeDivision((a, b) =>
  isFloating(a.dtype) ? truncRaw(divRaw(a, b)) : floorDivideRaw(subRaw(a, fmodRaw(a, b)), b),
);

import { defineOp, type Op } from '../autograd/op.js';
import { fail } from '../tensor/errors.js';
import { binaryKernel } from '../tensor/raw.js';
import type { Tensor } from '../tensor/tensor.js';
import { type Operand, operands, sumTo, zerosAs } from './broadcast.js';

// Division to a whole number, for the ops that are made of it.

export type Divider = Op<[x: Tensor, other: Operand]>;

/** `op` on broadcast operands of one dtype, which is not bool. */
export function divider(name: string, op: Op<[a: Tensor, b: Tensor]>): Divider {
  return (x, other) => {
    const [a, b] = operands(name, x, other);
    if (a.dtype === 'bool') fail('DTYPE_MISMATCH', `${name}: not defined for bool tensors`);
    return op(a, b);
  };
}

export const floorDivideRaw = binaryKernel('floorDivide');

/** ⌊x / other⌋ with the derivative of a step function; that of `floorDivide` is an error. */
export const divFloor: Divider = divider(
  'div',
  defineOp({
    name: 'div',
    node: 'DivBackward2',
    forward: (a: Tensor, b: Tensor) => floorDivideRaw(a, b),
    backward: ({ args: [x, y], needs }, g) => [
      needs[0] ? sumTo(zerosAs(g), x.shape) : null,
      needs[1] ? sumTo(zerosAs(g), y.shape) : null,
    ],
  }),
);

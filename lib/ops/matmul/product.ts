import { defineOp, type Op } from '../../autograd/op.js';
import { rawMatmul } from '../../raw/matmul.js';
import { castAdvice } from '../../tensor/dtype.js';
import { fail } from '../../tensor/errors.js';
import { type Shape, showShape } from '../../tensor/shape.js';
import { checkTensor, type Tensor } from '../../tensor/tensor.js';
import { sumTo } from '../broadcast.js';
import { swapLast } from '../shape/layout.js';

// The product that all products of matrices are, and what its arguments must be.

/** a [..., m, k] · b [..., k, n] → [..., m, n], batches broadcast; checked arguments of one dtype and rank >= 2. */
export const product: Op<[a: Tensor, b: Tensor]> = defineOp({
  name: 'matmul',
  node: (x, y) => (x.shape.length === 2 && y.shape.length === 2 ? 'MmBackward0' : 'BmmBackward0'),
  forward: (a, b) => rawMatmul(a, b),
  save: ([a, b], _out, [aNeeds, bNeeds]) => [bNeeds ? a : null, aNeeds ? b : null],
  backward: ({ args: [x, y], saved: [a, b], needs }, g) => [
    needs[0] ? sumTo(product(g, swapLast(b!)), x.shape) : null,
    needs[1] ? sumTo(product(swapLast(a!), g), y.shape) : null,
  ],
});

export function checkPair(
  op: string,
  a: unknown,
  b: unknown,
  names: readonly [string, string] = ['input', 'other'],
): [Tensor, Tensor] {
  const x = checkTensor(op, a, names[0]);
  const y = checkTensor(op, b, names[1]);
  if (x.dtype !== y.dtype)
    fail(
      'DTYPE_MISMATCH',
      `${op}: expected both tensors to have one dtype, got ${x.dtype} and ${y.dtype}${castAdvice(x.dtype, y.dtype)}`,
    );
  if (x.dtype === 'bool') fail('DTYPE_MISMATCH', `${op}: not defined for bool tensors`);
  return [x, y];
}

export const brief = (shape: Shape): string => `[${shape.join(',')}]`;

export function checkInner(op: string, a: Tensor, b: Tensor): void {
  if (a._shape.at(-1) !== b._shape.at(b._shape.length === 1 ? 0 : -2)) {
    fail('SHAPE_MISMATCH', `${op}: inner dimensions differ, ${brief(a._shape)} × ${brief(b._shape)}`);
  }
}

export function checkRank(op: string, x: Tensor, rank: number, argument: string): void {
  if (x._shape.length !== rank) {
    const kind = ['a scalar', 'a vector', 'a matrix', 'a batch of matrices'][rank]!;
    fail(
      'SHAPE_MISMATCH',
      `${op}: ${argument} must be ${kind} (${rank}-dimensional), got shape ${showShape(x._shape)}`,
    );
  }
}

export function checkMultiplies(op: string, a: Shape, b: Shape): void {
  if (a[1] !== b[0]) {
    fail('SHAPE_MISMATCH', `${op}: mat1 and mat2 shapes cannot be multiplied (${a.join('x')} and ${b.join('x')})`);
  }
}

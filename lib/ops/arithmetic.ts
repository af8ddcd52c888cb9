import { defineOp, type Op } from '../autograd/op.js';
import { binaryKernel, binaryScalarKernel, unaryKernel } from '../tensor/raw.js';
import { checkTensor, Tensor } from '../tensor/tensor.js';
import { checkOperand, type Operand, promote, promoteScalar, sumTo } from './broadcast.js';

const mulRaw = binaryKernel('mul');
const mulScalarRaw = binaryScalarKernel('mul');
const negRaw = unaryKernel('neg');

const mulTensors: Op<[a: Tensor, b: Tensor]> = defineOp({
  name: 'mul',
  forward: (a, b) => mulRaw(a, b),
  save: ([a, b], _out, [aNeeds, bNeeds]) => [bNeeds ? a : null, aNeeds ? b : null],
  backward: ({ args: [x, y], saved: [a, b], needs }, g) => [
    needs[0] ? sumTo(mulTensors(g, b!), x.shape) : null,
    needs[1] ? sumTo(mulTensors(g, a!), y.shape) : null,
  ],
});

const mulScalar: Op<[x: Tensor, scalar: number]> = defineOp({
  name: 'mul',
  forward: (x, scalar) => mulScalarRaw(x, scalar),
  backward: ({ args: [, scalar] }, g) => [mulScalar(g, scalar)],
});

/** Elementwise product, broadcast: shapes [..] × [..] → [..]. */
export function mul(x: Tensor, other: Operand): Tensor {
  checkTensor('mul', x);
  checkOperand('mul', other);
  if (other instanceof Tensor) return mulTensors(...promote(x, other));
  return mulScalar(promoteScalar(x, other), Number(other));
}

/** −x. */
export const neg: Op<[x: Tensor]> = defineOp({
  name: 'neg',
  forward: (x) => negRaw(checkTensor('neg', x)),
  backward: (_ctx, g) => [neg(g)],
});

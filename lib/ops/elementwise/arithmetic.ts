import { defineOp, type Op } from '../../autograd/op.js';
import { binaryKernel, binaryScalarKernel, unaryKernel } from '../../raw/elementwise.js';
import { refuseSurplus } from '../../tensor/arguments.js';
import { resultType, scalarResultType } from '../../tensor/dtype.js';
import { fail } from '../../tensor/errors.js';
import { checkElement } from '../../tensor/nested.js';
import { checkChoice, checkOptions } from '../../tensor/options.js';
import { broadcastShapes } from '../../tensor/shape.js';
import { checkTensor, Tensor } from '../../tensor/tensor.js';
import {
  castTo,
  checkFactor,
  checkOperand,
  floating,
  type Operand,
  promote,
  promoteScalar,
  sumTo,
  zerosAs,
} from '../broadcast.js';
import { divFloor, divTrunc } from './division.js';

// Elementwise arithmetic. Shapes broadcast, [..] × [..] → [..]; dtypes promote as in PyTorch; a plain number takes part
// with its category alone (an integer-valued one is an integer).

const negRaw = unaryKernel('neg');
const addRaw = binaryKernel('add');
const addScalarRaw = binaryScalarKernel('add');
const axpyRaw = binaryKernel('axpy');
const subRaw = binaryKernel('sub');
const subScalarRaw = binaryScalarKernel('sub');
const mulRaw = binaryKernel('mul');
const mulScalarRaw = binaryScalarKernel('mul');
const divRaw = binaryKernel('div');
const divScalarRaw = binaryScalarKernel('div');

/** −x. */
export function neg(x: Tensor): Tensor {
  if (arguments.length > 1) refuseSurplus('neg', arguments, 1);
  return negOp(x);
}

const negOp: Op<[x: Tensor]> = defineOp({
  name: 'neg',
  forward: (x) => {
    if (checkTensor('neg', x).dtype === 'bool') {
      fail('DTYPE_MISMATCH', 'neg: negation of a bool tensor is not supported; to invert a mask use logicalNot()');
    }
    return negRaw(x);
  },
  backward: (_ctx, g) => [negOp(g)],
});

const addTensors: Op<[a: Tensor, b: Tensor]> = defineOp({
  name: 'add',
  forward: (a, b) => addRaw(a, b),
  backward: ({ args: [a, b], needs }, g) => [needs[0] ? sumTo(g, a.shape) : null, needs[1] ? sumTo(g, b.shape) : null],
});

const addScaled: Op<[a: Tensor, b: Tensor, alpha: number]> = defineOp({
  name: 'add',
  forward: (a, b, alpha) => axpyRaw(a, b, alpha),
  backward: ({ args: [a, b, alpha], needs }, g) => [
    needs[0] ? sumTo(g, a.shape) : null,
    needs[1] ? sumTo(mulScalar(g, alpha), b.shape) : null,
  ],
});

const addScalar: Op<[x: Tensor, value: number]> = defineOp({
  name: 'add',
  forward: (x, value) => addScalarRaw(x, value),
  backward: (_ctx, g) => [g],
});

const subTensors: Op<[a: Tensor, b: Tensor]> = defineOp({
  name: 'sub',
  forward: (a, b) => subRaw(a, b),
  backward: ({ args: [a, b], needs }, g) => [
    needs[0] ? sumTo(g, a.shape) : null,
    needs[1] ? sumTo(neg(g), b.shape) : null,
  ],
});

const subScalar: Op<[x: Tensor, value: number, reversed: boolean]> = defineOp({
  name: 'sub',
  node: (_x, _value, reversed) => (reversed ? 'RsubBackward1' : 'SubBackward0'),
  forward: (x, value, reversed) => subScalarRaw(x, value, reversed),
  backward: ({ args: [, , reversed] }, g) => [reversed ? neg(g) : g],
});

const mulTensors: Op<[a: Tensor, b: Tensor]> = defineOp({
  name: 'mul',
  forward: (a, b) => mulRaw(a, b),
  save: ([a, b], _out, [aNeeds, bNeeds]) => [bNeeds ? a : null, aNeeds ? b : null],
  backward: ({ args: [x, y], saved: [a, b], needs }, g) => [
    needs[0] ? sumTo(mulTensors(g, b!), x.shape) : null,
    needs[1] ? sumTo(mulTensors(g, a!), y.shape) : null,
  ],
});

const mulScalar: Op<[x: Tensor, value: number]> = defineOp({
  name: 'mul',
  forward: (x, value) => mulScalarRaw(x, value),
  backward: ({ args: [, value] }, g) => [mulScalar(g, value)],
});

const divTensors: Op<[a: Tensor, b: Tensor]> = defineOp({
  name: 'div',
  forward: (a, b) => divRaw(a, b),
  save: ([a, b], _out, [, bNeeds]) => [bNeeds ? a : null, b],
  backward: ({ args: [x, y], saved: [a, b], needs }, g) => [
    needs[0] ? sumTo(divTensors(g, b!), x.shape) : null,
    needs[1] ? sumTo(neg(mulTensors(g, divTensors(divTensors(a!, b!), b!))), y.shape) : null,
  ],
});

const divScalar: Op<[x: Tensor, value: number]> = defineOp({
  name: 'div',
  forward: (x, value) => divScalarRaw(x, value),
  backward: ({ args: [, value] }, g) => [divScalar(g, value)],
});

export interface AlphaOptions {
  /** Multiplies `other`; a boolean where the result is one. */
  alpha?: number | boolean;
}

function checkAlpha(op: string, x: Tensor, other: Operand, options: AlphaOptions | undefined): number {
  const { alpha = 1 } = checkOptions(op, options, ['alpha']);
  const dtype = other instanceof Tensor ? resultType(x, other) : scalarResultType(x, other);
  checkFactor(op, 'alpha', alpha, dtype);
  if (typeof alpha === 'boolean' && dtype !== 'bool')
    fail('DTYPE_MISMATCH', `${op}: a boolean alpha is only supported for boolean results, got ${dtype}`);
  return Number(alpha);
}

/** a + alpha · b, of one dtype that is not bool. */
function addMultiple(op: string, a: Tensor, b: Tensor, alpha: number): Tensor {
  broadcastShapes(op, a._shape, b._shape);
  return addScaled(a, b, checkElement(op, 'alpha', alpha, a.dtype));
}

/**
 * x + alpha · other.
 *
 * @example
 * tensor([1, 2]).add(tensor([10, 20]), { alpha: 2 }).toArray(); // [21, 42]
 */
export function add(x: Tensor, other: Operand, options?: AlphaOptions): Tensor {
  if (arguments.length > 3) refuseSurplus('add', arguments, 3);
  checkTensor('add', x);
  checkOperand('add', other);
  const alpha = options === undefined ? 1 : checkAlpha('add', x, other, options);
  if (!(other instanceof Tensor)) return addScalar(promoteScalar(x, other), Number(other) * alpha);
  const [a, b] = promote(x, other);
  if (alpha === 1) return addTensors(a, b);
  return a.dtype === 'bool'
    ? addTensors(a, castTo(b.dtype === 'bool' && alpha === 0 ? zerosAs(b) : b, 'bool'))
    : addMultiple('add', a, b, alpha);
}

function refuseBools(op: string, x: Tensor, other: Operand): void {
  const bools = [x.dtype === 'bool', typeof other === 'boolean' || (other instanceof Tensor && other.dtype === 'bool')];
  if (bools[0] && bools[1]) {
    fail('DTYPE_MISMATCH', `${op}: subtraction of two bool tensors is not supported; use bitwiseXor() or logicalXor()`);
  }
  if (bools[0] || bools[1]) {
    fail(
      'DTYPE_MISMATCH',
      `${op}: subtraction with a bool tensor is not supported; to invert a mask use logicalNot(), else cast it with to()`,
    );
  }
}

/** x − alpha · other. */
export function sub(x: Tensor, other: Operand, options?: AlphaOptions): Tensor {
  if (arguments.length > 3) refuseSurplus('sub', arguments, 3);
  checkTensor('sub', x);
  checkOperand('sub', other);
  refuseBools('sub', x, other);
  const alpha = options === undefined ? 1 : checkAlpha('sub', x, other, options);
  if (!(other instanceof Tensor)) return subScalar(promoteScalar(x, other), Number(other) * alpha, false);
  const [a, b] = promote(x, other);
  return alpha === 1 ? subTensors(a, b) : addMultiple('sub', a, b, -alpha);
}

/** other − alpha · x. */
export function rsub(x: Tensor, other: Operand, options?: AlphaOptions): Tensor {
  if (arguments.length > 3) refuseSurplus('rsub', arguments, 3);
  checkTensor('rsub', x);
  checkOperand('rsub', other);
  refuseBools('rsub', x, other);
  if (other instanceof Tensor) return sub(other, x, options);
  const alpha = options === undefined ? 1 : checkAlpha('rsub', x, other, options);
  const promoted = promoteScalar(x, other);
  return subScalar(alpha === 1 ? promoted : mulScalar(promoted, alpha), Number(other), true);
}

/** x · other, elementwise. */
export function mul(x: Tensor, other: Operand): Tensor {
  if (arguments.length > 2) refuseSurplus('mul', arguments, 2);
  checkTensor('mul', x);
  checkOperand('mul', other);
  if (other instanceof Tensor) return x.dtype === other.dtype ? mulTensors(x, other) : mulTensors(...promote(x, other));
  return mulScalar(promoteScalar(x, other), Number(other));
}

export interface DivOptions {
  /** null is true division; 'trunc' rounds towards zero, 'floor' downwards. */
  roundingMode?: 'trunc' | 'floor' | null;
}

/**
 * x / other; true division, so integers give float32, unless `roundingMode` is given.
 *
 * @example
 * tensor([7, -7]).div(2, { roundingMode: 'floor' }).toArray(); // [3, -4]
 */
export function div(x: Tensor, other: Operand, options?: DivOptions): Tensor {
  if (arguments.length > 3) refuseSurplus('div', arguments, 3);
  checkTensor('div', x);
  checkOperand('div', other);
  const { roundingMode = null } = checkOptions('div', options, ['roundingMode']);
  if (roundingMode !== null) {
    const mode = checkChoice('div', 'roundingMode', roundingMode, ['trunc', 'floor']);
    return mode === 'floor' ? divFloor(x, other) : divTrunc(x, other);
  }
  if (!(other instanceof Tensor)) return divScalar(floating(promoteScalar(x, other)), Number(other));
  const [a, b] = promote(x, other);
  return divTensors(floating(a), floating(b));
}

/** 1 / x. */
export const reciprocal: Op<[x: Tensor]> = (() => {
  const kernel = unaryKernel('reciprocal');
  const op: Op<[x: Tensor]> = defineOp({
    name: 'reciprocal',
    forward: (x) => kernel(x),
    save: (_args, y) => [y],
    backward: ({ saved: [y] }, g) => [neg(mulTensors(g, square(y!)))],
  });
  return function (x) {
    if (arguments.length > 1) refuseSurplus('reciprocal', arguments, 1);
    return op(floating(checkTensor('reciprocal', x)));
  };
})();

const squareRaw = unaryKernel('square');

/** x². */
export function square(x: Tensor): Tensor {
  if (arguments.length > 1) refuseSurplus('square', arguments, 1);
  return squareOp(x);
}

const squareOp: Op<[x: Tensor]> = defineOp({
  name: 'square',
  node: 'PowBackward0',
  forward: (x) => squareRaw(checkTensor('square', x).dtype === 'bool' ? castTo(x, 'int64') : x),
  save: ([x]) => [x],
  backward: ({ saved: [x] }, g) => [mulTensors(g, mulScalar(x!, 2))],
});

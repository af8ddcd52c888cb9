import { noGrad } from '../../autograd/modes.js';
import { defineOp, type Op, type TensorInfo } from '../../autograd/op.js';
import { nodeName } from '../../autograd/opNode.js';
import { binaryKernel, binaryScalarKernel, unaryKernel } from '../../raw/elementwise.js';
import { refuseSurplus } from '../../tensor/arguments.js';
import { isFloating, resultType } from '../../tensor/dtype.js';
import { fail } from '../../tensor/errors.js';
import { checkNumber, checkOptions } from '../../tensor/options.js';
import { checkTensor, Tensor } from '../../tensor/tensor.js';
import {
  castTo,
  checkOperand,
  floating,
  type Operand,
  operands,
  promote,
  promoteScalar,
  sumTo,
  widen,
  zerosAs,
} from '../broadcast.js';
import { add, div, mul, neg, rsub, square, sub } from './arithmetic.js';
import { eq, ge, gt, isinf, logicalAnd, lt } from './compare.js';
import { type Divider, divFloor, divider, floorDivideRaw } from './division.js';
import { maskedFill, where } from './masking.js';
import { abs, exp, log, log1p, sigmoid, trunc } from './unary.js';

// Elementwise functions of two tensors beyond the four operations. Shapes broadcast, dtypes promote.

/** ⌊x / other⌋, in the promoted dtype. An integer divided by zero is an error; so is differentiating it, as in PyTorch. */
export const floorDivide: Divider = divider(
  'floorDivide',
  defineOp({
    name: 'floorDivide',
    forward: (a: Tensor, b: Tensor) => floorDivideRaw(a, b),
    backward: () =>
      fail('GRAD_ERROR', "floorDivide: has no derivative; div with { roundingMode: 'floor' } has one, which is 0"),
  }),
);

// What is left of x has x's own slope, and `quotient`, a step function, for other.
function rest(name: 'remainder' | 'fmod', quotient: (a: Tensor, b: Tensor) => Tensor): Divider {
  const kernel = binaryKernel(name);
  const withNode = (node: string): Op<[a: Tensor, b: Tensor]> =>
    defineOp({
      name,
      node,
      forward: (a: Tensor, b: Tensor) => kernel(a, b),
      save: ([a, b], _out, [, bNeeds]) => (bNeeds ? [a, b] : []),
      backward: ({ args: [x, y], saved: [a, b], needs }, g) => [
        needs[0] ? sumTo(g, x.shape) : null,
        needs[1] ? sumTo(neg(mul(g, quotient(a!, b!))), y.shape) : null,
      ],
    });
  return divider(name, withNode(nodeName(name, 1)), withNode(nodeName(name)));
}

/** x − ⌊x / other⌋ · other: has the sign of `other`, as Python's %. */
export const remainder: Divider = rest('remainder', (a, b) => divFloor(a, b));

/** x − trunc(x / other) · other: has the sign of x, as C's fmod and JavaScript's %. */
export const fmod: Divider = rest('fmod', (a, b) => trunc(div(a, b)));

const powScalarRaw = unaryKernel('powScalar');
const powRaw = binaryKernel('pow');
const powIntegerRaw = binaryScalarKernel('pow');

const powScalar: Op<[x: Tensor, exponent: number]> = defineOp({
  name: 'pow',
  forward: (x, exponent) => (isFloating(x.dtype) ? powScalarRaw(x, exponent) : powIntegerRaw(x, exponent)),
  save: ([x]) => [x],
  backward: ({ args: [, exponent], saved: [x] }, g) => [
    exponent === 0 ? zerosAs(g) : castTo(mul(widen(g), mul(powScalar(widen(x!), exponent - 1), exponent)), g.dtype),
  ],
});

const powTensors: Op<[base: Tensor, exponent: Tensor]> = defineOp({
  name: 'pow',
  node: 'PowBackward1',
  forward: (base, exponent) => powRaw(base, exponent),
  save: ([base, exponent], out, [, exponentNeeds]) => [base, exponent, exponentNeeds ? out : null],
  backward: ({ args: [x, y], saved, needs }, gradient) => {
    const [base, exponent] = [widen(saved[0]!), widen(saved[1]!)];
    const g = widen(gradient);
    const finish = (slope: Tensor, { shape }: TensorInfo): Tensor => sumTo(castTo(slope, gradient.dtype), shape);
    return [
      needs[0]
        ? finish(maskedFill(mul(g, mul(exponent, powTensors(base, sub(exponent, 1)))), eq(exponent, 0), 0), x)
        : null,
      // 0^e is constant in e for e >= 0, though log 0 is not finite.
      needs[1]
        ? finish(maskedFill(mul(g, mul(widen(saved[2]!), log(base))), logicalAnd(eq(base, 0), ge(exponent, 0)), 0), y)
        : null,
    ];
  },
});

/**
 * base ^ exponent, elementwise; either may be a plain number. Integers cannot be raised to a negative integer.
 *
 * @example
 * pow(tensor([1, 2, 3]), 2).toArray(); // [1, 4, 9]
 */
export function pow(base: Operand, exponent: Operand): Tensor {
  if (arguments.length > 2) refuseSurplus('pow', arguments, 2);
  if (base instanceof Tensor && !(exponent instanceof Tensor)) {
    checkTensor('pow', base);
    const p = Number(checkOperand('pow', exponent, 'exponent'));
    const x = promoteScalar(base, exponent as number | boolean);
    if (!isFloating(x.dtype)) {
      if (p < 0) fail('BAD_ARGUMENT', `pow: integers to negative integer powers are not allowed, got exponent ${p}`);
      return powScalar(x.dtype === 'bool' ? castTo(x, 'int64') : x, p);
    }
    return powScalar(x, p);
  }
  const [a, b] = operands('pow', base, exponent);
  if (a.dtype === 'bool') fail('DTYPE_MISMATCH', 'pow: not defined for bool tensors');
  return powTensors(a, b);
}

// At a tie each operand gets half the gradient; a NaN goes to both.
function extremum(
  name: 'maximum' | 'minimum',
  loses: (a: Tensor, b: Tensor) => Tensor,
): Op<[x: Tensor, other: Tensor]> {
  const kernel = binaryKernel(name);
  const share = (g: Tensor, a: Tensor, b: Tensor): Tensor =>
    maskedFill(where(eq(a, b), mul(g, 0.5), g), loses(a, b), 0);
  const op: Op<[a: Tensor, b: Tensor]> = defineOp({
    name,
    forward: (a, b) => kernel(a, b),
    save: ([a, b]) => [a, b],
    backward: ({ args: [x, y], saved: [a, b], needs }, g) => [
      needs[0] ? sumTo(share(g, a!, b!), x.shape) : null,
      needs[1] ? sumTo(share(g, b!, a!), y.shape) : null,
    ],
  });
  return function (x, other) {
    if (arguments.length > 2) refuseSurplus(name, arguments, 2);
    return op(...promote(checkTensor(name, x), checkTensor(name, other, 'other')));
  };
}

/** The larger of x and other, elementwise; NaN wins. At a tie each gets half the gradient. */
export const maximum: Op<[x: Tensor, other: Tensor]> = extremum('maximum', (a, b) => lt(a, b));

/** The smaller of x and other, elementwise; NaN wins. At a tie each gets half the gradient. */
export const minimum: Op<[x: Tensor, other: Tensor]> = extremum('minimum', (a, b) => gt(a, b));

const logaddexpOp: Op<[a: Tensor, b: Tensor]> = defineOp({
  name: 'logaddexp',
  forward: (x, y) =>
    noGrad(() => {
      const [a, b] = [widen(x), widen(y)];
      const sum = add(maximum(a, b), log1p(exp(neg(abs(sub(a, b))))));
      // ∞ − ∞ is NaN; where both are the same infinity, so is the sum.
      return castTo(where(logicalAnd(eq(a, b), isinf(a)), a, sum), x.dtype);
    }),
  save: ([a, b]) => [a, b],
  backward: ({ args: [x, y], saved: [p, q], needs }, gradient) => {
    const g = widen(gradient);
    const difference = sub(widen(p!), widen(q!));
    const share = (d: Tensor, to: TensorInfo): Tensor => sumTo(castTo(mul(g, sigmoid(d)), gradient.dtype), to.shape);
    return [needs[0] ? share(difference, x) : null, needs[1] ? share(neg(difference), y) : null];
  },
});

/** log(e^x + e^other), without overflow; where both are the same infinity, that infinity. */
export function logaddexp(x: Tensor, other: Tensor): Tensor {
  if (arguments.length > 2) refuseSurplus('logaddexp', arguments, 2);
  const [a, b] = operands('logaddexp', x, other);
  return logaddexpOp(floating(a), floating(b));
}

const atan2Raw = binaryKernel('atan2');

const atan2Op: Op<[a: Tensor, b: Tensor]> = defineOp({
  name: 'atan2',
  forward: (a, b) => atan2Raw(a, b),
  save: ([a, b]) => [a, b],
  backward: ({ args: [x, y], saved: [a, b], needs }, g) => {
    const [p, q] = [widen(a!), widen(b!)];
    const radius = add(square(p), square(q));
    // The origin has no angle; its gradient is 0, as in PyTorch.
    const isOrigin = eq(radius, 0);
    const slope = (side: Tensor, to: TensorInfo): Tensor =>
      sumTo(castTo(mul(widen(g), maskedFill(div(side, radius), isOrigin, 0)), g.dtype), to.shape);
    return [needs[0] ? slope(q, x) : null, needs[1] ? slope(neg(p), y) : null];
  },
});

/** The angle of the point (other, x) in radians, in (−π, π]. */
export function atan2(x: Tensor, other: Operand): Tensor {
  if (arguments.length > 2) refuseSurplus('atan2', arguments, 2);
  const [a, b] = operands('atan2', x, other);
  return atan2Op(floating(a), floating(b));
}

/**
 * x + weight · (end − x): x at weight 0, end at 1.
 *
 * @example
 * tensor([0]).lerp(tensor([10]), 0.5).toArray(); // [5]
 */
export function lerp(x: Tensor, end: Tensor, weight: Tensor | number): Tensor {
  if (arguments.length > 3) refuseSurplus('lerp', arguments, 3);
  checkTensor('lerp', x);
  checkTensor('lerp', end, 'end');
  if (x.dtype !== end.dtype)
    fail('DTYPE_MISMATCH', `lerp: expected dtype ${x.dtype} for end, got ${end.dtype}; cast it with to('${x.dtype}')`);
  const [from, to] = [widen(x), widen(end)];
  const span = sub(to, from);
  checkOperand('lerp', weight, 'weight');
  if (!(weight instanceof Tensor)) {
    const part = Number(weight);
    // From the nearer end, so that weights 0 and 1 give x and end exactly.
    return castTo(Math.abs(part) < 0.5 ? add(from, mul(span, part)) : sub(to, mul(span, 1 - part)), x.dtype);
  }
  if (weight.dtype !== x.dtype)
    fail(
      'DTYPE_MISMATCH',
      `lerp: expected dtype ${x.dtype} for weight, got ${weight.dtype}; cast it with to('${x.dtype}')`,
    );
  const share = widen(weight);
  const near = logicalAnd(lt(share, 0.5), gt(share, -0.5));
  return castTo(where(near, add(from, mul(span, share)), sub(to, mul(span, rsub(share, 1)))), x.dtype);
}

export interface ValueOptions {
  /** Multiplies the second term. */
  value?: number;
}

function checkValue(op: string, options: ValueOptions | undefined): number {
  const { value = 1 } = checkOptions(op, options, ['value']);
  return checkNumber(op, 'value', value);
}

/** x + combine(value · a, b): the factor first, as in PyTorch, so that the same calls overflow; rounded once. */
function addCombined(
  x: Tensor,
  a: Tensor,
  b: Tensor,
  value: number,
  combine: (a: Tensor, b: Tensor) => Tensor,
): Tensor {
  const dtype = resultType(x, resultType(a, b) === a.dtype ? a : b);
  const factor = widen(a);
  const sum = add(widen(x), combine(value === 1 ? factor : mul(factor, value), widen(b)));
  return dtype === 'bfloat16' ? castTo(sum, dtype) : sum;
}

/** x + value · a · b. */
export function addcmul(x: Tensor, a: Tensor, b: Tensor, options?: ValueOptions): Tensor {
  if (arguments.length > 4) refuseSurplus('addcmul', arguments, 4);
  const value = checkValue('addcmul', options);
  checkTensor('addcmul', x);
  return addCombined(x, checkTensor('addcmul', a, 'tensor1'), checkTensor('addcmul', b, 'tensor2'), value, mul);
}

/** x + value · a / b. */
export function addcdiv(x: Tensor, a: Tensor, b: Tensor, options?: ValueOptions): Tensor {
  if (arguments.length > 4) refuseSurplus('addcdiv', arguments, 4);
  const value = checkValue('addcdiv', options);
  checkTensor('addcdiv', a, 'tensor1');
  checkTensor('addcdiv', b, 'tensor2');
  if (!isFloating(a.dtype) && !isFloating(b.dtype)) {
    fail('DTYPE_MISMATCH', `addcdiv: integer division is not supported, got ${a.dtype} / ${b.dtype}`);
  }
  return addCombined(checkTensor('addcdiv', x), a, b, value, div);
}

// Integers and booleans only.
function bitwise(name: 'bitwiseAnd' | 'bitwiseOr' | 'bitwiseXor'): Op<[x: Tensor, other: Operand]> {
  const kernel = binaryKernel(name);
  return function (x, other) {
    if (arguments.length > 2) refuseSurplus(name, arguments, 2);
    const [a, b] = operands(name, x, other);
    if (isFloating(a.dtype)) fail('DTYPE_MISMATCH', `${name}: expected integers or booleans, got ${a.dtype}`);
    return kernel(a, b);
  };
}

/** x AND other, bit by bit; logical for bool. */
export const bitwiseAnd: Op<[x: Tensor, other: Operand]> = bitwise('bitwiseAnd');
/** x OR other, bit by bit; logical for bool. */
export const bitwiseOr: Op<[x: Tensor, other: Operand]> = bitwise('bitwiseOr');
/** x XOR other, bit by bit; logical for bool. */
export const bitwiseXor: Op<[x: Tensor, other: Operand]> = bitwise('bitwiseXor');

const notRaw = unaryKernel('bitwiseNot');

/** NOT x, bit by bit; logical for bool. */
export function bitwiseNot(x: Tensor): Tensor {
  if (arguments.length > 1) refuseSurplus('bitwiseNot', arguments, 1);
  if (isFloating(checkTensor('bitwiseNot', x).dtype)) {
    fail('DTYPE_MISMATCH', `bitwiseNot: expected integers or booleans, got ${x.dtype}`);
  }
  return notRaw(x);
}

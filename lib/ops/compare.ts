import { noGrad } from '../autograd/modes.js';
import { isFloating } from '../tensor/dtype.js';
import { fail } from '../tensor/errors.js';
import { checkNumber, checkOptions } from '../tensor/options.js';
import { compareKernel, predicateKernel, rawFull, reduceKernel } from '../tensor/raw.js';
import { sameShape } from '../tensor/shape.js';
import { checkTensor, Tensor } from '../tensor/tensor.js';
import { add, mul, sub } from './arithmetic.js';
import { castTo, checkOperand, type Operand, promote, promoteScalar } from './broadcast.js';
import { abs } from './unary.js';

// Comparisons and predicates: bool results, no derivative. Operands broadcast and promote.

/** A comparison of x with a tensor or a number. */
type Comparison = (x: Tensor, other: Operand) => Tensor;

function comparison(name: string): Comparison {
  const kernel = compareKernel(name);
  return (x, other) => {
    checkTensor(name, x);
    checkOperand(name, other);
    if (!(other instanceof Tensor)) return kernel(promoteScalar(x, other), Number(other));
    return kernel(...promote(x, other));
  };
}

/** x = other; NaN equals nothing. */
export const eq: Comparison = comparison('eq');
/** x ≠ other. */
export const ne: Comparison = comparison('ne');
/** x < other. */
export const lt: Comparison = comparison('lt');
/** x ≤ other. */
export const le: Comparison = comparison('le');
/** x > other. */
export const gt: Comparison = comparison('gt');
/** x ≥ other. */
export const ge: Comparison = comparison('ge');
/** x and other are both non-zero. */
export const logicalAnd: Comparison = comparison('logicalAnd');
/** x or other is non-zero. */
export const logicalOr: Comparison = comparison('logicalOr');
/** Exactly one of x and other is non-zero. */
export const logicalXor: Comparison = comparison('logicalXor');

const notRaw = predicateKernel('logicalNot');

/** x is zero. */
export function logicalNot(x: Tensor): Tensor {
  return notRaw(checkTensor('logicalNot', x));
}

// Every integer is finite and a number.
function floatPredicate(name: string, ofIntegers: boolean): (x: Tensor) => Tensor {
  const kernel = predicateKernel(name);
  return (x) => (isFloating(checkTensor(name, x).dtype) ? kernel(x) : rawFull(x.shape, Number(ofIntegers), 'bool'));
}

/** x is NaN. */
export const isnan: (x: Tensor) => Tensor = floatPredicate('isnan', false);
/** x is ∞ or −∞. */
export const isinf: (x: Tensor) => Tensor = floatPredicate('isinf', false);
/** x is neither infinite nor NaN. */
export const isfinite: (x: Tensor) => Tensor = floatPredicate('isfinite', true);

export interface CloseOptions {
  rtol?: number;
  atol?: number;
  /** Whether two NaNs are close. */
  equalNan?: boolean;
}

function checkTolerance(name: string, value: number): void {
  if (!(checkNumber('isclose', name, value) >= 0))
    fail('OUT_OF_RANGE', `isclose: ${name} must be greater than or equal to zero, but got ${value}`);
}

/** |x − other| ≤ atol + rtol · |other|, elementwise; equal infinities are close. */
export function isclose(x: Tensor, other: Tensor, options?: CloseOptions): Tensor {
  const { rtol = 1e-5, atol = 1e-8, equalNan = false } = checkOptions('isclose', options, ['rtol', 'atol', 'equalNan']);
  checkTolerance('rtol', rtol);
  checkTolerance('atol', atol);
  return noGrad(() => {
    const [a, b] = promote(checkTensor('isclose', x), checkTensor('isclose', other, 'other'));
    const [p, q] = isFloating(a.dtype) ? [a, b] : [castTo(a, 'float64'), castTo(b, 'float64')];
    const difference = abs(sub(p, q));
    const near = logicalAnd(isfinite(difference), le(difference, add(mul(abs(q), rtol), atol)));
    const close = logicalOr(near, eq(p, q));
    return equalNan ? logicalOr(close, logicalAnd(isnan(p), isnan(q))) : close;
  });
}

const amin = reduceKernel('amin');

function holdsEverywhere(mask: Tensor): boolean {
  if (mask.numel === 0) return true;
  return (
    amin(
      mask,
      mask.shape.map((_, i) => i),
    ).item() !== 0
  );
}

/** Whether x and other are close everywhere (see `isclose`). */
export function allclose(x: Tensor, other: Tensor, options?: CloseOptions): boolean {
  return holdsEverywhere(isclose(x, other, options));
}

/** Whether x and other have the same shape and the same elements. */
export function equal(x: Tensor, other: Tensor): boolean {
  checkTensor('equal', x);
  checkTensor('equal', other, 'other');
  return sameShape(x.shape, other.shape) && holdsEverywhere(eq(x, other));
}

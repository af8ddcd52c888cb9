import { rawFull } from '../../raw/create.js';
import { compareKernel, predicateKernel } from '../../raw/elementwise.js';
import { refuseSurplus } from '../../tensor/arguments.js';
import { isFloating } from '../../tensor/dtype.js';
import { checkTensor, Tensor } from '../../tensor/tensor.js';
import { checkOperand, type Operand, promote, promoteScalar } from '../broadcast.js';

// Comparisons and predicates: bool results, no derivative. Operands broadcast and promote.

/** A comparison of x with a tensor or a number. */
type Comparison = (x: Tensor, other: Operand) => Tensor;

function comparison(name: string): Comparison {
  const kernel = compareKernel(name);
  return function (x, other) {
    if (arguments.length > 2) refuseSurplus(name, arguments, 2);
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
  if (arguments.length > 1) refuseSurplus('logicalNot', arguments, 1);
  return notRaw(checkTensor('logicalNot', x));
}

// Every integer is finite and a number.
function floatPredicate(name: string, ofIntegers: boolean): (x: Tensor) => Tensor {
  const kernel = predicateKernel(name);
  return function (x) {
    if (arguments.length > 1) refuseSurplus(name, arguments, 1);
    return isFloating(checkTensor(name, x).dtype) ? kernel(x) : rawFull(x._shape, Number(ofIntegers), 'bool');
  };
}

/** x is NaN. */
export const isnan: (x: Tensor) => Tensor = floatPredicate('isnan', false);
/** x is ∞ or −∞. */
export const isinf: (x: Tensor) => Tensor = floatPredicate('isinf', false);
/** x is neither infinite nor NaN. */
export const isfinite: (x: Tensor) => Tensor = floatPredicate('isfinite', true);

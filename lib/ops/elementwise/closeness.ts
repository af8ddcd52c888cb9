import { noGrad } from '../../autograd/modes.js';
import { reduceKernel } from '../../raw/reduce.js';
import { refuseSurplus } from '../../tensor/arguments.js';
import { isFloating } from '../../tensor/dtype.js';
import { fail } from '../../tensor/errors.js';
import { checkNumber, checkOptions } from '../../tensor/options.js';
import { sameShape } from '../../tensor/shape.js';
import { checkTensor, type Tensor } from '../../tensor/tensor.js';
import { castTo, promote } from '../broadcast.js';
import { add, mul, sub } from './arithmetic.js';
import { eq, isfinite, isnan, le, logicalAnd, logicalOr } from './compare.js';
import { abs } from './unary.js';

export interface CloseOptions {
  rtol?: number;
  atol?: number;
  /** Whether two NaNs are close. */
  equalNan?: boolean;
}

function checkTolerance(name: string, value: unknown): number {
  const tolerance = checkNumber('isclose', name, value);
  if (!(tolerance >= 0))
    fail('OUT_OF_RANGE', `isclose: ${name} must be greater than or equal to zero, but got ${tolerance}`);
  return tolerance;
}

/** |x − other| ≤ atol + rtol · |other|, elementwise; equal infinities are close. */
export function isclose(x: Tensor, other: Tensor, options?: CloseOptions): Tensor {
  if (arguments.length > 3) refuseSurplus('isclose', arguments, 3);
  const { rtol = 1e-5, atol = 1e-8, equalNan = false } = checkOptions('isclose', options, ['rtol', 'atol', 'equalNan']);
  const relative = checkTolerance('rtol', rtol);
  const absolute = checkTolerance('atol', atol);
  return noGrad(() => {
    const [a, b] = promote(checkTensor('isclose', x), checkTensor('isclose', other, 'other'));
    const [p, q] = isFloating(a.dtype) ? [a, b] : [castTo(a, 'float64'), castTo(b, 'float64')];
    const difference = abs(sub(p, q));
    const near = logicalAnd(isfinite(difference), le(difference, add(mul(abs(q), relative), absolute)));
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
      mask._shape.map((_, i) => i),
    ).item() !== 0
  );
}

/** Whether x and other are close everywhere (see `isclose`). */
export function allclose(x: Tensor, other: Tensor, options?: CloseOptions): boolean {
  if (arguments.length > 3) refuseSurplus('allclose', arguments, 3);
  return holdsEverywhere(isclose(x, other, options));
}

/** Whether x and other have the same shape and the same elements. */
export function equal(x: Tensor, other: Tensor): boolean {
  if (arguments.length > 2) refuseSurplus('equal', arguments, 2);
  checkTensor('equal', x);
  checkTensor('equal', other, 'other');
  return sameShape(x._shape, other._shape) && holdsEverywhere(eq(x, other));
}

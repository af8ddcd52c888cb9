import { noGrad } from '../../autograd/modes.js';
import { defineOp, type Op } from '../../autograd/op.js';
import { nodeName } from '../../autograd/opNode.js';
import { rawFull } from '../../raw/create.js';
import { binaryKernel, unaryKernel } from '../../raw/elementwise.js';
import { refuseSurplus } from '../../tensor/arguments.js';
import {
  Category,
  DTYPES,
  isFloating,
  promoteTypes,
  resultType,
  scalarCategory,
  scalarResultType,
} from '../../tensor/dtype.js';
import { fail } from '../../tensor/errors.js';
import { checkInteger, checkNumber, checkOptions } from '../../tensor/options.js';
import type { Shape } from '../../tensor/shape.js';
import { checkTensor, Tensor } from '../../tensor/tensor.js';
import { castTo, checkOperand, floating, fused, sumTo, widen, zerosAs } from '../broadcast.js';
import { rawClone } from '../shape/layout.js';
import { add, div, mul, neg, rsub, square, sub } from './arithmetic.js';
import { eq, ge, gt, isnan, le, logicalAnd, logicalOr, lt } from './compare.js';
import { maskedFill, where } from './masking.js';

/** A function of one tensor, elementwise: [..] → [..]. */
type Unary = Op<[x: Tensor]>;

/** A gradient made of g and a saved tensor. In bfloat16 its steps are taken in float32 and rounded once. */
type Derivative = (g: Tensor, saved: Tensor) => Tensor;

/** An op whose gradient is a function of g and of x or y = f(x). Integers are computed in float32. */
function unary(name: string, saves: 'x' | 'y', derivative: Derivative, node: string = nodeName(name)): Unary {
  const kernel = unaryKernel(name);
  const op: Unary = defineOp({
    name,
    node,
    forward: (x) => kernel(x),
    save: saves === 'x' ? ([x]) => [x] : (_args, y) => [y],
    backward: ({ saved: [saved] }, g) => [castTo(derivative(widen(g), widen(saved!)), g.dtype)],
  });
  return function (x) {
    if (arguments.length > 1) refuseSurplus(name, arguments, 1);
    return op(floating(checkTensor(name, x)));
  };
}

/** As `unary`, with y saved and a kernel for the gradient. */
function unaryFused(name: string, derivative: Derivative): Unary {
  const kernel = unaryKernel(name);
  const backward = binaryKernel(`${name}Backward`);
  const op: Unary = defineOp({
    name,
    forward: (x) => kernel(x),
    save: (_args, y) => [y],
    backward: ({ saved: [y] }, g) => [
      fused(
        () => backward(g, y!),
        () => derivative(g, y!),
      ),
    ],
  });
  return function (x) {
    if (arguments.length > 1) refuseSurplus(name, arguments, 1);
    return op(floating(checkTensor(name, x)));
  };
}

/** √x. */
export const sqrt: Unary = unary('sqrt', 'y', (g, y) => div(g, mul(y, 2)));
/** 1 / √x. */
export const rsqrt: Unary = unary('rsqrt', 'y', (g, y) => mul(mul(g, -0.5), mul(square(y), y)));
/** e^x. */
export const exp: Unary = unary('exp', 'y', (g, y) => mul(g, y));
/** 2^x. */
export const exp2: Unary = unary('exp2', 'y', (g, y) => mul(mul(g, y), Math.LN2));
/** e^x − 1, exact near 0. */
export const expm1: Unary = unary('expm1', 'y', (g, y) => mul(g, add(y, 1)));
/** The natural logarithm. */
export const log: Unary = unary('log', 'x', (g, x) => div(g, x));
/** The logarithm to base 2. */
export const log2: Unary = unary('log2', 'x', (g, x) => div(g, mul(x, Math.LN2)));
/** The logarithm to base 10. */
export const log10: Unary = unary('log10', 'x', (g, x) => div(g, mul(x, Math.LN10)));
/** log(1 + x), exact near 0. */
export const log1p: Unary = unary('log1p', 'x', (g, x) => div(g, add(x, 1)), 'Log1PBackward0');
/** The sine of x in radians. */
export const sin: Unary = unary('sin', 'x', (g, x) => mul(g, cos(x)));
/** The cosine of x in radians. */
export const cos: Unary = unary('cos', 'x', (g, x) => mul(g, neg(sin(x))));
/** The tangent of x in radians. */
export const tan: Unary = unary('tan', 'y', (g, y) => mul(g, add(square(y), 1)));
/** (1 − x)(1 + x), which loses nothing near ±1, where 1 − x² does. */
const besideOne = (x: Tensor): Tensor => mul(rsub(x, 1), add(x, 1));

/** The arc sine, in radians. */
export const asin: Unary = unary('asin', 'x', (g, x) => mul(g, rsqrt(besideOne(x))));
/** The arc cosine, in radians. */
export const acos: Unary = unary('acos', 'x', (g, x) => neg(mul(g, rsqrt(besideOne(x)))));
/** The arc tangent, in radians. */
export const atan: Unary = unary('atan', 'x', (g, x) => div(g, add(square(x), 1)));
/** The hyperbolic sine. */
export const sinh: Unary = unary('sinh', 'x', (g, x) => mul(g, cosh(x)));
/** The hyperbolic cosine. */
export const cosh: Unary = unary('cosh', 'x', (g, x) => mul(g, sinh(x)));
/** The error function, 2/√π ∫₀ˣ e^(−t²) dt. */
export const erf: Unary = unary('erf', 'x', (g, x) => mul(mul(g, 2 / Math.sqrt(Math.PI)), exp(neg(square(x)))));
/** 1 − erf(x), exact also where it is tiny. */
export const erfc: Unary = unary('erfc', 'x', (g, x) => mul(mul(g, -2 / Math.sqrt(Math.PI)), exp(neg(square(x)))));
/** The inverse of `erf` on (−1, 1). */
export const erfinv: Unary = unary('erfinv', 'y', (g, y) => mul(mul(g, Math.sqrt(Math.PI) / 2), exp(square(y))));

/** The hyperbolic tangent. */
export const tanh: Unary = unaryFused('tanh', (g, y) => mul(g, rsub(square(y), 1)));

/** The logistic function, 1 / (1 + e^(−x)). */
export const sigmoid: Unary = unaryFused('sigmoid', (g, y) => mul(g, mul(rsub(y, 1), y)));

const logitOp: Op<[x: Tensor, eps: number]> = defineOp({
  name: 'logit',
  forward: (x, eps) =>
    noGrad(() => {
      const wide = widen(x);
      const inside = eps < 0 ? wide : clamp(wide, eps, 1 - eps);
      return castTo(log(div(inside, rsub(inside, 1))), x.dtype);
    }),
  save: ([x]) => [x],
  // Outside of [eps, 1 − eps] the clamp has no slope; without one the value there is NaN, and so is the slope.
  backward: ({ args: [, eps], saved: [saved] }, gradient) => {
    const x = widen(saved!);
    const [low, high] = eps < 0 ? [0, 1] : [eps, 1 - eps];
    const outside = logicalOr(lt(x, low), gt(x, high));
    const slope = maskedFill(div(widen(gradient), mul(x, rsub(x, 1))), outside, eps < 0 ? Number.NaN : 0);
    return [castTo(slope, gradient.dtype)];
  },
});

/** The inverse of `sigmoid`, log(x / (1 − x)); x is first clamped to [eps, 1 − eps] when eps is given. */
export function logit(x: Tensor, eps?: number | null): Tensor {
  if (arguments.length > 2) refuseSurplus('logit', arguments, 2);
  const given = floating(checkTensor('logit', x));
  // As PyTorch, a negative eps is none.
  return logitOp(given, eps === undefined || eps === null ? -1 : checkNumber('logit', 'eps', eps));
}

/** An op that keeps the dtype; bool is refused. */
function sameType(name: string, derivative: (g: Tensor, x: Tensor) => Tensor, saves: boolean): Unary {
  const kernel = unaryKernel(name);
  const op: Unary = defineOp({
    name,
    forward: (x) => kernel(x),
    save: ([x]) => (saves ? [x] : []),
    backward: ({ saved: [x] }, g) => [derivative(g, x!)],
  });
  return function (x) {
    if (arguments.length > 1) refuseSurplus(name, arguments, 1);
    if (checkTensor(name, x).dtype === 'bool') fail('DTYPE_MISMATCH', `${name}: not defined for bool tensors`);
    return op(x);
  };
}

/** |x|; the derivative at 0 is 0. */
export const abs: Unary = sameType('abs', (g, x) => mul(g, sign(x)), true);
/** The largest integer not above x. */
export const floor: Unary = sameType('floor', zerosAs, false);
/** The smallest integer not below x. */
export const ceil: Unary = sameType('ceil', zerosAs, false);
/** x without its fraction. */
export const trunc: Unary = sameType('trunc', zerosAs, false);

const signOf = sameType('sign', zerosAs, false);

/** −1, 0 or 1 by the sign of x; 0 for NaN. */
export function sign(x: Tensor): Tensor {
  if (arguments.length > 1) refuseSurplus('sign', arguments, 1);
  return checkTensor('sign', x).dtype === 'bool' ? rawClone(x) : signOf(x);
}

/** x − trunc(x). */
export function frac(x: Tensor): Tensor {
  if (arguments.length > 1) refuseSurplus('frac', arguments, 1);
  return sub(checkTensor('frac', x), trunc(x));
}

const roundWhole = sameType('round', zerosAs, false);

/** The nearest number with `decimals` decimals; halves go to the even neighbour. */
export function round(x: Tensor, options?: { decimals?: number }): Tensor {
  if (arguments.length > 2) refuseSurplus('round', arguments, 2);
  const { decimals = 0 } = checkOptions('round', options, ['decimals']);
  if (checkInteger('round', 'decimals', decimals) === 0) return roundWhole(x);
  const scale = 10 ** Math.abs(decimals);
  return decimals > 0 ? div(roundWhole(mul(x, scale)), scale) : mul(roundWhole(div(x, scale)), scale);
}

/** The inverse hyperbolic sine. */
export const asinh: Unary = unary('asinh', 'x', (g, x) => mul(g, rsqrt(add(square(x), 1))));
/** The inverse hyperbolic cosine, NaN below 1. */
export const acosh: Unary = unary('acosh', 'x', (g, x) => mul(g, rsqrt(mul(sub(x, 1), add(x, 1)))));
/** The inverse hyperbolic tangent. */
export const atanh: Unary = unary('atanh', 'x', (g, x) => div(g, besideOne(x)));

const clampRaw = unaryKernel('clamp');
const clampBackward = binaryKernel('clampBackward');

const clampOp: Op<[x: Tensor, low: number, high: number]> = defineOp({
  name: 'clamp',
  node: 'ClampBackward1',
  forward: (x, low, high) => clampRaw(x, low, high),
  save: ([x]) => [x],
  backward: ({ args: [, low, high], saved: [x] }, g) => [
    fused(
      () => clampBackward(g, x!, low, high),
      () => where(logicalAnd(ge(x!, low), le(x!, high)), g, 0),
    ),
  ],
});

/** A bound of `clamp`: null or undefined for none. */
export type Bound = number | Tensor | null;

function checkBound(name: string, bound: Bound): Bound {
  if (bound === null || typeof bound === 'number') return bound;
  const given = checkOperand('clamp', bound, name);
  return given instanceof Tensor ? given : Number(given);
}

/**
 * x limited to [min, max]; either bound may be null, or a tensor that broadcasts. The derivative at a bound is 1.
 *
 * @example
 * tensor([-2, 0.5, 3]).clamp(0, 1).toArray(); // [0, 0.5, 1]
 */
export function clamp(x: Tensor, lower: Bound = null, upper: Bound = null): Tensor {
  if (arguments.length > 3) refuseSurplus('clamp', arguments, 3);
  checkTensor('clamp', x);
  if (lower === null && upper === null) fail('BAD_ARGUMENT', 'clamp: at least one of min or max must not be null');
  const [min, max] = [checkBound('min', lower), checkBound('max', upper)];
  if (min instanceof Tensor || max instanceof Tensor) return clampTensors(x, min, max);
  if (Number.isNaN(min) || Number.isNaN(max)) return add(x, Number.NaN);
  let dtype = x.dtype;
  for (const bound of [min, max]) {
    if (bound === null || !Number.isFinite(bound)) continue;
    const category = scalarCategory(bound);
    if (category > DTYPES[dtype].category) dtype = category === Category.floating ? 'float32' : 'int64';
  }
  return clampOp(castTo(x, dtype), min ?? -Infinity, max ?? Infinity);
}

const maximumRaw = binaryKernel('maximum');
const minimumRaw = binaryKernel('minimum');

const clampTensorsOp: Op<[x: Tensor, min: Tensor | null, max: Tensor | null]> = defineOp({
  name: 'clamp',
  forward: (x, min, max) => {
    const y = min === null ? x : maximumRaw(x, min);
    return max === null ? y : minimumRaw(y, max);
  },
  save: ([x, min, max]) => [x, min, max],
  backward: ({ args: [{ shape }, low, high], saved: [x, min, max], needs }, g) => {
    const at = (mask: Tensor, to: Shape): Tensor => sumTo(where(mask, g, 0), to);
    // Each is a comparison that NaN fails, so that no gradient passes there.
    const above = min && ge(x!, min);
    const below = max && le(x!, max);
    const inside = above && below ? logicalAnd(above, below) : (above ?? below)!;
    const slopes: (Tensor | null)[] = [needs[0] ? at(inside, shape) : null];
    if (low) slopes.push(needs[1] ? at(max ? logicalAnd(lt(x!, min!), lt(min!, max)) : lt(x!, min!), low.shape) : null);
    if (high)
      slopes.push(needs.at(-1) ? at(min ? logicalOr(gt(x!, max!), lt(max!, min)) : gt(x!, max!), high.shape) : null);
    return slopes;
  },
});

function clampTensors(x: Tensor, min: Bound, max: Bound): Tensor {
  let dtype = x.dtype;
  for (const bound of [min, max]) {
    if (bound !== null)
      dtype = promoteTypes(dtype, bound instanceof Tensor ? resultType(x, bound) : scalarResultType(x, bound));
  }
  const as = (bound: Bound): Tensor | null =>
    bound === null ? null : bound instanceof Tensor ? castTo(bound, dtype) : rawFull([], bound, dtype);
  return clampTensorsOp(castTo(x, dtype), as(min), as(max));
}

/** x limited from below. */
export function clampMin(x: Tensor, min: number | Tensor): Tensor {
  if (arguments.length > 2) refuseSurplus('clampMin', arguments, 2);
  return clamp(x, min, null);
}

/** x limited from above. */
export function clampMax(x: Tensor, max: number | Tensor): Tensor {
  if (arguments.length > 2) refuseSurplus('clampMax', arguments, 2);
  return clamp(x, null, max);
}

export interface NanToNumOptions {
  nan?: number;
  /** Replaces ∞; by default the dtype's largest value. */
  posinf?: number | null;
  neginf?: number | null;
}

/** x with NaN and the infinities replaced by numbers. */
export function nanToNum(x: Tensor, options?: NanToNumOptions): Tensor {
  if (arguments.length > 2) refuseSurplus('nanToNum', arguments, 2);
  const { nan = 0, posinf = null, neginf = null } = checkOptions('nanToNum', options, ['nan', 'posinf', 'neginf']);
  const number = checkNumber('nanToNum', 'nan', nan);
  const { largest } = DTYPES[checkTensor('nanToNum', x).dtype];
  const most = checkNumber('nanToNum', 'posinf', posinf ?? largest);
  const least = checkNumber('nanToNum', 'neginf', neginf ?? -largest);
  if (!isFloating(x.dtype)) return rawClone(x);
  const finite = maskedFill(maskedFill(x, isnan(x), number), eq(x, Infinity), most);
  return maskedFill(finite, eq(x, -Infinity), least);
}

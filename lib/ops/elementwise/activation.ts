import { inplaceOf } from '../../autograd/inplace.js';
import { noGrad } from '../../autograd/modes.js';
import { defineOp, type Op } from '../../autograd/op.js';
import { nodeName } from '../../autograd/opNode.js';
import { binaryKernel, unaryKernel } from '../../raw/elementwise.js';
import { softmaxBackwardKernel, softmaxKernel } from '../../raw/reduce.js';
import { type Along, isOptions, named, refuseSurplus } from '../../tensor/arguments.js';
import { checkDType, type DType, isFloating } from '../../tensor/dtype.js';
import { fail } from '../../tensor/errors.js';
import { checkElement } from '../../tensor/nested.js';
import { checkChoice, checkNumber, checkOptions } from '../../tensor/options.js';
import { normalizeDim } from '../../tensor/shape.js';
import { checkTensor, type Tensor } from '../../tensor/tensor.js';
import { castTo, checkFloating, fused, sumDims, widen } from '../broadcast.js';
import { add, div, mul, neg, rsub, square, sub } from './arithmetic.js';
import { gt, le, logicalAnd, lt } from './compare.js';
import { where } from './masking.js';
import { abs, clamp, erf, exp, sigmoid, tanh } from './unary.js';

// Activations: [..] → [..], floats only (integers are computed in float32 where PyTorch does).

export interface InplaceOptions {
  /** Write the result into the input's own memory; default false. */
  readonly inplace?: boolean;
}

const inPlace = (op: string, options: InplaceOptions): boolean =>
  checkOptions(op, options, ['inplace']).inplace ?? false;

/** An elementwise activation with up to two numbers, its fused backward and the same derivative in differentiable ops. */
function activation(
  name: string,
  saves: 'x' | 'y',
  derivative: (g: Tensor, saved: Tensor, p0: number, p1: number) => Tensor,
  node: string = nodeName(name),
): Op<[x: Tensor, p0: number, p1: number]> {
  const kernel = unaryKernel(name);
  const backward = binaryKernel(`${name}Backward`);
  return defineOp({
    name,
    node,
    forward: (x, p0, p1) => kernel(x, p0, p1),
    save: saves === 'x' ? ([x]) => [x] : (_args, y) => [y],
    backward: ({ args: [, p0, p1], saved: [saved] }, g) => [
      fused(
        () => backward(g, saved!, p0, p1),
        () => derivative(g, saved!, p0, p1),
      ),
    ],
  });
}

const reluOp = activation('relu', 'y', (g, y) => where(gt(y, 0), g, 0));

const reluRaw = unaryKernel('relu');
const relu_ = inplaceOf('relu_', relu, (x) => {
  if (!isFloating(x.dtype)) return false;
  reluRaw(x, 0, 0, x);
  return true;
});

/** max(x, 0); the derivative at 0 is 0. Integers keep their dtype. */
export function relu(x: Tensor, options?: InplaceOptions): Tensor {
  if (arguments.length > 2) refuseSurplus('relu', arguments, 2);
  if (options && inPlace('relu', options)) return relu_(x);
  if (checkTensor('relu', x).dtype === 'bool') fail('DTYPE_MISMATCH', 'relu: boolean inputs are not supported');
  return reluOp(x, 0, 0);
}

const SQRT_HALF = Math.SQRT1_2;
const TANH_SCALE = Math.sqrt(2 / Math.PI);

/** Φ(x) + x φ(x), where φ is the normal density and Φ its integral. */
const geluSlope = (x: Tensor): Tensor =>
  add(mul(add(erf(mul(x, SQRT_HALF)), 1), 0.5), mul(mul(exp(mul(square(x), -0.5)), x), 1 / Math.sqrt(2 * Math.PI)));

const geluTanhSlope = (x: Tensor): Tensor => {
  const t = tanh(mul(add(x, mul(mul(square(x), x), 0.044715)), TANH_SCALE));
  const inner = mul(add(mul(square(x), 3 * 0.044715), 1), TANH_SCALE);
  return mul(add(add(t, 1), mul(x, mul(rsub(square(t), 1), inner))), 0.5);
};

const geluOp = activation('gelu', 'x', (g, x) => mul(g, geluSlope(x)));
const geluTanhOp = activation('geluTanh', 'x', (g, x) => mul(g, geluTanhSlope(x)), 'GeluBackward0');

export interface GeluOptions {
  /** 'none': x Φ(x); 'tanh': 0.5 x (1 + tanh(√(2/π) (x + 0.044715 x³))). */
  approximate?: 'none' | 'tanh';
}

/**
 * The Gaussian error linear unit, x Φ(x) (Hendrycks & Gimpel, arXiv:1606.08415).
 *
 * @example
 * F.gelu(tensor([1])).toArray(); // [0.8413…]
 */
export function gelu(x: Tensor, options?: GeluOptions): Tensor {
  if (arguments.length > 2) refuseSurplus('gelu', arguments, 2);
  const { approximate = 'none' } = checkOptions('gelu', options, ['approximate']);
  checkChoice('gelu', 'approximate', approximate, ['none', 'tanh']);
  return (approximate === 'tanh' ? geluTanhOp : geluOp)(checkFloating('gelu', x), 0, 0);
}

const siluOp = activation('silu', 'x', (g, x) => {
  const s = sigmoid(x);
  return mul(g, mul(s, add(mul(x, rsub(s, 1)), 1)));
});

const silu_ = inplaceOf('silu_', silu);

/** x · sigmoid(x). */
export function silu(x: Tensor, options?: InplaceOptions): Tensor {
  if (arguments.length > 2) refuseSurplus('silu', arguments, 2);
  if (options && inPlace('silu', options)) return silu_(x);
  return siluOp(checkFloating('silu', x), 0, 0);
}

const softplusOp = activation('softplus', 'x', (g, x, beta, threshold) =>
  where(gt(mul(x, beta), threshold), g, mul(g, sigmoid(mul(x, beta)))),
);

export interface SoftplusOptions {
  beta?: number;
  /** Above beta · x = threshold the function is the identity. */
  threshold?: number;
}

/** log(1 + e^(beta x)) / beta. */
export function softplus(x: Tensor, options?: SoftplusOptions): Tensor {
  if (arguments.length > 2) refuseSurplus('softplus', arguments, 2);
  const { beta = 1, threshold = 20 } = checkOptions('softplus', options, ['beta', 'threshold']);
  return softplusOp(
    checkFloating('softplus', x),
    checkNumber('softplus', 'beta', beta),
    checkNumber('softplus', 'threshold', threshold),
  );
}

/** e^(rate · x) where x is not above 0, where alone it is read: it must not overflow above, as ∞ · 0 is NaN. */
const expBelow = (x: Tensor, rate: number): Tensor => exp(mul(clamp(x, null, 0), rate));

const eluSlope = (g: Tensor, x: Tensor, alpha: number, rate: number): Tensor =>
  where(gt(x, 0), g, mul(g, mul(expBelow(x, rate), alpha * rate)));

const eluOp = activation('elu', 'x', eluSlope);
const celuOp = activation('elu', 'x', eluSlope, 'CeluBackward0');

const elu_ = inplaceOf('elu_', (x: Tensor, alpha: number) => elu(x, alpha));

/** x above 0, alpha · (e^x − 1) below. */
export function elu(
  x: Tensor,
  alpha: number | Readonly<{ alpha?: number; inplace?: boolean }> = 1,
  options?: InplaceOptions,
): Tensor {
  if (arguments.length > 3) refuseSurplus('elu', arguments, 3);
  if (isOptions(alpha)) return elu(x, ...named('elu', 'alpha', alpha, options));
  if (options && inPlace('elu', options)) return elu_(x, alpha);
  return eluOp(checkFloating('elu', x), checkNumber('elu', 'alpha', alpha), 1);
}

const leakyReluOp = activation('leakyRelu', 'x', (g, x, slope) => where(gt(x, 0), g, mul(g, slope)));

const leakyRelu_ = inplaceOf('leakyRelu_', (x: Tensor, negativeSlope: number) => leakyRelu(x, negativeSlope));

/** x above 0, negativeSlope · x below. */
export function leakyRelu(
  x: Tensor,
  negativeSlope: number | Readonly<{ negativeSlope?: number; inplace?: boolean }> = 0.01,
  options?: InplaceOptions,
): Tensor {
  if (arguments.length > 3) refuseSurplus('leakyRelu', arguments, 3);
  if (isOptions(negativeSlope)) return leakyRelu(x, ...named('leakyRelu', 'negativeSlope', negativeSlope, options));
  if (options && inPlace('leakyRelu', options)) return leakyRelu_(x, negativeSlope);
  return leakyReluOp(checkFloating('leakyRelu', x), checkNumber('leakyRelu', 'negativeSlope', negativeSlope), 0);
}

const logSigmoidOp = activation('logSigmoid', 'x', (g, x) => mul(g, sigmoid(neg(x))));

/** log(1 / (1 + e^(−x))), exact far from 0. */
export function logSigmoid(x: Tensor): Tensor {
  if (arguments.length > 1) refuseSurplus('logSigmoid', arguments, 1);
  return logSigmoidOp(checkFloating('logSigmoid', x), 0, 0);
}

const clampRaw = unaryKernel('clamp');

const hardtanhOp: Op<[x: Tensor, low: number, high: number]> = defineOp({
  name: 'hardtanh',
  forward: (x, low, high) => clampRaw(x, low, high),
  save: ([x]) => [x],
  backward: ({ args: [, low, high], saved: [x] }, g) => [where(logicalAnd(gt(x!, low), lt(x!, high)), g, 0)],
});

export interface HardtanhOptions extends InplaceOptions {
  readonly minVal?: number;
  readonly maxVal?: number;
}

const hardtanh_ = inplaceOf('hardtanh_', (x: Tensor, minVal: number, maxVal: number) => hardtanh(x, minVal, maxVal));

/** x limited to [minVal, maxVal], −1 and 1 by default; the derivative at a bound is 0. */
export function hardtanh(x: Tensor, low: number | HardtanhOptions = -1, maxVal = 1, options?: InplaceOptions): Tensor {
  if (arguments.length > 4) refuseSurplus('hardtanh', arguments, 4);
  if (isOptions(low)) {
    const { minVal, maxVal: high, ...rest } = low as HardtanhOptions;
    if (arguments.length > 2) refuseSurplus('hardtanh', arguments, 2);
    return hardtanh(x, minVal, high, rest);
  }
  if (options && inPlace('hardtanh', options)) return hardtanh_(x, low as number, maxVal);
  const least = checkNumber('hardtanh', 'minVal', low);
  const most = checkNumber('hardtanh', 'maxVal', maxVal);
  if (least > most) fail('BAD_ARGUMENT', `hardtanh: minVal cannot be greater than maxVal, got ${least} and ${most}`);
  if (checkTensor('hardtanh', x).dtype === 'bool') fail('DTYPE_MISMATCH', 'hardtanh: not defined for bool tensors');
  return hardtanhOp(x, least, most);
}

const relu6_ = inplaceOf('relu6_', relu6);

/** min(max(x, 0), 6). */
export function relu6(x: Tensor, options?: InplaceOptions): Tensor {
  if (arguments.length > 2) refuseSurplus('relu6', arguments, 2);
  if (options && inPlace('relu6', options)) return relu6_(x);
  return hardtanh(checkTensor('relu6', x), 0, 6);
}

const hardsigmoid_ = inplaceOf('hardsigmoid_', hardsigmoid);

/** x/6 + 1/2 limited to [0, 1]. */
export function hardsigmoid(x: Tensor, options?: InplaceOptions): Tensor {
  if (arguments.length > 2) refuseSurplus('hardsigmoid', arguments, 2);
  if (options && inPlace('hardsigmoid', options)) return hardsigmoid_(x);
  return hardsigmoidOp(checkFloating('hardsigmoid', x));
}

/** min(max(x + 3, 0), 6) / 6. */
const sixths = (x: Tensor): Tensor => div(clampRaw(add(x, 3), 0, 6), 6);

const hardsigmoidOp: Op<[x: Tensor]> = defineOp({
  name: 'hardsigmoid',
  forward: (x) => noGrad(() => castTo(sixths(widen(x)), x.dtype)),
  save: ([x]) => [x],
  backward: ({ saved: [x] }, g) => [where(logicalAnd(gt(x!, -3), lt(x!, 3)), div(g, 6), 0)],
});

const hardswishOp: Op<[x: Tensor]> = defineOp({
  name: 'hardswish',
  forward: (x) =>
    noGrad(() => {
      const wide = widen(x);
      return castTo(mul(wide, sixths(wide)), x.dtype);
    }),
  save: ([x]) => [x],
  backward: ({ saved: [saved] }, gradient) => {
    const x = widen(saved!);
    const g = widen(gradient);
    const slope = where(le(x, -3), 0, where(lt(x, 3), mul(g, add(div(x, 3), 0.5)), g));
    return [castTo(slope, gradient.dtype)];
  },
});

const hardswish_ = inplaceOf('hardswish_', hardswish);

/** x · hardsigmoid(x). */
export function hardswish(x: Tensor, options?: InplaceOptions): Tensor {
  if (arguments.length > 2) refuseSurplus('hardswish', arguments, 2);
  if (options && inPlace('hardswish', options)) return hardswish_(x);
  return hardswishOp(checkFloating('hardswish', x));
}

const mishOp = activation('mish', 'x', (g, x) => {
  const t = tanh(softplus(x));
  return mul(g, add(t, mul(x, mul(sigmoid(x), rsub(square(t), 1)))));
});

const mish_ = inplaceOf('mish_', mish);

/** x · tanh(softplus(x)). */
export function mish(x: Tensor, options?: InplaceOptions): Tensor {
  if (arguments.length > 2) refuseSurplus('mish', arguments, 2);
  if (options && inPlace('mish', options)) return mish_(x);
  return mishOp(checkFloating('mish', x), 0, 0);
}

const SELU_ALPHA = 1.6732632423543772;
const SELU_SCALE = 1.0507009873554805;

const seluOp = activation(
  'selu',
  'x',
  (g, x) => where(gt(x, 0), mul(g, SELU_SCALE), mul(g, mul(expBelow(x, 1), SELU_ALPHA * SELU_SCALE))),
  'EluBackward0',
);

const selu_ = inplaceOf('selu_', selu);

/** scale · elu(x, alpha) with the constants of Klambauer et al., arXiv:1706.02515. */
export function selu(x: Tensor, options?: InplaceOptions): Tensor {
  if (arguments.length > 2) refuseSurplus('selu', arguments, 2);
  if (options && inPlace('selu', options)) return selu_(x);
  return seluOp(checkFloating('selu', x), 0, 0);
}

const celu_ = inplaceOf('celu_', (x: Tensor, alpha: number) => celu(x, alpha));

/** x above 0, alpha · (e^(x/alpha) − 1) below. */
export function celu(
  x: Tensor,
  alpha: number | Readonly<{ alpha?: number; inplace?: boolean }> = 1,
  options?: InplaceOptions,
): Tensor {
  if (arguments.length > 3) refuseSurplus('celu', arguments, 3);
  if (isOptions(alpha)) return celu(x, ...named('celu', 'alpha', alpha, options));
  if (options && inPlace('celu', options)) return celu_(x, alpha);
  const scale = checkNumber('celu', 'alpha', alpha);
  if (scale === 0) fail('ZERO_DIVISION', 'celu: alpha cannot be 0');
  return celuOp(checkFloating('celu', x), scale, 1 / scale);
}

/** x / (1 + |x|). */
export function softsign(x: Tensor): Tensor {
  if (arguments.length > 1) refuseSurplus('softsign', arguments, 1);
  return div(checkTensor('softsign', x), add(abs(x), 1));
}

/** x − tanh(x). */
export function tanhshrink(x: Tensor): Tensor {
  if (arguments.length > 1) refuseSurplus('tanhshrink', arguments, 1);
  return sub(checkTensor('tanhshrink', x), tanh(x));
}

/** x outside [−lambd, lambd], 0 inside. */
export function hardshrink(x: Tensor, lambd = 0.5): Tensor {
  if (arguments.length > 2) refuseSurplus('hardshrink', arguments, 2);
  const edge = checkNumber('hardshrink', 'lambd', lambd);
  return where(gt(abs(checkFloating('hardshrink', x)), edge), x, mul(x, 0));
}

/** x moved towards 0 by lambd, 0 inside [−lambd, lambd]. */
export function softshrink(x: Tensor, lambd = 0.5): Tensor {
  if (arguments.length > 2) refuseSurplus('softshrink', arguments, 2);
  const edge = checkNumber('softshrink', 'lambd', lambd);
  if (!(edge >= 0)) fail('BAD_ARGUMENT', `softshrink: lambd must not be negative, got ${edge}`);
  checkFloating('softshrink', x);
  return where(gt(x, edge), sub(x, edge), where(lt(x, -edge), add(x, edge), mul(x, 0)));
}

const threshold_ = inplaceOf('threshold_', (x: Tensor, limit: number, value: number) => threshold(x, limit, value));

/** x above threshold, value elsewhere. */
export function threshold(x: Tensor, limit: number, value: number, options?: InplaceOptions): Tensor {
  if (arguments.length > 4) refuseSurplus('threshold', arguments, 4);
  if (options && inPlace('threshold', options)) return threshold_(x, limit, value);
  const { dtype } = checkTensor('threshold', x);
  // Both are taken in x's dtype: integers stay integers.
  const fitted = (name: string, number: number): number => {
    const element = checkElement('threshold', name, checkNumber('threshold', name, number), dtype);
    return isFloating(dtype) ? element : Math.trunc(element);
  };
  const to = fitted('value', value);
  return where(le(x, fitted('threshold', limit)), to, x);
}

const softmaxRaw = softmaxKernel('softmax');
const softmaxBackward = softmaxBackwardKernel('softmaxBackward');

const softmaxOp: Op<[x: Tensor, dim: number]> = defineOp({
  name: 'softmax',
  forward: (x, dim) => softmaxRaw(x, dim),
  save: (_args, y) => [y],
  backward: ({ args: [, dim], saved: [y] }, g) => [
    fused(
      () => softmaxBackward(g, y!, dim),
      () => {
        const weighted = mul(g, y!);
        return sub(weighted, mul(y!, sumDims(weighted, [dim], true)));
      },
    ),
  ],
});

const logSoftmaxRaw = softmaxKernel('logSoftmax');
const logSoftmaxBackward = softmaxBackwardKernel('logSoftmaxBackward');

const logSoftmaxOp: Op<[x: Tensor, dim: number]> = defineOp({
  name: 'logSoftmax',
  forward: (x, dim) => logSoftmaxRaw(x, dim),
  save: (_args, y) => [y],
  backward: ({ args: [, dim], saved: [y] }, g) => [
    fused(
      () => logSoftmaxBackward(g, y!, dim),
      () => sub(g, mul(exp(y!), sumDims(g, [dim], true))),
    ),
  ],
});

export interface SoftmaxOptions {
  /** The input is cast to it first. */
  dtype?: DType;
}

function softmaxInput(op: string, x: Tensor, options: SoftmaxOptions | undefined): Tensor {
  const { dtype } = checkOptions(op, options, ['dtype'], undefined, 'dim');
  checkTensor(op, x);
  return dtype === undefined ? checkFloating(op, x) : checkFloating(op, castTo(x, checkDType(op, dtype)));
}

/**
 * e^x / Σ e^x along `dim`.
 *
 * @example
 * tensor([[0, 0]]).softmax(-1).toArray(); // [[0.5, 0.5]]
 */
export function softmax(x: Tensor, ...args: Along<[], SoftmaxOptions>): Tensor;
export function softmax(x: Tensor, dim: number | SoftmaxOptions, options?: SoftmaxOptions): Tensor {
  if (arguments.length > 3) refuseSurplus('softmax', arguments, 3);
  if (isOptions(dim)) return softmax(x, ...named('softmax', 'dim', dim, options));
  const input = softmaxInput('softmax', x, options);
  return softmaxOp(input, normalizeDim('softmax', dim, x._shape.length));
}

/** log(softmax(x)) along `dim`, without underflow. */
export function logSoftmax(x: Tensor, ...args: Along<[], SoftmaxOptions>): Tensor;
export function logSoftmax(x: Tensor, dim: number | SoftmaxOptions, options?: SoftmaxOptions): Tensor {
  if (arguments.length > 3) refuseSurplus('logSoftmax', arguments, 3);
  if (isOptions(dim)) return logSoftmax(x, ...named('logSoftmax', 'dim', dim, options));
  const input = softmaxInput('logSoftmax', x, options);
  return logSoftmaxOp(input, normalizeDim('logSoftmax', dim, x._shape.length));
}

/** softmax(−x) along `dim`. */
export function softmin(x: Tensor, ...args: Along<[], SoftmaxOptions>): Tensor;
export function softmin(x: Tensor, dim: number | SoftmaxOptions, options?: SoftmaxOptions): Tensor {
  if (arguments.length > 3) refuseSurplus('softmin', arguments, 3);
  if (isOptions(dim)) return softmin(x, ...named('softmin', 'dim', dim, options));
  return softmax(neg(softmaxInput('softmin', x, options)), dim);
}

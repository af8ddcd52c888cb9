import { defineOp, type Op, requiresGrad } from '../../autograd/op.js';
import { type NormNeeds, newStatistics, rawRowNorm, rawRowNormBackward, type Statistics } from '../../raw/norm.js';
import { refuseSurplus } from '../../tensor/arguments.js';
import { context } from '../../tensor/context.js';
import { fail } from '../../tensor/errors.js';
import { checkNumber, checkOptions } from '../../tensor/options.js';
import { checkShape, numelOf, type Shape, sameShape, showShape } from '../../tensor/shape.js';
import { checkTensor, type Tensor } from '../../tensor/tensor.js';
import { castTo, checkFloating, sumDims, widen } from '../broadcast.js';
import { add, div, mul, square, sub } from '../elementwise/arithmetic.js';
import { rsqrt } from '../elementwise/unary.js';

// Layer and RMS norm: the last dimensions are normalised.

/** What an affine norm's backward needs; the statistics are there from the forward until they are saved. */
export interface NormCall {
  readonly eps: number;
  statistics: Statistics | null;
}

/** Whether the op is about to be recorded, so that the statistics are worth keeping. */
export const willRecord = (...inputs: readonly (Tensor | null)[]): boolean =>
  context().grad && inputs.some((x) => x !== null && requiresGrad(x));

/** Which of x, weight and bias need a gradient, from the flags of those that are there. */
export function normNeeds(needs: readonly boolean[], hasWeight: boolean, hasBias: boolean): NormNeeds {
  return [needs[0] === true, hasWeight && needs[1] === true, hasBias && needs[hasWeight ? 2 : 1] === true];
}

/** The gradients of x, weight and bias as the engine wants them: those of the inputs that are there. */
export function presentGradients(
  gradients: readonly (Tensor | null)[],
  hasWeight: boolean,
  hasBias: boolean,
): (Tensor | null)[] {
  return gradients.filter((_, i) => i === 0 || (i === 1 ? hasWeight : hasBias));
}

const meanOver = (x: Tensor, dims: readonly number[]): Tensor =>
  div(sumDims(x, dims, true), numelOf(dims.map((d) => x._shape[d]!)));

/**
 * x̂ = (x − mean) · rstd over dims, and the gradient that g, the gradient of x̂, gives x: what the fused backwards
 * compute, in differentiable ops.
 */
export function standardised(x: Tensor, dims: readonly number[], eps: number, centred: boolean) {
  const shifted = centred ? sub(x, meanOver(x, dims)) : x;
  const rstd = rsqrt(add(meanOver(square(shifted), dims), eps));
  const normal = mul(shifted, rstd);
  const backward = (g: Tensor): Tensor => {
    const along = sub(g, mul(normal, meanOver(mul(g, normal), dims)));
    return mul(centred ? sub(along, meanOver(g, dims)) : along, rstd);
  };
  return { normal, backward };
}

interface RowNormCall extends NormCall {
  readonly rms: boolean;
  /** How many of the last dimensions are normalised. */
  readonly axes: number;
}

const rowNormOp: Op<[x: Tensor, weight: Tensor | null, bias: Tensor | null, call: RowNormCall]> = defineOp({
  name: 'layerNorm',
  node: (_x, _weight, _bias, { rms }) => (rms ? 'FusedRmsNormBackward0' : 'NativeLayerNormBackward0'),
  forward: (x, weight, bias, { rms, axes, eps, statistics }) => rawRowNorm(rms, x, weight, bias, axes, eps, statistics),
  save: ([x, weight, , call]) => {
    const { mean, rstd } = call.statistics!;
    call.statistics = null;
    return [x, weight, mean, rstd];
  },
  backward: ({ args: [, weight, bias, call], saved: [x, w, mean, rstd], needs }, g) => {
    const { rms, axes, eps } = call;
    const wanted = normNeeds(needs, weight !== null, bias !== null);
    const gradients = context().grad
      ? rowNormFormula(g, x!, w ?? null, axes, eps, !rms, wanted)
      : rawRowNormBackward(rms, g, x!, w ?? null, { mean: mean ?? null, rstd: rstd! }, axes, wanted);
    return presentGradients(gradients, weight !== null, bias !== null);
  },
});

function rowNormFormula(
  g: Tensor,
  x: Tensor,
  weight: Tensor | null,
  axes: number,
  eps: number,
  centred: boolean,
  needs: NormNeeds,
): (Tensor | null)[] {
  const first = x._shape.length - axes;
  const inner = Array.from({ length: axes }, (_, i) => first + i);
  const outer = Array.from({ length: first }, (_, i) => i);
  const { normal, backward } = standardised(x, inner, eps, centred);
  return [
    needs[0] ? backward(weight === null ? g : mul(g, weight)) : null,
    needs[1] ? sumDims(mul(g, normal), outer, false) : null,
    needs[2] ? sumDims(g, outer, false) : null,
  ];
}

function checkNormalized(op: string, x: unknown, normalizedShape: readonly number[]): [Tensor, Shape] {
  const input = checkFloating(op, x);
  if (!Array.isArray(normalizedShape)) {
    fail('WRONG_TYPE', `${op}: normalizedShape must be an array of sizes, got ${typeof normalizedShape}`);
  }
  const shape = checkShape(op, [normalizedShape]);
  if (shape.length === 0) {
    fail('SHAPE_MISMATCH', `${op}: Expected normalizedShape to be at least 1-dimensional, got []`);
  }
  const { _shape: sizes } = input;
  if (sizes.length < shape.length || !sameShape(sizes.slice(sizes.length - shape.length), shape)) {
    fail(
      'SHAPE_MISMATCH',
      `${op}: Given normalizedShape=${showShape(shape)}, expected input with shape [*, ${shape.join(', ')}], but got input of size ${showShape(sizes)}`,
    );
  }
  return [input, shape];
}

/** A weight or bias, or null. */
export function checkAffine(
  op: string,
  name: string,
  value: Tensor | null | undefined,
  x: Tensor,
  shape: Shape,
): Tensor | null {
  if (value === null || value === undefined) return null;
  checkTensor(op, value, name);
  if (!sameShape(value._shape, shape)) {
    fail('SHAPE_MISMATCH', `${op}: ${name} must have shape ${showShape(shape)}, got ${showShape(value._shape)}`);
  }
  if (value.dtype !== x.dtype) {
    fail(
      'DTYPE_MISMATCH',
      `${op}: ${name} must be ${x.dtype} as the input, got ${value.dtype}; cast it with to('${x.dtype}')`,
    );
  }
  return value;
}

export interface LayerNormOptions {
  /** Multiplies the normalised values; normalizedShape. */
  weight?: Tensor | null;
  /** Added after that; normalizedShape. */
  bias?: Tensor | null;
  /** Added to the variance; default 1e-5. */
  eps?: number;
}

function rowNorm(
  rms: boolean,
  x: Tensor,
  weight: Tensor | null,
  bias: Tensor | null,
  axes: number,
  eps: number,
): Tensor {
  if (x.dtype === 'bfloat16') return castTo(rowNorm(rms, widen(x), widen(weight), widen(bias), axes, eps), x.dtype);
  const rows = numelOf(x._shape.slice(0, x._shape.length - axes));
  const statistics = willRecord(x, weight, bias) ? newStatistics(x, rows, !rms) : null;
  return rowNormOp(x, weight, bias, { rms, axes, eps, statistics });
}

/**
 * (x − mean) / √(variance + eps) · weight + bias, mean and variance being those of the last dimensions, which
 * normalizedShape names (Ba et al., "Layer normalization", arXiv:1607.06450).
 *
 * @example
 * F.layerNorm(tensor([[1, 3]]), [2]).toArray(); // [[-0.9999…, 0.9999…]]
 */
export function layerNorm(x: Tensor, normalizedShape: readonly number[], options?: LayerNormOptions): Tensor {
  if (arguments.length > 3) refuseSurplus('layerNorm', arguments, 3);
  const op = 'layerNorm';
  const { weight, bias, eps = 1e-5 } = checkOptions(op, options, ['weight', 'bias', 'eps'], ['bias']);
  const [input, shape] = checkNormalized(op, x, normalizedShape);
  return rowNorm(
    false,
    input,
    checkAffine(op, 'weight', weight, input, shape),
    checkAffine(op, 'bias', bias, input, shape),
    shape.length,
    checkNumber(op, 'eps', eps),
  );
}

export interface RmsNormOptions {
  /** Multiplies the normalised values; normalizedShape. */
  weight?: Tensor | null;
  /** Added to the mean of the squares; default null, the distance from 1 to the next number of the dtype (of float32 for bfloat16). */
  eps?: number | null;
}

const EPSILON = { float32: 2 ** -23, float64: 2 ** -52, bfloat16: 2 ** -23 } as const;

/**
 * x / √(mean(x²) + eps) · weight, the mean being that of the last dimensions, which normalizedShape names (Zhang and
 * Sennrich, "Root mean square layer normalization", arXiv:1910.07467).
 *
 * @example
 * F.rmsNorm(tensor([[3, 3]]), [2]).toArray(); // [[1, 1]]
 */
export function rmsNorm(x: Tensor, normalizedShape: readonly number[], options?: RmsNormOptions): Tensor {
  if (arguments.length > 3) refuseSurplus('rmsNorm', arguments, 3);
  const op = 'rmsNorm';
  const { weight, eps = null } = checkOptions(op, options, ['weight', 'eps']);
  const [input, shape] = checkNormalized(op, x, normalizedShape);
  const added = eps === null ? EPSILON[input.dtype as keyof typeof EPSILON] : checkNumber(op, 'eps', eps);
  return rowNorm(true, input, checkAffine(op, 'weight', weight, input, shape), null, shape.length, added);
}

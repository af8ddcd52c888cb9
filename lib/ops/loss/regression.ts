import { noGrad } from '../../autograd/modes.js';
import { defineOp, type Op } from '../../autograd/op.js';
import { refuseSurplus } from '../../tensor/arguments.js';
import { fail } from '../../tensor/errors.js';
import { checkChoice, checkNumber, checkOptions } from '../../tensor/options.js';
import { sameShape, showShape } from '../../tensor/shape.js';
import { checkTensor, type Tensor } from '../../tensor/tensor.js';
import { castTo, checkFloating, promote, sumTo, widen } from '../broadcast.js';
import { logSigmoid } from '../elementwise/activation.js';
import { add, div, mul, neg, rsub, square, sub } from '../elementwise/arithmetic.js';
import { eq, ge, le, logicalAnd } from '../elementwise/compare.js';
import { maskedFill, where } from '../elementwise/masking.js';
import { abs, clamp, clampMin, exp, log } from '../elementwise/unary.js';
import { all, sum } from '../reduce/reduce.js';
import { checkReduction, type LossOptions, type Reduction, reduceLoss } from './lossReduction.js';

// Losses between tensors of one shape.

export interface WeightedLossOptions extends LossOptions {
  /** A factor per element; 'mean' divides by the sum of the factors. */
  weight?: Tensor | null;
}

function checkPair(op: string, input: Tensor, target: Tensor): [Tensor, Tensor] {
  checkTensor(op, input);
  checkTensor(op, target, 'target');
  if (!sameShape(input._shape, target._shape)) {
    process.emitWarning(
      `${op}: target ${showShape(target._shape)} differs from input ${showShape(input._shape)} in shape; broadcasting them is likely a mistake`,
    );
  }
  return promote(input, target);
}

function checkShape(op: string, name: string, x: Tensor, input: Tensor): void {
  if (sameShape(x._shape, input._shape)) return;
  fail(
    'SHAPE_MISMATCH',
    `${op}: ${name} must have the input's shape ${showShape(input._shape)}, got ${showShape(x._shape)}`,
  );
}

function weighted(op: string, losses: Tensor, weight: Tensor | null, reduction: Reduction): Tensor {
  if (weight === null) return reduceLoss(losses, reduction);
  checkTensor(op, weight, 'weight');
  checkShape(op, 'weight', weight, losses);
  const products = mul(losses, weight);
  if (reduction === 'none') return products;
  return reduction === 'sum' ? sum(products) : div(sum(products), sum(weight));
}

const mseOp: Op<[x: Tensor, y: Tensor, reduction: Reduction]> = defineOp({
  name: 'mseLoss',
  forward: (x, y, reduction) => noGrad(() => reduceLoss(square(sub(x, y)), reduction)),
  save: ([x, y]) => [x, y],
  backward: ({ args: [p, q, reduction], saved: [x, y], needs }, g) => {
    const difference = sub(x!, y!);
    const slope = mul(mul(difference, reduction === 'mean' ? 2 / difference.numel : 2), g);
    return [needs[0] ? sumTo(slope, p.shape) : null, needs[1] ? sumTo(neg(slope), q.shape) : null];
  },
});

/**
 * (input − target)², averaged by default.
 *
 * @example
 * F.mseLoss(tensor([1, 2]), tensor([1, 4])).item(); // 2
 */
export function mseLoss(input: Tensor, target: Tensor, options?: WeightedLossOptions): Tensor {
  if (arguments.length > 3) refuseSurplus('mseLoss', arguments, 3);
  const { weight = null, reduction } = checkOptions('mseLoss', options, ['weight', 'reduction']);
  const kind = checkReduction('mseLoss', reduction);
  const [x, y] = checkPair('mseLoss', input, target);
  return weight === null ? mseOp(x, y, kind) : weighted('mseLoss', square(sub(x, y)), weight, kind);
}

/**
 * |input − target|, averaged by default.
 *
 * @example
 * F.l1Loss(tensor([1, 2]), tensor([1, 4])).item(); // 1
 */
export function l1Loss(input: Tensor, target: Tensor, options?: WeightedLossOptions): Tensor {
  if (arguments.length > 3) refuseSurplus('l1Loss', arguments, 3);
  const { weight = null, reduction } = checkOptions('l1Loss', options, ['weight', 'reduction']);
  const kind = checkReduction('l1Loss', reduction);
  const [x, y] = checkPair('l1Loss', input, target);
  return weighted('l1Loss', abs(sub(x, y)), weight, kind);
}

/**
 * ½ d² / divisor where |d| = |x − y| ≤ bound, and from there on straight. The slope has a formula of its own: that of a
 * `where` is 0 · ∞ at an infinite d.
 */
const boundedSquare = (name: string): Op<[x: Tensor, y: Tensor, bound: number, divisor: number]> =>
  defineOp({
    name,
    forward: (x, y, bound, divisor) =>
      noGrad(() => {
        const difference = sub(widen(x), widen(y));
        const distance = abs(difference);
        const straight = mul(sub(distance, 0.5 * bound), bound / divisor);
        return castTo(where(le(distance, bound), mul(square(difference), 0.5 / divisor), straight), x.dtype);
      }),
    save: ([x, y]) => [x, y],
    backward: ({ args: [p, q, bound, divisor], saved: [x, y], needs }, g) => {
      const difference = sub(widen(x!), widen(y!));
      const slope = castTo(mul(widen(g), div(clamp(difference, -bound, bound), divisor)), g.dtype);
      return [needs[0] ? sumTo(slope, p.shape) : null, needs[1] ? sumTo(neg(slope), q.shape) : null];
    },
  });

const smoothL1Op = boundedSquare('smoothL1Loss');
const huberOp = boundedSquare('huberLoss');

export interface SmoothL1Options extends LossOptions {
  /** Where the square turns into the absolute value. */
  beta?: number;
}

/**
 * ½ d²/beta where |d| = |input − target| < beta, |d| − beta/2 elsewhere.
 *
 * @example
 * F.smoothL1Loss(tensor([0]), tensor([2])).item(); // 1.5
 */
export function smoothL1Loss(input: Tensor, target: Tensor, options?: SmoothL1Options): Tensor {
  if (arguments.length > 3) refuseSurplus('smoothL1Loss', arguments, 3);
  const { beta: width = 1, reduction } = checkOptions('smoothL1Loss', options, ['beta', 'reduction']);
  const kind = checkReduction('smoothL1Loss', reduction);
  const beta = checkNumber('smoothL1Loss', 'beta', width);
  if (!(beta >= 0)) fail('BAD_ARGUMENT', `smoothL1Loss: beta must not be negative, got ${beta}`);
  if (beta === 0) return l1Loss(input, target, { reduction: kind });
  const [x, y] = checkPair('smoothL1Loss', input, target);
  return reduceLoss(smoothL1Op(x, y, beta, beta), kind);
}

export interface HuberOptions extends LossOptions {
  /** A factor per element; 'mean' divides by the number of elements all the same. */
  weight?: Tensor | null;
  /** Where the square turns into a multiple of the absolute value. */
  delta?: number;
}

/**
 * ½ d² where |d| = |input − target| ≤ delta, delta · (|d| − delta/2) elsewhere.
 *
 * @example
 * F.huberLoss(tensor([0]), tensor([2]), { delta: 2 }).item(); // 2
 */
export function huberLoss(input: Tensor, target: Tensor, options?: HuberOptions): Tensor {
  if (arguments.length > 3) refuseSurplus('huberLoss', arguments, 3);
  const known = checkOptions('huberLoss', options, ['delta', 'weight', 'reduction']);
  const { delta: width = 1, weight = null } = known;
  const kind = checkReduction('huberLoss', known.reduction);
  const delta = checkNumber('huberLoss', 'delta', width);
  if (!(delta > 0)) fail('BAD_ARGUMENT', `huberLoss: delta must be positive, got ${delta}`);
  const [x, y] = checkPair('huberLoss', input, target);
  const losses = huberOp(x, y, delta, 1);
  return reduceLoss(weight === null ? losses : mul(losses, checkTensor('huberLoss', weight, 'weight')), kind);
}

// log x and log(1 − x) are held above −100, and x(1 − x) above 1e-12 in the derivative, as in PyTorch.
const crossEntropyOp: Op<[x: Tensor, target: Tensor]> = defineOp({
  name: 'binaryCrossEntropy',
  forward: (x, target) =>
    noGrad(() => {
      const [p, t] = [widen(x), widen(target)];
      return castTo(neg(add(mul(t, boundedLog(p)), mul(rsub(t, 1), boundedLog(rsub(p, 1))))), x.dtype);
    }),
  save: ([x, target]) => [x, target],
  backward: ({ saved: [p, t], needs }, gradient) => {
    const [x, target, g] = [widen(p!), widen(t!), widen(gradient)];
    const inX = (): Tensor => div(mul(g, sub(x, target)), clampMin(mul(rsub(x, 1), x), 1e-12));
    const inTarget = (): Tensor => mul(g, sub(boundedLog(rsub(x, 1)), boundedLog(x)));
    return [needs[0] ? castTo(inX(), gradient.dtype) : null, needs[1] ? castTo(inTarget(), gradient.dtype) : null];
  },
});

const boundedLog = (x: Tensor): Tensor => clampMin(log(x), -100);

export interface BceOptions extends LossOptions {
  /** A factor per element; broadcasts. 'mean' divides by the number of elements all the same. */
  weight?: Tensor | null;
}

/**
 * −(t log x + (1 − t) log(1 − x)) of probabilities x in [0, 1].
 *
 * @example
 * F.binaryCrossEntropy(tensor([0.5]), tensor([1])).item(); // 0.6931…
 */
export function binaryCrossEntropy(input: Tensor, target: Tensor, options?: BceOptions): Tensor {
  if (arguments.length > 3) refuseSurplus('binaryCrossEntropy', arguments, 3);
  const op = 'binaryCrossEntropy';
  const { weight = null, reduction } = checkOptions(op, options, ['weight', 'reduction']);
  const kind = checkReduction(op, reduction);
  checkFloating(op, input);
  checkFloating(op, target, 'target');
  checkShape(op, 'target', target, input);
  if (input.numel > 0 && all(logicalAnd(ge(input, 0), le(input, 1))).item() === 0) {
    fail(
      'OUT_OF_RANGE',
      `${op}: all elements of input must be between 0 and 1; for logits use binaryCrossEntropyWithLogits`,
    );
  }
  const losses = crossEntropyOp(...promote(input, target));
  return reduceLoss(weight === null ? losses : mul(losses, checkTensor(op, weight, 'weight')), kind);
}

export interface BceWithLogitsOptions extends BceOptions {
  /** A factor for the positive term of each class; broadcasts against target. */
  posWeight?: Tensor | null;
}

/**
 * binaryCrossEntropy(sigmoid(input), target), exact for large |input|.
 *
 * @example
 * F.binaryCrossEntropyWithLogits(tensor([0]), tensor([1])).item(); // 0.6931…
 */
export function binaryCrossEntropyWithLogits(input: Tensor, target: Tensor, options?: BceWithLogitsOptions): Tensor {
  if (arguments.length > 3) refuseSurplus('binaryCrossEntropyWithLogits', arguments, 3);
  const op = 'binaryCrossEntropyWithLogits';
  const {
    weight = null,
    posWeight = null,
    reduction,
  } = checkOptions(op, options, ['weight', 'posWeight', 'reduction']);
  const kind = checkReduction(op, reduction);
  checkFloating(op, input);
  checkTensor(op, target, 'target');
  checkShape(op, 'target', target, input);
  const [x, t] = [widen(input), widen(target)];
  const positive = logSigmoid(x);
  const factor = posWeight === null ? null : add(mul(sub(checkTensor(op, posWeight, 'posWeight'), 1), t), 1);
  const exact = sub(mul(rsub(t, 1), x), factor === null ? positive : mul(factor, positive));
  const losses = input.dtype === 'bfloat16' && target.dtype === 'bfloat16' ? castTo(exact, 'bfloat16') : exact;
  return reduceLoss(weight === null ? losses : mul(losses, checkTensor(op, weight, 'weight')), kind);
}

export interface KlDivOptions {
  /** 'batchmean' divides the sum by the size of dimension 0. */
  reduction?: Reduction | 'batchmean';
  /** The target holds log-probabilities too. */
  logTarget?: boolean;
}

/**
 * The pointwise Kullback–Leibler divergence, t (log t − input), of log-probabilities `input`.
 *
 * @example
 * F.klDiv(tensor([0.5]).log(), tensor([0.5]), { reduction: 'sum' }).item(); // 0
 */
export function klDiv(input: Tensor, target: Tensor, options?: KlDivOptions): Tensor {
  if (arguments.length > 3) refuseSurplus('klDiv', arguments, 3);
  const { reduction = 'mean', logTarget = false } = checkOptions('klDiv', options, ['reduction', 'logTarget']);
  checkChoice('klDiv', 'reduction', reduction, ['none', 'mean', 'sum', 'batchmean']);
  const [x, t] = promote(checkFloating('klDiv', input), checkFloating('klDiv', target, 'target'));
  // t log t is 0 at t = 0.
  const losses = logTarget ? mul(exp(t), sub(t, x)) : sub(maskedFill(mul(t, log(t)), eq(t, 0), 0), mul(t, x));
  if (reduction !== 'batchmean') return reduceLoss(losses, reduction);
  const total = sum(losses);
  return input._shape.length === 0 ? total : div(total, input._shape[0]!);
}

import { defineOp, type Op } from '../../autograd/op.js';
import { rawFull } from '../../raw/create.js';
import {
  type CrossEntropySettings,
  rawCrossEntropy,
  rawCrossEntropyBackward,
  rawNll,
  rawNllBackward,
} from '../../raw/loss.js';
import { reduceKernel } from '../../raw/reduce.js';
import { refuseSurplus } from '../../tensor/arguments.js';
import { isFloating } from '../../tensor/dtype.js';
import { fail } from '../../tensor/errors.js';
import { checkInteger, checkNumber, checkOptions } from '../../tensor/options.js';
import { numelOf, type Shape, sameShape, showShape } from '../../tensor/shape.js';
import { checkTensor, type Tensor } from '../../tensor/tensor.js';
import { castTo, checkFloating, fused, sumDims } from '../broadcast.js';
import { logSoftmax, softmax } from '../elementwise/activation.js';
import { add, div, mul, neg, sub } from '../elementwise/arithmetic.js';
import { eq, logicalNot } from '../elementwise/compare.js';
import { checkIndex } from '../indexing/indices.js';
import { reshapeTo, swap } from '../shape/layout.js';
import { checkReduction, type LossOptions, type Reduction } from './lossReduction.js';

// Losses over classes. input is [C], [N, C] or [N, C, d1, …]; targets are class indices (int64, or int32 and uint8, which
// are cast) in the shape without C.

export interface NllLossOptions extends LossOptions {
  /** One factor per class, [C]. */
  weight?: Tensor | null;
  /** Targets of this value count neither in the loss nor in the mean. */
  ignoreIndex?: number;
}

/** Filled by the forward for its own `save`: what each row weighs, and how much all do. */
interface Weights {
  rows: Tensor | null;
  total: Tensor | null;
}

const sumRaw = reduceKernel('sum');

/** dx of the rows' losses: linear in g, so that its own backward is the loss again. */
const nllBackward: Op<[g: Tensor, target: Tensor, rows: Tensor, classes: number, ignoreIndex: number]> = defineOp({
  name: 'nllLossBackward',
  forward: (g, target, rows, classes, ignoreIndex) => rawNllBackward(g, target, rows, classes, ignoreIndex),
  save: ([, target, rows]) => [target, rows],
  backward: ({ args: [g, , , , ignoreIndex], saved: [target, rows] }, gg) => {
    const losses = mul(nllRows(gg, target!, ignoreIndex), rows!);
    return [g.shape.length === 0 ? sumDims(losses, [0], false) : losses];
  },
});

/** −x[i, target[i]], 0 where ignored. */
const nllRows: Op<[x: Tensor, target: Tensor, ignoreIndex: number]> = defineOp({
  name: 'nllLoss',
  forward: (x, target, ignoreIndex) => rawNll(x, target, null, ignoreIndex)[0],
  save: ([, target]) => [target],
  backward: ({ args: [x, , ignoreIndex], saved: [target] }, g) => {
    const ones = rawFull(target!._shape, 1, g.dtype);
    return [nllBackward(g, target!, ones, x.shape[1]!, ignoreIndex)];
  },
});

const nllOp: Op<
  [x: Tensor, target: Tensor, weight: Tensor | null, ignoreIndex: number, reduction: Reduction, weights: Weights]
> = defineOp({
  name: 'nllLoss',
  forward: (x, target, weight, ignoreIndex, reduction, weights) => {
    const [losses, rows] = rawNll(x, target, weight, ignoreIndex);
    weights.rows = rows;
    if (reduction === 'none') return losses;
    const loss = sumRaw(losses, [0]);
    losses.dispose();
    if (reduction === 'sum') return loss;
    weights.total = sumRaw(rows, [0]);
    return div(loss, weights.total);
  },
  save: ([, target, , , , weights]) => {
    const { rows, total } = weights;
    weights.rows = weights.total = null;
    return [target, rows, total];
  },
  backward: ({ args: [x, , , ignoreIndex], saved: [target, rows, total] }, g) => [
    nllBackward(total === null ? g : div(g, total!), target!, rows!, x.shape[1]!, ignoreIndex),
  ],
});

/** The shape of the targets, and input as [rows, classes]. */
function rowsOf(op: string, input: Tensor): [Shape, Tensor] {
  const { _shape: shape } = input;
  if (shape.length === 0) fail('SHAPE_MISMATCH', `${op}: input must have shape [C], [N, C] or [N, C, d1, …], got []`);
  if (shape.length === 1) return [[], reshapeTo(input, [1, shape[0]!])];
  const [n, classes, ...rest] = shape as [number, number, ...number[]];
  if (rest.length === 0) return [[n], input];
  const places = numelOf(rest);
  return [[n, ...rest], reshapeTo(swap(reshapeTo(input, [n, classes, places]), 1, 2), [n * places, classes])];
}

function checkTarget(op: string, target: Tensor, expected: Shape, input: Tensor): Tensor {
  const index = checkIndex(op, target, 'target');
  if (!sameShape(index._shape, expected)) {
    fail(
      'SHAPE_MISMATCH',
      `${op}: for input ${showShape(input._shape)} target must have shape ${showShape(expected)}, got ${showShape(index._shape)}`,
    );
  }
  return index;
}

function checkWeight(op: string, weight: Tensor | null, input: Tensor): void {
  if (weight === null) return;
  checkTensor(op, weight, 'weight');
  const classes = input._shape[input._shape.length === 1 ? 0 : 1]!;
  if (!sameShape(weight._shape, [classes])) {
    fail(
      'SHAPE_MISMATCH',
      `${op}: weight must have one element per class, [${classes}], got ${showShape(weight._shape)}`,
    );
  }
  if (weight.dtype !== input.dtype)
    fail(
      'DTYPE_MISMATCH',
      `${op}: weight must be ${input.dtype} as the input, got ${weight.dtype}; cast it with to('${input.dtype}')`,
    );
}

/**
 * The negative log likelihood, −weight[target] · input[target], of log-probabilities; 'mean' divides by the sum of the
 * targets' weights.
 *
 * @example
 * F.nllLoss(tensor([[-1, -2]]), tensor([1], { dtype: 'int64' })).item(); // 2
 */
export function nllLoss(input: Tensor, target: Tensor, options?: NllLossOptions): Tensor {
  if (arguments.length > 3) refuseSurplus('nllLoss', arguments, 3);
  const known = checkOptions('nllLoss', options, ['weight', 'ignoreIndex', 'reduction']);
  const { weight = null, ignoreIndex = -100 } = known;
  return nll(
    'nllLoss',
    checkFloating('nllLoss', input),
    target,
    weight,
    ignoreIndex,
    checkReduction('nllLoss', known.reduction),
  );
}

function nll(
  op: string,
  input: Tensor,
  target: Tensor,
  weight: Tensor | null,
  ignoreIndex: number,
  reduction: Reduction,
): Tensor {
  checkInteger(op, 'ignoreIndex', ignoreIndex);
  checkWeight(op, weight, input);
  const [shape, rows] = rowsOf(op, input);
  const index = checkTarget(op, target, shape, input);
  const flat = reshapeTo(index, [numelOf(shape)]);
  const loss = nllOp(rows, flat, weight, ignoreIndex, reduction, { rows: null, total: null });
  return reduction === 'none' ? reshapeTo(loss, shape) : loss;
}

/** Filled by the forward for its own `save`. */
interface Kept {
  stats: Tensor | null;
}

/** The cross entropy of logits x [n, classes]. */
const crossEntropyOp: Op<
  [x: Tensor, target: Tensor, weight: Tensor | null, settings: CrossEntropySettings, kept: Kept]
> = defineOp({
  name: 'crossEntropy',
  // PyTorch composes it; these are the nodes that come last there.
  node: (_x, _target, _weight, { smoothing }, _kept) => (smoothing === 0 ? 'NllLossBackward0' : 'AddBackward0'),
  forward: (x, target, weight, settings, kept) => {
    const [loss, stats] = rawCrossEntropy(x, target, weight, settings);
    kept.stats = stats;
    return loss;
  },
  save: ([x, target, weight, , kept]) => {
    const { stats } = kept;
    kept.stats = null;
    return [x, target, weight, stats];
  },
  backward: ({ args: [, , , settings], saved: [x, target, weight = null, stats] }, g) => [
    fused(
      () => rawCrossEntropyBackward(g, x!, target!, weight, stats!, settings),
      () => crossEntropyGradient(g, x!, target!, weight, settings),
    ),
  ],
});

/** The gradient in differentiable ops: that of the smoothed negative log likelihood, through log-softmax. */
function crossEntropyGradient(
  g: Tensor,
  x: Tensor,
  target: Tensor,
  weight: Tensor | null,
  { ignoreIndex, smoothing, reduction }: CrossEntropySettings,
): Tensor {
  const classes = x._shape[1]!;
  const counted = castTo(logicalNot(eq(target, ignoreIndex)), x.dtype);
  const rows = weight === null ? counted : rawNll(x, target, weight, ignoreIndex)[1];
  const scaled = reduction === 'mean' ? div(g, sumRaw(rows, [0])) : g;
  let slope = nllBackward(mul(scaled, 1 - smoothing), target, rows, classes, ignoreIndex);
  if (smoothing !== 0) {
    const each = reshapeTo(mul(mul(scaled, -smoothing / classes), counted), [target.numel, 1]);
    slope = add(slope, weight === null ? each : mul(each, weight));
  }
  return sub(slope, mul(softmax(x, 1), sumDims(slope, [1], true)));
}

export interface CrossEntropyOptions extends NllLossOptions {
  /** How much of each target's probability is spread evenly over all classes, in [0, 1]. */
  labelSmoothing?: number;
}

/**
 * The cross entropy between logits and targets: nllLoss(logSoftmax(input, 1), target). A floating point target in the
 * input's shape is a distribution over the classes.
 *
 * @example
 * F.crossEntropy(zeros([1, 2]), tensor([0], { dtype: 'int64' })).item(); // 0.6931… = log 2
 */
export function crossEntropy(input: Tensor, target: Tensor, options?: CrossEntropyOptions): Tensor {
  if (arguments.length > 3) refuseSurplus('crossEntropy', arguments, 3);
  const op = 'crossEntropy';
  const known = checkOptions(op, options, ['weight', 'ignoreIndex', 'reduction', 'labelSmoothing']);
  const { weight = null, ignoreIndex = -100, labelSmoothing: smoothing = 0 } = known;
  const reduction = checkReduction(op, known.reduction);
  checkInteger(op, 'ignoreIndex', ignoreIndex);
  const labelSmoothing = checkNumber(op, 'labelSmoothing', smoothing);
  if (!(labelSmoothing >= 0 && labelSmoothing <= 1))
    fail('OUT_OF_RANGE', `${op}: labelSmoothing must be between 0 and 1, got ${labelSmoothing}`);
  checkFloating(op, input);
  checkTensor(op, target, 'target');
  if (input._shape.length === 0)
    fail('SHAPE_MISMATCH', `${op}: input must have shape [C], [N, C] or [N, C, d1, …], got []`);
  checkWeight(op, weight, input);
  const classDim = input._shape.length === 1 ? 0 : 1;
  if (isFloating(target.dtype) && sameShape(target._shape, input._shape)) {
    return softTargets(
      logSoftmax(input, classDim),
      castTo(target, input.dtype),
      weight,
      labelSmoothing,
      reduction,
      classDim,
    );
  }
  const [shape, rows] = rowsOf(op, input);
  const index = reshapeTo(checkTarget(op, target, shape, input), [numelOf(shape)]);
  const kept = { stats: null };
  const loss = crossEntropyOp(rows, index, weight, { ignoreIndex, smoothing: labelSmoothing, reduction }, kept);
  return reduction === 'none' ? reshapeTo(loss, shape) : loss;
}

/** [C] made to broadcast against input along its class dimension. */
function alongClasses(weight: Tensor, rank: number): Tensor {
  return rank <= 2 ? weight : reshapeTo(weight, [weight.numel, ...new Array<number>(rank - 2).fill(1)]);
}

function softTargets(
  logProbabilities: Tensor,
  target: Tensor,
  weight: Tensor | null,
  labelSmoothing: number,
  reduction: Reduction,
  classDim: number,
): Tensor {
  const { _shape: shape } = logProbabilities;
  const classes = shape[classDim]!;
  const spread = labelSmoothing === 0 ? target : add(mul(target, 1 - labelSmoothing), labelSmoothing / classes);
  const terms = mul(logProbabilities, spread);
  const losses = neg(
    sumDims(weight === null ? terms : mul(terms, alongClasses(weight, shape.length)), [classDim], false),
  );
  if (reduction === 'none') return losses;
  const total = sumDims(
    losses,
    losses._shape.map((_, i) => i),
    false,
  );
  return reduction === 'sum' ? total : div(total, numelOf(losses._shape));
}

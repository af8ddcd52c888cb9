import { checkMayBeWritten } from '../../autograd/inplace.js';
import { bumpVersion } from '../../autograd/meta.js';
import { noGrad } from '../../autograd/modes.js';
import { defineOp, type Op } from '../../autograd/op.js';
import { rawCopy } from '../../raw/copy.js';
import {
  type NormNeeds,
  newStatistics,
  rawBatchNorm,
  rawBatchNormBackward,
  rawGroupNorm,
  rawGroupNormBackward,
} from '../../raw/norm.js';
import { refuseSurplus } from '../../tensor/arguments.js';
import { context } from '../../tensor/context.js';
import { fail } from '../../tensor/errors.js';
import { checkInteger, checkNumber, checkOptions } from '../../tensor/options.js';
import { numelOf, showShape } from '../../tensor/shape.js';
import { checkTensor, type Tensor } from '../../tensor/tensor.js';
import { castTo, checkFloating, sumDims, widen } from '../broadcast.js';
import { add, mul, sub } from '../elementwise/arithmetic.js';
import { mean, var as varOf } from '../reduce/reduce.js';
import { reshapeTo } from '../shape/layout.js';
import { checkAffine, type NormCall, normNeeds, presentGradients, standardised, willRecord } from './rowNorm.js';

// Norms over channels: x is [N, C, …], weight and bias are [C].

type Running = readonly [mean: Tensor | null, variance: Tensor | null];

/** [C] made to broadcast against x [N, C, …]. */
const alongChannels = (v: Tensor, x: Tensor): Tensor =>
  reshapeTo(v, [v.numel, ...new Array<number>(x._shape.length - 2).fill(1)]);

/** All dimensions but the channels. */
const aroundChannels = (x: Tensor): number[] => x._shape.map((_, i) => i).filter((i) => i !== 1);

function parameterGradients(g: Tensor, normal: Tensor, needs: NormNeeds): [Tensor | null, Tensor | null] {
  const dims = aroundChannels(g);
  return [needs[1] ? sumDims(mul(g, normal), dims, false) : null, needs[2] ? sumDims(g, dims, false) : null];
}

const weighted = (g: Tensor, weight: Tensor | null): Tensor => (weight === null ? g : mul(g, alongChannels(weight, g)));

interface BatchNormCall extends NormCall {
  readonly running: Running;
  readonly training: boolean;
  readonly momentum: number;
}

const batchNormOp: Op<[x: Tensor, weight: Tensor | null, bias: Tensor | null, call: BatchNormCall]> = defineOp({
  name: 'batchNorm',
  node: 'NativeBatchNormBackward0',
  forward: (x, weight, bias, { running, training, momentum, eps, statistics }) =>
    rawBatchNorm(x, weight, bias, running, training, momentum, eps, statistics),
  save: ([x, weight, , call]) => {
    const { mean: centre, rstd } = call.statistics!;
    call.statistics = null;
    return [x, weight, centre, rstd];
  },
  backward: ({ args: [, weight, bias, call], saved: [x, w, centre, rstd], needs }, g) => {
    const wanted = normNeeds(needs, weight !== null, bias !== null);
    const gradients = context().grad
      ? batchNormFormula(g, x!, w ?? null, centre!, rstd!, call, wanted)
      : rawBatchNormBackward(g, x!, w ?? null, { mean: centre!, rstd: rstd! }, call.training, wanted);
    return presentGradients(gradients, weight !== null, bias !== null);
  },
});

function batchNormFormula(
  g: Tensor,
  x: Tensor,
  weight: Tensor | null,
  centre: Tensor,
  rstd: Tensor,
  { training, eps }: BatchNormCall,
  needs: NormNeeds,
): (Tensor | null)[] {
  if (training) {
    const { normal, backward } = standardised(x, aroundChannels(x), eps, true);
    return [needs[0] ? backward(weighted(g, weight)) : null, ...parameterGradients(g, normal, needs)];
  }
  const scale = alongChannels(rstd, x);
  const normal = mul(sub(x, alongChannels(centre, x)), scale);
  return [needs[0] ? mul(weighted(g, weight), scale) : null, ...parameterGradients(g, normal, needs)];
}

function checkChannels(op: string, x: unknown, least: number): [Tensor, number] {
  const input = checkFloating(op, x);
  if (input._shape.length < least) {
    fail(
      'SHAPE_MISMATCH',
      `${op}: expected an input with at least ${least} dimensions, [N, C, …], got ${showShape(input._shape)}`,
    );
  }
  return [input, input._shape[1]!];
}

/** A running statistic, which training writes to. */
function checkRunning(
  op: string,
  name: string,
  value: Tensor | null,
  x: Tensor,
  channels: number,
  written: boolean,
): Tensor | null {
  const checked = checkAffine(op, name, value, x, [channels]);
  if (checked !== null && written) checkMayBeWritten(op, checked);
  return checked;
}

export interface BatchNormOptions {
  /** [C], multiplies the normalised values. */
  weight?: Tensor | null;
  /** [C], added after that. */
  bias?: Tensor | null;
  /** Normalise by the batch's own statistics, and move the running ones towards them; default false. */
  training?: boolean;
  /** How far the running statistics move; default 0.1. */
  momentum?: number;
  /** Added to the variance; default 1e-5. */
  eps?: number;
}

/**
 * (x − mean) / √(variance + eps) · weight + bias for each channel of x [N, C, …]. In training mean and variance are those
 * of the batch, and runningMean and runningVar [C], where given, become (1 − momentum) · running + momentum · batch's
 * (the unbiased variance); otherwise they are the running ones (Ioffe and Szegedy, arXiv:1502.03167).
 *
 * @example
 * F.batchNorm(tensor([[1], [3]]), null, null, { training: true }).toArray(); // [[-0.9999…], [0.9999…]]
 */
export function batchNorm(
  x: Tensor,
  runningMean: Tensor | null,
  runningVar: Tensor | null,
  options?: BatchNormOptions,
): Tensor {
  if (arguments.length > 4) refuseSurplus('batchNorm', arguments, 4);
  const op = 'batchNorm';
  const {
    weight,
    bias,
    training = false,
    momentum = 0.1,
    eps = 1e-5,
  } = checkOptions(op, options, ['weight', 'bias', 'training', 'momentum', 'eps'], ['bias']);
  const [input, channels] = checkChannels(op, x, 2);
  if (!training && (runningMean === null || runningVar === null)) {
    fail('BAD_ARGUMENT', `${op}: runningMean and runningVar must be given in evaluation mode`);
  }
  if (training && numelOf(input._shape) === channels && channels > 0) {
    fail(
      'SHAPE_MISMATCH',
      `${op}: Expected more than 1 value per channel when training, got input size ${showShape(input._shape)}`,
    );
  }
  const running: Running = [
    checkRunning(op, 'runningMean', runningMean, input, channels, training),
    checkRunning(op, 'runningVar', runningVar, input, channels, training),
  ];
  const w = checkAffine(op, 'weight', weight, input, [channels]);
  const b = checkAffine(op, 'bias', bias, input, [channels]);
  const share = checkNumber(op, 'momentum', momentum);
  const added = checkNumber(op, 'eps', eps);
  if (added < 0 || (training && added === 0)) {
    fail(
      'OUT_OF_RANGE',
      `${op}: eps must be ${training ? 'positive during training' : 'non-negative'}, but got ${eps}`,
    );
  }
  const out = normaliseBatch(input, w, b, running, training, share, added);
  if (training) for (const statistic of running) if (statistic !== null) bumpVersion(statistic);
  return out;
}

function normaliseBatch(
  x: Tensor,
  weight: Tensor | null,
  bias: Tensor | null,
  running: Running,
  training: boolean,
  momentum: number,
  eps: number,
): Tensor {
  if (x.dtype === 'bfloat16') {
    const wide = running.map((statistic) => noGrad(() => widen(statistic))) as unknown as Running;
    const y = normaliseBatch(widen(x), widen(weight), widen(bias), wide, training, momentum, eps);
    if (training) running.forEach((statistic, i) => void (statistic && rawCopy(wide[i]!, statistic)));
    return castTo(y, x.dtype);
  }
  const statistics = willRecord(x, weight, bias) ? newStatistics(x, x._shape[1]!) : null;
  return batchNormOp(x, weight, bias, { running, training, momentum, eps, statistics });
}

interface GroupNormCall extends NormCall {
  readonly groups: number;
}

const groupNormOp: Op<[x: Tensor, weight: Tensor | null, bias: Tensor | null, call: GroupNormCall]> = defineOp({
  name: 'groupNorm',
  node: 'NativeGroupNormBackward0',
  forward: (x, weight, bias, { groups, eps, statistics }) => rawGroupNorm(x, groups, weight, bias, eps, statistics),
  save: ([x, weight, , call]) => {
    const { mean: centre, rstd } = call.statistics!;
    call.statistics = null;
    return [x, weight, centre, rstd];
  },
  backward: ({ args: [, weight, bias, { groups, eps }], saved: [x, w, centre, rstd], needs }, g) => {
    const wanted = normNeeds(needs, weight !== null, bias !== null);
    const gradients = context().grad
      ? groupNormFormula(g, x!, w ?? null, groups, eps, wanted)
      : rawGroupNormBackward(g, x!, groups, w ?? null, { mean: centre!, rstd: rstd! }, wanted);
    return presentGradients(gradients, weight !== null, bias !== null);
  },
});

function groupNormFormula(
  g: Tensor,
  x: Tensor,
  weight: Tensor | null,
  groups: number,
  eps: number,
  needs: NormNeeds,
): (Tensor | null)[] {
  const { _shape: shape } = x;
  const grouped = [shape[0]!, groups, numelOf(shape.slice(1)) / groups];
  const { normal, backward } = standardised(reshapeTo(x, grouped), [2], eps, true);
  return [
    needs[0] ? reshapeTo(backward(reshapeTo(weighted(g, weight), grouped)), shape) : null,
    ...parameterGradients(g, reshapeTo(normal, shape), needs),
  ];
}

export interface GroupNormOptions {
  /** [C], multiplies the normalised values. */
  weight?: Tensor | null;
  /** [C], added after that. */
  bias?: Tensor | null;
  /** Added to the variance; default 1e-5. */
  eps?: number;
}

/**
 * (x − mean) / √(variance + eps) · weight + bias, mean and variance being those of a sample's group of C / numGroups
 * channels of x [N, C, …] (Wu and He, "Group normalization", arXiv:1803.08494).
 *
 * @example
 * F.groupNorm(tensor([[1, 3]]), 1).toArray(); // [[-0.9999…, 0.9999…]]
 */
export function groupNorm(x: Tensor, numGroups: number, options?: GroupNormOptions): Tensor {
  if (arguments.length > 3) refuseSurplus('groupNorm', arguments, 3);
  const op = 'groupNorm';
  const { weight, bias, eps = 1e-5 } = checkOptions(op, options, ['weight', 'bias', 'eps'], ['bias']);
  const [input, channels] = checkChannels(op, x, 2);
  if (checkInteger(op, 'numGroups', numGroups) < 1 || channels % numGroups !== 0) {
    fail(
      'SHAPE_MISMATCH',
      `${op}: Expected number of channels in input to be divisible by numGroups, but got input of shape ${showShape(input._shape)} and numGroups=${numGroups}`,
    );
  }
  if (numelOf(input._shape) === numGroups) {
    fail(
      'SHAPE_MISMATCH',
      `${op}: Expected more than 1 value per channel when training, got input size ${showShape(input._shape)}`,
    );
  }
  const w = checkAffine(op, 'weight', weight, input, [channels]);
  const b = checkAffine(op, 'bias', bias, input, [channels]);
  return normaliseGroups(input, numGroups, w, b, checkNumber(op, 'eps', eps));
}

function normaliseGroups(x: Tensor, groups: number, weight: Tensor | null, bias: Tensor | null, eps: number): Tensor {
  if (x.dtype === 'bfloat16') {
    return castTo(normaliseGroups(widen(x), groups, widen(weight), widen(bias), eps), x.dtype);
  }
  const statistics = willRecord(x, weight, bias) ? newStatistics(x, x._shape[0]! * groups) : null;
  return groupNormOp(x, weight, bias, { groups, eps, statistics });
}

export interface InstanceNormOptions {
  /** [C], averages of the samples' statistics; null for none. */
  runningMean?: Tensor | null;
  runningVar?: Tensor | null;
  /** [C], multiplies the normalised values. */
  weight?: Tensor | null;
  /** [C], added after that. */
  bias?: Tensor | null;
  /** Normalise by each sample's own statistics, not by the running ones; default true. */
  useInputStats?: boolean;
  /** How far the running statistics move; default 0.1. */
  momentum?: number;
  /** Added to the variance; default 1e-5. */
  eps?: number;
}

/**
 * (x − mean) / √(variance + eps) · weight + bias, mean and variance being those of each channel of each sample of x
 * [N, C, …] (Ulyanov et al., "Instance normalization", arXiv:1607.08022).
 *
 * @example
 * F.instanceNorm(tensor([[[1, 3]]])).toArray(); // [[[-0.9999…, 0.9999…]]]
 */
export function instanceNorm(x: Tensor, options?: InstanceNormOptions): Tensor {
  if (arguments.length > 2) refuseSurplus('instanceNorm', arguments, 2);
  const op = 'instanceNorm';
  const {
    runningMean = null,
    runningVar = null,
    weight,
    bias,
    useInputStats = true,
    momentum = 0.1,
    eps = 1e-5,
  } = checkOptions(
    op,
    options,
    ['runningMean', 'runningVar', 'weight', 'bias', 'useInputStats', 'momentum', 'eps'],
    ['bias'],
  );
  if (!useInputStats) return batchNorm(x, runningMean, runningVar, { weight, bias, momentum, eps });
  const [input, channels] = checkChannels(op, x, 2);
  const spatial = numelOf(input._shape.slice(2));
  if (spatial === 1) {
    fail(
      'SHAPE_MISMATCH',
      `${op}: Expected more than 1 spatial element when training, got input size ${showShape(input._shape)}`,
    );
  }
  const running: Running = [
    checkRunning(op, 'runningMean', runningMean, input, channels, true),
    checkRunning(op, 'runningVar', runningVar, input, channels, true),
  ];
  const w = checkAffine(op, 'weight', weight, input, [channels]);
  const b = checkAffine(op, 'bias', bias, input, [channels]);
  const share = checkNumber(op, 'momentum', momentum);
  const added = checkNumber(op, 'eps', eps);
  if (input.numel > 0) {
    const dims = input._shape.map((_, i) => i).slice(2);
    track(running[0], share, () => mean(mean(input, dims), 0));
    track(running[1], share, () => mean(varOf(input, dims), 0));
  }
  return normaliseGroups(input, Math.max(1, channels), w, b, added);
}

/** running ← (1 − momentum) · running + momentum · new. */
function track(running: Tensor | null, momentum: number, measured: () => Tensor): void {
  if (running === null) return;
  noGrad(() => {
    const moved = add(mul(checkTensor('instanceNorm', running), 1 - momentum), mul(measured(), momentum));
    rawCopy(moved, running);
    bumpVersion(running);
    moved.dispose();
  });
}

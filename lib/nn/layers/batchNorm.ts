import { inplace } from '../../ops/elementwise/inplace.js';
import { batchNorm, instanceNorm } from '../../ops/nn/channelNorm.js';
import { reshapeTo } from '../../ops/shape/layout.js';
import { rawFull } from '../../raw/create.js';
import { refuseSurplus } from '../../tensor/arguments.js';
import { checkFits } from '../../tensor/capacity.js';
import { DTYPES, type FloatingDType } from '../../tensor/dtype.js';
import { fail } from '../../tensor/errors.js';
import { checkNumber, checkOptions } from '../../tensor/options.js';
import { pythonBool, pythonFloat } from '../../tensor/python.js';
import { showShape } from '../../tensor/shape.js';
import { checkTensor, type Tensor } from '../../tensor/tensor.js';
import { ones_, zeros_ } from '../init/init.js';
import { Module } from '../module/module.js';
import { newParameter, type Parameter } from '../module/parameter.js';
import { declareSettings } from '../module/settings.js';
import { classNameOf, markBuiltIn } from '../module/state.js';
import type { StateDict } from '../module/stateDict.js';
import type { Keeps, WIDTHS } from '../module/widths.js';
import { checkParameterDType, checkWidth } from './linear.js';

export interface RunningNormOptions {
  /** Added to the variance; default 1e-5. */
  readonly eps?: number;
  /** How far the running statistics move at a step; null makes them the plain average of all batches. Default 0.1. */
  readonly momentum?: number | null;
  /** Whether to learn a weight and a bias for each channel; default true for batch norm, false for instance norm. */
  readonly affine?: boolean;
  /** Whether to keep running statistics for evaluation; default true for batch norm, false for instance norm. */
  readonly trackRunningStats?: boolean;
  /** Whether to learn a bias, where there is a weight; default true. */
  readonly bias?: boolean;
  readonly dtype?: FloatingDType;
}

const OPTIONS = ['eps', 'momentum', 'affine', 'trackRunningStats', 'bias', 'dtype'] as const;

interface Defaults {
  readonly affine: boolean;
  readonly trackRunningStats: boolean;
}

/** What batch and instance norm share: parameters, and running statistics under PyTorch's names. */
abstract class RunningNorm extends Module {
  declare readonly [WIDTHS]: Keeps;
  readonly numFeatures: number;
  readonly eps: number;
  readonly momentum: number | null;
  readonly affine: boolean;
  readonly trackRunningStats: boolean;
  declare weight: Parameter | null;
  declare bias: Parameter | null;
  declare running_mean: Tensor | null;
  declare running_var: Tensor | null;
  declare num_batches_tracked: Tensor | null;

  constructor(numFeatures: number, options: RunningNormOptions, defaults: Defaults) {
    super();
    const op = classNameOf(this);
    const {
      eps = 1e-5,
      momentum = 0.1,
      affine = defaults.affine,
      trackRunningStats = defaults.trackRunningStats,
      bias = true,
      dtype,
    } = checkOptions(op, options, OPTIONS);
    checkWidth(op, 'numFeatures', numFeatures);
    const kind = checkParameterDType(op, dtype);
    this.numFeatures = numFeatures;
    this.eps = checkNumber(op, 'eps', eps);
    this.momentum = momentum === null ? null : checkNumber(op, 'momentum', momentum);
    this.affine = affine;
    this.trackRunningStats = trackRunningStats;
    const kept = (affine ? 1 + Number(bias) : 0) + (trackRunningStats ? 2 : 0);
    checkFits(op, numFeatures, 'features', { bytes: kept * numFeatures * DTYPES[kind].bytes });
    this.registerParameter('weight', affine ? newParameter([numFeatures], kind) : null);
    this.registerParameter('bias', affine && bias ? newParameter([numFeatures], kind) : null);
    this.registerBuffer('running_mean', trackRunningStats ? rawFull([numFeatures], 0, kind) : null);
    this.registerBuffer('running_var', trackRunningStats ? rawFull([numFeatures], 1, kind) : null);
    this.registerBuffer('num_batches_tracked', trackRunningStats ? rawFull([], 0, 'int64') : null);
    if (trackRunningStats) this.registerLoadStateDictPreHook(keepCount);
    this.resetParameters();
  }

  /** The running means, the buffer `running_mean`. */
  get runningMean(): Tensor | null {
    return this.running_mean;
  }

  /** The running variances, the buffer `running_var`. */
  get runningVar(): Tensor | null {
    return this.running_var;
  }

  /** How many batches the running statistics saw, the buffer `num_batches_tracked`. */
  get numBatchesTracked(): Tensor | null {
    return this.num_batches_tracked;
  }

  /** Forgets the running statistics: means 0, variances 1. */
  resetRunningStats(): void {
    if (arguments.length > 0) refuseSurplus('resetRunningStats', arguments, 0);
    if (this.running_mean !== null) zeros_(this.running_mean);
    if (this.running_var !== null) ones_(this.running_var);
    if (this.num_batches_tracked !== null) zeros_(this.num_batches_tracked);
  }

  /** Makes weight 1 and bias 0 and forgets the running statistics. */
  resetParameters(): void {
    if (arguments.length > 0) refuseSurplus('resetParameters', arguments, 0);
    this.resetRunningStats();
    if (this.weight !== null) ones_(this.weight);
    if (this.bias !== null) zeros_(this.bias);
  }

  override extraRepr(): string {
    const momentum = this.momentum === null ? 'None' : pythonFloat(this.momentum);
    return (
      `${this.numFeatures}, eps=${pythonFloat(this.eps)}, momentum=${momentum}, affine=${pythonBool(this.affine)}, ` +
      `bias=${pythonBool(this.bias !== null)}, track_running_stats=${pythonBool(this.trackRunningStats)}`
    );
  }
}

/** Files from before PyTorch counted batches have no count; it then stays as it is. */
function keepCount(module: Module, stateDict: StateDict, prefix: string): void {
  const count = (module as RunningNorm).num_batches_tracked;
  const key = `${prefix}num_batches_tracked`;
  if (count !== null && !stateDict.has(key)) stateDict.set(key, count);
}

/** Refuses an input of another rank than these. */
function checkRank(module: RunningNorm, input: Tensor, ranks: readonly number[]): void {
  const op = classNameOf(module);
  const rank = checkTensor(op, input)._shape.length;
  if (!ranks.includes(rank)) {
    fail(
      'SHAPE_MISMATCH',
      `${op}: expected ${ranks.map((r) => `${r}D`).join(' or ')} input (got ${rank}D input, ${showShape(input._shape)})`,
    );
  }
}

abstract class BatchNorm extends RunningNorm {
  constructor(numFeatures: number, options: RunningNormOptions) {
    super(numFeatures, options, { affine: true, trackRunningStats: true });
  }

  protected abstract readonly ranks: readonly number[];

  override forward(input: Tensor): Tensor {
    if (arguments.length > 1) refuseSurplus('BatchNorm.forward', arguments, 1);
    checkRank(this, input, this.ranks);
    const tracks = this.training && this.trackRunningStats;
    let momentum = this.momentum ?? 0;
    if (tracks && this.num_batches_tracked !== null) {
      inplace.add_(this.num_batches_tracked, 1);
      if (this.momentum === null) momentum = 1 / Number(this.num_batches_tracked.item());
    }
    const { running_mean: mean, running_var: variance, weight, bias, eps } = this;
    const training = this.training || (mean === null && variance === null);
    // Statistics that are not tracked must not change in training.
    const used = !this.training || this.trackRunningStats;
    return batchNorm(input, used ? mean : null, used ? variance : null, { weight, bias, training, momentum, eps });
  }
}

/**
 * (x − mean) / √(variance + eps) · weight + bias for each channel: in training by the batch's statistics, in evaluation
 * by running ones, which training moves by `momentum`.
 *
 * Shapes: [N, numFeatures] or [N, numFeatures, L] → the same; weight and bias [numFeatures]. Initialisation: weight 1,
 * bias 0. Its buffers have PyTorch's names: running_mean, running_var, num_batches_tracked. Ioffe and Szegedy, "Batch
 * normalization", arXiv:1502.03167.
 *
 * @example
 * const norm = new nn.BatchNorm1d(100);
 * norm(randn([20, 100])).shape;            // [20, 100]
 * [...norm.stateDict().keys()].slice(2);   // ['running_mean', 'running_var', 'num_batches_tracked']
 */
export class BatchNorm1d extends BatchNorm {
  protected override get ranks(): readonly number[] {
    return [2, 3];
  }

  constructor(numFeatures: number, options: RunningNormOptions = {}) {
    if (arguments.length > 2) refuseSurplus('BatchNorm1d', arguments, 2);
    super(numFeatures, options);
  }
}

/**
 * As BatchNorm1d, for images. Shapes: [N, numFeatures, H, W] → the same.
 *
 * @example
 * new nn.BatchNorm2d(100)(randn([20, 100, 35, 45])).shape; // [20, 100, 35, 45]
 */
export class BatchNorm2d extends BatchNorm {
  protected override get ranks(): readonly number[] {
    return [4];
  }

  constructor(numFeatures: number, options: RunningNormOptions = {}) {
    if (arguments.length > 2) refuseSurplus('BatchNorm2d', arguments, 2);
    super(numFeatures, options);
  }
}

abstract class InstanceNorm extends RunningNorm {
  constructor(numFeatures: number, options: RunningNormOptions) {
    super(numFeatures, options, { affine: false, trackRunningStats: false });
  }

  /** The rank of a batch; one less is a single sample. */
  protected abstract readonly rank: number;

  override forward(input: Tensor): Tensor {
    if (arguments.length > 1) refuseSurplus('InstanceNorm.forward', arguments, 1);
    const { rank } = this;
    checkRank(this, input, [rank - 1, rank]);
    const { _shape: shape } = input;
    const channels = shape[shape.length - rank + 1]!;
    if (this.affine && channels !== this.numFeatures) {
      fail(
        'SHAPE_MISMATCH',
        `${classNameOf(this)}: expected input's size at dim=${shape.length - rank + 1} to match numFeatures (${this.numFeatures}), but got: ${channels}`,
      );
    }
    if (shape.length === rank) return this.normalise(input);
    return reshapeTo(this.normalise(reshapeTo(input, [1, ...shape])), shape);
  }

  private normalise(input: Tensor): Tensor {
    return instanceNorm(input, {
      runningMean: this.running_mean,
      runningVar: this.running_var,
      weight: this.weight,
      bias: this.bias,
      useInputStats: this.training || !this.trackRunningStats,
      momentum: this.momentum ?? 0,
      eps: this.eps,
    });
  }
}

/**
 * (x − mean) / √(variance + eps) · weight + bias, mean and variance being those of each channel of each sample.
 *
 * Shapes: [N, numFeatures, L] or [numFeatures, L] → the same; weight and bias [numFeatures], only with `affine`.
 * Initialisation: weight 1, bias 0. Ulyanov et al., "Instance normalization", arXiv:1607.08022.
 *
 * @example
 * new nn.InstanceNorm1d(100)(randn([20, 100, 40])).shape; // [20, 100, 40]
 */
export class InstanceNorm1d extends InstanceNorm {
  protected override get rank(): number {
    return 3;
  }

  constructor(numFeatures: number, options: RunningNormOptions = {}) {
    if (arguments.length > 2) refuseSurplus('InstanceNorm1d', arguments, 2);
    super(numFeatures, options);
  }
}

/**
 * As InstanceNorm1d, for images. Shapes: [N, numFeatures, H, W] or [numFeatures, H, W] → the same.
 *
 * @example
 * new nn.InstanceNorm2d(100)(randn([20, 100, 35, 45])).shape; // [20, 100, 35, 45]
 */
export class InstanceNorm2d extends InstanceNorm {
  protected override get rank(): number {
    return 4;
  }

  constructor(numFeatures: number, options: RunningNormOptions = {}) {
    if (arguments.length > 2) refuseSurplus('InstanceNorm2d', arguments, 2);
    super(numFeatures, options);
  }
}

declareSettings(RunningNorm, {
  numFeatures: 'number',
  eps: 'number',
  momentum: 'number?',
  affine: 'flag',
  trackRunningStats: 'flag',
});
markBuiltIn(BatchNorm1d, BatchNorm2d, InstanceNorm1d, InstanceNorm2d);

import { crossEntropy, nllLoss } from '../../ops/loss/classification.js';
import { checkReduction, type Reduction } from '../../ops/loss/lossReduction.js';
import {
  binaryCrossEntropy,
  binaryCrossEntropyWithLogits,
  huberLoss,
  l1Loss,
  mseLoss,
  smoothL1Loss,
} from '../../ops/loss/regression.js';
import { refuseSurplus } from '../../tensor/arguments.js';
import { checkInteger, checkNumber, checkOptions } from '../../tensor/options.js';
import type { Tensor } from '../../tensor/tensor.js';
import { Module } from '../module/module.js';
import { declareSettings } from '../module/settings.js';
import { classNameOf, markBuiltIn } from '../module/state.js';

// Losses compare an input [..] with a target. The result is a scalar, or has one element per example with
// `reduction: 'none'`. They have no parameters.

export interface LossModuleOptions {
  /** What becomes of the losses of the elements; default 'mean'. */
  readonly reduction?: Reduction;
}

abstract class Loss extends Module {
  readonly reduction: Reduction;

  constructor(reduction: Reduction | undefined) {
    super();
    this.reduction = checkReduction(classNameOf(this), reduction);
  }

  abstract override forward(input: Tensor, target: Tensor): Tensor;
}

/** A loss with factors, which are saved with the module. */
abstract class WeightedLoss extends Loss {
  declare weight: Tensor | null;

  constructor(weight: Tensor | null | undefined, reduction: Reduction | undefined) {
    super(reduction);
    this.registerBuffer('weight', weight ?? null);
  }
}

export interface ClassWeightOptions extends LossModuleOptions {
  /** One factor per class, [C]. */
  readonly weight?: Tensor | null;
  /** Targets of this value count neither in the loss nor in the mean; default -100. */
  readonly ignoreIndex?: number;
}

/**
 * −log softmax(input)[target]: input of logits [N, C] or [N, C, d…], target of class indices [N] or [N, d…], or of
 * probabilities in the input's shape.
 *
 * @example
 * new nn.CrossEntropyLoss()(zeros([1, 2]), tensor([0], { dtype: 'int64' })).item(); // 0.6931…
 */
export class CrossEntropyLoss extends WeightedLoss {
  readonly ignoreIndex: number;
  readonly labelSmoothing: number;

  constructor(options: ClassWeightOptions & { readonly labelSmoothing?: number } = {}) {
    if (arguments.length > 1) refuseSurplus('CrossEntropyLoss', arguments, 1);
    const known = checkOptions('CrossEntropyLoss', options, ['weight', 'ignoreIndex', 'reduction', 'labelSmoothing']);
    super(known.weight, known.reduction);
    this.ignoreIndex = checkInteger('CrossEntropyLoss', 'ignoreIndex', known.ignoreIndex ?? -100);
    this.labelSmoothing = checkNumber('CrossEntropyLoss', 'labelSmoothing', known.labelSmoothing ?? 0);
  }

  override forward(input: Tensor, target: Tensor): Tensor {
    if (arguments.length > 2) refuseSurplus('CrossEntropyLoss.forward', arguments, 2);
    const { weight, ignoreIndex, reduction, labelSmoothing } = this;
    return crossEntropy(input, target, { weight, ignoreIndex, reduction, labelSmoothing });
  }
}

/**
 * −input[target]: input of log-probabilities [N, C] or [N, C, d…], target of class indices [N] or [N, d…].
 *
 * @example
 * new nn.NLLLoss()(tensor([[-1, -2]]), tensor([1], { dtype: 'int64' })).item(); // 2
 */
export class NLLLoss extends WeightedLoss {
  readonly ignoreIndex: number;

  constructor(options: ClassWeightOptions = {}) {
    if (arguments.length > 1) refuseSurplus('NLLLoss', arguments, 1);
    const {
      weight,
      ignoreIndex = -100,
      reduction,
    } = checkOptions('NLLLoss', options, ['weight', 'ignoreIndex', 'reduction']);
    super(weight, reduction);
    this.ignoreIndex = checkInteger('NLLLoss', 'ignoreIndex', ignoreIndex);
  }

  override forward(input: Tensor, target: Tensor): Tensor {
    if (arguments.length > 2) refuseSurplus('NLLLoss.forward', arguments, 2);
    const { weight, ignoreIndex, reduction } = this;
    return nllLoss(input, target, { weight, ignoreIndex, reduction });
  }
}

/**
 * (input − target)². Shapes: [..], [..] → [] (or [..]).
 *
 * @example
 * new nn.MSELoss()(tensor([1, 2]), tensor([1, 4])).item(); // 2
 */
export class MSELoss extends Loss {
  constructor(options: LossModuleOptions = {}) {
    if (arguments.length > 1) refuseSurplus('MSELoss', arguments, 1);
    super(checkOptions('MSELoss', options, ['reduction']).reduction);
  }

  override forward(input: Tensor, target: Tensor): Tensor {
    if (arguments.length > 2) refuseSurplus('MSELoss.forward', arguments, 2);
    return mseLoss(input, target, { reduction: this.reduction });
  }
}

/**
 * |input − target|. Shapes: [..], [..] → [] (or [..]).
 *
 * @example
 * new nn.L1Loss()(tensor([1, 2]), tensor([1, 4])).item(); // 1
 */
export class L1Loss extends Loss {
  constructor(options: LossModuleOptions = {}) {
    if (arguments.length > 1) refuseSurplus('L1Loss', arguments, 1);
    super(checkOptions('L1Loss', options, ['reduction']).reduction);
  }

  override forward(input: Tensor, target: Tensor): Tensor {
    if (arguments.length > 2) refuseSurplus('L1Loss.forward', arguments, 2);
    return l1Loss(input, target, { reduction: this.reduction });
  }
}

/**
 * −(t log x + (1 − t) log(1 − x)) of probabilities x in [0, 1]. Shapes: [..], [..] → [] (or [..]).
 *
 * @example
 * new nn.BCELoss()(tensor([0.5]), tensor([1])).item(); // 0.6931…
 */
export class BCELoss extends WeightedLoss {
  constructor(options: LossModuleOptions & { readonly weight?: Tensor | null } = {}) {
    if (arguments.length > 1) refuseSurplus('BCELoss', arguments, 1);
    const { weight, reduction } = checkOptions('BCELoss', options, ['weight', 'reduction']);
    super(weight, reduction);
  }

  override forward(input: Tensor, target: Tensor): Tensor {
    if (arguments.length > 2) refuseSurplus('BCELoss.forward', arguments, 2);
    return binaryCrossEntropy(input, target, { weight: this.weight, reduction: this.reduction });
  }
}

/**
 * BCELoss of sigmoid(input), exact for large |input|. Shapes: [..], [..] → [] (or [..]). `posWeight` multiplies the
 * positive term of each class.
 *
 * @example
 * new nn.BCEWithLogitsLoss()(tensor([0.0]), tensor([1.0])).item(); // 0.6931…
 */
export class BCEWithLogitsLoss extends WeightedLoss {
  // State dicts keep PyTorch's names, so that its checkpoints load.
  declare private pos_weight: Tensor | null;

  constructor(
    options: LossModuleOptions & { readonly weight?: Tensor | null; readonly posWeight?: Tensor | null } = {},
  ) {
    if (arguments.length > 1) refuseSurplus('BCEWithLogitsLoss', arguments, 1);
    const known = checkOptions('BCEWithLogitsLoss', options, ['weight', 'posWeight', 'reduction']);
    super(known.weight, known.reduction);
    this.registerBuffer('pos_weight', known.posWeight ?? null);
  }

  get posWeight(): Tensor | null {
    return this.pos_weight;
  }

  override forward(input: Tensor, target: Tensor): Tensor {
    if (arguments.length > 2) refuseSurplus('BCEWithLogitsLoss.forward', arguments, 2);
    const { weight, posWeight, reduction } = this;
    return binaryCrossEntropyWithLogits(input, target, { weight, posWeight, reduction });
  }
}

/**
 * ½ d²/beta where |d| = |input − target| < beta, |d| − beta/2 elsewhere. Shapes: [..], [..] → [] (or [..]).
 *
 * @example
 * new nn.SmoothL1Loss()(tensor([0]), tensor([2])).item(); // 1.5
 */
export class SmoothL1Loss extends Loss {
  readonly beta: number;

  constructor(options: LossModuleOptions & { readonly beta?: number } = {}) {
    if (arguments.length > 1) refuseSurplus('SmoothL1Loss', arguments, 1);
    const { beta = 1, reduction } = checkOptions('SmoothL1Loss', options, ['beta', 'reduction']);
    super(reduction);
    this.beta = checkNumber('SmoothL1Loss', 'beta', beta);
  }

  override forward(input: Tensor, target: Tensor): Tensor {
    if (arguments.length > 2) refuseSurplus('SmoothL1Loss.forward', arguments, 2);
    return smoothL1Loss(input, target, { beta: this.beta, reduction: this.reduction });
  }
}

/**
 * ½ d² where |d| = |input − target| ≤ delta, delta · (|d| − delta/2) elsewhere. Shapes: [..], [..] → [] (or [..]).
 *
 * @example
 * new nn.HuberLoss({ delta: 2 })(tensor([0]), tensor([2])).item(); // 2
 */
export class HuberLoss extends Loss {
  readonly delta: number;

  constructor(options: LossModuleOptions & { readonly delta?: number } = {}) {
    if (arguments.length > 1) refuseSurplus('HuberLoss', arguments, 1);
    const { delta = 1, reduction } = checkOptions('HuberLoss', options, ['delta', 'reduction']);
    super(reduction);
    this.delta = checkNumber('HuberLoss', 'delta', delta);
  }

  override forward(input: Tensor, target: Tensor): Tensor {
    if (arguments.length > 2) refuseSurplus('HuberLoss.forward', arguments, 2);
    return huberLoss(input, target, { delta: this.delta, reduction: this.reduction });
  }
}

declareSettings(Loss, { reduction: ['none', 'mean', 'sum'] });
declareSettings(CrossEntropyLoss, { ignoreIndex: 'number', labelSmoothing: 'number' });
declareSettings(NLLLoss, { ignoreIndex: 'number' });
declareSettings(SmoothL1Loss, { beta: 'number' });
declareSettings(HuberLoss, { delta: 'number' });
markBuiltIn(CrossEntropyLoss, NLLLoss, MSELoss, L1Loss, BCELoss, BCEWithLogitsLoss, SmoothL1Loss, HuberLoss);

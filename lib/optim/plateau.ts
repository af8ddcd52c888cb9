import { refuseSurplus } from '../tensor/arguments.js';
import { describe, fail } from '../tensor/errors.js';
import { checkChoice, checkInteger, checkNumber, checkOptions } from '../tensor/options.js';
import { Tensor } from '../tensor/tensor.js';
import { checkPlainNumber } from './checks.js';
import { checkOptimizer, type WithLr } from './lrScheduler.js';

export interface PlateauOptions {
  /** Whether the metric should become small ('min', the default) or large. */
  readonly mode?: 'min' | 'max';
  /** What the learning rate is multiplied by; default 0.1. */
  readonly factor?: number;
  /** How many epochs without improvement are let pass; default 10. */
  readonly patience?: number;
  /** How much better counts as better; default 1e-4. */
  readonly threshold?: number;
  /** Whether `threshold` is a fraction of the best value ('rel', the default) or a difference. */
  readonly thresholdMode?: 'rel' | 'abs';
  /** Epochs after a reduction in which nothing is counted; default 0. */
  readonly cooldown?: number;
  /** A lower bound of the learning rate, for all groups or for each; default 0. */
  readonly minLr?: number | readonly number[];
  /** Smaller changes of the learning rate are not made; default 1e-8. */
  readonly eps?: number;
}

/** What a saved ReduceLROnPlateau remembers. */
export interface PlateauState {
  readonly last_epoch: number;
  /** The best metric so far; ±Infinity before the first. */
  readonly best: number;
  readonly num_bad_epochs: number;
  readonly cooldown_counter: number;
}

const OPTIONS = ['mode', 'factor', 'patience', 'threshold', 'thresholdMode', 'cooldown', 'minLr', 'eps'] as const;
const OP = 'ReduceLROnPlateau';

/**
 * Reduces the learning rate when a metric has stopped improving. `step(metric)` is called once per epoch.
 *
 * @example
 * const scheduler = new optim.lrScheduler.ReduceLROnPlateau(optimizer, { patience: 5 });
 * scheduler.step(F.mseLoss(model(x), target).item()); // after each epoch, the loss on data held out
 */
export class ReduceLROnPlateau {
  best: number;
  numBadEpochs = 0;
  cooldownCounter = 0;
  lastEpoch = 0;
  private readonly settings: Required<Omit<PlateauOptions, 'minLr'>>;
  private readonly minLr: number | readonly number[];

  constructor(
    readonly optimizer: WithLr,
    options: PlateauOptions = {},
  ) {
    if (arguments.length > 2) refuseSurplus('ReduceLROnPlateau', arguments, 2);
    checkOptimizer(OP, optimizer);
    const known = checkOptions(OP, options, OPTIONS);
    const factor = checkNumber(OP, 'factor', known.factor ?? 0.1);
    if (factor >= 1) fail('OUT_OF_RANGE', `${OP}: Factor should be < 1.0, got ${factor}`);
    this.settings = {
      factor,
      mode: checkChoice(OP, 'mode', known.mode ?? 'min', ['min', 'max']),
      patience: checkInteger(OP, 'patience', known.patience ?? 10),
      threshold: checkNumber(OP, 'threshold', known.threshold ?? 1e-4),
      thresholdMode: checkChoice(OP, 'thresholdMode', known.thresholdMode ?? 'rel', ['rel', 'abs']),
      cooldown: checkInteger(OP, 'cooldown', known.cooldown ?? 0),
      eps: checkNumber(OP, 'eps', known.eps ?? 1e-8),
    };
    const { minLr = 0 } = known;
    for (const bound of Array.isArray(minLr) ? minLr : [minLr]) checkPlainNumber(OP, 'minLr', bound);
    this.minLr = Array.isArray(minLr) ? [...minLr] : (minLr as number);
    this.checkBounds();
    this.best = this.settings.mode === 'min' ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
  }

  step(metric: number | Tensor): void {
    if (arguments.length > 1) refuseSurplus('step', arguments, 1);
    const value = metric instanceof Tensor ? Number(metric.item()) : metric;
    if (typeof value !== 'number') fail('WRONG_TYPE', `${OP}.step: expected a metric, got ${describe(metric)}`);
    this.checkBounds();
    for (const [i, { lr }] of this.optimizer.paramGroups.entries()) {
      checkPlainNumber(`${OP}.step`, `the learning rate of group ${i}`, lr);
    }
    const { patience, cooldown } = this.settings;
    this.lastEpoch++;
    if (this.isBetter(value)) {
      this.best = value;
      this.numBadEpochs = 0;
    } else {
      this.numBadEpochs++;
    }
    if (this.cooldownCounter > 0) {
      this.cooldownCounter--;
      this.numBadEpochs = 0;
    }
    if (this.numBadEpochs <= patience) return;
    this.reduce();
    this.cooldownCounter = cooldown;
    this.numBadEpochs = 0;
  }

  getLastLr(): number[] {
    if (arguments.length > 0) refuseSurplus('getLastLr', arguments, 0);
    return this.optimizer.paramGroups.map(({ lr }) => lr);
  }

  /** Where the scheduler stands, with PyTorch's names; its settings are the constructor's. */
  stateDict(): PlateauState {
    if (arguments.length > 0) refuseSurplus('stateDict', arguments, 0);
    return {
      last_epoch: this.lastEpoch,
      best: this.best,
      num_bad_epochs: this.numBadEpochs,
      cooldown_counter: this.cooldownCounter,
    };
  }

  loadStateDict(state: PlateauState): void {
    if (arguments.length > 1) refuseSurplus('loadStateDict', arguments, 1);
    const op = `${OP}.loadStateDict`;
    if (typeof state !== 'object' || state === null)
      fail('WRONG_TYPE', `${op}: expected an object, got ${describe(state)}`);
    const { last_epoch, best, num_bad_epochs, cooldown_counter } = state;
    checkInteger(op, 'last_epoch', last_epoch);
    const bar = checkNumber(op, 'best', best);
    checkInteger(op, 'num_bad_epochs', num_bad_epochs);
    checkInteger(op, 'cooldown_counter', cooldown_counter);
    this.lastEpoch = last_epoch;
    this.best = bar;
    this.numBadEpochs = num_bad_epochs;
    this.cooldownCounter = cooldown_counter;
  }

  private isBetter(value: number): boolean {
    const { mode, threshold, thresholdMode } = this.settings;
    const sign = mode === 'min' ? -1 : 1;
    const bar = thresholdMode === 'rel' ? this.best * (1 + sign * threshold) : this.best + sign * threshold;
    return mode === 'min' ? value < bar : value > bar;
  }

  /** One minLr bounds all groups, those added later too; of several there must be one for each. */
  private checkBounds(): void {
    const { minLr } = this;
    const groups = this.optimizer.paramGroups.length;
    if (typeof minLr !== 'number' && minLr.length !== groups) {
      fail('BAD_ARGUMENT', `${OP}: expected ${groups} values of minLr, one for each group, got ${minLr.length}`);
    }
  }

  private reduce(): void {
    const { factor, eps } = this.settings;
    this.optimizer.paramGroups.forEach((group, i) => {
      const next = Math.max(group.lr * factor, typeof this.minLr === 'number' ? this.minLr : this.minLr[i]!);
      if (group.lr - next > eps) group.lr = next;
    });
  }
}

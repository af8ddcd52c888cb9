import { refuseSurplus } from '../tensor/arguments.js';
import { describe, fail } from '../tensor/errors.js';
import { checkInteger, checkNumber, checkOptions, checkSynchronous, refusePromise } from '../tensor/options.js';
import { checkPlainNumber } from './checks.js';
import { Optimizer } from './optimizer.js';

/** Any optimizer of this package. */
export type WithLr = Optimizer<{ lr: number }>;

/** Checks the first argument of every scheduler. */
export function checkOptimizer(op: string, optimizer: unknown): void {
  if (!(optimizer instanceof Optimizer)) fail('WRONG_TYPE', `${op}: expected an Optimizer, got ${describe(optimizer)}`);
}

/** A learning rate and what it may depend on. */
export interface LrContext {
  /** The group's present learning rate. */
  readonly lr: number;
  /** The learning rate that the group began with. */
  readonly baseLr: number;
  /** How many steps the scheduler has made. */
  readonly epoch: number;
  /** The group's number. */
  readonly group: number;
  /** Whether this is the step of the constructor, which leaves most learning rates as they are. */
  readonly initial: boolean;
}

/** What every scheduler takes. */
export interface SchedulerOptions {
  /**
   * The last epoch that is done, where a run is taken up again: the optimizer's groups must then have an `initialLr`,
   * which its loaded state brings. Default −1, a new run.
   */
  readonly lastEpoch?: number;
}

/**
 * Base of the schedulers that set learning rates by the number of epochs. Call `step()` after the optimizer's, once per
 * epoch. A subclass defines `nextLr`, and its constructor ends with `this.step()`. A group that was added to the optimizer
 * later counts from the learning rate that it was added with.
 *
 * @example
 * const scheduler = new optim.lrScheduler.StepLR(optimizer, 30, { gamma: 0.1 });
 * for (let epoch = 0; epoch < 100; epoch++) {
 *   F.mseLoss(model(x), target).backward();
 *   optimizer.step();
 *   scheduler.step();
 * }
 * optimizer.paramGroups[0].lr; // 0.00010000…: a tenth of 0.1, three times over
 */
export abstract class LRScheduler {
  lastEpoch: number;
  readonly baseLrs: number[] = [];
  private initial = true;

  constructor(
    readonly optimizer: WithLr,
    options: SchedulerOptions = {},
  ) {
    if (arguments.length > 2) refuseSurplus(new.target.name, arguments, 2);
    const op = this.constructor.name;
    checkOptimizer(op, optimizer);
    this.lastEpoch = checkInteger(op, 'lastEpoch', checkOptions(op, options, ['lastEpoch']).lastEpoch ?? -1);
    const unknown = optimizer.paramGroups.findIndex(({ initialLr }) => initialLr === undefined);
    if (this.lastEpoch !== -1 && unknown !== -1) {
      fail(
        'BAD_ARGUMENT',
        `${op}: param 'initialLr' is not specified in paramGroups[${unknown}] when resuming with lastEpoch ` +
          `${this.lastEpoch}; load the optimizer's state first`,
      );
    }
    this.coverGroups();
  }

  /** Checks the groups' learning rates, and notes those that groups which it has not met yet begin with. */
  private coverGroups(): void {
    for (const [i, group] of this.optimizer.paramGroups.entries()) {
      checkPlainNumber(this.constructor.name, `the learning rate of group ${i}`, group.lr);
      if (i < this.baseLrs.length) continue;
      group.initialLr ??= group.lr;
      this.baseLrs.push(group.initialLr);
    }
  }

  /** The learning rate of a group from this epoch on. */
  protected abstract nextLr(context: LrContext): number;

  /** Goes to the next epoch. Where a learning rate comes out as no number, nothing has changed. */
  step(): void {
    if (arguments.length > 0) refuseSurplus('step', arguments, 0);
    const { initial } = this;
    const groups = this.optimizer.paramGroups;
    this.coverGroups();
    this.lastEpoch++;
    try {
      const rates = groups.map(({ lr }, group) => {
        const next = this.nextLr({ lr, baseLr: this.baseLrs[group]!, epoch: this.lastEpoch, group, initial });
        checkPlainNumber(this.constructor.name, `nextLr's result for group ${group}`, next);
        return next;
      });
      for (const [i, lr] of rates.entries()) groups[i]!.lr = lr;
    } catch (error) {
      this.lastEpoch--;
      throw error;
    }
    this.initial = false;
  }

  /** The learning rates of the groups. */
  getLastLr(): number[] {
    if (arguments.length > 0) refuseSurplus('getLastLr', arguments, 0);
    return this.optimizer.paramGroups.map(({ lr }) => lr);
  }

  /** Where the scheduler stands; its settings are the constructor's. */
  stateDict(): { readonly last_epoch: number; readonly base_lrs: readonly number[] } {
    if (arguments.length > 0) refuseSurplus('stateDict', arguments, 0);
    this.coverGroups();
    return { last_epoch: this.lastEpoch, base_lrs: [...this.baseLrs] };
  }

  loadStateDict(state: { readonly last_epoch: number; readonly base_lrs: readonly number[] }): void {
    if (arguments.length > 1) refuseSurplus('loadStateDict', arguments, 1);
    const op = `${this.constructor.name}.loadStateDict`;
    const lastEpoch = checkInteger(op, 'last_epoch', state?.last_epoch);
    this.coverGroups();
    if (!Array.isArray(state.base_lrs) || state.base_lrs.length !== this.baseLrs.length) {
      fail(
        'STATE_DICT_MISMATCH',
        `${op}: expected base_lrs of ${this.baseLrs.length} groups, got ${describe(state.base_lrs)}`,
      );
    }
    const baseLrs = (state.base_lrs as readonly unknown[]).map((lr) => checkNumber(op, 'a base lr', lr));
    this.baseLrs.splice(0, this.baseLrs.length, ...baseLrs);
    this.lastEpoch = lastEpoch;
  }
}

interface GammaOptions extends SchedulerOptions {
  /** What the learning rate is multiplied by; default 0.1. */
  readonly gamma?: number;
}

/**
 * Multiplies the learning rate by gamma every stepSize epochs.
 *
 * @example
 * new optim.lrScheduler.StepLR(optimizer, 30, { gamma: 0.1 }).getLastLr(); // [0.1]
 */
export class StepLR extends LRScheduler {
  readonly stepSize: number;
  readonly gamma: number;

  constructor(optimizer: WithLr, stepSize: number, options: GammaOptions = {}) {
    if (arguments.length > 3) refuseSurplus('StepLR', arguments, 3);
    const { gamma = 0.1, lastEpoch } = checkOptions('StepLR', options, ['gamma', 'lastEpoch']);
    super(optimizer, { lastEpoch });
    this.gamma = checkNumber('StepLR', 'gamma', gamma);
    this.stepSize = checkInteger('StepLR', 'stepSize', stepSize);
    if (stepSize < 1) fail('OUT_OF_RANGE', `StepLR: stepSize must be positive, got ${stepSize}`);
    this.step();
  }

  protected override nextLr({ lr, epoch }: LrContext): number {
    return epoch > 0 && epoch % this.stepSize === 0 ? lr * this.gamma : lr;
  }
}

/**
 * Multiplies the learning rate by gamma at each of the milestones, which are epochs.
 *
 * @example
 * new optim.lrScheduler.MultiStepLR(optimizer, [30, 80], { gamma: 0.1 }).getLastLr(); // [0.1]
 */
export class MultiStepLR extends LRScheduler {
  readonly milestones: readonly number[];
  readonly gamma: number;

  constructor(optimizer: WithLr, milestones: readonly number[], options: GammaOptions = {}) {
    if (arguments.length > 3) refuseSurplus('MultiStepLR', arguments, 3);
    const { gamma = 0.1, lastEpoch } = checkOptions('MultiStepLR', options, ['gamma', 'lastEpoch']);
    super(optimizer, { lastEpoch });
    this.gamma = checkNumber('MultiStepLR', 'gamma', gamma);
    if (!Array.isArray(milestones))
      fail('WRONG_TYPE', `MultiStepLR: milestones must be an array, got ${describe(milestones)}`);
    this.milestones = milestones.map((epoch) => checkInteger('MultiStepLR', 'a milestone', epoch));
    this.step();
  }

  protected override nextLr({ lr, epoch }: LrContext): number {
    return lr * this.gamma ** this.milestones.filter((milestone) => milestone === epoch).length;
  }
}

/**
 * Multiplies the learning rate by gamma every epoch.
 *
 * @example
 * new optim.lrScheduler.ExponentialLR(optimizer, 0.9).getLastLr(); // [0.1]
 */
export class ExponentialLR extends LRScheduler {
  readonly gamma: number;

  constructor(optimizer: WithLr, gamma: number, options: SchedulerOptions = {}) {
    if (arguments.length > 3) refuseSurplus('ExponentialLR', arguments, 3);
    super(optimizer, checkOptions('ExponentialLR', options, ['lastEpoch']));
    this.gamma = checkNumber('ExponentialLR', 'gamma', gamma);
    this.step();
  }

  protected override nextLr({ lr, initial }: LrContext): number {
    return initial ? lr : lr * this.gamma;
  }
}

/**
 * Half a cosine from the initial learning rate to etaMin over tMax epochs, and back (Loshchilov & Hutter, "SGDR",
 * arXiv:1608.03983, without restarts).
 *
 * @example
 * new optim.lrScheduler.CosineAnnealingLR(optimizer, 100, { etaMin: 1e-5 }).getLastLr(); // [0.1]
 */
export class CosineAnnealingLR extends LRScheduler {
  readonly tMax: number;
  readonly etaMin: number;

  constructor(optimizer: WithLr, tMax: number, options: SchedulerOptions & { readonly etaMin?: number } = {}) {
    if (arguments.length > 3) refuseSurplus('CosineAnnealingLR', arguments, 3);
    const { etaMin = 0, lastEpoch } = checkOptions('CosineAnnealingLR', options, ['etaMin', 'lastEpoch']);
    super(optimizer, { lastEpoch });
    this.etaMin = checkNumber('CosineAnnealingLR', 'etaMin', etaMin);
    this.tMax = checkInteger('CosineAnnealingLR', 'tMax', tMax);
    if (tMax < 1) fail('OUT_OF_RANGE', `CosineAnnealingLR: tMax must be positive, got ${tMax}`);
    this.step();
  }

  // From the present learning rate rather than in closed form, so that it combines with other changes of it.
  protected override nextLr({ lr, baseLr, epoch, initial }: LrContext): number {
    const { tMax, etaMin } = this;
    if (initial) return lr;
    if ((epoch - 1 - tMax) % (2 * tMax) === 0) return lr + ((baseLr - etaMin) * (1 - Math.cos(Math.PI / tMax))) / 2;
    const height = (at: number): number => 1 + Math.cos((Math.PI * at) / tMax);
    return (height(epoch) / height(epoch - 1)) * (lr - etaMin) + etaMin;
  }
}

type Lambda = (epoch: number) => number;

/**
 * The initial learning rate times a function of the epoch; one function for all groups, or one for each.
 *
 * @example
 * new optim.lrScheduler.LambdaLR(optimizer, (epoch) => 0.95 ** epoch).getLastLr(); // [0.1]
 */
export class LambdaLR extends LRScheduler {
  private readonly lambda: Lambda | readonly Lambda[];

  constructor(optimizer: WithLr, lambda: Lambda | readonly Lambda[], options: SchedulerOptions = {}) {
    if (arguments.length > 3) refuseSurplus('LambdaLR', arguments, 3);
    super(optimizer, checkOptions('LambdaLR', options, ['lastEpoch']));
    this.lambda = Array.isArray(lambda) ? [...lambda] : lambda;
    for (const group of optimizer.paramGroups.keys()) checkSynchronous('LambdaLR', 'a lambda', this.lambdaOf(group));
    this.step();
  }

  private lambdaOf(group: number): Lambda {
    if (typeof this.lambda === 'function') return this.lambda;
    const groups = this.optimizer.paramGroups.length;
    if (!Array.isArray(this.lambda) || this.lambda.length !== groups) {
      fail('BAD_ARGUMENT', `LambdaLR: Expected ${groups} lr_lambdas, but got ${describe(this.lambda)}`);
    }
    return this.lambda[group];
  }

  protected override nextLr({ baseLr, epoch, group }: LrContext): number {
    const factor = this.lambdaOf(group)(epoch);
    refusePromise('LambdaLR', `the lambda of group ${group}`, factor);
    checkPlainNumber('LambdaLR', `the result of group ${group}'s lambda`, factor);
    return baseLr * factor;
  }
}

/**
 * Goes in a straight line from startFactor to endFactor times the initial learning rate over totalIters epochs.
 *
 * @example
 * new optim.lrScheduler.LinearLR(optimizer, 0.5).getLastLr(); // [0.05]
 */
export class LinearLR extends LRScheduler {
  readonly startFactor: number;
  readonly endFactor: number;
  readonly totalIters: number;

  constructor(
    optimizer: WithLr,
    startFactor = 1 / 3,
    options: SchedulerOptions & { readonly endFactor?: number; readonly totalIters?: number } = {},
  ) {
    if (arguments.length > 3) refuseSurplus('LinearLR', arguments, 3);
    const known = checkOptions('LinearLR', options, ['endFactor', 'totalIters', 'lastEpoch']);
    const { endFactor = 1, totalIters = 5, lastEpoch } = known;
    super(optimizer, { lastEpoch });
    this.startFactor = checkNumber('LinearLR', 'startFactor', startFactor);
    this.endFactor = checkNumber('LinearLR', 'endFactor', endFactor);
    this.totalIters = checkInteger('LinearLR', 'totalIters', totalIters);
    if (!(startFactor > 0 && startFactor <= 1)) {
      fail('OUT_OF_RANGE', `LinearLR: startFactor must be greater than 0 and at most 1, got ${startFactor}`);
    }
    if (!(endFactor >= 0 && endFactor <= 1))
      fail('OUT_OF_RANGE', `LinearLR: endFactor must be between 0 and 1, got ${endFactor}`);
    this.step();
  }

  protected override nextLr({ lr, epoch, initial }: LrContext): number {
    const { startFactor, endFactor, totalIters } = this;
    if (epoch === 0) return lr * startFactor;
    if (initial || epoch > totalIters) return lr;
    const rise = endFactor - startFactor;
    return lr * (1 + rise / (totalIters * startFactor + (epoch - 1) * rise));
  }
}

import { describe, fail } from '../tensor/errors.js';
import { checkFunction, checkInteger, checkNumber, checkOptions } from '../tensor/options.js';
import { Optimizer } from './optimizer.js';

/** Any optimizer of this package. */
export type WithLr = Optimizer<{ lr: number }>;

type LrGroup = WithLr['paramGroups'][number] & { initialLr?: number };

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
}

/**
 * Base of the schedulers that set learning rates by the number of epochs. Call `step()` after the optimizer's, once per
 * epoch. A subclass defines `nextLr`.
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
  lastEpoch = -1;
  readonly baseLrs: number[];

  constructor(readonly optimizer: WithLr) {
    checkOptimizer(this.constructor.name, optimizer);
    this.baseLrs = (optimizer.paramGroups as LrGroup[]).map((group) => (group.initialLr ??= group.lr));
  }

  /** The learning rate of a group from this epoch on. */
  protected abstract nextLr(context: LrContext): number;

  /** Goes to the next epoch. */
  step(): void {
    this.lastEpoch++;
    const epoch = this.lastEpoch;
    this.optimizer.paramGroups.forEach((settings, group) => {
      settings.lr = this.nextLr({ lr: settings.lr, baseLr: this.baseLrs[group] ?? settings.lr, epoch, group });
    });
  }

  /** The learning rates of the groups. */
  getLastLr(): number[] {
    return this.optimizer.paramGroups.map(({ lr }) => lr);
  }

  /** Where the scheduler stands; its settings are the constructor's. */
  stateDict(): { readonly last_epoch: number; readonly base_lrs: readonly number[] } {
    return { last_epoch: this.lastEpoch, base_lrs: [...this.baseLrs] };
  }

  loadStateDict(state: { readonly last_epoch: number; readonly base_lrs: readonly number[] }): void {
    const op = `${this.constructor.name}.loadStateDict`;
    const lastEpoch = checkInteger(op, 'last_epoch', state?.last_epoch);
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

interface GammaOptions {
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
    super(optimizer);
    this.gamma = checkNumber('StepLR', 'gamma', checkOptions('StepLR', options, ['gamma']).gamma ?? 0.1);
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
    super(optimizer);
    this.gamma = checkNumber('MultiStepLR', 'gamma', checkOptions('MultiStepLR', options, ['gamma']).gamma ?? 0.1);
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

  constructor(optimizer: WithLr, gamma: number) {
    super(optimizer);
    this.gamma = checkNumber('ExponentialLR', 'gamma', gamma);
    this.step();
  }

  protected override nextLr({ lr, epoch }: LrContext): number {
    return epoch === 0 ? lr : lr * this.gamma;
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

  constructor(optimizer: WithLr, tMax: number, options: { readonly etaMin?: number } = {}) {
    super(optimizer);
    const { etaMin = 0 } = checkOptions('CosineAnnealingLR', options, ['etaMin']);
    this.etaMin = checkNumber('CosineAnnealingLR', 'etaMin', etaMin);
    this.tMax = checkInteger('CosineAnnealingLR', 'tMax', tMax);
    if (tMax < 1) fail('OUT_OF_RANGE', `CosineAnnealingLR: tMax must be positive, got ${tMax}`);
    this.step();
  }

  // From the present learning rate rather than in closed form, so that it combines with other changes of it.
  protected override nextLr({ lr, baseLr, epoch }: LrContext): number {
    const { tMax, etaMin } = this;
    if (epoch === 0) return lr;
    if ((epoch - 1 - tMax) % (2 * tMax) === 0) return lr + ((baseLr - etaMin) * (1 - Math.cos(Math.PI / tMax))) / 2;
    const height = (at: number): number => 1 + Math.cos((Math.PI * at) / tMax);
    return (height(epoch) / height(epoch - 1)) * (lr - etaMin) + etaMin;
  }
}

/**
 * The initial learning rate times a function of the epoch; one function, or one for each group.
 *
 * @example
 * new optim.lrScheduler.LambdaLR(optimizer, (epoch) => 0.95 ** epoch).getLastLr(); // [0.1]
 */
export class LambdaLR extends LRScheduler {
  private readonly lambdas: readonly ((epoch: number) => number)[];

  constructor(optimizer: WithLr, lambda: ((epoch: number) => number) | readonly ((epoch: number) => number)[]) {
    super(optimizer);
    this.lambdas = typeof lambda === 'function' ? optimizer.paramGroups.map(() => lambda) : lambda;
    if (!Array.isArray(this.lambdas) || this.lambdas.length !== optimizer.paramGroups.length) {
      fail(
        'BAD_ARGUMENT',
        `LambdaLR: Expected ${optimizer.paramGroups.length} lr_lambdas, but got ${describe(lambda)}`,
      );
    }
    for (const one of this.lambdas) checkFunction('LambdaLR', 'a lambda', one);
    this.step();
  }

  protected override nextLr({ baseLr, epoch, group }: LrContext): number {
    // A group that was added since has no function; its learning rate is the user's.
    const factor = this.lambdas[group]?.(epoch) ?? 1;
    return baseLr * checkNumber('LambdaLR', "a lambda's result", factor);
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
    options: { readonly endFactor?: number; readonly totalIters?: number } = {},
  ) {
    super(optimizer);
    const { endFactor = 1, totalIters = 5 } = checkOptions('LinearLR', options, ['endFactor', 'totalIters']);
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

  protected override nextLr({ lr, epoch }: LrContext): number {
    const { startFactor, endFactor, totalIters } = this;
    if (epoch === 0) return lr * startFactor;
    if (epoch > totalIters) return lr;
    const rise = endFactor - startFactor;
    return lr * (1 + rise / (totalIters * startFactor + (epoch - 1) * rise));
  }
}

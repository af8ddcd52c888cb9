import { bumpVersion } from '../autograd/meta.js';
import { rawAdam } from '../raw/optim.js';
import { refuseSurplus } from '../tensor/arguments.js';
import { describe, fail } from '../tensor/errors.js';
import { checkOptions } from '../tensor/options.js';
import type { Tensor } from '../tensor/tensor.js';
import { checkAtLeastZero, checkFlag, checkStateTensor } from './checks.js';
import { gradientOf, Optimizer, type ParamGroup, type ParamState, type Params, stateTensor } from './optimizer.js';
import type { OptimizerStateDict } from './state.js';

export interface AdamOptions {
  /** Learning rate; default 1e-3. */
  lr: number;
  /** Decay of the running means of the gradient and of its square; default [0.9, 0.999]. */
  betas: readonly [number, number];
  /** Added to the denominator; default 1e-8. */
  eps: number;
  /** Adam adds this multiple of the parameter to the gradient (default 0); AdamW shrinks the parameter (default 0.01). */
  weightDecay: number;
  /** Divides by the largest second moment so far (Reddi et al., 2018); default false. */
  amsgrad: boolean;
  /** Climbs instead of descending; default false. */
  maximize: boolean;
  /** Weight decay shrinks the parameter itself, as AdamW's does, instead of adding to the gradient; default false. */
  decoupledWeightDecay: boolean;
}

const OPTIONS = ['lr', 'betas', 'eps', 'weightDecay', 'amsgrad', 'maximize', 'decoupledWeightDecay'] as const;

interface Moments {
  step: number;
  exp_avg: Tensor;
  exp_avg_sq: Tensor;
  max_exp_avg_sq?: Tensor;
}

/**
 * Adam: p ← p − lr · m̂ / (√v̂ + eps), with bias-corrected running means m of the gradient and v of its square.
 *
 * Kingma & Ba, "Adam: A Method for Stochastic Optimization", arXiv:1412.6980.
 *
 * @example
 * const optimizer = new optim.Adam(model.parameters(), { lr: 1e-3 });
 * optimizer.zeroGrad();
 * F.crossEntropy(model(x), labels).backward();
 * optimizer.step();
 */
export class Adam extends Optimizer<AdamOptions> {
  constructor(params: Params<AdamOptions>, options: Partial<AdamOptions> = {}) {
    if (arguments.length > 2) refuseSurplus('Adam', arguments, 2);
    super(params, settingsOf(checkOptions('Adam', options, OPTIONS), 0));
  }

  protected override checkSettings(settings: AdamOptions, op: string): void {
    const { lr, betas, eps, weightDecay, amsgrad, maximize, decoupledWeightDecay } = settings;
    checkAtLeastZero(op, 'learning rate', lr);
    checkAtLeastZero(op, 'epsilon value', eps);
    checkAtLeastZero(op, 'weight_decay value', weightDecay);
    if (!Array.isArray(betas) || betas.length !== 2) {
      fail('WRONG_TYPE', `${op}: betas must be two numbers, got ${describe(betas)}`);
    }
    betas.forEach((beta: unknown, i) => {
      if (!(typeof beta === 'number' && beta >= 0 && beta < 1)) {
        fail('OUT_OF_RANGE', `${op}: Invalid beta parameter at index ${i}: ${describe(beta)}`);
      }
    });
    checkFlag(op, 'amsgrad', amsgrad);
    checkFlag(op, 'maximize', maximize);
    checkFlag(op, 'decoupledWeightDecay', decoupledWeightDecay);
  }

  protected override checkState(what: string, state: ParamState): void {
    const { step, exp_avg, exp_avg_sq, max_exp_avg_sq } = state;
    if (!(Number.isSafeInteger(step) && (step as number) >= 0)) {
      fail('STATE_DICT_MISMATCH', `${what}: step must be a count, got ${describe(step)}`);
    }
    checkStateTensor(what, 'exp_avg', exp_avg);
    checkStateTensor(what, 'exp_avg_sq', exp_avg_sq);
    if (max_exp_avg_sq !== undefined) checkStateTensor(what, 'max_exp_avg_sq', max_exp_avg_sq);
  }

  protected override updateGroup(group: ParamGroup<AdamOptions>, params: readonly Tensor[]): void {
    // Parameters whose first gradient came at different steps differ in their bias correction.
    const bySteps = new Map<number, { params: Tensor[]; grads: Tensor[]; moments: Moments[] }>();
    for (const param of params) {
      const grad = gradientOf(this.name, param);
      const moments = this.momentsOf(param, group.amsgrad);
      let batch = bySteps.get(moments.step);
      if (batch === undefined) {
        batch = { params: [], grads: [], moments: [] };
        bySteps.set(moments.step, batch);
      }
      batch.params.push(param);
      batch.grads.push(grad);
      batch.moments.push(moments);
    }
    for (const [steps, batch] of bySteps) {
      rawAdam(batch.params, batch.grads, batch.moments, { ...group, step: steps + 1 });
      for (const moments of batch.moments) moments.step++;
      for (const param of batch.params) bumpVersion(param);
    }
  }

  private momentsOf(param: Tensor, amsgrad: boolean): Moments {
    let own = this.state.get(param);
    if (own === undefined) {
      own = { step: 0, exp_avg: stateTensor(param), exp_avg_sq: stateTensor(param) };
      this.state.set(param, own);
    }
    if (amsgrad) own.max_exp_avg_sq ??= stateTensor(param);
    return own as unknown as Moments;
  }
}

/**
 * Adam with weight decay that shrinks the parameters apart from the gradient: p ← p − lr · weightDecay · p first.
 *
 * Loshchilov & Hutter, "Decoupled Weight Decay Regularization", arXiv:1711.05101.
 *
 * @example
 * const optimizer = new optim.AdamW(model.parameters(), { lr: 3e-4, weightDecay: 0.1 });
 */
export class AdamW extends Adam {
  constructor(params: Params<AdamOptions>, options: Partial<Omit<AdamOptions, 'decoupledWeightDecay'>> = {}) {
    if (arguments.length > 2) refuseSurplus('AdamW', arguments, 2);
    const known = checkOptions<Partial<AdamOptions>>('AdamW', options, OPTIONS.slice(0, -1));
    super(params, settingsOf({ ...known, decoupledWeightDecay: true }, 0.01));
  }

  /** As Adam's; weight decay stays decoupled, also where Adam saved the state. */
  override loadStateDict(stateDict: OptimizerStateDict): void {
    if (arguments.length > 1) refuseSurplus('loadStateDict', arguments, 1);
    super.loadStateDict(stateDict);
    for (const group of this.paramGroups) group.decoupledWeightDecay = true;
  }
}

function settingsOf(options: Partial<AdamOptions>, decay: number): AdamOptions {
  const { lr = 1e-3, betas = [0.9, 0.999], eps = 1e-8, weightDecay = decay, ...flags } = options;
  const { amsgrad = false, maximize = false, decoupledWeightDecay = false } = flags;
  return { lr, betas, eps, weightDecay, amsgrad, maximize, decoupledWeightDecay };
}

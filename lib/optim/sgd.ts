import { bumpVersion } from '../autograd/meta.js';
import { rawSgd } from '../raw/optim.js';
import { refuseSurplus } from '../tensor/arguments.js';
import { fail } from '../tensor/errors.js';
import { checkOptions } from '../tensor/options.js';
import type { Tensor } from '../tensor/tensor.js';
import { checkAtLeastZero, checkFlag, checkPlainNumber, checkStateTensor } from './checks.js';
import { gradientOf, Optimizer, type ParamGroup, type ParamState, type Params, stateTensor } from './optimizer.js';

export interface SGDOptions {
  /** Learning rate; default 1e-3. */
  lr: number;
  /** How much of the last update is kept; default 0. */
  momentum: number;
  /** Reduces what a gradient adds to the momentum; default 0. */
  dampening: number;
  /** Pulls parameters towards 0 by adding this multiple of them to the gradient; default 0. */
  weightDecay: number;
  /** Nesterov's momentum; default false. */
  nesterov: boolean;
  /** Climbs instead of descending; default false. */
  maximize: boolean;
}

/**
 * Stochastic gradient descent: b ← momentum · b + (1 − dampening) · g, p ← p − lr · b (b = g at the first step).
 *
 * Sutskever et al., "On the importance of initialization and momentum in deep learning" (2013), as PyTorch implements it.
 *
 * @example
 * const optimizer = new optim.SGD(model.parameters(), { lr: 0.1, momentum: 0.9 });
 * optimizer.zeroGrad();
 * F.mseLoss(model(x), target).backward();
 * optimizer.step();
 */
export class SGD extends Optimizer<SGDOptions> {
  constructor(params: Params<SGDOptions>, options: Partial<SGDOptions> = {}) {
    if (arguments.length > 2) refuseSurplus('SGD', arguments, 2);
    const known = checkOptions('SGD', options, ['lr', 'momentum', 'dampening', 'weightDecay', 'nesterov', 'maximize']);
    const { lr = 1e-3, momentum = 0, dampening = 0, weightDecay = 0, nesterov = false, maximize = false } = known;
    super(params, { lr, momentum, dampening, weightDecay, nesterov, maximize });
  }

  protected override checkSettings(settings: SGDOptions, op: string): void {
    const { lr, momentum, dampening, weightDecay, nesterov, maximize } = settings;
    checkAtLeastZero(op, 'learning rate', lr);
    checkAtLeastZero(op, 'momentum value', momentum);
    checkAtLeastZero(op, 'weight_decay value', weightDecay);
    checkPlainNumber(op, 'dampening', dampening);
    checkFlag(op, 'nesterov', nesterov);
    checkFlag(op, 'maximize', maximize);
    if (nesterov && (momentum <= 0 || dampening !== 0)) {
      fail('BAD_ARGUMENT', `${op}: Nesterov momentum requires a momentum and zero dampening`);
    }
  }

  protected override checkState(what: string, { momentum_buffer }: ParamState): void {
    if ((momentum_buffer ?? null) !== null) checkStateTensor(what, 'momentum_buffer', momentum_buffer);
  }

  protected override updateGroup(group: ParamGroup<SGDOptions>, params: readonly Tensor[]): void {
    const grads = params.map((param) => gradientOf('SGD', param));
    if (group.momentum === 0) {
      rawSgd(params, grads, null, group, false);
    } else {
      // A buffer starts as the gradient itself; parameters may meet their first gradient at different steps.
      const isNew = params.map((param) => (this.state.get(param)?.momentum_buffer ?? null) === null);
      const buffers = params.map((param) => this.bufferOf(param));
      for (const first of [true, false]) {
        const pick = <T>(list: readonly T[]): T[] => list.filter((_, i) => isNew[i] === first);
        if (isNew.includes(first)) rawSgd(pick(params), pick(grads), pick(buffers), group, first);
      }
    }
    for (const param of params) bumpVersion(param);
  }

  private bufferOf(param: Tensor): Tensor {
    const own = this.state.get(param) ?? {};
    own.momentum_buffer ??= stateTensor(param);
    this.state.set(param, own);
    return own.momentum_buffer as Tensor;
  }
}

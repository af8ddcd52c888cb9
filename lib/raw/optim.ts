import { addon } from '../tensor/runtime.js';
import { handleOf, type Tensor } from '../tensor/tensor.js';

// One native call updates all parameters of a group; native/binding/optim_ops.cpp has the layouts.

interface SgdSettings {
  readonly lr: number;
  readonly momentum: number;
  readonly dampening: number;
  readonly weightDecay: number;
  readonly nesterov: boolean;
  readonly maximize: boolean;
}

const sgdSettings = new Float64Array(7);

/** `first`: the buffers take the gradients instead of being blended with them. */
export function rawSgd(
  params: readonly Tensor[],
  grads: readonly Tensor[],
  buffers: readonly Tensor[] | null,
  settings: SgdSettings,
  first: boolean,
): void {
  const { lr, momentum, dampening, weightDecay, nesterov, maximize } = settings;
  sgdSettings.set([lr, momentum, dampening, weightDecay, Number(nesterov), Number(maximize), Number(first)]);
  const handles = new Float64Array(params.length * 3);
  for (let i = 0; i < params.length; i++) {
    handles[3 * i] = handleOf('SGD', params[i]!);
    handles[3 * i + 1] = handleOf('SGD', grads[i]!);
    handles[3 * i + 2] = buffers === null ? 0 : handleOf('SGD', buffers[i]!);
  }
  addon.sgd(handles, sgdSettings);
}

interface AdamSettings {
  readonly lr: number;
  readonly betas: readonly [number, number];
  readonly eps: number;
  readonly weightDecay: number;
  readonly amsgrad: boolean;
  readonly maximize: boolean;
  readonly decoupledWeightDecay: boolean;
  /** Counts from 1. */
  readonly step: number;
}

interface Moments {
  readonly exp_avg: Tensor;
  readonly exp_avg_sq: Tensor;
  readonly max_exp_avg_sq?: Tensor;
}

const adamSettings = new Float64Array(10);

export function rawAdam(
  params: readonly Tensor[],
  grads: readonly Tensor[],
  moments: readonly Moments[],
  settings: AdamSettings,
): void {
  const { lr, betas, eps, weightDecay, amsgrad, maximize, decoupledWeightDecay, step } = settings;
  const [beta1, beta2] = betas;
  const corrections = [1 - beta1 ** step, 1 - beta2 ** step] as const;
  const flags = [Number(decoupledWeightDecay), Number(amsgrad), Number(maximize)] as const;
  adamSettings.set([lr, beta1, beta2, eps, weightDecay, ...corrections, ...flags]);
  const handles = new Float64Array(params.length * 5);
  for (let i = 0; i < params.length; i++) {
    const { exp_avg, exp_avg_sq, max_exp_avg_sq } = moments[i]!;
    handles[5 * i] = handleOf('Adam', params[i]!);
    handles[5 * i + 1] = handleOf('Adam', grads[i]!);
    handles[5 * i + 2] = handleOf('Adam', exp_avg);
    handles[5 * i + 3] = handleOf('Adam', exp_avg_sq);
    handles[5 * i + 4] = amsgrad ? handleOf('Adam', max_exp_avg_sq!) : 0;
  }
  addon.adam(handles, adamSettings);
}

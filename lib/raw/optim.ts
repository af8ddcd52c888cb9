import { codesOf } from '../tensor/codes.js';
import { addon } from '../tensor/runtime.js';
import { handleOf, type Tensor } from '../tensor/tensor.js';

// One native call updates all parameters of a group. Its settings cross as numbers in the order of a list of native code.

// A loop: Float64Array.from takes longer than the step of a small group.
function handles(op: string, tensors: readonly (Tensor | null)[]): Float64Array {
  const list = new Float64Array(tensors.length);
  for (let i = 0; i < tensors.length; i++) list[i] = tensors[i] === null ? 0 : handleOf(op, tensors[i]!);
  return list;
}

interface SgdSettings {
  readonly lr: number;
  readonly momentum: number;
  readonly dampening: number;
  readonly weightDecay: number;
  readonly nesterov: boolean;
  readonly maximize: boolean;
}

const SGD = codesOf('sgd', ['lr', 'momentum', 'dampening', 'weightDecay', 'nesterov', 'maximize', 'first']);
const sgdSettings = new Float64Array(Object.keys(SGD).length);

/** `first`: the buffers take the gradients instead of being blended with them. */
export function rawSgd(
  params: readonly Tensor[],
  grads: readonly Tensor[],
  buffers: readonly Tensor[] | null,
  settings: SgdSettings,
  first: boolean,
): void {
  const { lr, momentum, dampening, weightDecay, nesterov, maximize } = settings;
  sgdSettings[SGD.lr] = lr;
  sgdSettings[SGD.momentum] = momentum;
  sgdSettings[SGD.dampening] = dampening;
  sgdSettings[SGD.weightDecay] = weightDecay;
  sgdSettings[SGD.nesterov] = Number(nesterov);
  sgdSettings[SGD.maximize] = Number(maximize);
  sgdSettings[SGD.first] = Number(first);
  addon.sgd(
    sgdSettings,
    handles('SGD', params),
    handles('SGD', grads),
    buffers === null ? new Float64Array(params.length) : handles('SGD', buffers),
  );
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

const ADAM = codesOf('adam', [
  'lr',
  'beta1',
  'beta2',
  'eps',
  'weightDecay',
  'biasCorrection1',
  'biasCorrection2',
  'decoupled',
  'amsgrad',
  'maximize',
]);
const adamSettings = new Float64Array(Object.keys(ADAM).length);

export function rawAdam(
  params: readonly Tensor[],
  grads: readonly Tensor[],
  moments: readonly Moments[],
  settings: AdamSettings,
): void {
  const { lr, betas, eps, weightDecay, amsgrad, maximize, decoupledWeightDecay, step } = settings;
  const [beta1, beta2] = betas;
  adamSettings[ADAM.lr] = lr;
  adamSettings[ADAM.beta1] = beta1;
  adamSettings[ADAM.beta2] = beta2;
  adamSettings[ADAM.eps] = eps;
  adamSettings[ADAM.weightDecay] = weightDecay;
  adamSettings[ADAM.biasCorrection1] = 1 - beta1 ** step;
  adamSettings[ADAM.biasCorrection2] = 1 - beta2 ** step;
  adamSettings[ADAM.decoupled] = Number(decoupledWeightDecay);
  adamSettings[ADAM.amsgrad] = Number(amsgrad);
  adamSettings[ADAM.maximize] = Number(maximize);
  const of = (select: (moment: Moments) => Tensor | null): Float64Array => handles('Adam', moments.map(select));
  addon.adam(
    adamSettings,
    handles('Adam', params),
    handles('Adam', grads),
    of((moment) => moment.exp_avg),
    of((moment) => moment.exp_avg_sq),
    of((moment) => (amsgrad ? moment.max_exp_avg_sq! : null)),
  );
}

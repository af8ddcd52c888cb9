import { codesOf } from '../tensor/codes.js';
import { addon } from '../tensor/runtime.js';
import { handleOf, type Tensor } from '../tensor/tensor.js';

// One native call updates all parameters of a group. Its settings cross as numbers in the order of a list of native code.

type Lists = [Float64Array, Float64Array, Float64Array, Float64Array, Float64Array];

// By length.
const kept = new Map<number, Lists>();

/** Lists for the handles that one call takes of `n` parameters: made anew they cost more than the step of a small group. */
function listsOf(n: number): Lists {
  let lists = kept.get(n);
  if (lists === undefined) {
    // Groups have a few sizes; what changes its size all the time is not remembered for ever.
    if (kept.size === MOST_KEPT) kept.clear();
    const list = (): Float64Array => new Float64Array(n);
    lists = [list(), list(), list(), list(), list()];
    kept.set(n, lists);
  }
  return lists;
}

const MOST_KEPT = 16;

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
  const [paramList, gradList, bufferList] = listsOf(params.length);
  for (let i = 0; i < params.length; i++) {
    paramList[i] = handleOf('SGD', params[i]!);
    gradList[i] = handleOf('SGD', grads[i]!);
    bufferList[i] = buffers === null ? 0 : handleOf('SGD', buffers[i]!);
  }
  addon.sgd(sgdSettings, paramList, gradList, bufferList);
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
  const [paramList, gradList, averages, squares, maxima] = listsOf(params.length);
  for (let i = 0; i < params.length; i++) {
    const { exp_avg, exp_avg_sq, max_exp_avg_sq } = moments[i]!;
    paramList[i] = handleOf('Adam', params[i]!);
    gradList[i] = handleOf('Adam', grads[i]!);
    averages[i] = handleOf('Adam', exp_avg);
    squares[i] = handleOf('Adam', exp_avg_sq);
    maxima[i] = amsgrad ? handleOf('Adam', max_exp_avg_sq!) : 0;
  }
  addon.adam(adamSettings, paramList, gradList, averages, squares, maxima);
}

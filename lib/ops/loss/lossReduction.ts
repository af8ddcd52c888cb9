import { checkChoice } from '../../tensor/options.js';
import type { Tensor } from '../../tensor/tensor.js';
import { mean, sum } from '../reduce/reduce.js';

/** What becomes of the losses of the elements. */
export type Reduction = 'none' | 'mean' | 'sum';

export interface LossOptions {
  reduction?: Reduction;
}

export function checkReduction(op: string, reduction: Reduction = 'mean'): Reduction {
  return checkChoice(op, 'reduction', reduction, ['none', 'mean', 'sum']);
}

export function reduceLoss(losses: Tensor, reduction: Reduction): Tensor {
  if (reduction === 'none') return losses;
  return reduction === 'sum' ? sum(losses) : mean(losses);
}

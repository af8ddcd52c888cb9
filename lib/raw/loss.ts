import { codesOf } from '../tensor/codes.js';
import { addon } from '../tensor/runtime.js';
import { handleOf, type Tensor } from '../tensor/tensor.js';
import { produce, producePair } from './call.js';

/** −weight[target] · x[target] by row of x [n, classes], and each row's weight; 0 where target is ignoreIndex. */
export function rawNll(x: Tensor, target: Tensor, weight: Tensor | null, ignoreIndex: number): [Tensor, Tensor] {
  return producePair([x._shape[0]!], [x.dtype, x.dtype], (losses, weights) =>
    addon.nll(
      handleOf('nllLoss', x),
      handleOf('nllLoss', target),
      weight === null ? 0 : handleOf('nllLoss', weight),
      ignoreIndex,
      losses,
      weights,
    ),
  );
}

export function rawNllBackward(
  g: Tensor,
  target: Tensor,
  weights: Tensor,
  classes: number,
  ignoreIndex: number,
): Tensor {
  return produce([target._shape[0]!, classes], g.dtype, (out) =>
    addon.nllBackward(
      handleOf('nllLoss', g),
      handleOf('nllLoss', target),
      handleOf('nllLoss', weights),
      classes,
      ignoreIndex,
      out,
    ),
  );
}

/** What the cross entropy of logits and its gradient depend on besides tensors. */
export interface CrossEntropySettings {
  readonly ignoreIndex: number;
  readonly smoothing: number;
  readonly reduction: 'none' | 'mean' | 'sum';
}

const REDUCTIONS = codesOf('lossReduction', ['none', 'mean', 'sum']);

/** The loss of logits x [n, classes], and what its gradient needs of the forward. */
export function rawCrossEntropy(
  x: Tensor,
  target: Tensor,
  weight: Tensor | null,
  settings: CrossEntropySettings,
): [Tensor, Tensor] {
  const { ignoreIndex, smoothing, reduction } = settings;
  const rows = x._shape[0]!;
  return producePair(
    reduction === 'none' ? [rows] : [],
    [x.dtype, x.dtype === 'bfloat16' ? 'float32' : x.dtype],
    (loss, stats) =>
      addon.crossEntropy(
        handleOf('crossEntropy', x),
        handleOf('crossEntropy', target),
        weight === null ? 0 : handleOf('crossEntropy', weight),
        ignoreIndex,
        smoothing,
        REDUCTIONS[reduction],
        loss,
        stats,
      ),
    [2 * rows + 1],
  );
}

export function rawCrossEntropyBackward(
  g: Tensor,
  x: Tensor,
  target: Tensor,
  weight: Tensor | null,
  stats: Tensor,
  settings: CrossEntropySettings,
): Tensor {
  const { ignoreIndex, smoothing } = settings;
  return produce(x._shape, x.dtype, (out) =>
    addon.crossEntropyBackward(
      handleOf('crossEntropy', g),
      handleOf('crossEntropy', x),
      handleOf('crossEntropy', target),
      weight === null ? 0 : handleOf('crossEntropy', weight),
      handleOf('crossEntropy', stats),
      ignoreIndex,
      smoothing,
      out,
    ),
  );
}

import { metaOf } from '../../autograd/meta.js';
import { noGrad } from '../../autograd/modes.js';
import { zeros } from '../../ops/create.js';
import { refuseSurplus } from '../../tensor/arguments.js';
import { listOf } from './parameters.js';
import '../../ops/install.js';
import { stack } from '../../ops/shape/join.js';
import '../../ops/viewMethods.js';
import { fail } from '../../tensor/errors.js';
import { checkNumber, checkOptions } from '../../tensor/options.js';
import type { Tensor } from '../../tensor/tensor.js';

export interface ClipGradNormOptions {
  /** Which norm: 2 unless given; Infinity for the largest element. */
  readonly normType?: number;
  /** Throw when the norm is NaN or infinite; default false. */
  readonly errorIfNonfinite?: boolean;
}

/**
 * Scales the gradients of `parameters` in place so that their norm, taken over all of them as one vector, is at most
 * `maxNorm`; returns the norm before that, as a scalar tensor.
 *
 * @example
 * F.crossEntropy(model(x), labels).backward();
 * nn.utils.clipGradNorm_(model.parameters(), 1.0);
 * optimizer.step();
 */
export function clipGradNorm_(
  parameters: Tensor | Iterable<Tensor>,
  maxNorm: number,
  options: ClipGradNormOptions = {},
): Tensor {
  if (arguments.length > 3) refuseSurplus('clipGradNorm_', arguments, 3);
  const op = 'clipGradNorm_';
  const { normType = 2, errorIfNonfinite = false } = checkOptions(op, options, ['normType', 'errorIfNonfinite']);
  const most = checkNumber(op, 'maxNorm', maxNorm);
  const grads = gradientsOf(op, parameters);
  return noGrad(() => {
    const total = totalNorm(grads, checkNumber(op, 'normType', normType));
    if (errorIfNonfinite && !Number.isFinite(total.item())) {
      fail(
        'BAD_ARGUMENT',
        `${op}: The total norm of order ${normType} for gradients from \`parameters\` is non-finite, so it cannot be clipped`,
      );
    }
    // Multiplying by 1 where nothing is to be clipped needs no look at the value.
    const factor = total.add(1e-6).reciprocal().mul(most).clampMax(1);
    for (const grad of grads) grad.mul_(factor);
    return total;
  });
}

/**
 * Limits each element of the gradients of `parameters` to ±clipValue, in place.
 *
 * @example
 * F.crossEntropy(model(x), labels).backward();
 * nn.utils.clipGradValue_(model.parameters(), 0.5);
 */
export function clipGradValue_(parameters: Tensor | Iterable<Tensor>, clipValue: number): void {
  if (arguments.length > 2) refuseSurplus('clipGradValue_', arguments, 2);
  const op = 'clipGradValue_';
  const most = checkNumber(op, 'clipValue', clipValue);
  const grads = gradientsOf(op, parameters);
  noGrad(() => {
    for (const grad of grads) grad.clamp_(-most, most);
  });
}

/** The norm of the tensors' norms, which is that of all elements. */
function totalNorm(tensors: readonly Tensor[], p: number): Tensor {
  if (tensors.length === 0) return zeros([]);
  const norms = tensors.map((x) => x.norm(p));
  return norms.length === 1 ? norms[0]! : stack(norms).norm(p);
}

function gradientsOf(op: string, parameters: Tensor | Iterable<Tensor>): Tensor[] {
  return listOf(op, parameters).flatMap((parameter) => metaOf(parameter)?.grad ?? []);
}

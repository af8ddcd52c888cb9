import { rawFill } from '../raw/copy.js';
import type { Tensor } from '../tensor/tensor.js';
import { bumpVersion, metaOf } from './meta.js';

/** Drops a parameter's gradient, or fills it with zeros. */
export function zeroGradient(parameter: Tensor, setToNone: boolean): void {
  const meta = metaOf(parameter);
  if (meta === null || meta.grad === null) return;
  if (setToNone) {
    meta.grad = null;
    return;
  }
  // A gradient that is itself part of a graph (createGraph) starts afresh.
  meta.grad._autograd = null;
  rawFill(meta.grad, 0);
  bumpVersion(meta.grad);
}

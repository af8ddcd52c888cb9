import { rawTo } from '../raw/copy.js';
import { predicateKernel } from '../raw/elementwise.js';
import { reduceKernel } from '../raw/reduce.js';
import { refuseSurplus } from '../tensor/arguments.js';
import { context, withContext } from '../tensor/context.js';
import { isFloating } from '../tensor/dtype.js';
import { describe, fail } from '../tensor/errors.js';
import { checkOptions } from '../tensor/options.js';
import type { Tensor } from '../tensor/tensor.js';
import type { Gradient, Node } from './node.js';

const isnan = predicateKernel('isnan');
const any = reduceKernel('amax');

function hasNan(x: Tensor): boolean {
  if (!isFloating(x.dtype) || x.numel === 0) return false;
  return (
    any(
      rawTo(isnan(x), 'uint8'),
      x._shape.map((_, i) => i),
    ).item() !== 0
  );
}

/** In anomaly mode, a NaN among a node's results is an error that tells where the forward was. */
export function checkAnomaly(node: Node, results: readonly (Gradient | undefined)[]): void {
  const { anomaly } = context();
  if (anomaly === null || !anomaly.checkNan) return;
  results.forEach((result, i) => {
    if (!result || !hasNan(result)) return;
    const origin =
      node.trace === null ? '' : `\nThe forward call that made it:\n${node.trace.split('\n').slice(2).join('\n')}`;
    fail('GRAD_ERROR', `Function '${node.name}' returned nan values in its ${i}th output.${origin}`);
  });
}

/**
 * Runs `fn` (its forward and its backward) in anomaly mode: a backward that yields NaN throws an error that names the
 * op and shows where it was called. Slow; for debugging.
 *
 * @example
 * const x = tensor([-1], { requiresGrad: true });
 * autograd.detectAnomaly(() => x.sqrt().sum().backward()); // throws: Function 'SqrtBackward0' returned nan values …
 */
export function detectAnomaly<R>(fn: () => R, options?: { checkNan?: boolean }): R {
  if (arguments.length > 2) refuseSurplus('detectAnomaly', arguments, 2);
  if (typeof fn !== 'function') fail('WRONG_TYPE', `detectAnomaly: expected a function, got ${describe(fn)}`);
  const { checkNan = true } = checkOptions('detectAnomaly', options, ['checkNan']);
  return withContext({ anomaly: { checkNan } }, fn);
}

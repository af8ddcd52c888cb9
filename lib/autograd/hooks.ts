import { describe, fail } from '../tensor/errors.js';
import { sameShape } from '../tensor/shape.js';
import { Tensor } from '../tensor/tensor.js';
import type { Gradient, Node, TensorHook } from './node.js';

/** Undoes a registration; calling `remove` again does nothing. */
export interface RemovableHandle {
  remove(): void;
}

let nextId = 0;

/** Adds `hook` to a registry that runs in insertion order. */
export function register<H>(registry: Map<number, H>, hook: H): RemovableHandle {
  const id = nextId++;
  registry.set(id, hook);
  return { remove: () => void registry.delete(id) };
}

/** The hooks of the node's output tensors, then those of the node; null when there are none. */
export function runPreHooks(node: Node, grads: readonly Gradient[]): Gradient[] | null {
  if (node.tensorHooks === null && node.preHooks === null) return null;
  const current = [...grads];
  for (const [index, hooks] of node.tensorHooks ?? []) {
    for (const hook of [...hooks.values()]) {
      const grad = current[index];
      if (grad) current[index] = replaced(hook, grad);
    }
  }
  for (const hook of [...(node.preHooks?.values() ?? [])]) {
    const result = hook(current);
    if (result !== undefined && result !== null)
      current.splice(0, current.length, ...checkGradients(`prehook '${nameOf(hook)}' of ${node.name}`, result));
  }
  return current;
}

/** How messages call a hook; a bound function has its own name behind "bound". */
export const nameOf = (hook: { readonly name: string }): string => hook.name.replace(/^bound /, '') || '<anonymous>';

/** What a hook gave in place of several gradients: arrays of tensors and nulls alone. */
export function checkGradients(hook: string, result: unknown): readonly Gradient[] {
  if (!Array.isArray(result))
    fail('WRONG_TYPE', `${hook} must return an array of Tensors or nothing, got ${describe(result)}`);
  return Array.from(result as unknown[], (grad, i) => {
    if (grad === undefined || grad === null || grad instanceof Tensor) return grad ?? null;
    return fail('WRONG_TYPE', `${hook} must return Tensors or null, got ${describe(grad)} at ${i}`);
  });
}

function replaced(hook: TensorHook, grad: Tensor): Tensor {
  const result = hook(grad);
  if (result === undefined || result === null) return grad;
  const name = nameOf(hook);
  if (!(result instanceof Tensor))
    fail('WRONG_TYPE', `hook '${name}' must return a Tensor or nothing, got ${describe(result)}`);
  if (!sameShape(result._shape, grad._shape)) fail('GRAD_ERROR', `hook '${name}' has changed the size of value`);
  if (result.dtype !== grad.dtype)
    fail('GRAD_ERROR', `hook '${name}' has changed the type of value (was ${grad.dtype}, got ${result.dtype})`);
  return result;
}

export function runPostHooks(
  node: Node,
  results: readonly (Gradient | undefined)[],
  grads: readonly Gradient[],
): (Gradient | undefined)[] | null {
  if (node.postHooks === null) return null;
  let current: readonly Gradient[] = results.map((result) => result ?? null);
  for (const hook of [...node.postHooks.values()]) {
    const result = hook(current, grads);
    if (result !== undefined && result !== null)
      current = checkGradients(`hook '${nameOf(hook)}' of ${node.name}`, result);
  }
  return [...current];
}

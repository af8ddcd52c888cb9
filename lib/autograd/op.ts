import { context } from '../tensor/context.js';
import { isFloating } from '../tensor/dtype.js';
import { Tensor } from '../tensor/tensor.js';
import { newMeta } from './meta.js';
import type { Gradient, TensorInfo } from './node.js';
import { type BackwardContext, type Described, OpNode } from './opNode.js';

// Written as a method, whose parameters TypeScript compares both ways, as those of forward and backward.
type NodeName<A extends readonly unknown[]> = { name(...args: Described<A>): string }['name'];

/**
 * One differentiable operation: its forward and its backward in one place.
 *
 * Backward is written with differentiable ops, so that it can be differentiated in turn. It returns one gradient for
 * each tensor among the arguments, in order (an argument that is an array of tensors contributes each of its elements).
 */
export interface OpSpec<A extends readonly unknown[], R extends Tensor | Tensor[]> {
  /** camelCase, as the method; the graph's node is named after it: `softmax` gives SoftmaxBackward0. */
  readonly name: string;
  /** The node's name where PyTorch's differs from the rule; it may depend on the call. */
  readonly node?: string | NodeName<NoInfer<A>>;
  /** Runs kernels on checked arguments; records nothing. */
  forward(...args: A): R;
  /** The tensors that backward reads, looked up as `saved`; null where one is not needed. */
  save?(args: A, out: R, needs: readonly boolean[]): readonly (Tensor | null)[];
  backward(
    ctx: BackwardContext<A>,
    ...grads: R extends Tensor ? [Tensor] : Gradient[]
  ): readonly (Gradient | undefined)[];
}

export type { BackwardContext, Gradient, TensorInfo };

export const requiresGrad = (x: Tensor): boolean => x._autograd?.requiresGrad === true;

export function anyRequiresGrad(args: readonly unknown[]): boolean {
  for (let i = 0; i < args.length; i++) {
    const arg = args[i];
    if (arg instanceof Tensor) {
      if (requiresGrad(arg)) return true;
    } else if (Array.isArray(arg) && arg.some((x) => x instanceof Tensor && requiresGrad(x))) {
      return true;
    }
  }
  return false;
}

/** An op as a function; the annotation that a recursive backward needs. */
export type Op<A extends readonly unknown[], R extends Tensor | Tensor[] = Tensor> = (...args: A) => R;

/** The op as a function. It records a graph node when grad mode is on and an input requires grad. */
export function defineOp<A extends readonly unknown[], R extends Tensor | Tensor[]>(spec: OpSpec<A, R>): Op<A, R> {
  return (...args: A): R => {
    const out = spec.forward(...args);
    if (anyRequiresGrad(args) && context().grad) record(spec, args, out);
    return out;
  };
}

/** Makes `out` the result of `spec` in the graph. */
export function record<A extends readonly unknown[], R extends Tensor | Tensor[]>(
  spec: OpSpec<A, R>,
  args: A,
  out: R,
): void {
  const node = new OpNode(spec as unknown as OpSpec<readonly unknown[], Tensor | Tensor[]>, args, out);
  if (out instanceof Tensor) attach(node, out, 0);
  else for (let i = 0; i < out.length; i++) attach(node, out[i]!, i);
}

function attach(node: OpNode, out: Tensor, outputIndex: number): void {
  if (!isFloating(out.dtype)) return;
  out._autograd = newMeta(true, node, outputIndex);
}

import type { DType } from '../tensor/dtype.js';
import { checkSynchronous } from '../tensor/options.js';
import type { Shape } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import { type RemovableHandle, register } from './hooks.js';

/** A gradient, or null where an input needs none. */
export type Gradient = Tensor | null;

/** What backward may know of an input without keeping its memory. */
export interface TensorInfo {
  readonly shape: Shape;
  readonly dtype: DType;
}

/** Where a gradient goes: the node that computed an input, and which of its outputs the input was. */
export interface Edge {
  readonly node: Node;
  readonly index: number;
}

/** Sees the gradient of a tensor; what it returns takes its place. */
export type TensorHook = (grad: Tensor) => Tensor | null | undefined | void;
/** Sees the gradients of a node's outputs before its backward; what it returns takes their place. */
export type NodePreHook = (grads: readonly Gradient[]) => readonly Gradient[] | null | undefined | void;
/** Sees the gradients that a node's backward computed and those it was given; what it returns takes the place of the first. */
export type NodeHook = (
  gradInputs: readonly Gradient[],
  gradOutputs: readonly Gradient[],
) => readonly Gradient[] | null | undefined | void;

let created = 0;

/**
 * A step of the recorded graph. A node is always younger than the nodes that its edges point to, so descending `seq` is
 * a topological order and the engine needs no dependency counts.
 */
export abstract class Node {
  abstract readonly name: string;
  readonly seq: number = created++;
  /** One per tensor input; null where the input needs no gradient. */
  edges: (Edge | null)[] = [];
  /** Of each output, for the gradients that never arrive. */
  outputs: TensorInfo[] = [];
  /** Hooks of the output tensors, by output index. */
  tensorHooks: Map<number, Map<number, TensorHook>> | null = null;
  preHooks: Map<number, NodePreHook> | null = null;
  postHooks: Map<number, NodeHook> | null = null;
  /** Output tensors that keep their gradient, by output index. */
  retained: Map<number, WeakRef<Tensor>> | null = null;
  /** The forward call's stack, in anomaly mode. */
  trace: string | null = null;
  /** Whether what `apply` returns is fresh and held by nobody else, so that the engine may reuse or free it. */
  readonly ownsResults: boolean = false;

  /** Whether `apply` gets zeros for the outputs whose gradient never arrived; otherwise it gets null. */
  readonly materializesGrads: boolean = false;

  /**
   * Gradients of the outputs to gradients of the inputs, aligned with `edges`. Those of edges whose node is not `wanted`
   * may be left out; null wants all.
   */
  abstract apply(grads: readonly Gradient[], wanted: ReadonlySet<Node> | null): readonly (Gradient | undefined)[];

  /** Lets go of what was saved for backward. */
  release(): void {}

  /** Makes backward keep the gradient of output `index`, which is x, in `x.grad`. */
  retain(index: number, x: Tensor): void {
    this.retained ??= new Map();
    this.retained.set(index, new WeakRef(x));
  }

  /** Puts `to` in the place of the saved tensor `from`. */
  replaceSaved(_from: Tensor, _to: Tensor): void {}

  /**
   * Runs `hook(gradInputs, gradOutputs)` after the node's backward; what it returns replaces the gradients of the inputs.
   */
  registerHook(hook: NodeHook): RemovableHandle {
    checkSynchronous('registerHook', 'hook', hook);
    this.postHooks ??= new Map();
    return register(this.postHooks, hook);
  }

  /** Runs `hook(gradOutputs)` before the node's backward; what it returns replaces them. */
  registerPrehook(hook: NodePreHook): RemovableHandle {
    checkSynchronous('registerPrehook', 'hook', hook);
    this.preHooks ??= new Map();
    return register(this.preHooks, hook);
  }

  /** PyTorch's `next_functions`: the nodes of the inputs, with their output indices. */
  get nextFunctions(): readonly (readonly [Node | null, number])[] {
    return this.edges.map((edge) => [edge?.node ?? null, edge?.index ?? 0] as const);
  }

  /** As messages call the node: `Sum1` for SumBackward1, `Sigmoid` for SigmoidBackward0. */
  get shortName(): string {
    return this.name.replace(/Backward(?:0$)?/, '');
  }

  toString(): string {
    return `<${this.name}>`;
  }
}

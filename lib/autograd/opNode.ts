import { context } from '../tensor/context.js';
import { Tensor } from '../tensor/tensor.js';
import { metaOf } from './meta.js';
import { type Edge, type Gradient, Node, type TensorInfo } from './node.js';
import type { OpSpec } from './op.js';
import { SavedTensors } from './saved.js';

/** The arguments with every tensor replaced by its description. */
export type Described<A extends readonly unknown[]> = { readonly [K in keyof A]: DescribedOne<A[K]> };

// Spread over unions: what may be a tensor or null is described, too.
type DescribedOne<T> = T extends Tensor ? TensorInfo : T extends readonly Tensor[] ? readonly TensorInfo[] : T;

export interface BackwardContext<A extends readonly unknown[] = readonly unknown[]> {
  readonly args: Described<A>;
  /** What `save` listed. */
  readonly saved: readonly Tensor[];
  /** Which tensor inputs need a gradient, in order. */
  readonly needs: readonly boolean[];
}

/** Where the gradient of `x` goes, or null when it needs none. */
export function edgeOf(x: Tensor): Edge | null {
  const meta = metaOf(x);
  if (meta === null || !meta.requiresGrad) return null;
  return { node: meta.gradFn ?? meta.accumulator!, index: meta.outputIndex };
}

const NOTHING: readonly Tensor[] = [];

export const describeTensor = (x: Tensor): TensorInfo => ({ shape: x._shape, dtype: x.dtype });

/** The node of a built-in op. */
export class OpNode extends Node {
  override readonly ownsResults = true;
  private readonly spec: OpSpec<readonly unknown[], Tensor | Tensor[]>;
  private readonly args: readonly unknown[];
  private readonly needs: boolean[] = [];
  private readonly saved: SavedTensors;

  constructor(spec: OpSpec<readonly unknown[], Tensor | Tensor[]>, args: readonly unknown[], out: Tensor | Tensor[]) {
    super();
    this.spec = spec;
    this.args = args.map((arg) => {
      if (arg instanceof Tensor) return this.connect(arg);
      if (Array.isArray(arg) && arg.length > 0 && arg[0] instanceof Tensor)
        return arg.map((x: Tensor) => this.connect(x));
      return arg;
    });
    this.outputs = out instanceof Tensor ? [describeTensor(out)] : out.map(describeTensor);
    this.saved = new SavedTensors(spec.save?.(args, out, this.needs) ?? NOTHING, this, out);
    if (context().anomaly !== null) this.trace = new Error().stack ?? null;
  }

  get name(): string {
    const { node, name } = this.spec;
    return typeof node === 'function' ? node(...this.args) : (node ?? nodeName(name));
  }

  private connect(x: Tensor): TensorInfo {
    const edge = edgeOf(x);
    this.edges.push(edge);
    this.needs.push(edge !== null);
    return describeTensor(x);
  }

  apply(grads: readonly Gradient[], wanted: ReadonlySet<Node> | null): readonly (Gradient | undefined)[] {
    const needs = wanted === null ? this.needs : this.edges.map((edge) => edge !== null && wanted.has(edge.node));
    const ctx: BackwardContext = { args: this.args as never, saved: this.saved.unpack(), needs };
    // An op of several outputs sees null for the gradients that never arrived.
    return (this.spec.backward as (ctx: BackwardContext, ...grads: Gradient[]) => readonly (Gradient | undefined)[])(
      ctx,
      ...grads,
    );
  }

  override release(): void {
    this.saved.release();
  }

  override replaceSaved(from: Tensor, to: Tensor): void {
    this.saved.replace(from, to);
  }
}

/** `softmax` → `SoftmaxBackward0`, as PyTorch prints it; `overload` numbers the forms of an op. */
export function nodeName(op: string, overload = 0): string {
  return `${op[0]!.toUpperCase()}${op.slice(1)}Backward${overload}`;
}

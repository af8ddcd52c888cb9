import { rawFull } from '../raw/create.js';
import { outlive, withContext } from '../tensor/context.js';
import type { Tensor } from '../tensor/tensor.js';
import { AccumulateGrad, addGradients } from './accumulate.js';
import { checkAnomaly } from './anomaly.js';
import { runPostHooks, runPreHooks } from './hooks.js';
import { ensureMeta } from './meta.js';
import type { Edge, Gradient, Node } from './node.js';

export interface BackwardOptions {
  /** Keep what the graph saved, so that backward can run through it again. */
  readonly retainGraph: boolean;
  /** Record the backward itself, for higher derivatives. */
  readonly createGraph: boolean;
}

/**
 * Runs the graph from `roots` with their gradients. Without `targets`, leaves accumulate into `.grad`. With them, only
 * what leads to a target runs, nothing accumulates, and the targets' gradients are returned (null where none arrived).
 */
export function runBackward(
  roots: readonly Edge[],
  grads: readonly Tensor[],
  options: BackwardOptions,
  targets?: readonly Edge[],
): Gradient[] {
  return withContext({ grad: options.createGraph, inference: false }, () => {
    const outer = current;
    const run = new Run(options, targets);
    current = run;
    try {
      return run.execute(roots, grads);
    } finally {
      current = outer;
      for (const callback of run.callbacks) callback();
    }
  });
}

/** The innermost backward that is running. */
let current: Run | null = null;

/** Calls `callback` when the running backward ends, however it ends; false when none is running. */
export function afterBackward(callback: () => void): boolean {
  current?.callbacks.push(callback);
  return current !== null;
}

class Run {
  private readonly pending = new Map<Node, Gradient[]>();
  /** Gradients that only this run holds: they may become `leaf.grad`, and are freed as soon as they are used. */
  private readonly owned = new Set<Tensor>();
  private readonly captured = new Map<Edge, Tensor>();
  readonly callbacks: (() => void)[] = [];
  /** With targets: the nodes from which one is reachable. */
  private wanted: ReadonlySet<Node> | null = null;

  constructor(
    private readonly options: BackwardOptions,
    private readonly targets: readonly Edge[] | undefined,
  ) {}

  execute(roots: readonly Edge[], grads: readonly Tensor[]): Gradient[] {
    const order = reachableFrom(roots);
    if (this.targets !== undefined) this.wanted = leadingTo(order, this.targets);
    for (let i = 0; i < roots.length; i++) this.deliver(roots[i]!, grads[i]!);
    for (const node of order) this.visit(node);
    return (this.targets ?? []).map((target) => this.captured.get(target) ?? null);
  }

  private visit(node: Node): void {
    const arrived = this.pending.get(node);
    if (arrived === undefined) return;
    this.pending.delete(node);
    const grads = this.disown(arrived, runPreHooks(node, arrived));
    if (node.retained !== null) this.retain(node, grads);
    if (this.targets !== undefined && !this.passTargets(node, grads)) return;
    if (node instanceof AccumulateGrad) {
      const grad = grads[0]!;
      node.accumulate(grad, this.owned.has(grad));
      if (node.leaf._autograd!.grad !== grad) this.free(grad);
      return;
    }
    this.apply(node, this.complete(node, grads));
  }

  private apply(node: Node, grads: readonly Gradient[]): void {
    const computed = node.apply(grads, this.wanted);
    checkAnomaly(node, computed);
    if (node.ownsResults) this.own(computed, grads);
    if (!this.options.retainGraph) node.release();
    const results = this.disown(computed, runPostHooks(node, computed, grads));
    // A gradient that went through unchanged is still in use, one that was replaced is not.
    for (const grad of grads) if (grad !== null && !results.includes(grad)) this.free(grad);
    const { edges } = node;
    for (let i = 0; i < edges.length; i++) {
      const edge = edges[i];
      const result = results[i];
      if (edge && result) this.deliver(edge, result);
    }
  }

  private deliver(edge: Edge, grad: Tensor): void {
    if (this.wanted !== null && !this.wanted.has(edge.node)) return;
    let grads = this.pending.get(edge.node);
    if (grads === undefined) {
      grads = new Array<Gradient>(edge.node.outputs.length).fill(null);
      this.pending.set(edge.node, grads);
    }
    const before = grads[edge.index];
    if (!before) {
      grads[edge.index] = grad;
      return;
    }
    const sum = addGradients(before, grad);
    this.free(before);
    this.free(grad);
    if (!this.options.createGraph) this.owned.add(sum);
    grads[edge.index] = sum;
  }

  /** Captures what was asked for at this node; false when nothing further on is wanted. */
  private passTargets(node: Node, grads: readonly Gradient[]): boolean {
    for (const target of this.targets!) {
      const grad = target.node === node ? grads[target.index] : null;
      if (!grad) continue;
      this.owned.delete(grad);
      this.captured.set(target, grad);
    }
    return node.edges.some((edge) => edge !== null && this.wanted!.has(edge.node));
  }

  /** Of what an op returned, the run owns what is fresh and went one way only. */
  private own(results: readonly (Gradient | undefined)[], grads: readonly Gradient[]): void {
    if (this.options.createGraph) return;
    for (let i = 0; i < results.length; i++) {
      const result = results[i];
      if (!result) continue;
      const shared = results.indexOf(result) !== i || results.indexOf(result, i + 1) !== -1;
      if (shared) this.owned.delete(result);
      else if (!grads.includes(result) && result._pins === 0) this.owned.add(result);
    }
  }

  /** Hooks saw these gradients and may have kept them. */
  private disown<T extends readonly (Gradient | undefined)[]>(before: T, after: T | null): T {
    if (after === null) return before;
    for (const grad of before) if (grad) this.owned.delete(grad);
    for (const grad of after) if (grad) this.owned.delete(grad);
    return after;
  }

  private retain(node: Node, grads: readonly Gradient[]): void {
    for (const [index, reference] of node.retained!) {
      const tensor = reference.deref();
      const grad = grads[index];
      if (tensor === undefined || !grad) continue;
      const meta = ensureMeta(tensor);
      this.owned.delete(grad);
      meta.grad = meta.grad === null ? grad : addGradients(meta.grad, grad);
      outlive(meta.grad);
    }
  }

  /** An op of one output always gets its gradient; one of several sees zeros where a differentiable result needs them. */
  private complete(node: Node, grads: readonly Gradient[]): readonly Gradient[] {
    if (!node.materializesGrads || !grads.includes(null)) return grads;
    return grads.map((grad, i) => grad ?? rawFull(node.outputs[i]!.shape, 0, node.outputs[i]!.dtype));
  }

  private free(grad: Tensor): void {
    if (this.owned.delete(grad)) grad.dispose();
  }
}

/** Every node that the roots lead to, youngest first, which is a topological order (see Node). */
function reachableFrom(roots: readonly Edge[]): Node[] {
  const seen = new Set<Node>();
  const stack: Node[] = [];
  const push = (edge: Edge | null): void => {
    if (edge !== null && !seen.has(edge.node)) {
      seen.add(edge.node);
      stack.push(edge.node);
    }
  };
  roots.forEach(push);
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) node.edges.forEach(push);
  return [...seen].sort((a, b) => b.seq - a.seq);
}

function leadingTo(order: readonly Node[], targets: readonly Edge[]): Set<Node> {
  const wanted = new Set(targets.map((target) => target.node));
  for (let i = order.length - 1; i >= 0; i--) {
    const node = order[i]!;
    if (node.edges.some((edge) => edge !== null && wanted.has(edge.node))) wanted.add(node);
  }
  return wanted;
}

import type { AutogradMeta, Tensor } from '../tensor/tensor.js';
import type { AccumulateGrad } from './accumulate.js';
import type { Node } from './node.js';

/** What autograd keeps beside a tensor. */
export interface Meta extends AutogradMeta {
  gradFn: Node | null;
  /** A leaf's sink; there whenever the tensor is a leaf that requires grad. */
  accumulator: AccumulateGrad | null;
  retainsGrad: boolean;
  /** How the tensor came from its base, where it is a differentiable view. */
  readonly view: ViewInfo | null;
}

export interface ViewInfo {
  /** The tensor that owns the storage; never a view itself. */
  readonly base: Tensor;
  readonly origin: ViewOrigin;
}

/** How a view was made, which decides whether it may be modified in place under grad mode. */
export type ViewOrigin = 'op' | 'multiple-outputs' | 'no-grad' | 'custom-function';

export function newMeta(requiresGrad: boolean, gradFn: Node | null, outputIndex: number): Meta {
  return { requiresGrad, grad: null, gradFn, outputIndex, accumulator: null, retainsGrad: false, view: null };
}

export function metaOf(x: Tensor): Meta | null {
  return x._autograd as Meta | null;
}

export function ensureMeta(x: Tensor): Meta {
  x._autograd ??= newMeta(false, null, 0);
  return x._autograd as Meta;
}

/** x's number of in-place changes. */
export const versionOf = (x: Tensor): number => (x._versions === null ? 0 : x._versions.value);

/** Counts an in-place change of x. */
export function bumpVersion(x: Tensor): void {
  if (x._versions === null) x._versions = { value: 1 };
  else x._versions.value++;
}

/** Makes output `index` of `node` x's history. A gradient that x retains will be that of its new value. */
export function setHistory(x: Tensor, node: Node | null, index: number): void {
  const meta = ensureMeta(x);
  if (meta.retainsGrad) {
    meta.gradFn?.retained?.delete(meta.outputIndex);
    node?.retain(index, x);
  }
  meta.requiresGrad = node !== null;
  meta.gradFn = node;
  meta.outputIndex = index;
  meta.accumulator = null;
}

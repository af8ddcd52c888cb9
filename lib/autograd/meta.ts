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
  view: ViewInfo | null;
}

export interface ViewInfo {
  /** The tensor that owns the storage; never a view itself. */
  readonly base: Tensor;
  /** Makes this view anew, differentiably, from the base as it is now. */
  readonly replay: (base: Tensor) => Tensor;
  /** The storage's version when the view's gradFn was last right. */
  version: number;
  /** Why the view may not be modified in place, or null. */
  readonly refusal: 'multiple-outputs' | 'no-grad' | null;
}

export function newMeta(requiresGrad: boolean, gradFn: Node | null, outputIndex: number): Meta {
  return { requiresGrad, grad: null, gradFn, outputIndex, accumulator: null, retainsGrad: false, view: null };
}

export function metaOf(x: Tensor): Meta | null {
  return x._autograd as Meta | null;
}

export function ensureMeta(x: Tensor): Meta {
  return (x._autograd ??= newMeta(false, null, 0)) as Meta;
}

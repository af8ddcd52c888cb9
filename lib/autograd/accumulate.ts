import { rawCast } from '../raw/copy.js';
import { binaryKernel } from '../raw/elementwise.js';
import { context, outlive } from '../tensor/context.js';
import { refusePromise } from '../tensor/options.js';
import type { Tensor } from '../tensor/tensor.js';
import { nameOf } from './hooks.js';
import { bumpVersion, ensureMeta, type Meta } from './meta.js';
import { type Gradient, Node } from './node.js';
import { defineOp } from './op.js';

const add = binaryKernel('add');

/** a + b of two gradients of one shape and dtype, differentiable. */
export const addGradients = defineOp({
  name: 'add',
  forward: (a: Tensor, b: Tensor) => add(a, b),
  backward: (_ctx, g) => [g, g],
});

const copyGradient = defineOp({
  name: 'clone',
  forward: (x: Tensor) => rawCast(x, x.dtype),
  backward: (_ctx, g) => [g],
});

/** The sink of a leaf: adds what arrives to `leaf.grad`. */
export class AccumulateGrad extends Node {
  readonly name = 'AccumulateGrad';
  /** Run after `grad` was updated. */
  postAccumulateHooks: Map<number, (leaf: Tensor) => void> | null = null;

  // The tensor's meta refers back to this node; the collector frees such cycles.
  constructor(
    readonly leaf: Tensor,
    private readonly meta: Meta,
  ) {
    super();
    this.outputs = [{ shape: leaf._shape, dtype: leaf.dtype }];
  }

  apply(grads: readonly Gradient[]): readonly Gradient[] {
    this.accumulate(grads[0]!, false);
    return [];
  }

  /** `owned`: nobody else holds `grad`, so that it may become `leaf.grad` itself. */
  accumulate(grad: Tensor, owned: boolean, differentiable: boolean = context().grad): void {
    // The leaf may have been frozen since the forward.
    if (!this.meta.requiresGrad) return;
    addToGrad(this.meta, grad, differentiable, owned);
    if (this.postAccumulateHooks === null) return;
    for (const hook of [...this.postAccumulateHooks.values()])
      refusePromise('backward', `the hook '${nameOf(hook)}' after accumulation`, hook(this.leaf));
  }
}

function addToGrad(meta: Meta, grad: Tensor, differentiable: boolean, owned: boolean): void {
  if (meta.grad === null) {
    if (differentiable) meta.grad = copyGradient(grad);
    else meta.grad = owned && grad._versions === null ? grad : rawCast(grad, grad.dtype);
    outlive(meta.grad);
  } else if (differentiable) {
    meta.grad = addGradients(meta.grad, grad);
    outlive(meta.grad);
  } else {
    // In place, so that whoever holds leaf.grad sees the sum.
    add(meta.grad, grad, 0, 0, meta.grad);
    bumpVersion(meta.grad);
  }
}

/** Adds to x's `grad` what a backward restricted to `inputs` found for it. */
export function accumulateGrad(meta: Meta, grad: Tensor, differentiable: boolean): void {
  if (meta.gradFn === null && meta.accumulator !== null) meta.accumulator.accumulate(grad, false, differentiable);
  else addToGrad(meta, grad, differentiable, false);
}

/** Makes a leaf require grad. */
export function requireGrad(leaf: Tensor): void {
  const meta = ensureMeta(leaf);
  meta.requiresGrad = true;
  meta.accumulator ??= new AccumulateGrad(leaf, meta);
}

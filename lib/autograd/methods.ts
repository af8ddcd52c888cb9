import { refuseSurplus } from '../tensor/arguments.js';
import { context, outlive } from '../tensor/context.js';
import { replaceData } from '../tensor/data.js';
import { isFloating } from '../tensor/dtype.js';
import { describe, fail } from '../tensor/errors.js';
import { checkSynchronous } from '../tensor/options.js';
import { sameShape, showShape } from '../tensor/shape.js';
import { checkTensor, INFERENCE, Tensor } from '../tensor/tensor.js';
import { rawAlias } from '../tensor/view.js';
import { requireGrad } from './accumulate.js';
import { type BackwardCallOptions, backward } from './backward.js';
import { type RemovableHandle, register } from './hooks.js';
import { ensureMeta, metaOf, setHistory, versionOf } from './meta.js';
import type { Node, TensorHook } from './node.js';
import { describeTensor } from './opNode.js';

declare module '../tensor/tensor.js' {
  interface Tensor {
    /** Whether operations on the tensor are recorded. Can be set on a leaf of a floating type. */
    requiresGrad: boolean;
    /** Sets `requiresGrad` (to true unless given) and returns the tensor. */
    requiresGrad_(requiresGrad?: boolean): this;
    /** The accumulated gradient of a leaf, or of a tensor that retains its gradient; null before the first backward. */
    get grad(): Tensor | null;
    set grad(grad: Tensor | null | undefined);
    /** The graph's node that computed the tensor; null for a leaf. */
    readonly gradFn: Node | null;
    /** Whether no recorded operation computed the tensor. */
    readonly isLeaf: boolean;
    /** Which of its node's outputs the tensor is. */
    readonly outputNr: number;
    /** How many times the tensor's memory was changed in place; views and `detach()` share the count. */
    readonly _version: number;
    /**
     * Differentiates the tensor with respect to the leaves of its graph and adds to their `grad`. `gradient`, of the
     * tensor's shape, may be left out for a scalar.
     *
     * @example
     * const w = tensor([1, 2], { requiresGrad: true });
     * w.mul(w).sum().backward();
     * w.grad; // [2, 4]
     */
    backward(gradient?: Tensor | null, options?: BackwardCallOptions): void;
    /** The same memory outside of the graph. In-place changes are seen, and counted, by both. */
    detach(): Tensor;
    /** Takes the tensor out of its graph, making it a leaf, and returns it. Not for views. */
    detach_(): this;
    /**
     * The same memory outside of the graph; in-place changes through it are not counted, so backward cannot notice them.
     * Assigning a tensor makes this one show its elements, shape and dtype from then on; not for views.
     */
    data: Tensor;
    /** Calls `hook(grad)` whenever the tensor's gradient is computed; what it returns takes the gradient's place. */
    registerHook(hook: TensorHook): RemovableHandle;
    /** Calls `hook(leaf)` after `leaf.grad` was updated. */
    registerPostAccumulateGradHook(hook: (leaf: Tensor) => void): RemovableHandle;
    /** Makes backward keep the gradient of this non-leaf in `grad`. */
    retainGrad(): void;
    /** Whether `retainGrad()` is in effect. */
    readonly retainsGrad: boolean;
  }
}

function requires(x: Tensor): boolean {
  return x._autograd?.requiresGrad ?? false;
}

function setRequiresGrad(op: string, x: Tensor, value: unknown): void {
  if (typeof value !== 'boolean') fail('WRONG_TYPE', `${op}: expected a boolean, got ${describe(value)}`);
  if (requires(x) === value) return;
  if (metaOf(x)?.gradFn) {
    fail(
      'GRAD_ERROR',
      `${op}: you can only change requiresGrad flags of leaf variables. If you want to use a computed variable in a subgraph that doesn't require differentiation use detach().`,
    );
  }
  if (!value) {
    ensureMeta(x).requiresGrad = false;
    return;
  }
  if (!isFloating(x.dtype)) {
    fail('DTYPE_MISMATCH', `${op}: only Tensors of floating point dtype can require gradients, got ${x.dtype}`);
  }
  if (x._versions === INFERENCE && !context().inference) {
    fail('GRAD_ERROR', `${op}: Setting requiresGrad: true on inference tensor outside inferenceMode is not allowed.`);
  }
  requireGrad(x);
}

function setGrad(x: Tensor, grad: unknown): void {
  if (grad === null || grad === undefined) {
    if (x._autograd !== null) x._autograd.grad = null;
    return;
  }
  if (!(grad instanceof Tensor))
    fail('WRONG_TYPE', `grad: assigned grad expected to be a Tensor or null but got ${describe(grad)}`);
  checkTensor('grad', grad, 'grad');
  if (grad === x) fail('GRAD_ERROR', "grad: can't assign a tensor as its own grad");
  if (!sameShape(grad._shape, x._shape)) {
    fail(
      'SHAPE_MISMATCH',
      `grad: attempting to assign a gradient of size '${showShape(grad._shape)}' to a tensor of size '${showShape(x._shape)}'. Please ensure that the gradient and the tensor are the same size`,
    );
  }
  if (grad.dtype !== x.dtype) {
    fail(
      'DTYPE_MISMATCH',
      `grad: attempting to assign a gradient of dtype ${grad.dtype} to a tensor of dtype ${x.dtype}`,
    );
  }
  ensureMeta(x).grad = grad;
  outlive(grad);
}

function setData(x: Tensor, data: Tensor): void {
  const meta = metaOf(x);
  if (meta?.view) fail('GRAD_ERROR', "data: a view shows its base's memory; use copy_() to write into it");
  if (requires(x) && !isFloating(data.dtype)) {
    fail(
      'DTYPE_MISMATCH',
      `data: data set to a tensor that requires gradients must be of a floating dtype, got ${data.dtype}`,
    );
  }
  replaceData(x, data);
  if (meta?.accumulator) meta.accumulator.outputs = [describeTensor(x)];
}

let warned = false;

function getGrad(x: Tensor): Tensor | null {
  const meta = metaOf(x);
  if (meta === null) return null;
  if (meta.grad === null && !warned && !meta.retainsGrad && meta.gradFn !== null) {
    warned = true;
    process.emitWarning(
      "The .grad attribute of a Tensor that is not a leaf Tensor is being accessed. It won't be populated during backward(). " +
        'If you want it to be, call retainGrad() on the non-leaf Tensor; if you access it by mistake, access the leaf Tensor instead.',
      'FlambeauWarning',
    );
  }
  return meta.grad;
}

/** The node whose gradient at `outputIndex` is x's, for hooks. */
function hookedNode(x: Tensor): Node {
  const meta = metaOf(x);
  if (!meta?.requiresGrad)
    fail('GRAD_ERROR', "registerHook: cannot register a hook on a tensor that doesn't require gradient");
  return meta.gradFn ?? meta.accumulator!;
}

const methods = {
  requiresGrad_(this: Tensor, requiresGrad = true): Tensor {
    if (arguments.length > 1) refuseSurplus('requiresGrad_', arguments, 1);
    setRequiresGrad('requiresGrad_', this, requiresGrad);
    return this;
  },

  backward(this: Tensor, gradient?: Tensor | null, options?: BackwardCallOptions): void {
    if (arguments.length > 2) refuseSurplus('backward', arguments, 2);
    if (gradient !== undefined && gradient !== null && !(gradient instanceof Tensor)) {
      fail('WRONG_TYPE', `backward: gradient must be a Tensor, got ${describe(gradient)}; options come second`);
    }
    backward(this, gradient, options);
  },

  detach(this: Tensor): Tensor {
    if (arguments.length > 0) refuseSurplus('detach', arguments, 0);
    return rawAlias(checkTensor('detach', this));
  },

  detach_(this: Tensor): Tensor {
    if (arguments.length > 0) refuseSurplus('detach_', arguments, 0);
    const meta = metaOf(this);
    if (meta?.view) fail('GRAD_ERROR', "detach_: Can't detach views in-place. Use detach() instead.");
    if (meta !== null) setHistory(this, null, 0);
    return this;
  },

  registerHook(this: Tensor, hook: TensorHook): RemovableHandle {
    if (arguments.length > 1) refuseSurplus('registerHook', arguments, 1);
    checkSynchronous('registerHook', 'hook', hook);
    const node = hookedNode(this);
    const index = metaOf(this)!.outputIndex;
    node.tensorHooks ??= new Map();
    const own = node.tensorHooks.get(index) ?? new Map<number, TensorHook>();
    node.tensorHooks.set(index, own);
    return register(own, hook);
  },

  registerPostAccumulateGradHook(this: Tensor, hook: (leaf: Tensor) => void): RemovableHandle {
    if (arguments.length > 1) refuseSurplus('registerPostAccumulateGradHook', arguments, 1);
    checkSynchronous('registerPostAccumulateGradHook', 'hook', hook);
    const meta = metaOf(this);
    if (!meta?.requiresGrad) {
      fail(
        'GRAD_ERROR',
        "registerPostAccumulateGradHook: cannot register a hook on a tensor that doesn't require gradient",
      );
    }
    if (meta.gradFn !== null) {
      fail(
        'GRAD_ERROR',
        'registerPostAccumulateGradHook: post accumulate grad hooks cannot be registered on non-leaf tensors',
      );
    }
    const accumulator = meta.accumulator!;
    accumulator.postAccumulateHooks ??= new Map();
    return register(accumulator.postAccumulateHooks, hook);
  },

  retainGrad(this: Tensor): void {
    if (arguments.length > 0) refuseSurplus('retainGrad', arguments, 0);
    const meta = metaOf(this);
    if (!meta?.requiresGrad) fail('GRAD_ERROR', "retainGrad: can't retainGrad on Tensor that has requiresGrad: false");
    const node = meta.gradFn;
    if (node === null || meta.retainsGrad) return;
    meta.retainsGrad = true;
    node.retain(meta.outputIndex, this);
  },
};

for (const [name, value] of Object.entries(methods)) {
  Object.defineProperty(Tensor.prototype, name, { configurable: true, writable: true, value });
}

const accessors: { readonly [name: string]: { get(this: Tensor): unknown; set?(this: Tensor, value: unknown): void } } =
  {
    requiresGrad: {
      get() {
        return requires(this);
      },
      set(value) {
        setRequiresGrad('requiresGrad', this, value);
      },
    },
    grad: {
      get() {
        return getGrad(this);
      },
      set(value) {
        setGrad(this, value);
      },
    },
    gradFn: {
      get() {
        return metaOf(this)?.gradFn ?? null;
      },
    },
    isLeaf: {
      get() {
        return !metaOf(this)?.gradFn;
      },
    },
    outputNr: {
      get() {
        return metaOf(this)?.outputIndex ?? 0;
      },
    },
    retainsGrad: {
      get() {
        return metaOf(this)?.retainsGrad ?? false;
      },
    },
    _version: {
      get() {
        if (this._versions === INFERENCE)
          fail('GRAD_ERROR', '_version: Inference tensors do not track version counter.');
        return versionOf(this);
      },
    },
    data: {
      get() {
        const out = rawAlias(checkTensor('data', this));
        out._versions = { value: 0 };
        return out;
      },
      set(value) {
        setData(this, checkTensor('data', value, 'data'));
      },
    },
  };

for (const [name, accessor] of Object.entries(accessors)) {
  Object.defineProperty(Tensor.prototype, name, { configurable: true, ...accessor });
}

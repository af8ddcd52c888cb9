import { refuseSurplus } from '../tensor/arguments.js';
import { context, withContext } from '../tensor/context.js';
import { foreignOrigin } from '../tensor/copies.js';
import { isFloating } from '../tensor/dtype.js';
import { describe, fail } from '../tensor/errors.js';
import { keepAll } from '../tensor/memory.js';
import { checkSynchronous, refusePromise } from '../tensor/options.js';
import { sameShape, showShape } from '../tensor/shape.js';
import { Tensor } from '../tensor/tensor.js';
import { rawAlias } from '../tensor/view.js';
import { castTo, expandsTo, sumTo } from './conform.js';
import { checkHistoryMayChange, rebase } from './inplace.js';
import { metaOf, newMeta } from './meta.js';
import { type Edge, type Gradient, Node } from './node.js';
import { requiresGrad } from './op.js';
import { describeTensor, edgeOf } from './opNode.js';
import { SavedTensors } from './saved.js';
import { trackView } from './view.js';

/** What forward leaves for backward. */
class Context {
  /** For every argument of `apply`, whether backward must give its gradient. */
  readonly needsInputGrad: readonly boolean[];
  /** @internal */
  _toSave: readonly (Tensor | null)[] = [];
  /** @internal */
  _saved: SavedTensors | null = null;
  /** @internal */
  _dirty: ReadonlySet<Tensor> = new Set();
  /** @internal */
  _nonDifferentiable: ReadonlySet<Tensor> = new Set();
  /** @internal */
  _materializes = true;
  /** @internal Where the gradients of the inputs go. */
  _edges: readonly (Edge | null)[] = [];

  constructor(needsInputGrad: readonly boolean[]) {
    this.needsInputGrad = needsInputGrad;
  }

  /** Keeps tensors (inputs, outputs or others; null for none) for backward, which sees them as `savedTensors`. */
  saveForBackward(...tensors: readonly (Tensor | null)[]): void {
    tensors.forEach((x, i) => {
      if (x !== null && !(x instanceof Tensor)) {
        fail('WRONG_TYPE', `saveForBackward: can only save Tensors, but argument ${i} is ${describe(x)}`);
      }
    });
    this._toSave = tensors;
  }

  /** What was saved; an error when one of them was modified in place since, or freed. */
  get savedTensors(): Tensor[] {
    return this._saved === null ? ([...this._toSave] as Tensor[]) : this._saved.unpack();
  }

  /** Says which inputs forward modified in place; they must be among the outputs. */
  markDirty(...inputs: readonly Tensor[]): void {
    this._dirty = new Set(inputs);
  }

  /** Says which outputs have no gradient. */
  markNonDifferentiable(...outputs: readonly Tensor[]): void {
    this._nonDifferentiable = new Set(outputs);
  }

  /** Whether backward sees zeros (the default) or null for outputs that nothing was derived from. */
  setMaterializeGrads(value: boolean): void {
    if (arguments.length > 1) refuseSurplus('setMaterializeGrads', arguments, 1);
    this._materializes = value;
  }
}

const CONTEXT_KEYS: ReadonlySet<string> = new Set(Object.keys(new Context([])));

/** The context of a Function; `State` types what forward puts on it besides tensors. */
export type FunctionContext<State extends object = object> = Context & State;

type Output = Tensor | readonly unknown[];
type Returned = Gradient | undefined | readonly (Gradient | undefined)[];

interface FunctionClass<A extends readonly unknown[], R> {
  readonly name: string;
  forward(ctx: FunctionContext, ...args: A): R;
}

interface SplitFunctionClass<A extends readonly unknown[], R> {
  readonly name: string;
  forward(...args: A): R;
  setupContext(ctx: FunctionContext, inputs: A, output: R): void;
}

/**
 * An operation with a backward of its own. Subclasses have static `forward(ctx, ...args)` and `backward(ctx, ...grads)`;
 * `apply(...args)` runs it. Nothing is recorded inside forward. Backward returns a gradient (or null) for each argument.
 *
 * A static `setupContext(ctx, inputs, output)` may take over what forward does with ctx, which forward then does not get.
 *
 * @example
 * class Square extends autograd.Function {
 *   static forward(ctx: autograd.FunctionContext, x: Tensor): Tensor {
 *     ctx.saveForBackward(x);
 *     return x.mul(x);
 *   }
 *   static backward(ctx: autograd.FunctionContext, g: Tensor): Tensor {
 *     const [x] = ctx.savedTensors;
 *     return g.mul(x!).mul(2);
 *   }
 * }
 * Square.apply(x);
 */
// biome-ignore lint/complexity/noStaticOnlyClass: subclassing is the interface, as in PyTorch.
// biome-ignore lint/suspicious/noShadowRestrictedNames: PyTorch's name; users write autograd.Function.
export abstract class Function {
  static apply<A extends readonly unknown[], R extends Output>(this: SplitFunctionClass<A, R>, ...args: A): R;
  static apply<A extends readonly unknown[], R extends Output>(this: FunctionClass<A, R>, ...args: A): R;
  static apply(this: unknown, ...args: readonly unknown[]): Output {
    // biome-ignore lint/complexity/noThisInStatic: the subclass that is applied.
    return applyFunction(this as Definition, args);
  }
}

/** A subclass, as it is run. */
interface Definition {
  readonly name: string;
  forward?(...args: readonly unknown[]): Output;
  setupContext?(ctx: Context, inputs: readonly unknown[], output: Output): void;
  backward?(ctx: Context, ...grads: readonly Gradient[]): Returned;
}

class FunctionNode extends Node {
  readonly name: string;
  override readonly materializesGrads: boolean;
  /** For each edge, which argument it is. */
  private readonly positions: number[] = [];

  constructor(
    private readonly definition: Definition,
    private readonly ctx: Context,
    private readonly args: readonly (Tensor | { shape: readonly number[]; dtype: Tensor['dtype'] } | null)[],
  ) {
    super();
    this.name = `${definition.name}Backward`;
    this.materializesGrads = ctx._materializes;
    this.args = args.map((arg, i) => {
      if (!(arg instanceof Tensor)) return null;
      this.edges.push(edgeOf(arg));
      this.positions.push(i);
      return describeTensor(arg);
    });
    ctx._edges = this.edges;
    if (context().anomaly !== null) this.trace = new Error().stack ?? null;
  }

  apply(grads: readonly Gradient[]): readonly (Gradient | undefined)[] {
    const { definition } = this;
    if (typeof definition.backward !== 'function') {
      fail(
        'GRAD_ERROR',
        `${this.name}: You must implement a static backward for your custom autograd.Function to use it with backward.`,
      );
    }
    const returned = definition.backward(this.ctx, ...grads);
    refusePromise(definition.name, 'backward', returned);
    if (returned === undefined) {
      fail('GRAD_ERROR', `${this.name}: backward returned nothing; return a gradient, or null where there is none`);
    }
    const list = Array.isArray(returned)
      ? (returned as readonly (Gradient | undefined)[])
      : [returned as Gradient | undefined];
    const expected = this.args.length;
    if (list.length < expected || list.slice(expected).some((extra) => extra !== null && extra !== undefined)) {
      fail(
        'GRAD_ERROR',
        `function ${this.name} returned an incorrect number of gradients (expected ${expected}, got ${list.length})`,
      );
    }
    return this.positions.map((position, i) =>
      this.edges[i] === null ? null : this.checkGradient(list[position], position),
    );
  }

  private checkGradient(grad: unknown, position: number): Gradient {
    if (grad === null || grad === undefined) return null;
    if (!(grad instanceof Tensor)) {
      fail(
        'WRONG_TYPE',
        `Function ${this.name} returned an invalid gradient at index ${position} - expected Tensor or null, got ${describe(grad)}`,
      );
    }
    const { shape, dtype } = this.args[position]!;
    if (!sameShape(grad._shape, shape) && !expandsTo(shape, grad._shape)) {
      fail(
        'GRAD_ERROR',
        `Function ${this.name} returned an invalid gradient at index ${position} - got ${showShape(grad._shape)} but expected shape compatible with ${showShape(shape)}`,
      );
    }
    return castTo(sumTo(grad, shape), dtype);
  }

  override release(): void {
    this.ctx._saved?.release();
  }
}

function applyFunction(definition: Definition, args: readonly unknown[]): Output {
  const { forward } = definition;
  if (typeof forward !== 'function') {
    fail(
      'GRAD_ERROR',
      `${definition.name || 'Function'}: You must implement the forward function for custom autograd.Function.`,
    );
  }
  for (const [i, arg] of args.entries()) {
    if (foreignOrigin(arg) !== null) {
      fail('WRONG_TYPE', `${definition.name}.apply: argument ${i} is ${describe(arg)}`);
    }
  }
  const ctx = new Context(args.map((arg) => arg instanceof Tensor && requiresGrad(arg)));
  const records = context().grad && ctx.needsInputGrad.includes(true);
  // A view that forward makes belongs to the Function, and an in-place change of it would go past its backward.
  const returned = withContext({ grad: false }, () => {
    if (typeof definition.setupContext !== 'function') return forward.call(definition, ctx, ...args);
    const output = forward.call(definition, ...args);
    refusePromise(definition.name, 'forward', output);
    refusePromise(definition.name, 'setupContext', definition.setupContext(ctx, args, output));
    return output;
  });
  checkOutput(definition.name, returned);
  const outputs = Array.isArray(returned) ? (returned as readonly unknown[]) : [returned];
  checkDirty(definition.name, ctx, args, outputs);
  if (!records) return returned;
  const node = new FunctionNode(definition, ctx, args as readonly Tensor[]);
  const results = outputs.map((output, i) => (output instanceof Tensor ? connect(node, ctx, args, output, i) : output));
  node.outputs = results.map((x) => (x instanceof Tensor ? describeTensor(x) : { shape: [], dtype: 'float32' }));
  // An input that was returned as it is became another tensor, which is what backward is to see.
  const toSave = ctx._toSave.map((x) =>
    x !== null && outputs.includes(x) && !args.includes(x) ? (results[outputs.indexOf(x)] as Tensor) : x,
  );
  ctx._saved = new SavedTensors(
    toSave,
    node,
    results.filter((x) => x instanceof Tensor),
  );
  ctx._toSave = [];
  // What forward left on ctx beside that is the graph's, too.
  if (context().scope !== null) keepAll(Object.entries(ctx).filter(([key]) => !CONTEXT_KEYS.has(key)));
  return (Array.isArray(returned) ? results : results[0]) as Output;
}

function checkOutput(name: string, returned: unknown): void {
  refusePromise(name, 'forward', returned);
  const outputs = Array.isArray(returned) ? (returned as unknown[]) : [returned];
  for (const output of outputs) {
    refusePromise(name, 'forward', output);
    if (foreignOrigin(output) !== null) fail('WRONG_TYPE', `${name}: forward returned ${describe(output)}`);
  }
  if (!Array.isArray(returned) && !(returned instanceof Tensor)) {
    fail('WRONG_TYPE', `${name}: forward must return a Tensor or an array, got ${describe(returned)}`);
  }
}

function checkDirty(name: string, ctx: Context, args: readonly unknown[], outputs: readonly unknown[]): void {
  for (const x of ctx._dirty) {
    if (!args.includes(x)) fail('GRAD_ERROR', `${name}: markDirty takes inputs of the Function alone`);
    if (!outputs.includes(x)) {
      fail(
        'GRAD_ERROR',
        `${name}: Some elements marked as dirty during the forward method were not returned as output. The inputs that are modified inplace must all be outputs of the Function.`,
      );
    }
    const meta = metaOf(x);
    if (context().grad && meta?.requiresGrad && meta.gradFn === null) {
      fail('INPLACE_ERROR', `${name}: a leaf Variable that requires grad has been used in an in-place operation.`);
    }
  }
}

/** Makes an output of forward the node's; an input that is returned as it is becomes a view of itself. */
function connect(node: FunctionNode, ctx: Context, args: readonly unknown[], output: Tensor, index: number): Tensor {
  const differentiable = isFloating(output.dtype) && !ctx._nonDifferentiable.has(output);
  if (ctx._dirty.has(output)) {
    if (!differentiable) return output;
    checkHistoryMayChange(output);
    const value = rawAlias(output);
    value._autograd = newMeta(true, node, index);
    rebase(output, value);
    return output;
  }
  const isInput = args.includes(output);
  const out = isInput ? rawAlias(output) : output;
  const base = metaOf(output)?.view?.base ?? (isInput ? output : null);
  out._autograd = differentiable ? newMeta(true, node, index) : null;
  if (base !== null) trackView(base, out, 'custom-function');
  return out;
}

/**
 * Wraps the backward of a Function that cannot be differentiated again: nothing is recorded inside, and a second
 * derivative through it is an error instead of a wrong number.
 *
 * @example
 * class Double extends autograd.Function {
 *   static forward(_ctx: autograd.FunctionContext, x: Tensor): Tensor {
 *     return x.mul(2);
 *   }
 *   static backward = autograd.onceDifferentiable((_ctx: autograd.FunctionContext, g: Tensor) => g.mul(2));
 * }
 */
export function onceDifferentiable<C, A extends readonly Gradient[], R extends Returned>(
  backward: (ctx: C, ...grads: A) => R,
): (ctx: C, ...grads: A) => R {
  if (arguments.length > 1) refuseSurplus('onceDifferentiable', arguments, 1);
  checkSynchronous('onceDifferentiable', 'backward', backward);
  return (ctx, ...grads) => {
    const returned = withContext({ grad: false }, () => backward(ctx, ...grads));
    if (!context().grad) return returned;
    const node = new RefusingNode(ctx as Context, grads);
    const refuse = (x: Gradient | undefined): Gradient | undefined => {
      if (!(x instanceof Tensor)) return x;
      const out = rawAlias(x);
      out._autograd = newMeta(true, node, node.outputs.push(describeTensor(x)) - 1);
      return out;
    };
    return (Array.isArray(returned) ? returned.map(refuse) : refuse(returned as Gradient)) as R;
  };
}

/** Stands for the backward that was not recorded. It leads to all that this may have depended on. */
class RefusingNode extends Node {
  readonly name = 'OnceDifferentiable';

  constructor(ctx: Context, grads: readonly Gradient[]) {
    super();
    this.edges = [...grads.map((grad) => (grad === null ? null : edgeOf(grad))), ...ctx._edges];
  }

  apply(): never {
    return fail('GRAD_ERROR', 'trying to differentiate twice a function that was marked with onceDifferentiable');
  }
}

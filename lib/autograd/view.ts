import { context } from '../tensor/context.js';
import { fail } from '../tensor/errors.js';
import type { Tensor } from '../tensor/tensor.js';
import type { AccumulateGrad } from './accumulate.js';
import { type Meta, metaOf, setHistory, type ViewInfo, type ViewOrigin, versionOf } from './meta.js';
import type { Node } from './node.js';
import { defineOp, type Op, type OpSpec } from './op.js';
import { OpNode } from './opNode.js';
import { asStridedSpec, geometryOf } from './strided.js';

/**
 * The meta of a differentiable view. When the storage was modified since the view's history was right, the history is
 * made anew: the view as a function of its base as it is now. That is seen when the history is next asked for.
 */
export class ViewMeta implements Meta {
  grad: Tensor | null = null;
  outputIndex: number;
  accumulator: AccumulateGrad | null = null;
  retainsGrad = false;
  readonly view: ViewInfo;
  private ownRequiresGrad: boolean;
  private ownGradFn: Node | null;
  private version: number;

  constructor(
    private readonly self: Tensor,
    base: Tensor,
    origin: ViewOrigin,
  ) {
    const before = metaOf(self);
    this.view = { base, origin };
    this.ownRequiresGrad = before?.requiresGrad ?? false;
    this.ownGradFn = before?.gradFn ?? null;
    this.outputIndex = before?.outputIndex ?? 0;
    this.version = versionOf(self);
  }

  get requiresGrad(): boolean {
    if (this.version !== versionOf(this.self)) this.renew();
    return this.ownRequiresGrad;
  }

  set requiresGrad(value: boolean) {
    this.ownRequiresGrad = value;
  }

  get gradFn(): Node | null {
    if (this.version !== versionOf(this.self)) this.renew();
    return this.ownGradFn;
  }

  set gradFn(node: Node | null) {
    this.ownGradFn = node;
  }

  private renew(): void {
    const { base, origin } = this.view;
    const baseRequiresGrad = metaOf(base)?.requiresGrad ?? false;
    // A view made under noGrad is a constant, whatever becomes of its base.
    const follows = origin !== 'no-grad' && (baseRequiresGrad || this.ownGradFn !== null);
    if (follows && origin === 'custom-function') {
      fail('INPLACE_ERROR', this.refusal('its base or another view of its base has been modified inplace'));
    }
    this.version = versionOf(this.self);
    if (!follows) return;
    const { self } = this;
    setHistory(
      self,
      baseRequiresGrad ? new OpNode(asStridedSpec, [base, geometryOf(base), geometryOf(self)], self) : null,
      0,
    );
  }

  /** Why the view may not take part in an in-place change. */
  refusal(what: string): string {
    if (this.view.origin === 'no-grad')
      return `A view was created in noGrad mode and ${what} with grad mode enabled. ${NO_GRAD}`;
    const name = this.ownGradFn?.shortName;
    const head =
      name === undefined ? `A view ${what}.` : `Output ${this.outputIndex} of ${name} is a view and ${what}.`;
    return `${head} ${this.view.origin === 'multiple-outputs' ? MULTIPLE_OUTPUTS : CUSTOM_FUNCTION}`;
  }
}

const NO_GRAD =
  'Given that this use case is ambiguous and error-prone, it is forbidden. You can clarify your code by moving both the view and the ' +
  "inplace either both inside the noGrad block (if you don't want the inplace to be tracked) or both outside (if you want the inplace to be tracked).";

const MULTIPLE_OUTPUTS =
  'This view is the output of a function that returns multiple views. Such functions do not allow the output views to be modified ' +
  'inplace. You should replace the inplace operation by an out-of-place one.';

const CUSTOM_FUNCTION =
  'This view was created inside a custom Function (or because an input was returned as-is) and the autograd logic to handle view+inplace ' +
  'would override the custom backward associated with the custom Function, leading to incorrect gradients. This behavior is forbidden. ' +
  'You can fix this by cloning the output of the custom Function.';

/** Notes that `out` is a view of x, so that in-place changes of either reach the other's history. */
export function trackView(x: Tensor, out: Tensor, origin: ViewOrigin): void {
  const { grad, inference } = context();
  if (inference) return;
  const above = metaOf(x)?.view ?? null;
  const made = grad ? origin : 'no-grad';
  // Whatever forbids changing a view in place forbids it for the views of that view.
  out._autograd = new ViewMeta(out, above?.base ?? x, above === null || above.origin === 'op' ? made : above.origin);
}

/** As defineOp, for an op whose results share the memory of its first argument. */
export function defineView<A extends readonly [x: Tensor, ...rest: unknown[]], R extends Tensor | Tensor[]>(
  spec: OpSpec<A, R>,
): Op<A, R> {
  const op = defineOp(spec);
  return (...args: A): R => {
    const out = op(...args);
    if (Array.isArray(out)) for (const x of out) trackView(args[0], x, 'multiple-outputs');
    else trackView(args[0], out, 'op');
    return out;
  };
}

import { context, withContext } from '../tensor/context.js';
import { describe, fail } from '../tensor/errors.js';
import { defaultGenerator, type Generator } from '../tensor/generator.js';
import { checkSynchronous, refusePromise } from '../tensor/options.js';
import { sameShape, showShape } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import { rawAlias } from '../tensor/view.js';
import { afterBackward } from './engine.js';
import type { TensorInfo } from './node.js';

// A generator's memory goes when the event loop turns, which a training loop may never let it. So copies are used again.
const spare: Generator[] = [];

const snapshot = (): Generator => spare.pop()?.setState(defaultGenerator) ?? defaultGenerator.clone();

/** One checkpointed call: what it saved is described, and computed again when backward first asks for some of it. */
class Frame<A extends readonly unknown[]> {
  private readonly infos: TensorInfo[] = [];
  private values: Tensor[] | null = null;
  private readonly before: Generator;
  private pending = 0;
  private finished = false;
  private readonly grad: boolean;

  constructor(
    private readonly fn: (...args: A) => unknown,
    private readonly args: A,
  ) {
    this.before = snapshot();
    this.grad = context().grad;
  }

  /** Takes the place of a saved tensor. */
  readonly pack = (x: object): number => {
    this.pending++;
    return this.infos.push(describeTensor(x as Tensor)) - 1;
  };

  readonly unpack = (position: unknown): Tensor => {
    const values = this.values ?? this.recompute();
    // What this backward does not come to is not kept for a later one.
    const willEnd =
      this.values !== null ||
      afterBackward(() => {
        this.values = null;
      });
    if (willEnd) this.values = values;
    return values[position as number]!;
  };

  readonly release = (): void => {
    this.pending--;
    this.retire();
  };

  /** The forward is through: no more will be saved. */
  finish(): void {
    this.finished = true;
    this.retire();
  }

  /** After the last of what was saved is let go of, nothing is computed again. */
  private retire(): void {
    if (this.finished && this.pending === 0) spare.push(this.before);
  }

  private recompute(): Tensor[] {
    const values: Tensor[] = [];
    const collect = (x: object): object => {
      const value = rawAlias(x as Tensor);
      values.push(value);
      if (values.length === this.infos.length) throw new Error('everything that was saved is there again');
      return value;
    };
    const now = snapshot();
    defaultGenerator.setState(this.before);
    try {
      const hooks = { pack: collect, unpack: (x: unknown) => x as object };
      withContext({ grad: this.grad, savedTensorHooks: hooks }, () => this.fn(...this.args));
    } catch (error) {
      // A module on the way may have wrapped the error that ends the recomputation.
      if (values.length !== this.infos.length) throw error;
    } finally {
      defaultGenerator.setState(now);
      spare.push(now);
    }
    this.compare(values);
    return values;
  }

  private compare(values: readonly Tensor[]): void {
    const { infos } = this;
    if (values.length !== infos.length) {
      fail(
        'CHECKPOINT_MISMATCH',
        'checkpoint: A different number of tensors was saved during the original forward and recomputation.\n' +
          `Number of tensors saved during forward: ${infos.length}\nNumber of tensors saved during recomputation: ${values.length}.`,
      );
    }
    const differing = values.flatMap((x, i) => {
      const info = infos[i]!;
      if (sameShape(x._shape, info.shape) && x.dtype === info.dtype) return [];
      return [`tensor at position ${i}:\nsaved metadata: ${show(info)}\nrecomputed metadata: ${show(x)}`];
    });
    if (differing.length > 0) {
      const head = 'Recomputed values for the following tensors have different metadata than during the forward pass.';
      fail('CHECKPOINT_MISMATCH', `checkpoint: ${head}\n${differing.join('\n')}`);
    }
  }
}

const describeTensor = (x: Tensor): TensorInfo => ({ shape: x._shape, dtype: x.dtype });
const show = ({ shape, dtype }: TensorInfo): string => `{ shape: ${showShape(shape)}, dtype: ${dtype} }`;

/**
 * `fn(...args)`, without keeping what it saves for backward: backward runs `fn` again to get it, from the same state of
 * the default random generator. Memory for time. `fn` must do the same thing both times.
 *
 * After PyTorch's `checkpoint(fn, *args, use_reentrant=False)`; T. Chen et al., "Training Deep Nets with Sublinear Memory
 * Cost", 2016.
 *
 * @example
 * const y = autograd.checkpoint((x) => model(x), x);
 * y.sum().backward(); // runs the model's forward once more
 */
export function checkpoint<A extends readonly unknown[], R>(fn: (...args: A) => R, ...args: A): R {
  checkSynchronous('checkpoint', 'fn', fn);
  if (!context().grad) return checkResult(fn, fn(...args));
  const frame = new Frame(fn, args);
  const result = withContext({ savedTensorHooks: frame }, () => fn(...args));
  frame.finish();
  return checkResult(fn, result);
}

function checkResult<R>(fn: object & { readonly name: string }, result: R): R {
  refusePromise('checkpoint', 'fn', result);
  if (result === undefined) {
    fail('WRONG_TYPE', `checkpoint: ${describe(fn)} returned nothing; it must return what it computed`);
  }
  return result;
}

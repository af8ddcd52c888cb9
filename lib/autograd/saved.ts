import { refuseSurplus } from '../tensor/arguments.js';
import { context, type SavedTensorHooks, withContext } from '../tensor/context.js';
import { DTYPES } from '../tensor/dtype.js';
import { describe, fail } from '../tensor/errors.js';
import { keepAll } from '../tensor/memory.js';
import { refusePromise } from '../tensor/options.js';
import { showShape } from '../tensor/shape.js';
import { INFERENCE, Tensor } from '../tensor/tensor.js';
import { rawAlias } from '../tensor/view.js';
import { metaOf, newMeta, versionOf } from './meta.js';
import type { Node } from './node.js';

const RELEASED =
  'Trying to backward through the graph a second time (or directly access saved tensors after they have already been freed). ' +
  'Saved intermediate values of the graph are freed when you call .backward() or autograd.grad(). ' +
  'Specify retainGraph: true if you need to backward through the graph a second time or if you need to access saved tensors after calling backward.';

const INFERENCE_SAVED =
  'Inference tensors cannot be saved for backward. Please do not use Tensors created in inference mode in computation tracked by autograd. ' +
  'To work around this, you can make a clone to get a normal tensor and use it in autograd, or use `noGrad()` instead of `inferenceMode()`.';

/** A tensor as `savedTensorsHooks` stored it, with the history to give back to what comes out. */
class Packed {
  constructor(
    private readonly value: unknown,
    private readonly hooks: SavedTensorHooks,
    private readonly requiresGrad: boolean,
    private readonly node: Node | null,
    private readonly index: number,
    private readonly source: object | null,
  ) {}

  static of(x: Tensor, hooks: SavedTensorHooks, owner: Node, outputIndex: number): Packed {
    const value = hooks.pack(x);
    refusePromise('savedTensorsHooks', 'pack', value);
    // The graph pins what it saves itself, and cannot see what becomes of this.
    keepAll(value);
    if (outputIndex >= 0) return new Packed(value, hooks, true, owner, outputIndex, null);
    const meta = metaOf(x);
    return new Packed(value, hooks, meta?.requiresGrad ?? false, meta?.gradFn ?? null, meta?.outputIndex ?? 0, meta);
  }

  release(): void {
    this.hooks.release?.(this.value);
  }

  unpack(): Tensor {
    const data = this.hooks.unpack(this.value);
    if (!(data instanceof Tensor))
      fail('WRONG_TYPE', `savedTensorsHooks: unpack must return a Tensor, got ${describe(data)}`);
    const out = rawAlias(data);
    out._autograd = null;
    if (this.requiresGrad) {
      const meta = newMeta(true, this.node, this.index);
      if (this.node === null) meta.accumulator = (this.source as ReturnType<typeof metaOf>)!.accumulator;
      out._autograd = meta;
    }
    return out;
  }
}

/** The tensors a node saved, with the versions they had. */
export class SavedTensors {
  private entries: (Tensor | Packed | null)[] | null;
  private readonly versions: number[];
  /** For those that are outputs of the saving node: which one. Null when none is. */
  private outputIndices: Map<number, number> | null = null;

  /** `outputs` are those of `owner`, the node that saves; they have no history yet. */
  constructor(
    tensors: readonly (Tensor | null)[],
    private readonly owner: Node,
    outputs: Tensor | readonly Tensor[],
  ) {
    const n = tensors.length;
    const hooks = n === 0 ? null : context().savedTensorHooks;
    this.versions = new Array<number>(n);
    this.entries = new Array<Tensor | Packed | null>(n);
    for (let i = 0; i < n; i++) {
      const x = tensors[i] ?? null;
      this.versions[i] = 0;
      this.entries[i] = x;
      if (x === null) continue;
      if (x._versions === INFERENCE) fail('GRAD_ERROR', INFERENCE_SAVED);
      const outputIndex = outputs instanceof Tensor ? (outputs === x ? 0 : -1) : outputs.indexOf(x);
      if (hooks !== null) {
        this.entries[i] = Packed.of(x, hooks, owner, outputIndex);
        continue;
      }
      if (outputIndex >= 0) {
        this.outputIndices ??= new Map();
        this.outputIndices.set(i, outputIndex);
      }
      x._pins++;
      this.versions[i] = versionOf(x);
    }
  }

  /** Throws when they were freed, or changed in place since. */
  unpack(): Tensor[] {
    if (this.entries === null) fail('GRAD_ERROR', `backward: ${RELEASED}`);
    return this.entries.map((x, i) => {
      if (x === null) return x as unknown as Tensor;
      if (x instanceof Packed) return x.unpack();
      if (versionOf(x) !== this.versions[i]) this.failVersion(x, i);
      return x._handle === 0 ? revive(x) : x;
    });
  }

  get isEmpty(): boolean {
    return this.versions.length === 0;
  }

  release(): void {
    if (this.entries === null || this.isEmpty) return;
    for (const x of this.entries) {
      if (x instanceof Tensor) x._unpin();
      else x?.release();
    }
    this.entries = null;
  }

  /** Where `from` was saved, `to` takes its place: the same value, in the tensor that was modified in place. */
  replace(from: Tensor, to: Tensor): void {
    if (this.entries === null) return;
    for (let i = 0; i < this.entries.length; i++) {
      if (this.entries[i] !== from) continue;
      this.entries[i] = to;
      this.versions[i] = versionOf(to);
      to._pins++;
      from._unpin();
    }
  }

  private failVersion(x: Tensor, i: number): never {
    const output = this.outputIndices?.get(i);
    const node = output === undefined ? (metaOf(x)?.gradFn ?? null) : this.owner;
    const index = output ?? metaOf(x)?.outputIndex ?? 0;
    const origin = node === null ? '' : `, which is output ${index} of ${node.shortName},`;
    return fail(
      'INPLACE_ERROR',
      'one of the variables needed for gradient computation has been modified by an inplace operation: ' +
        `[${DTYPES[x.dtype].torchName} ${showShape(x._shape)}]${origin} is at version ${versionOf(x)}; expected version ${this.versions[i]} instead. ` +
        'Hint: enable anomaly detection to find the operation that failed to compute its gradient, with autograd.detectAnomaly(fn, { checkNan: false }).',
    );
  }
}

// The user may dispose of a tensor that backward still needs: the graph goes on with the parked handle.
function revive(x: Tensor): Tensor {
  const alias = rawAlias(x, x._parked);
  alias._autograd = x._autograd;
  return alias;
}

/**
 * Runs `fn` so that what its ops save for backward passes through `pack` when it is saved and through `unpack` when
 * backward needs it: to keep it elsewhere, smaller, or not at all (see `checkpoint`).
 */
export function savedTensorsHooks<P, R>(pack: (x: Tensor) => P, unpack: (packed: P) => Tensor, fn: () => R): R {
  if (arguments.length > 3) refuseSurplus('savedTensorsHooks', arguments, 3);
  for (const callback of [pack, unpack, fn]) {
    if (typeof callback !== 'function') {
      fail('WRONG_TYPE', `savedTensorsHooks: expected three functions, got ${describe(callback)}`);
    }
  }
  const hooks = { pack: pack as (x: object) => unknown, unpack: unpack as (packed: unknown) => object };
  return withContext({ savedTensorHooks: hooks }, fn);
}

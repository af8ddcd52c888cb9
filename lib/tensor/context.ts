import { AsyncLocalStorage } from 'node:async_hooks';

/** Stores a tensor that a graph saves, and gets it back. */
export interface SavedTensorHooks {
  pack(x: object): unknown;
  unpack(packed: unknown): object;
  /** The graph will not ask for it any more. */
  release?(packed: unknown): void;
}

/**
 * What surrounds a computation: whether it is recorded for differentiation, and who frees its tensors. It follows the
 * program's own structure (calls and awaits), so a mode can neither leak out of a callback nor be lost inside one.
 */
export interface Context {
  readonly grad: boolean;
  readonly inference: boolean;
  /** Anomaly mode: `null` off, otherwise whether NaN gradients are looked for. */
  readonly anomaly: { readonly checkNan: boolean } | null;
  /** What happens to the tensors that a graph saves; null keeps them as they are. */
  readonly savedTensorHooks: SavedTensorHooks | null;
  /** The tensors that the innermost `tidy` will dispose of. */
  readonly scope: Scope | null;
}

/** What one `tidy` will dispose of, and the `tidy` around it, which gets what it returns. */
export class Scope extends Set<object> {
  constructor(readonly outer: Scope | null) {
    super();
  }
}

/** Takes something out of all surrounding `tidy`s: it belongs to what outlives them. */
export function outlive(x: object): void {
  for (let scope = context().scope; scope !== null; scope = scope.outer) scope.delete(x);
}

const root: Context = { grad: true, inference: false, anomaly: null, savedTensorHooks: null, scope: null };

const storage = new AsyncLocalStorage<Context>();

export function context(): Context {
  return storage.getStore() ?? root;
}

/** Runs `fn` in a context changed by `change`; an async `fn` keeps it across its awaits. */
export function withContext<R>(change: Partial<Context>, fn: () => R): R {
  return storage.run({ ...context(), ...change }, fn);
}

import type { ProductActivation } from '../../raw/epilogue.js';
import { refuseSurplus } from '../../tensor/arguments.js';
import { checkFits } from '../../tensor/capacity.js';
import { context } from '../../tensor/context.js';
import { describe, fail, makeError } from '../../tensor/errors.js';
import { Tensor } from '../../tensor/tensor.js';
import { callActivated, productActivationOf, takesActivation } from '../layers/productActivation.js';
import { callModule } from '../module/call.js';
import { explainFailure } from '../module/failure.js';
import type { Layer, Module } from '../module/module.js';
import { checkModule, checkName, setChildren } from '../module/registry.js';
import { classNameOf, isModule, type ModuleState, markBuiltIn, runsAlone, stateOf } from '../module/state.js';
import type {
  ByPosition,
  ChainInput,
  ChainOutput,
  ChainWidths,
  CheckWidths,
  LayerAt,
  WIDTHS,
} from '../module/widths.js';
import { orderedEntries } from './entries.js';
import { ListModule, positionsOf } from './listModule.js';

class SequentialModule<T extends readonly Module[]> extends ListModule<T[number]> {
  declare readonly [WIDTHS]: ChainWidths<T>;
  /** The module at a position; undefined when there is none. */
  [position: number]: T[number];

  static {
    markBuiltIn(SequentialModule);
  }

  constructor(...modules: readonly unknown[]) {
    super();
    const state = stateOf(this);
    const named = modules.length === 1 ? entriesOf(modules[0]) : null;
    const children: [string, Module][] = [];
    for (const [name, module] of named ?? modules.entries()) {
      const key = named === null ? String(name) : name;
      checkName(state, 'module', key);
      children.push([key, checkModule('Sequential', module)]);
    }
    setChildren(state, children);
  }

  override get length(): T['length'] {
    return super.length;
  }

  override at<const N extends number>(index: N): LayerAt<T, N> {
    if (arguments.length > 1) refuseSurplus('at', arguments, 1);
    return super.at(index) as LayerAt<T, N>;
  }

  override forward(input: ChainInput<T, Tensor>, ...extra: readonly never[]): ChainOutput<T, Tensor> {
    if (extra.length > 0) {
      fail(
        'WRONG_TYPE',
        `${classNameOf(this)}.forward() takes 1 positional argument but ${extra.length + 1} were given`,
      );
    }
    const { children } = positionsOf(this);
    // Without a graph nobody will need what one built-in layer hands to the next, nor a product before its activation.
    const releases = !context().grad;
    let x: unknown = input;
    let ownsX = false;
    for (let i = 0; i < children.length; i++) {
      const child = children[i];
      if (!child) fail('MODULE_ERROR', `${classNameOf(this)}: child ${i} is null and cannot be called`);
      const state = stateOf(child);
      const keepsNothing = releases && isPlainLayer(state);
      const activation = keepsNothing ? activationAfter(state.raw, children[i + 1]) : null;
      const y = activation === null ? callModule(state, [x]) : callActivated(state.raw, x, activation);
      checkHandedOn(state, x, y, i + 1 === children.length);
      if (activation !== null) i++;
      if (releases) {
        if (y === x) ownsX &&= keepsNothing;
        else {
          if (ownsX && keepsNothing) (x as Tensor).dispose();
          ownsX = keepsNothing && y instanceof Tensor;
        }
      }
      x = y;
    }
    return x as ChainOutput<T, Tensor>;
  }

  override pop(index: number): T[number];
  override pop(slice: { readonly start?: number; readonly end?: number; readonly step?: number }): Sequential;
  override pop(index: never): T[number] | Sequential {
    if (arguments.length > 1) refuseSurplus('pop', arguments, 1);
    return super.pop(index) as T[number] | Sequential;
  }

  override slice(start?: number, end?: number, step?: number): Sequential {
    if (arguments.length > 3) refuseSurplus('slice', arguments, 3);
    return super.slice(start, end, step) as unknown as Sequential;
  }

  /** A new Sequential of this one's modules followed by the other's. */
  concat(other: SequentialModule<readonly Module[]>): Sequential {
    if (arguments.length > 1) refuseSurplus('concat', arguments, 1);
    if (!(other instanceof SequentialModule)) {
      fail(
        'WRONG_TYPE',
        `Sequential.concat: supports only objects of Sequential class, but ${describe(other)} is given`,
      );
    }
    return this.like([...this, ...other]);
  }

  /** A new Sequential that runs this one's modules `times` times; the repetitions share their parameters. */
  repeat(times: number): Sequential {
    if (arguments.length > 1) refuseSurplus('repeat', arguments, 1);
    if (!Number.isInteger(times))
      fail('WRONG_TYPE', `Sequential.repeat: times must be an integer, got ${describe(times)}`);
    if (times <= 0) fail('BAD_ARGUMENT', `Sequential.repeat: Non-positive multiplication factor ${times}`);
    checkFits('Sequential.repeat', times, 'repetitions', { entries: times * this.length });
    return this.like(Array.from({ length: times }, () => [...this]).flat());
  }

  protected override like(modules: readonly Module[]): Sequential {
    // Not as arguments, of which a call takes a hundred thousand or so.
    return new SequentialModule<readonly Layer[]>(modules.map((module, i) => [String(i), module])) as Sequential;
  }
}

/** What a layer hands on is no promise, and never nothing, nor the number that `push` gives: the next layer would be blamed. */
function checkHandedOn(layer: ModuleState, input: unknown, output: unknown, isLast: boolean): void {
  if (typeof output === 'object' && output !== null && (isLast || !(output instanceof Promise))) return;
  const problem =
    output instanceof Promise
      ? 'forward returned a Promise; the next layer of a Sequential cannot wait for it'
      : `forward must return a Tensor, got ${describe(output)}`;
  throw explainFailure(layer, makeError('WRONG_TYPE', problem), [input]);
}

/** The activation that `next` is, if `layer` can apply it to its product. */
function activationAfter(layer: Module, next: Module | null | undefined): ProductActivation | null {
  if (!next || !takesActivation(layer)) return null;
  const state = stateOf(next);
  return isPlainLayer(state) ? productActivationOf(state.raw) : null;
}

/** A built-in layer without hooks and without children, which might be anything, keeps neither input nor output. */
function isPlainLayer(state: ModuleState): boolean {
  return runsAlone(state) && state.children.size === 0;
}

/** The entries of a Map, an entry list or a plain object of named modules; null for anything else. */
function entriesOf(value: unknown): Iterable<readonly [string, unknown]> | null {
  if (value instanceof Map) return value as Map<string, unknown>;
  if (isModule(value) || typeof value !== 'object' || value === null) return null;
  if (Array.isArray(value)) return [...(value as unknown[])].every(isEntry) ? (value as [string, unknown][]) : null;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null ? orderedEntries('Sequential', value) : null;
}

const isEntry = (value: unknown): boolean => Array.isArray(value) && value.length === 2 && typeof value[0] === 'string';

Object.defineProperty(SequentialModule, 'name', { value: 'Sequential' });

/**
 * Modules called in order, each on the output of the one before: x → mₙ(… m₁(m₀(x))). Shapes and dtypes are those of
 * the modules; there is nothing to initialise.
 *
 * Takes modules, or one Map, entry list or plain object of named modules. Where the types know the layers' widths, a
 * layer that does not fit the one before it does not compile.
 *
 * @example
 * const model = new nn.Sequential(new nn.Linear(10, 50), new nn.ReLU(), new nn.Linear(50, 2));
 * model(randn([1, 10])).shape; // [1, 2]
 * model[0].outFeatures;        // 50
 * model.append(new nn.Sigmoid()).length; // 4
 */
export type Sequential<T extends readonly Module[] = readonly Layer[]> = SequentialModule<T> & ByPosition<T>;

type Entries = readonly (readonly [string, Module])[];
type ModulesOf<E extends Entries> = { readonly [K in keyof E]: E[K][1] };

/** The entries themselves if their modules' widths fit, else with a message in place of the first that does not. */
type CheckEntries<E extends Entries, Checked = CheckWidths<ModulesOf<E>>> = {
  readonly [K in keyof E]: K extends keyof Checked ? (Checked[K] extends string ? Checked[K] : E[K]) : E[K];
};
type Class = abstract new (...args: never) => unknown;

interface SequentialConstructor {
  new <const T extends readonly Module[] = readonly Layer[]>(...modules: T & CheckWidths<T>): Sequential<T>;
  new (modules: ReadonlyMap<string, Module>): Sequential;
  new <const N extends Readonly<Record<string, Module>>>(modules: N extends Class ? never : N): Sequential & N;
  new <const E extends Entries>(modules: E & CheckEntries<E>): Sequential<ModulesOf<E>>;
  readonly prototype: Sequential;
}

export const Sequential: SequentialConstructor = SequentialModule as unknown as SequentialConstructor;

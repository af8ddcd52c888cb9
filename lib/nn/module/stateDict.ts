import { bumpVersion, metaOf } from '../../autograd/meta.js';
import { rawCast, rawCopy } from '../../raw/copy.js';
import { describe, fail, makeError } from '../../tensor/errors.js';
import { withJSON } from '../../tensor/json.js';
import { sameShape, showShape } from '../../tensor/shape.js';
import { howDisposed, Tensor } from '../../tensor/tensor.js';
import { rawAlias, rawReshape } from '../../tensor/view.js';
import type { Module } from './module.js';
import { Parameter } from './parameter.js';
import { checkCollections, setBuffer, setParameter } from './registry.js';
import { classNameOf, type ModuleState, stateOf } from './state.js';

export type StateDict = Map<string, Tensor>;

export interface StateDictOptions {
  /** Put before every name, as it is: a dot between them is up to the caller. */
  readonly prefix?: string;
  /** Give the parameters themselves instead of detached aliases. */
  readonly keepVars?: boolean;
  /** Fill this map instead of a new one. */
  readonly destination?: StateDict;
}

export interface LoadOptions {
  /** Throw unless the names match exactly; default true. */
  readonly strict?: boolean;
  /** Make the checkpoint's tensors the module's own instead of copying into the module's; default false. */
  readonly assign?: boolean;
}

/** What did not match when a state dict was loaded. */
export class LoadResult {
  constructor(
    readonly missingKeys: string[],
    readonly unexpectedKeys: string[],
  ) {}

  toString(): string {
    if (this.missingKeys.length + this.unexpectedKeys.length === 0) return '<All keys matched successfully>';
    const show = (keys: string[]): string => `[${keys.map((key) => `'${key}'`).join(', ')}]`;
    return `LoadResult(missingKeys=${show(this.missingKeys)}, unexpectedKeys=${show(this.unexpectedKeys)})`;
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString();
  }
}

/** What a hook that runs before a module is loaded may edit. */
export interface LoadContext {
  readonly missingKeys: string[];
  readonly unexpectedKeys: string[];
  readonly errorMessages: string[];
}

export type SavePreHook = (module: Module, prefix: string, keepVars: boolean) => void;
export type SavePostHook = (module: Module, stateDict: StateDict, prefix: string) => void;
export type LoadPreHook = (module: Module, stateDict: StateDict, prefix: string, context: LoadContext) => void;
export type LoadPostHook = (module: Module, result: LoadResult) => void;

const EXTRA = '_extra_state';

export function saveStateDict(module: Module, options: StateDictOptions): StateDict {
  const { prefix = '', keepVars = false, destination = new Map<string, Tensor>() } = options;
  const state = stateOf(module);
  checkCollections(state);
  for (const hook of state.stateHooks?.savePre.current ?? []) hook(state.self, prefix, keepVars);
  for (const [name, tensor] of persistentMembers(state)) {
    destination.set(prefix + name, keepVars ? tensor : rawAlias(tensor));
  }
  if (module.getExtraState !== undefined) destination.set(prefix + EXTRA, module.getExtraState());
  for (const [name, child] of state.children) child?.stateDict({ prefix: `${prefix}${name}.`, keepVars, destination });
  for (const hook of state.stateHooks?.savePost.current ?? []) hook(state.self, destination, prefix);
  return withJSON(destination);
}

/** Parameters, then the buffers that are saved. */
function* persistentMembers(state: ModuleState): Generator<[string, Tensor]> {
  for (const [name, parameter] of state.parameters) if (parameter !== null) yield [name, parameter];
  for (const [name, buffer] of state.buffers) {
    if (buffer !== null && !state.nonPersistent.has(name)) yield [name, buffer];
  }
}

/** A change to the model, and how to take it back. */
interface Change {
  apply(): void;
  undo(): void;
}

export function loadStateDict(module: Module, source: unknown, options: LoadOptions): LoadResult {
  const { strict = true, assign = false } = options;
  const plan = new Plan(assign);
  plan.visit(stateOf(module), toMap(source), '');
  const result = new LoadResult(plan.missingKeys, plan.unexpectedKeys);
  const check = (): void => failUnlessClean(module, plan.errorMessages, strict ? result : null);
  // User code that runs after the copying may still refuse, so what it replaces is kept until it is done.
  const reversible = plan.runsUserCode;
  if (plan.errorMessages.length > 0 || !reversible) check();
  const done: Change[] = [];
  try {
    for (const change of plan.changes(reversible)) {
      change.apply();
      done.push(change);
    }
    for (const state of plan.loaded) {
      for (const hook of state.stateHooks?.loadPost.current ?? []) hook(state.self, result);
    }
    check();
  } catch (error) {
    for (const change of done.reverse()) change.undo();
    throw error;
  }
  return result;
}

function toMap(source: unknown): StateDict {
  if (source instanceof Map) {
    for (const key of source.keys()) {
      if (typeof key !== 'string') fail('WRONG_TYPE', `loadStateDict: names must be strings, got ${describe(key)}`);
    }
    return new Map(source as StateDict);
  }
  const prototype: unknown = typeof source === 'object' && source !== null ? Object.getPrototypeOf(source) : undefined;
  if (prototype !== null && prototype !== Object.prototype) {
    fail(
      'WRONG_TYPE',
      `loadStateDict: Expected state_dict to be dict-like (a Map or an object), got ${describe(source)}.`,
    );
  }
  return new Map(Object.entries(source as Record<string, Tensor>));
}

function failUnlessClean(module: Module, errors: readonly string[], result: LoadResult | null): void {
  const quote = (keys: readonly string[]): string => keys.map((key) => `"${key}"`).join(', ');
  const messages = [...errors];
  if (result !== null && result.unexpectedKeys.length > 0) {
    messages.unshift(`Unexpected key(s) in state_dict: ${quote(result.unexpectedKeys)}. `);
  }
  if (result !== null && result.missingKeys.length > 0) {
    messages.unshift(`Missing key(s) in state_dict: ${quote(result.missingKeys)}. `);
  }
  if (messages.length === 0) return;
  if (result !== null) messages.push(...prefixAdvice(result));
  throw makeError(
    'STATE_DICT_MISMATCH',
    `Error(s) in loading state_dict for ${classNameOf(module)}:\n\t${messages.join('\n\t')}`,
  );
}

/** Where all names differ by one prefix: what to do about it. */
function prefixAdvice({ missingKeys, unexpectedKeys }: LoadResult): string[] {
  const surplus = commonPrefix(unexpectedKeys, missingKeys);
  if (surplus !== null) {
    const strip = `new Map([...stateDict].map(([name, x]) => [name.slice(${surplus.length}), x]))`;
    return [`All unexpected keys have the prefix "${surplus}" before the model's names; strip it: ${strip}`];
  }
  const lacking = commonPrefix(missingKeys, unexpectedKeys);
  if (lacking === null) return [];
  const add = `new Map([...stateDict].map(([name, x]) => [\`${lacking}\${name}\`, x]))`;
  return [`The unexpected keys lack the prefix "${lacking}" of the model's names; add it: ${add}`];
}

/** The prefix by which every one of `long` differs from one of `short`; null when there is none. */
function commonPrefix(long: readonly string[], short: readonly string[]): string | null {
  const names = new Set(short);
  const first = long[0] ?? '';
  for (const name of short) {
    const prefix = first.endsWith(name) ? first.slice(0, first.length - name.length) : '';
    if (prefix !== '' && long.every((key) => key.startsWith(prefix) && names.has(key.slice(prefix.length))))
      return prefix;
  }
  return null;
}

/** Goes through a model and a state dict side by side, and changes nothing. */
class Plan implements LoadContext {
  readonly missingKeys: string[] = [];
  readonly unexpectedKeys: string[] = [];
  readonly errorMessages: string[] = [];
  /** Modules in the order in which their loading is done: children first. */
  readonly loaded: ModuleState[] = [];
  runsUserCode = false;
  private readonly makers: ((reversible: boolean) => Change)[] = [];

  constructor(private readonly assign: boolean) {}

  *changes(reversible: boolean): Generator<Change> {
    for (const make of this.makers) yield make(reversible);
  }

  /** `entries` has the module's keys, and may be edited by its hooks. */
  visit(state: ModuleState, entries: StateDict, prefix: string): void {
    checkCollections(state);
    for (const hook of state.stateHooks?.loadPre.current ?? []) hook(state.self, entries, prefix, this);
    const expected = new Set<string>();
    for (const [name, target] of persistentMembers(state)) {
      expected.add(name);
      const key = prefix + name;
      if (entries.has(key)) this.load(state, name, key, target, entries.get(key));
      else this.missingKeys.push(key);
    }
    this.loadExtraState(state, entries, prefix, expected);
    const ofChildren = this.distribute(state, entries, prefix, expected);
    for (const [name, child] of state.children) {
      if (child !== null) this.visit(stateOf(child), ofChildren.get(name) ?? new Map(), `${prefix}${name}.`);
    }
    this.loaded.push(state);
    this.runsUserCode ||= (state.stateHooks?.loadPost.size ?? 0) > 0;
  }

  /** Sorts the keys below `prefix` by the child that they belong to; the rest are unexpected. */
  private distribute(
    state: ModuleState,
    entries: StateDict,
    prefix: string,
    expected: ReadonlySet<string>,
  ): Map<string, StateDict> {
    const ofChildren = new Map<string, StateDict>();
    for (const [key, value] of entries) {
      if (!key.startsWith(prefix)) continue;
      const dot = key.indexOf('.', prefix.length);
      const head = key.slice(prefix.length, dot === -1 ? undefined : dot);
      if (dot === -1) {
        if (!expected.has(head)) this.unexpectedKeys.push(key);
      } else if (state.children.has(head)) {
        const own = ofChildren.get(head);
        if (own === undefined) ofChildren.set(head, new Map([[key, value]]));
        else own.set(key, value);
      } else {
        this.unexpectedKeys.push(key);
      }
    }
    return ofChildren;
  }

  private loadExtraState(state: ModuleState, entries: StateDict, prefix: string, expected: Set<string>): void {
    const { self } = state;
    if (self.setExtraState === undefined) return;
    expected.add(EXTRA);
    const value = entries.get(prefix + EXTRA);
    if (value === undefined) {
      this.missingKeys.push(prefix + EXTRA);
      return;
    }
    this.runsUserCode = true;
    this.makers.push(() => {
      const before = self.getExtraState?.();
      return {
        apply: () => self.setExtraState!(value),
        undo: () => before !== undefined && self.setExtraState!(before),
      };
    });
  }

  private load(state: ModuleState, name: string, key: string, target: Tensor, value: unknown): void {
    if (!(value instanceof Tensor)) {
      this.errorMessages.push(
        `While copying the parameter named "${key}", expected a Tensor from checkpoint but received ${describe(value)}`,
      );
      return;
    }
    if (value.isDisposed || target.isDisposed) {
      const [which, x] = value.isDisposed
        ? ['the tensor from checkpoint', value]
        : ['the one in current model', target];
      this.errorMessages.push(`While copying the parameter named "${key}", ${which} ${howDisposed(x as Tensor)}`);
      return;
    }
    // PyTorch before 0.4 had no zero-dimensional tensors and saved them with one dimension.
    const source = target._shape.length === 0 && sameShape(value._shape, [1]) ? rawReshape(value, []) : value;
    if (!sameShape(source._shape, target._shape)) {
      this.errorMessages.push(
        `size mismatch for ${key}: copying a param with shape ${showShape(source._shape)} from checkpoint, ` +
          `the shape in current model is ${showShape(target._shape)}.`,
      );
      return;
    }
    if (this.assign) this.planAssign(state, name, key, target, source);
    else this.makers.push((reversible) => copyChange(source, target, reversible));
  }

  private planAssign(state: ModuleState, name: string, key: string, target: Tensor, source: Tensor): void {
    if (!(target instanceof Parameter)) {
      const persistent = !state.nonPersistent.has(name);
      this.makers.push(() => ({
        apply: () => setBuffer(state, name, source, persistent),
        undo: () => setBuffer(state, name, target, persistent),
      }));
      return;
    }
    const requiresGrad = metaOf(target)?.requiresGrad ?? false;
    try {
      const parameter = source instanceof Parameter ? source : new Parameter(source, { requiresGrad });
      this.makers.push(() => ({
        apply: () => {
          parameter.requiresGrad_(requiresGrad);
          setParameter(state, name, parameter);
        },
        undo: () => setParameter(state, name, target),
      }));
    } catch (error) {
      this.errorMessages.push(
        `While assigning the parameter named "${key}", an error occurred: ${(error as Error).message}`,
      );
    }
  }
}

function copyChange(source: Tensor, target: Tensor, reversible: boolean): Change {
  const before = reversible ? rawCast(target, target.dtype) : null;
  const write = (from: Tensor): void => {
    rawCopy(from, target);
    bumpVersion(target);
  };
  return { apply: () => write(source), undo: () => before !== null && write(before) };
}

import type { RemovableHandle } from '../autograd/hooks.js';
import { metaOf } from '../autograd/meta.js';
import { enableGrad } from '../autograd/modes.js';
import { zeroGradient } from '../autograd/zeroGradient.js';
import { rawFull } from '../raw/create.js';
import { refuseSurplus } from '../tensor/arguments.js';
import { brand } from '../tensor/copies.js';
import { describe, fail } from '../tensor/errors.js';
import { keep, keepAll } from '../tensor/memory.js';
import { checkOptions, checkSynchronous, refusePromise } from '../tensor/options.js';
import { pythonFloat } from '../tensor/python.js';
import { checkTensor, Tensor } from '../tensor/tensor.js';
import { checkAtLeastZero } from './checks.js';
import { loadOptimizerState, type OptimizerStateDict, saveOptimizerState, snake } from './state.js';

/** Parameters that are updated with the same settings. */
export type ParamGroup<H extends object> = H & {
  params: Tensor[];
  /** There when the optimizer was given `namedParameters()`. */
  paramNames?: string[];
  /** The learning rate that schedulers count from; the first of them writes it. */
  initialLr?: number;
};

type NamedParam = readonly [name: string, param: Tensor];

/** A group as the user writes it: settings that are left out are those of the optimizer. */
export type ParamGroupInput<H extends object> = Partial<H> & {
  readonly params: Tensor | Iterable<Tensor | NamedParam>;
  readonly initialLr?: number;
};

/** `model.parameters()`, `model.namedParameters()`, or groups with settings of their own. */
export type Params<H extends object> = Iterable<Tensor | NamedParam | ParamGroupInput<H>>;

/** What an optimizer remembers of one parameter; names are PyTorch's, so that checkpoints agree. */
export type ParamState = Record<string, Tensor | number>;

type StepHook<O> = (optimizer: O) => void;

/** What a step is about to do to one group. */
interface Update<H extends object> {
  readonly group: ParamGroup<H>;
  readonly params: readonly Tensor[];
}

/**
 * Base of all optimizers: groups of parameters with their settings, and a state for each parameter. A subclass defines
 * `updateGroup`.
 *
 * @example
 * const optimizer = new optim.SGD([
 *   { params: model[0].parameters() },
 *   { params: model[2].parameters(), lr: 1e-3 },
 * ], { lr: 1e-2, momentum: 0.9 });
 */
export abstract class Optimizer<H extends object = object> {
  /** Settings may be changed between steps, and each step checks them; schedulers change `lr`. */
  readonly paramGroups: ParamGroup<H>[] = [];
  readonly state = new Map<Tensor, ParamState>();
  private preHooks: readonly StepHook<never>[] = [];
  private postHooks: readonly StepHook<never>[] = [];

  constructor(
    params: Params<H>,
    /** The settings of groups that have none of their own. */
    readonly defaults: H,
  ) {
    if (arguments.length > 2) refuseSurplus(new.target.name, arguments, 2);
    const list = readParams(this.name, params);
    if (list.length === 0) fail('BAD_ARGUMENT', `${this.name}: optimizer got an empty parameter list`);
    const groups = isGroups<H>(this.name, list) ? list : [{ params: list } as unknown as ParamGroupInput<H>];
    this.checkSettings(defaults, this.name);
    for (const group of groups) this.addParamGroup(group);
  }

  /** Updates the parameters of one group that have a gradient. */
  protected abstract updateGroup(group: ParamGroup<H>, params: readonly Tensor[]): void;

  /** Refuses settings that make no sense; `op` begins the message. Called before every step too. */
  protected abstract checkSettings(settings: H, op: string): void;

  /** Refuses a parameter's state, read from a checkpoint, that `updateGroup` could not work with. */
  protected checkState(_what: string, _state: ParamState): void {}

  protected get name(): string {
    return this.constructor.name;
  }

  /** Adds parameters to update, say those of layers that were frozen so far. */
  addParamGroup(group: ParamGroupInput<H>): void {
    if (arguments.length > 1) refuseSurplus('addParamGroup', arguments, 1);
    const op = `${this.name}.addParamGroup`;
    if (typeof group !== 'object' || group === null || !('params' in group)) {
      fail('WRONG_TYPE', `${op}: param_group must be an object with params, got ${describe(group)}`);
    }
    const { params: given, ...settings } = group;
    const listed = given instanceof Tensor ? [given] : readParams(op, given as Iterable<unknown>);
    const names = listed.flatMap((entry) => (isNamed(entry) ? [entry[0]] : []));
    const params = listed.map((entry) => checkParam(op, isNamed(entry) ? entry[1] : entry));
    if (names.length !== 0 && names.length !== params.length) {
      fail('BAD_ARGUMENT', `${op}: all optimizer params should be with/without names. Some param names are missing`);
    }
    checkOptions(op, settings as object, [...Object.keys(this.defaults), 'initialLr'] as never[]);
    const full = { ...this.defaults, ...settings } as H & { initialLr?: number };
    this.checkSettings(full, this.name);
    if (full.initialLr !== undefined) checkAtLeastZero(op, 'initial learning rate', full.initialLr);
    this.checkDisjoint(op, params, names.length > 0);
    this.paramGroups.push({ ...full, params, ...(names.length > 0 && { paramNames: names }) });
  }

  private checkDisjoint(op: string, params: readonly Tensor[], named: boolean): void {
    if (new Set(params).size !== params.length) {
      fail('BAD_ARGUMENT', `${op}: the group contains a parameter twice`);
    }
    for (const group of this.paramGroups) {
      if ((group.paramNames !== undefined) !== named) {
        fail('BAD_ARGUMENT', `${op}: all optimizer param groups should be with/without names`);
      }
      if (group.params.some((param) => params.includes(param))) {
        fail('BAD_ARGUMENT', `${op}: some parameters appear in more than one parameter group`);
      }
    }
  }

  /** Forgets the gradients of all parameters, or with `setToNone: false` fills them with zeros. */
  zeroGrad(options: { readonly setToNone?: boolean } = {}): void {
    if (arguments.length > 1) refuseSurplus('zeroGrad', arguments, 1);
    const { setToNone = true } = checkOptions('zeroGrad', options, ['setToNone']);
    for (const group of this.paramGroups) for (const param of group.params) zeroGradient(param, setToNone);
  }

  /**
   * Updates every parameter that has a gradient. A closure, which computes the loss and its gradients anew, runs first
   * and its result is returned. Settings and gradients of all groups are checked before the first parameter changes.
   */
  step(): undefined;
  step<R>(closure: () => R): R;
  step<R>(closure?: () => R): R | undefined {
    if (arguments.length > 1) refuseSurplus('step', arguments, 1);
    const op = `${this.name}.step`;
    if (closure !== undefined) checkSynchronous(op, 'closure', closure);
    for (const hook of this.preHooks) refusePromise(op, 'a pre-hook', hook(this as never));
    const result = closure === undefined ? undefined : enableGrad(closure);
    refusePromise(op, 'the closure', result);
    for (const { group, params } of this.updates(op)) this.updateGroup(group, params);
    keepAll(this.state);
    for (const hook of this.postHooks) refusePromise(op, 'a post-hook', hook(this as never));
    return result;
  }

  /** The groups with something to update, all checked: a step must not fail with half of the parameters changed. */
  private updates(op: string): Update<H>[] {
    const updates: Update<H>[] = [];
    for (const [i, group] of this.paramGroups.entries()) {
      const where = this.paramGroups.length === 1 ? op : `${op}: group ${i}`;
      this.checkSettings(group, where);
      if (!Array.isArray(group.params)) {
        fail('WRONG_TYPE', `${where}: params must be an array of Tensors, got ${describe(group.params)}`);
      }
      const params: Tensor[] = [];
      for (const param of group.params) {
        if (!metaOf(checkTensor(where, param, 'a parameter'))?.grad) continue;
        checkTensor(where, gradientOf(where, param), 'a gradient');
        params.push(param);
      }
      if (params.length > 0) updates.push({ group, params });
    }
    return updates;
  }

  /** `hook(optimizer)` runs before each step. */
  registerStepPreHook(hook: StepHook<this>): RemovableHandle {
    if (arguments.length > 1) refuseSurplus('registerStepPreHook', arguments, 1);
    checkSynchronous(`${this.name}.registerStepPreHook`, 'hook', hook);
    this.preHooks = [...this.preHooks, hook];
    const remove = (): void => {
      this.preHooks = without(this.preHooks, hook);
    };
    return { remove };
  }

  /** `hook(optimizer)` runs after each step. */
  registerStepPostHook(hook: StepHook<this>): RemovableHandle {
    if (arguments.length > 1) refuseSurplus('registerStepPostHook', arguments, 1);
    checkSynchronous(`${this.name}.registerStepPostHook`, 'hook', hook);
    this.postHooks = [...this.postHooks, hook];
    const remove = (): void => {
      this.postHooks = without(this.postHooks, hook);
    };
    return { remove };
  }

  /** State and settings with PyTorch's names, parameters as their numbers in order. */
  stateDict(): OptimizerStateDict {
    if (arguments.length > 0) refuseSurplus('stateDict', arguments, 0);
    return saveOptimizerState(this);
  }

  /** Takes over state and settings of an optimizer over parameters of the same shapes; checked before it is changed. */
  loadStateDict(stateDict: OptimizerStateDict): void {
    if (arguments.length > 1) refuseSurplus('loadStateDict', arguments, 1);
    loadOptimizerState(
      this,
      this.name,
      stateDict,
      (settings, op) => this.checkSettings(settings as H, op),
      (what, state) => this.checkState(what, state),
    );
  }

  /** As PyTorch prints it, without the settings that only choose its implementation. */
  toString(): string {
    const groups = this.paramGroups.map(({ params, paramNames, ...settings }, i) => {
      const lines = Object.entries(settings)
        .map(([name, value]) => [snake(name), value] as const)
        .sort(([a], [b]) => (a < b ? -1 : 1));
      return `\nParameter Group ${i}\n${lines.map(([key, value]) => `    ${key}: ${show(value)}\n`).join('')}`;
    });
    return `${this.name} (${groups.join('')})`;
  }

  /** What `JSON.stringify` writes: the state dict. */
  toJSON(): OptimizerStateDict {
    return this.stateDict();
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString();
  }
}

brand(Optimizer);

function show(value: unknown): string {
  if (Array.isArray(value)) return `(${value.map(show).join(', ')})`;
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  return typeof value === 'number' && !Number.isInteger(value) ? pythonFloat(value) : String(value);
}

function without<T>(list: readonly T[], item: T): readonly T[] {
  const index = list.indexOf(item);
  return index === -1 ? list : list.toSpliced(index, 1);
}

/** Zeros that belong to the optimizer, whatever `tidy` the step runs in. */
export function stateTensor(like: Tensor): Tensor {
  return keep(rawFull(like._shape, 0, like.dtype));
}

/** The gradient that a step uses; it must be of the parameter's shape and dtype. */
export function gradientOf(op: string, param: Tensor): Tensor {
  const grad = metaOf(param)!.grad!;
  if (grad.dtype !== param.dtype) {
    fail('DTYPE_MISMATCH', `${op}: a parameter of ${param.dtype} has a gradient of ${grad.dtype}`);
  }
  return grad;
}

function readParams(op: string, params: unknown): unknown[] {
  const isIterable = typeof (params as Iterable<unknown> | null | undefined)?.[Symbol.iterator] === 'function';
  if (params instanceof Tensor || !isIterable) {
    const hint =
      typeof (params as { parameters?: unknown } | null)?.parameters === 'function' ? '; pass model.parameters()' : '';
    fail(
      'WRONG_TYPE',
      `${op}: params argument given to the optimizer should be an iterable of Tensors or groups, but got ${describe(params)}${hint}`,
    );
  }
  return [...(params as Iterable<unknown>)];
}

const isNamed = (entry: unknown): entry is NamedParam =>
  Array.isArray(entry) && entry.length === 2 && typeof entry[0] === 'string';

function isGroups<H extends object>(op: string, list: unknown[]): list is ParamGroupInput<H>[] {
  const isGroup = (entry: unknown): boolean =>
    typeof entry === 'object' && entry !== null && !(entry instanceof Tensor) && !Array.isArray(entry);
  if (!isGroup(list[0])) return false;
  const odd = list.find((entry) => !isGroup(entry));
  if (odd !== undefined)
    fail('WRONG_TYPE', `${op}: either all params are groups or none is, but one is ${describe(odd)}`);
  return true;
}

function checkParam(op: string, param: unknown): Tensor {
  if (!(param instanceof Tensor)) {
    fail(
      'WRONG_TYPE',
      `${op}: optimizer can only optimize Tensors, but one of the params is ${describe(param)}; pass model.parameters()`,
    );
  }
  const meta = metaOf(checkTensor(op, param, 'a parameter'));
  if (meta !== null && meta.gradFn !== null && !meta.retainsGrad) {
    fail('BAD_ARGUMENT', `${op}: can't optimize a non-leaf Tensor`);
  }
  return param;
}

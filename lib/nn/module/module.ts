import type { RemovableHandle } from '../../autograd/hooks.js';
import { zeroGradient } from '../../autograd/zeroGradient.js';
import { refuseSurplus } from '../../tensor/arguments.js';
import '../../autograd/methods.js';
import { brand } from '../../tensor/copies.js';
import { checkDType, type DType, isFloating } from '../../tensor/dtype.js';
import { describe, fail } from '../../tensor/errors.js';
import { checkOptions, checkSynchronous, refusePromise } from '../../tensor/options.js';
import { checkTensor, Tensor } from '../../tensor/tensor.js';
import { callModule, missingForward } from './call.js';
import {
  addHook,
  addStateHook,
  type BackwardHook,
  type BackwardPreHook,
  checkHook,
  type ForwardHookOptions,
  type HookOptions,
} from './hooks.js';
import { findBuffer, findParameter, findSubmodule, replaceSubmodule } from './lookup.js';
import type { Parameter } from './parameter.js';
import { castModule } from './precision.js';
import { printModule } from './print.js';
import { checkFreeName, checkModule, HANDLER, registerParameter, setBuffer, setChild, typeName } from './registry.js';
import { declareSettings, type SettingKinds } from './settings.js';
import { BUILT_IN, MODULE_CLASS, type ModuleState, SETTINGS, STATE, stateOf } from './state.js';
import {
  type LoadOptions,
  type LoadPostHook,
  type LoadPreHook,
  type LoadResult,
  loadStateDict,
  type SavePostHook,
  type SavePreHook,
  type StateDict,
  type StateDictOptions,
  saveStateDict,
} from './stateDict.js';
import { type MemberOptions, namedMembers, namedModules, type TraverseOptions } from './traverse.js';
import type { Result } from './widths.js';

/** What a module's forward takes, as its hooks see it. */
export type InputsOf<M extends Module> =
  Parameters<M['forward']> extends never[] ? readonly unknown[] : Readonly<Parameters<M['forward']>>;

/** A module that maps one tensor to one tensor, as most layers do. */
export type Layer = Module & ((input: Tensor) => Tensor);

/**
 * Base class of all layers and models. A subclass assigns parameters and submodules to its properties, which registers
 * them, and defines `forward`. An instance is a function: `model(x)` runs its hooks and `forward`.
 *
 * Registered is what `parameters()` lists, `stateDict()` saves and `train()`, `to()`, `zeroGrad()` reach. An array of
 * modules would be reached by none of them, so assigning one is an error: use `nn.ModuleList`.
 *
 * An error thrown in a forward is reported as a FlambeauError of code FORWARD_FAILED that names the path from the model
 * to the layer which failed, prints that layer and its input shapes, and keeps the original as `cause`.
 *
 * @example
 * class Net extends nn.Module {
 *   hidden = new nn.Linear(10, 50);
 *   out = new nn.Linear(50, 2);
 *   override forward(x: Tensor): Tensor {
 *     return this.out(this.hidden(x).relu());
 *   }
 * }
 * const net = new Net();
 * net(randn([1, 10])).shape;      // [1, 2]
 * [...net.parameters()].length;   // 4
 */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: what the interface declares, the constructor returns.
export class Module {
  /** True in training, false in evaluation; Dropout and its like read it. Set by `train()` and `eval()`. */
  declare training: boolean;
  /** @internal */
  declare readonly [SETTINGS]: SettingKinds;

  static {
    Object.defineProperty(Module.prototype, MODULE_CLASS, { value: true });
    declareSettings(Module, { training: 'flag' });
  }

  constructor() {
    if (arguments.length > 0) refuseSurplus(new.target.name, arguments, 0);
    const raw = ((...inputs: readonly unknown[]) => callModule(state, inputs)) as unknown as Module;
    Object.setPrototypeOf(raw, new.target.prototype);
    // A function's own properties would hide fields and getters of these names.
    Reflect.deleteProperty(raw, 'name');
    Reflect.deleteProperty(raw, 'length');
    const self = new Proxy(raw, HANDLER);
    const state: ModuleState = {
      self,
      raw,
      receiver: Object.hasOwn(new.target.prototype, BUILT_IN) ? raw : self,
      parameters: new Map(),
      buffers: new Map(),
      nonPersistent: new Set(),
      children: new Map(),
      collections: new Set(),
      hooks: null,
      stateHooks: null,
      list: null,
    };
    Object.defineProperty(raw, STATE, { value: state });
    raw.training = true;
    // biome-ignore lint/correctness/noConstructorReturn: the instance is the callable; subclass fields are defined on it.
    return self;
  }

  /** Computes the output. Subclasses define it; `module(x)` calls it with hooks around, `module.forward(x)` without. */
  forward(..._inputs: never[]): unknown {
    return missingForward(this);
  }

  /** The module's own part of its printed form, between the brackets. */
  extraRepr(): string {
    return '';
  }

  /** As PyTorch prints it. */
  toString(): string {
    return printModule(this);
  }

  /** What `JSON.stringify` writes: the state dict's numbers by name. */
  toJSON(): Readonly<Record<string, Tensor>> {
    return Object.fromEntries(this.stateDict());
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString();
  }

  /**
   * Registers a tensor that is part of the module's state but not learned (running statistics, masks). `persistent:
   * false` leaves it out of the state dict. `null` reserves the name.
   */
  registerBuffer(name: string, tensor: Tensor | null, options: { readonly persistent?: boolean } = {}): void {
    if (arguments.length > 3) refuseSurplus('registerBuffer', arguments, 3);
    const state = stateOf(this);
    const { persistent = true } = checkOptions('registerBuffer', options, ['persistent']);
    checkFreeName(state, 'buffer', name);
    if (tensor !== null && !(tensor instanceof Tensor)) {
      fail('WRONG_TYPE', `cannot assign ${typeName(tensor)} object to buffer '${name}' (Tensor or null required)`);
    }
    if (tensor !== null) checkTensor('registerBuffer', tensor, name);
    setBuffer(state, name, tensor, persistent);
  }

  /** What assigning `parameter` to the property `name` does; `null` reserves the name. */
  registerParameter(name: string, parameter: Parameter | null): void {
    if (arguments.length > 2) refuseSurplus('registerParameter', arguments, 2);
    registerParameter(stateOf(this), name, parameter);
  }

  /** What assigning `module` to the property `name` does, also for names that no property could have. */
  registerModule(name: string, module: Module | null): void {
    if (arguments.length > 2) refuseSurplus('registerModule', arguments, 2);
    const state = stateOf(this);
    if (module !== null) checkModule('registerModule', module);
    checkFreeName(state, 'module', name);
    setChild(state, name, module);
  }

  /** PyTorch's other name for `registerModule`. */
  addModule(name: string, module: Module | null): void {
    if (arguments.length > 2) refuseSurplus('addModule', arguments, 2);
    this.registerModule(name, module);
  }

  /** The descendant at a path such as `layers.0.attention`; the module itself for the empty path. */
  getSubmodule(path: string): Module {
    if (arguments.length > 1) refuseSurplus('getSubmodule', arguments, 1);
    return findSubmodule(this, path);
  }

  /** Puts a module at a path; `strict` demands that there is one to replace. */
  setSubmodule(path: string, module: Module, options: { readonly strict?: boolean } = {}): void {
    if (arguments.length > 3) refuseSurplus('setSubmodule', arguments, 3);
    replaceSubmodule(this, path, module, checkOptions('setSubmodule', options, ['strict']).strict ?? false);
  }

  /** The parameter at a path such as `layers.0.weight`. */
  getParameter(path: string): Parameter {
    if (arguments.length > 1) refuseSurplus('getParameter', arguments, 1);
    return findParameter(this, path);
  }

  /** The buffer at a path such as `norm.runningMean`. */
  getBuffer(path: string): Tensor {
    if (arguments.length > 1) refuseSurplus('getBuffer', arguments, 1);
    return findBuffer(this, path);
  }

  /** Every parameter once, a module's own before its children's. */
  *parameters(options: { readonly recurse?: boolean } = {}): IterableIterator<Parameter> {
    if (arguments.length > 1) refuseSurplus('parameters', arguments, 1);
    const known = checkOptions('parameters', options, ['recurse']);
    for (const [, parameter] of namedMembers(this, ofParameters, known)) yield parameter;
  }

  /** Parameters with their paths, the names in the state dict. */
  namedParameters(options: MemberOptions = {}): IterableIterator<[string, Parameter]> {
    if (arguments.length > 1) refuseSurplus('namedParameters', arguments, 1);
    return namedMembers(this, ofParameters, checkOptions('namedParameters', options, MEMBER_OPTIONS)).values();
  }

  /** Every buffer once. */
  *buffers(options: { readonly recurse?: boolean } = {}): IterableIterator<Tensor> {
    if (arguments.length > 1) refuseSurplus('buffers', arguments, 1);
    const known = checkOptions('buffers', options, ['recurse']);
    for (const [, buffer] of namedMembers(this, ofBuffers, known)) yield buffer;
  }

  /** Buffers with their paths. */
  namedBuffers(options: MemberOptions = {}): IterableIterator<[string, Tensor]> {
    if (arguments.length > 1) refuseSurplus('namedBuffers', arguments, 1);
    return namedMembers(this, ofBuffers, checkOptions('namedBuffers', options, MEMBER_OPTIONS)).values();
  }

  /** The immediate submodules, each once. */
  *children(): IterableIterator<Module> {
    if (arguments.length > 0) refuseSurplus('children', arguments, 0);
    for (const [, child] of this.namedChildren()) yield child;
  }

  /** The immediate submodules with their names, each once. */
  *namedChildren(): IterableIterator<[string, Module]> {
    if (arguments.length > 0) refuseSurplus('namedChildren', arguments, 0);
    const seen = new Set<Module>();
    for (const [name, child] of [...stateOf(this).children]) {
      if (child === null || seen.has(child)) continue;
      seen.add(child);
      yield [name, child];
    }
  }

  /** The module itself and all its descendants. */
  *modules(options: { readonly removeDuplicate?: boolean } = {}): IterableIterator<Module> {
    if (arguments.length > 1) refuseSurplus('modules', arguments, 1);
    const known = checkOptions('modules', options, ['removeDuplicate']);
    for (const [, module] of namedModules(stateOf(this).self, known)) yield module;
  }

  /** The module itself, under the empty path, and all its descendants with their paths. */
  namedModules(options: TraverseOptions = {}): IterableIterator<[string, Module]> {
    if (arguments.length > 1) refuseSurplus('namedModules', arguments, 1);
    const known = checkOptions('namedModules', options, ['prefix', 'removeDuplicate']);
    return namedModules(stateOf(this).self, known).values();
  }

  /** Puts this module and its descendants into training mode, or with `false` into evaluation mode. */
  train(mode = true): this {
    if (arguments.length > 1) refuseSurplus('train', arguments, 1);
    if (typeof mode !== 'boolean') {
      fail('WRONG_TYPE', `train: training mode is expected to be boolean, got ${describe(mode)}`);
    }
    const state = stateOf(this);
    state.raw.training = mode;
    for (const child of state.children.values()) child?.train(mode);
    return this;
  }

  /** `train(false)`. */
  eval(): this {
    if (arguments.length > 0) refuseSurplus('eval', arguments, 0);
    return this.train(false);
  }

  /** Makes all parameters trainable, or freezes them. */
  requiresGrad_(requiresGrad = true): this {
    if (arguments.length > 1) refuseSurplus('requiresGrad_', arguments, 1);
    for (const parameter of this.parameters()) parameter.requiresGrad_(requiresGrad);
    return this;
  }

  /** Forgets all gradients, or with `setToNone: false` fills them with zeros. */
  zeroGrad(options: { readonly setToNone?: boolean } = {}): void {
    if (arguments.length > 1) refuseSurplus('zeroGrad', arguments, 1);
    const { setToNone = true } = checkOptions('zeroGrad', options, ['setToNone']);
    for (const parameter of this.parameters()) zeroGradient(parameter, setToNone);
  }

  /** Calls `fn` on every descendant and then on the module itself. */
  apply(fn: (module: Module) => void): this {
    if (arguments.length > 1) refuseSurplus('apply', arguments, 1);
    checkSynchronous('apply', 'fn', fn);
    for (const child of this.children()) child.apply(fn);
    refusePromise('apply', 'fn', fn(stateOf(this).self));
    return this;
  }

  /**
   * Converts floating point parameters, gradients and buffers to `dtype` ('float32', 'float64' or 'bfloat16'). Parameters stay the
   * objects that they are, so an optimizer goes on working with them.
   */
  to(dtype: DType): this {
    if (arguments.length > 1) refuseSurplus('to', arguments, 1);
    checkDType('to', dtype);
    if (!isFloating(dtype)) {
      fail('DTYPE_MISMATCH', `to: nn.Module.to only accepts floating point dtypes, but got desired dtype=${dtype}`);
    }
    castModule(this, dtype, (x) => isFloating(x.dtype));
    return this;
  }

  /** `to('float32')`. */
  float(): this {
    if (arguments.length > 0) refuseSurplus('float', arguments, 0);
    return this.to('float32');
  }

  /** `to('float64')`. */
  double(): this {
    if (arguments.length > 0) refuseSurplus('double', arguments, 0);
    return this.to('float64');
  }

  /** `to('bfloat16')`. */
  bfloat16(): this {
    if (arguments.length > 0) refuseSurplus('bfloat16', arguments, 0);
    return this.to('bfloat16');
  }

  /** Converts all parameters and buffers, those of integers too, to `dtype`. */
  type(dtype: DType): this {
    if (arguments.length > 1) refuseSurplus('type', arguments, 1);
    castModule(this, checkDType('type', dtype), () => true);
    return this;
  }

  /**
   * Parameters and persistent buffers by path, in order of registration. The tensors share memory with the module's:
   * changing one changes the model.
   */
  stateDict(options: StateDictOptions = {}): StateDict {
    if (arguments.length > 1) refuseSurplus('stateDict', arguments, 1);
    return saveStateDict(this, checkOptions('stateDict', options, ['prefix', 'keepVars', 'destination']));
  }

  /**
   * Copies a state dict into the parameters and buffers. Everything is checked before anything is copied: after an
   * error the module is as it was. Shapes must match also with `strict: false`.
   */
  loadStateDict(stateDict: StateDict | Readonly<Record<string, Tensor>>, options: LoadOptions = {}): LoadResult {
    if (arguments.length > 2) refuseSurplus('loadStateDict', arguments, 2);
    return loadStateDict(this, stateDict, checkOptions('loadStateDict', options, ['strict', 'assign']));
  }

  /** `hook(module, inputs)` runs before forward; what it returns replaces the inputs. */
  registerForwardPreHook(
    hook: (module: this, inputs: InputsOf<this>) => unknown,
    options: HookOptions = {},
  ): RemovableHandle {
    if (arguments.length > 2) refuseSurplus('registerForwardPreHook', arguments, 2);
    checkHook('registerForwardPreHook', hook);
    const { prepend = false } = checkOptions('registerForwardPreHook', options, ['prepend']);
    return addHook(stateOf(this), 'forwardPre', hook, prepend);
  }

  /** `hook(module, inputs, output)` runs after forward; what it returns replaces the output. */
  registerForwardHook(
    hook: (module: this, inputs: InputsOf<this>, output: Result<this['forward']>) => unknown,
    options: ForwardHookOptions = {},
  ): RemovableHandle {
    if (arguments.length > 2) refuseSurplus('registerForwardHook', arguments, 2);
    checkHook('registerForwardHook', hook);
    const { prepend = false, alwaysCall = false } = checkOptions('registerForwardHook', options, [
      'prepend',
      'alwaysCall',
    ]);
    return addHook(stateOf(this), 'forward', { run: hook, always: alwaysCall }, prepend);
  }

  /** `hook(module, gradInput, gradOutput)` runs in backward; what it returns replaces the gradients of the inputs. */
  registerFullBackwardHook(hook: BackwardHook<this>, options: HookOptions = {}): RemovableHandle {
    if (arguments.length > 2) refuseSurplus('registerFullBackwardHook', arguments, 2);
    checkHook('registerFullBackwardHook', hook);
    const { prepend = false } = checkOptions('registerFullBackwardHook', options, ['prepend']);
    return addHook(stateOf(this), 'backward', hook, prepend);
  }

  /** `hook(module, gradOutput)` runs before the module's backward; what it returns replaces the outputs' gradients. */
  registerFullBackwardPreHook(hook: BackwardPreHook<this>, options: HookOptions = {}): RemovableHandle {
    if (arguments.length > 2) refuseSurplus('registerFullBackwardPreHook', arguments, 2);
    checkHook('registerFullBackwardPreHook', hook);
    const { prepend = false } = checkOptions('registerFullBackwardPreHook', options, ['prepend']);
    return addHook(stateOf(this), 'backwardPre', hook, prepend);
  }

  /** `hook(module, prefix, keepVars)` runs before the module's part of a state dict is made. */
  registerStateDictPreHook(hook: SavePreHook): RemovableHandle {
    if (arguments.length > 1) refuseSurplus('registerStateDictPreHook', arguments, 1);
    checkHook('registerStateDictPreHook', hook);
    return addStateHook(stateOf(this), 'savePre', hook);
  }

  /** `hook(module, stateDict, prefix)` runs after the module and its children are in `stateDict`, and may edit it. */
  registerStateDictPostHook(hook: SavePostHook): RemovableHandle {
    if (arguments.length > 1) refuseSurplus('registerStateDictPostHook', arguments, 1);
    checkHook('registerStateDictPostHook', hook);
    return addStateHook(stateOf(this), 'savePost', hook);
  }

  /** `hook(module, stateDict, prefix, context)` runs before the module is loaded and may edit its copy of the dict. */
  registerLoadStateDictPreHook(hook: LoadPreHook): RemovableHandle {
    if (arguments.length > 1) refuseSurplus('registerLoadStateDictPreHook', arguments, 1);
    checkHook('registerLoadStateDictPreHook', hook);
    return addStateHook(stateOf(this), 'loadPre', hook);
  }

  /** `hook(module, result)` runs after loading and may edit the lists of keys before they are judged. */
  registerLoadStateDictPostHook(hook: LoadPostHook): RemovableHandle {
    if (arguments.length > 1) refuseSurplus('registerLoadStateDictPostHook', arguments, 1);
    checkHook('registerLoadStateDictPostHook', hook);
    return addStateHook(stateOf(this), 'loadPost', hook);
  }
}

export interface Module {
  (...inputs: Parameters<this['forward']>): Result<this['forward']>;

  /** A subclass that has state beyond tensors of its own defines both, with that state as a tensor. */
  getExtraState?(): Tensor;
  setExtraState?(state: Tensor): void;
}

brand(Module);

const MEMBER_OPTIONS = ['prefix', 'recurse', 'removeDuplicate'] as const;
const ofParameters = (state: ModuleState): ReadonlyMap<string, Parameter | null> => state.parameters;
const ofBuffers = (state: ModuleState): ReadonlyMap<string, Tensor | null> => state.buffers;

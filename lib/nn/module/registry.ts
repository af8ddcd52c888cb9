import { outlive } from '../../tensor/context.js';
import { foreignOrigin } from '../../tensor/copies.js';
import { DTYPES } from '../../tensor/dtype.js';
import { describe, type ErrorCode, fail } from '../../tensor/errors.js';
import { keepAll } from '../../tensor/memory.js';
import { Tensor } from '../../tensor/tensor.js';
import type { Module } from './module.js';
import { Parameter } from './parameter.js';
import { checkSetting } from './settings.js';
import { classNameOf, isModule, isModuleClass, type ModuleState, stateOf } from './state.js';

// The rules of registration, PyTorch's Module.__setattr__: what an assignment means depends on the value and on what
// the name holds already.

/** The proxy's traps. There is none for reading, which therefore stays cheap. */
export const HANDLER: ProxyHandler<Module> = {
  // Inherited properties of Object.prototype must not be taken for traps.
  __proto__: null,
  set(raw: Module, key: string | symbol, value: unknown, receiver: unknown): boolean {
    if (typeof key === 'string') {
      checkSetting(raw, key, value);
      if (assign(stateOf(raw), key, value)) return true;
    }
    // An own property needs no search for a setter, which costs ten times as much.
    if (!Object.hasOwn(raw, key)) return Reflect.set(raw, key, value, receiver);
    (raw as unknown as Record<string | symbol, unknown>)[key] = value;
    return true;
  },
  defineProperty(raw: Module, key: string | symbol, descriptor: PropertyDescriptor): boolean {
    // A class field is defined as undefined before the constructor assigns to it.
    if (typeof key === 'string' && descriptor.value !== undefined) checkSetting(raw, key, descriptor.value);
    const assigned = typeof key === 'string' && 'value' in descriptor && assign(stateOf(raw), key, descriptor.value);
    return assigned || Reflect.defineProperty(raw, key, descriptor);
  },
  deleteProperty(raw: Module, key: string | symbol): boolean {
    const state = stateOf(raw);
    if (typeof key === 'string') checkSetting(raw, key, undefined);
    if (typeof key !== 'string' || !forget(state, key)) return Reflect.deleteProperty(raw, key);
    return true;
  },
} as ProxyHandler<Module>;

/** Registers what needs registering; false when `value` is to be a plain property. */
function assign(state: ModuleState, name: string, value: unknown): boolean {
  if (state.list !== null && isIndex(name)) {
    state.list.set(Number(name), value);
    return true;
  }
  if (value instanceof Parameter) {
    checkName(state, 'parameter', name);
    setParameter(state, name, value);
  } else if (state.parameters.has(name)) {
    if (value !== null) failAssign(value, `parameter '${name}' (nn.Parameter or null expected)`);
    setParameter(state, name, null);
  } else if (isModule(value)) {
    checkName(state, 'module', name);
    setChild(state, name, value);
  } else if (state.children.has(name)) {
    if (value !== null) failAssign(value, `child module '${name}' (nn.Module or null expected)`);
    setChild(state, name, null);
  } else if (state.buffers.has(name)) {
    if (value !== null && !(value instanceof Tensor)) failAssign(value, `buffer '${name}' (Tensor or null expected)`);
    setBuffer(state, name, value as Tensor | null, !state.nonPersistent.has(name));
  } else {
    notePlain(state, name, value);
    return false;
  }
  return true;
}

/** Unregisters a name; false when it is a plain property. */
function forget(state: ModuleState, name: string): boolean {
  if (state.list !== null && isIndex(name)) {
    state.list.delete(Number(name));
    return true;
  }
  state.collections.delete(name);
  return unregister(state, name);
}

const isIndex = (name: string): boolean => {
  const first = name.charCodeAt(0);
  return first >= 48 && first <= 57 && String(Number(name)) === name;
};

function removeFrom(state: ModuleState, name: string): boolean {
  state.nonPersistent.delete(name);
  return state.parameters.delete(name) || state.buffers.delete(name) || state.children.delete(name);
}

export function registerParameter(state: ModuleState, name: string, value: unknown): void {
  checkFreeName(state, 'parameter', name);
  if (value !== null && !(value instanceof Parameter)) {
    fail(
      'WRONG_TYPE',
      `cannot assign ${typeName(value)} object to parameter '${name}' (nn.Parameter or null required)`,
    );
  }
  setParameter(state, name, value);
}

export function setParameter(state: ModuleState, name: string, value: Parameter | null): void {
  if (!state.parameters.has(name)) removeFrom(state, name);
  state.parameters.set(name, value);
  expose(state, name, value);
}

/** A child keeps its place when it is replaced. */
export function setChild(state: ModuleState, name: string, value: Module | null): void {
  if (!state.children.has(name)) removeFrom(state, name);
  state.children.set(name, value);
  if (state.list === null || !isIndex(name)) expose(state, name, value);
  state.list?.sync();
}

export function setBuffer(state: ModuleState, name: string, value: Tensor | null, persistent: boolean): void {
  // A buffer outlives the `tidy` in which it was made.
  if (value !== null) outlive(value);
  state.buffers.set(name, value);
  if (persistent) state.nonPersistent.delete(name);
  else state.nonPersistent.add(name);
  expose(state, name, value);
}

/** Replaces all children at once: what the list-like containers do. */
export function setChildren(state: ModuleState, entries: Iterable<readonly [string, Module | null]>): void {
  for (const name of state.children.keys()) if (!isIndex(name)) Reflect.deleteProperty(state.raw, name);
  state.children.clear();
  for (const [name, child] of entries) {
    state.children.set(name, child);
    if (!isIndex(name)) expose(state, name, child);
  }
  state.list?.sync();
}

/** Takes a name out of the registry; false when it was not in it. */
export function unregister(state: ModuleState, name: string): boolean {
  if (!removeFrom(state, name)) return false;
  Reflect.deleteProperty(state.raw, name);
  state.list?.sync();
  return true;
}

/** Makes `value` readable as a property, past the traps. */
export function expose(state: ModuleState, name: string, value: unknown): void {
  Reflect.defineProperty(state.raw, name, { value, writable: true, enumerable: true, configurable: true });
}

type Kind = 'parameter' | 'buffer' | 'module';

/** PyTorch's rules for names; what the class itself defines may not be hidden. */
export function checkName(state: ModuleState, kind: Kind, name: unknown): asserts name is string {
  if (typeof name !== 'string') {
    fail(
      'WRONG_TYPE',
      `register${kind[0]!.toUpperCase()}${kind.slice(1)}: ${kind} name should be a string, got ${describe(name)}`,
    );
  }
  const problem = name.includes('.')
    ? `${kind} name can't contain ".", got: ${name}`
    : name === ''
      ? `${kind} name can't be empty string ""`
      : name in Object.getPrototypeOf(state.raw)
        ? `attribute '${name}' already exists`
        : null;
  if (problem !== null) fail('MODULE_ERROR', `${classNameOf(state.raw)}: ${problem}`);
}

/** As checkName, for registration by call: no other own property may have the name either. */
export function checkFreeName(state: ModuleState, kind: Kind, name: unknown): asserts name is string {
  checkName(state, kind, name);
  const own = { parameter: state.parameters, buffer: state.buffers, module: state.children }[kind];
  const taken = Object.hasOwn(state.raw, name) && !(state.list !== null && isIndex(name));
  if (taken && !own.has(name)) fail('MODULE_ERROR', `${classNameOf(state.raw)}: attribute '${name}' already exists`);
}

/** Refuses what is not an instance of a module, and says what to pass instead. */
export function checkModule(op: string, value: unknown): Module {
  if (isModule(value)) return value;
  const advice = isModuleClass(value)
    ? `; pass an instance: new ${value.name || 'Layer'}(…)`
    : Array.isArray(value)
      ? '; spread it to pass its elements'
      : '';
  return fail('WRONG_TYPE', `${op}: ${typeName(value)} is not a Module${advice}`);
}

/** How messages about assignments name what came. */
export function typeName(value: unknown): string {
  if (value instanceof Parameter) return 'Parameter';
  if (value instanceof Tensor) return DTYPES[value.dtype].torchName;
  if (isModule(value)) return classNameOf(value);
  return describe(value);
}

export function failAssign(value: unknown, slot: string, code: ErrorCode = 'WRONG_TYPE'): never {
  return fail(code, `cannot assign ${typeName(value)} as ${slot}`);
}

/** Remembers collections, and refuses one that holds modules: they would be trained by nobody. */
function notePlain(state: ModuleState, name: string, value: unknown): void {
  if (foreignOrigin(value) !== null) fail('WRONG_TYPE', `${classNameOf(state.raw)}.${name}: ${describe(value)}`);
  // A forward of its own may assign to `this`, which only the proxy registers.
  if (name === 'forward') state.receiver = state.self;
  if (value instanceof Tensor) outlive(value);
  if (!isCollection(value)) {
    if (state.collections.size > 0) state.collections.delete(name);
    return;
  }
  refuseHidden(state, name, value);
  keepAll(value);
  state.collections.add(name);
}

function isCollection(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  if (Array.isArray(value) || value instanceof Map || value instanceof Set) return true;
  const prototype = Object.getPrototypeOf(value) as unknown;
  return prototype === Object.prototype || prototype === null;
}

function refuseHidden(state: ModuleState, name: string, value: object): void {
  const held = findHidden(value);
  if (held === null) return;
  if (foreignOrigin(held) !== null) fail('WRONG_TYPE', `${classNameOf(state.raw)}.${name}: ${describe(held)}`);
  const listed = Array.isArray(value) || value instanceof Set;
  const kind = Array.isArray(value)
    ? 'an array'
    : value instanceof Map
      ? 'a Map'
      : value instanceof Set
        ? 'a Set'
        : 'an object';
  const [what, container] = isModule(held)
    ? ['Modules', listed ? 'nn.ModuleList' : 'nn.ModuleDict']
    : ['Parameters', listed ? 'nn.ParameterList' : 'nn.ParameterDict'];
  fail(
    'WRONG_TYPE',
    `${classNameOf(state.raw)}.${name}: ${kind} of ${what} would not be registered; use ${container} ` +
      `(or a #private field for what should stay unregistered)`,
  );
}

/** A module or parameter in a collection, or null; arrays of arrays are looked into. */
function findHidden(value: object, depth = 0): unknown {
  const elements: Iterable<unknown> = Array.isArray(value)
    ? value
    : value instanceof Map || value instanceof Set
      ? value.values()
      : Object.values(value);
  for (const element of elements) {
    if (isModule(element) || element instanceof Parameter || foreignOrigin(element) !== null) return element;
    if (depth < 2 && isCollection(element)) {
      const found = findHidden(element, depth + 1);
      if (found !== null) return found;
    }
  }
  return null;
}

/** Refuses what was put into a plain collection after it was assigned: `this.layers = []; this.layers.push(…)`. */
export function checkCollections(state: ModuleState): void {
  for (const name of state.collections) {
    const value = (state.raw as unknown as Record<string, unknown>)[name];
    if (isCollection(value)) refuseHidden(state, name, value);
    else state.collections.delete(name);
  }
}

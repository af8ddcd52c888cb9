import { fail } from '../../tensor/errors.js';
import { checkString } from '../../tensor/options.js';
import type { Tensor } from '../../tensor/tensor.js';
import type { Module } from './module.js';
import type { Parameter } from './parameter.js';
import { checkModule, checkName, setChild } from './registry.js';
import { classNameOf, stateOf } from './state.js';

/** The descendant at a dotted path. */
export function findSubmodule(root: Module, path: string): Module {
  checkString('getSubmodule', 'a path', path);
  let module = stateOf(root).self;
  if (path === '') return module;
  for (const name of path.split('.')) {
    const child = stateOf(module).children.get(name);
    if (!child) failMissing('getSubmodule', module, name, 'an nn.Module');
    module = child;
  }
  return module;
}

export function findParameter(root: Module, path: string): Parameter {
  const [owner, name] = split('getParameter', root, path);
  return stateOf(owner).parameters.get(name) ?? failMissing('getParameter', owner, name, 'an nn.Parameter');
}

export function findBuffer(root: Module, path: string): Tensor {
  const [owner, name] = split('getBuffer', root, path);
  return stateOf(owner).buffers.get(name) ?? failMissing('getBuffer', owner, name, 'a buffer');
}

export function replaceSubmodule(root: Module, path: string, module: Module, strict: boolean): void {
  if (path === '') fail('BAD_ARGUMENT', 'setSubmodule: Cannot set the submodule without a target name!');
  const [owner, name] = split('setSubmodule', root, path);
  checkModule('setSubmodule', module);
  const state = stateOf(owner);
  if (!state.children.has(name)) {
    if (strict || has(owner, name)) failMissing('setSubmodule', owner, name, 'an nn.Module');
    checkName(state, 'module', name);
  }
  setChild(state, name, module);
}

/** The module that should have the last name of a path, and that name. */
function split(op: string, root: Module, path: string): [Module, string] {
  checkString(op, 'a path', path);
  const dot = path.lastIndexOf('.');
  return [findSubmodule(root, dot === -1 ? '' : path.slice(0, dot)), path.slice(dot + 1)];
}

function has(module: Module, name: string): boolean {
  const state = stateOf(module);
  return name in state.raw || [state.parameters, state.buffers, state.children].some((names) => names.has(name));
}

function failMissing(op: string, module: Module, name: string, wanted: string): never {
  const problem = has(module, name)
    ? `\`${name}\` is not ${wanted}`
    : `${classNameOf(module)} has no attribute \`${name}\``;
  return fail('MODULE_ERROR', `${op}: ${problem}`);
}

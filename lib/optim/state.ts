import { rawCast } from '../raw/copy.js';
import { isFloating } from '../tensor/dtype.js';
import { describe, fail } from '../tensor/errors.js';
import { keep } from '../tensor/memory.js';
import { sameShape, showShape } from '../tensor/shape.js';
import { Tensor } from '../tensor/tensor.js';
import { checkAtLeastZero } from './checks.js';
import type { ParamGroup, ParamState } from './optimizer.js';

/** PyTorch's format: settings in its names, and each group's parameters as their numbers. */
export interface OptimizerStateDict {
  readonly state: Readonly<Record<number, ParamState>>;
  readonly param_groups: readonly PackedGroup[];
}

export interface PackedGroup {
  readonly params: readonly number[];
  readonly [setting: string]: unknown;
}

interface HasState<H extends object> {
  readonly paramGroups: ParamGroup<H>[];
  readonly state: Map<Tensor, ParamState>;
  readonly defaults: H;
}

/** A setting's name in PyTorch. */
export const snake = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

export function saveOptimizerState<H extends object>(optimizer: HasState<H>): OptimizerStateDict {
  const numbers = new Map<Tensor, number>();
  const param_groups = optimizer.paramGroups.map(({ params, ...settings }) => {
    const packed = Object.fromEntries(Object.entries(settings).map(([name, value]) => [snake(name), value]));
    return {
      ...packed,
      params: params.map((param) => {
        numbers.set(param, numbers.size);
        return numbers.size - 1;
      }),
    };
  });
  const state: Record<number, ParamState> = {};
  for (const [param, own] of optimizer.state) {
    const number = numbers.get(param);
    if (number !== undefined) state[number] = { ...own };
  }
  return { state, param_groups };
}

export function loadOptimizerState<H extends object>(
  optimizer: HasState<H>,
  name: string,
  stateDict: OptimizerStateDict,
  checkSettings: (settings: object, op: string) => void,
  checkState: (op: string, state: ParamState) => void,
): void {
  const op = `${name}.loadStateDict`;
  const groups = checkGroups(op, optimizer, stateDict);
  const params = new Map<number, Tensor>();
  groups.forEach((saved, i) => {
    for (const [j, number] of saved.params.entries()) params.set(number, optimizer.paramGroups[i]!.params[j]!);
  });
  const settings = groups.map((saved) => readSettings(optimizer.defaults, saved));
  for (const one of settings) {
    checkSettings(one, op);
    if (one.initialLr !== undefined) checkAtLeastZero(op, 'initial learning rate', one.initialLr);
  }
  const state = new Map<Tensor, ParamState>();
  for (const [number, own] of Object.entries(stateDict.state)) {
    const param = params.get(Number(number));
    const what = `${op}: state of parameter ${number}`;
    if (typeof own !== 'object' || own === null)
      fail('WRONG_TYPE', `${what}: expected an object, got ${describe(own)}`);
    // PyTorch's optimizers, too, start a parameter of empty state afresh.
    if (param === undefined || Object.keys(own).length === 0) continue;
    const adopted = adoptState(what, param, own);
    checkState(what, adopted);
    state.set(param, adopted);
  }
  for (const [i, values] of settings.entries()) Object.assign(optimizer.paramGroups[i]!, values);
  optimizer.state.clear();
  for (const [param, own] of state) optimizer.state.set(param, own);
}

function checkGroups<H extends object>(
  op: string,
  optimizer: HasState<H>,
  stateDict: OptimizerStateDict,
): readonly PackedGroup[] {
  const groups: unknown = (stateDict as OptimizerStateDict | null)?.param_groups;
  if (!Array.isArray(groups) || typeof stateDict.state !== 'object' || stateDict.state === null) {
    fail('WRONG_TYPE', `${op}: expected an object of state and param_groups, got ${describe(stateDict)}`);
  }
  if (groups.length !== optimizer.paramGroups.length) {
    fail(
      'STATE_DICT_MISMATCH',
      `${op}: loaded state dict has a different number of parameter groups, ${groups.length} instead of ${optimizer.paramGroups.length}`,
    );
  }
  optimizer.paramGroups.forEach((group, i) => {
    const saved = (groups[i] as PackedGroup | null)?.params;
    if (!Array.isArray(saved) || saved.length !== group.params.length) {
      fail(
        'STATE_DICT_MISMATCH',
        `${op}: loaded state dict contains a parameter group that doesn't match the size of optimizer's group ${i}, which has ${group.params.length} parameters`,
      );
    }
  });
  return groups as PackedGroup[];
}

/** The optimizer's settings among a saved group's; PyTorch saves some that only choose its implementation. */
function readSettings<H extends object>(defaults: H, saved: PackedGroup): { readonly initialLr?: unknown } {
  const settings: Record<string, unknown> = {};
  for (const name of [...Object.keys(defaults), 'initialLr', 'paramNames']) {
    const value = saved[snake(name)];
    if (value !== undefined) settings[name] = Array.isArray(value) ? [...value] : value;
  }
  return { ...defaults, ...settings };
}

/** Copies in the parameter's dtype; `step` stays a plain number. */
function adoptState(what: string, param: Tensor, saved: ParamState): ParamState {
  const own: ParamState = {};
  for (const [key, value] of Object.entries(saved)) {
    if (!(value instanceof Tensor)) own[key] = value;
    else if (key === 'step') own[key] = value.item();
    else {
      if (!sameShape(value._shape, param._shape)) {
        fail(
          'STATE_DICT_MISMATCH',
          `${what}: ${key} has shape ${showShape(value._shape)}, the parameter ${showShape(param._shape)}`,
        );
      }
      own[key] = keep(rawCast(value, isFloating(param.dtype) ? param.dtype : value.dtype));
    }
  }
  return own;
}

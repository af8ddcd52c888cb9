import type { RecurrentWeights } from '../../ops/nn/recurrent.js';
import { describe, fail } from '../../tensor/errors.js';
import { checkInteger } from '../../tensor/options.js';
import { checkTensor, type Tensor } from '../../tensor/tensor.js';
import { uniform_ } from '../init/init.js';
import type { Module } from '../module/module.js';
import { stateOf } from '../module/state.js';

// What recurrent layers and their cells have in common.

export function checkPositive(op: string, name: string, value: unknown): number {
  const n = checkInteger(op, name, value);
  if (n <= 0) fail('BAD_ARGUMENT', `${op}: ${name} must be greater than zero, got ${n}`);
  return n;
}

/** Fills all parameters from U(−1/√hiddenSize, 1/√hiddenSize), in their order. */
export function resetUniform(module: Module, hiddenSize: number): void {
  const bound = 1 / Math.sqrt(hiddenSize);
  for (const parameter of module.parameters()) uniform_(parameter, { a: -bound, b: bound });
}

/** The parameters whose names end in `suffix`. */
export function weightsOf(module: Module, suffix: string): RecurrentWeights {
  const { parameters } = stateOf(module);
  const named = (name: string): Tensor | null => parameters.get(`${name}${suffix}`) ?? null;
  return {
    weightIh: named('weight_ih')!,
    weightHh: named('weight_hh')!,
    biasIh: named('bias_ih'),
    biasHh: named('bias_hh'),
    weightHr: named('weight_hr'),
  };
}

export function checkDTypes(op: string, input: Tensor, weight: Tensor, states: readonly Tensor[]): void {
  for (const x of [input, ...states]) {
    if (x.dtype !== weight.dtype) {
      fail(
        'DTYPE_MISMATCH',
        `${op}: ${x === input ? 'input' : 'state'} dtype ${x.dtype} does not match weight dtype ${weight.dtype}`,
      );
    }
  }
}

export function checkStatePair(op: string, hx: unknown): readonly [Tensor | null, Tensor | null] {
  if (hx === undefined || hx === null) return [null, null];
  if (!Array.isArray(hx) || hx.length !== 2) fail('WRONG_TYPE', `${op}: hx must be [h, c], got ${describe(hx)}`);
  return [checkTensor(op, hx[0], 'hx[0]'), checkTensor(op, hx[1], 'hx[1]')];
}

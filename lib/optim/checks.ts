import { describe, fail } from '../tensor/errors.js';
import { Tensor } from '../tensor/tensor.js';

/** A setting that must not be negative; `what` is how PyTorch's message calls it. */
export function checkAtLeastZero(op: string, what: string, value: unknown): void {
  if (typeof value !== 'number') fail('WRONG_TYPE', `${op}: ${what} must be a number, got ${describe(value)}`);
  if (!(value >= 0)) fail('OUT_OF_RANGE', `${op}: Invalid ${what}: ${value}`);
}

/** A setting that may be any number but NaN. */
export function checkPlainNumber(op: string, what: string, value: unknown): void {
  if (typeof value !== 'number' || Number.isNaN(value)) {
    fail('WRONG_TYPE', `${op}: ${what} must be a number, got ${describe(value)}`);
  }
}

export function checkFlag(op: string, name: string, value: unknown): void {
  if (typeof value !== 'boolean') fail('WRONG_TYPE', `${op}: ${name} must be a boolean, got ${describe(value)}`);
}

/** A tensor in the state of a parameter, as a checkpoint holds it. */
export function checkStateTensor(what: string, name: string, value: unknown): void {
  if (!(value instanceof Tensor)) {
    fail('STATE_DICT_MISMATCH', `${what}: ${name} must be a Tensor, got ${describe(value)}`);
  }
}

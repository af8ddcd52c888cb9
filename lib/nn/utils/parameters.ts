import '../../ops/install.js';
import '../../ops/viewMethods.js';
import { describe, fail } from '../../tensor/errors.js';
import { checkTensor, Tensor } from '../../tensor/tensor.js';

export function listOf(op: string, parameters: Tensor | Iterable<Tensor>): Tensor[] {
  if (parameters instanceof Tensor) return [parameters];
  if (typeof parameters?.[Symbol.iterator] !== 'function') {
    fail('WRONG_TYPE', `${op}: expected parameters, got ${describe(parameters)}; pass model.parameters()`);
  }
  return Array.from(parameters, (parameter) => checkTensor(op, parameter, 'a parameter'));
}

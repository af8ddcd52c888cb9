import { noGrad } from '../../autograd/modes.js';
import { refuseSurplus } from '../../tensor/arguments.js';
import { listOf } from './parameters.js';
import '../../ops/install.js';
import { cat } from '../../ops/shape/join.js';
import '../../ops/viewMethods.js';
import { reshape } from '../../ops/shape/views.js';
import { fail } from '../../tensor/errors.js';
import { showShape } from '../../tensor/shape.js';
import { checkTensor, stridesOf, type Tensor } from '../../tensor/tensor.js';
import { rawView } from '../../tensor/view.js';

/**
 * All elements of the parameters in one vector, differentiable.
 *
 * @example
 * nn.utils.parametersToVector(new nn.Linear(2, 3).parameters()).shape; // [9]
 */
export function parametersToVector(parameters: Iterable<Tensor>): Tensor {
  if (arguments.length > 1) refuseSurplus('parametersToVector', arguments, 1);
  return cat(listOf('parametersToVector', parameters).map((parameter) => reshape(parameter, [-1])));
}

/**
 * Copies consecutive elements of `vector` into the parameters: the inverse of `parametersToVector`.
 *
 * @example
 * nn.utils.vectorToParameters(zeros([9]), new nn.Linear(2, 3).parameters());
 */
export function vectorToParameters(vector: Tensor, parameters: Iterable<Tensor>): void {
  if (arguments.length > 2) refuseSurplus('vectorToParameters', arguments, 2);
  const op = 'vectorToParameters';
  const list = listOf(op, parameters);
  checkTensor(op, vector, 'vector');
  const total = list.reduce((sum, parameter) => sum + parameter.numel, 0);
  if (vector._shape.length !== 1 || vector.numel !== total) {
    fail(
      'SHAPE_MISMATCH',
      `${op}: the parameters have ${total} elements, the vector has shape ${showShape(vector._shape)}`,
    );
  }
  const stride = stridesOf(vector)[0]!;
  let offset = vector._offset;
  for (const parameter of list) {
    const part = rawView(vector, [parameter.numel], [stride], offset);
    noGrad(() => parameter.copy_(reshape(part, parameter._shape)));
    offset += parameter.numel * stride;
  }
}

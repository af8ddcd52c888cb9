import { rawArange } from '../../raw/create.js';
import { reduceKernel } from '../../raw/reduce.js';
import { refuseSurplus } from '../../tensor/arguments.js';
import { fail } from '../../tensor/errors.js';
import { checkInteger } from '../../tensor/options.js';
import { numelOf } from '../../tensor/shape.js';
import type { Tensor } from '../../tensor/tensor.js';
import { castTo } from '../broadcast.js';
import { eq } from '../elementwise/compare.js';
import { reshapeTo } from '../shape/layout.js';
import { checkIndex } from './indices.js';

const amax = reduceKernel('amax');
const amin = reduceKernel('amin');

/**
 * Class indices [..] as rows of 0 with a single 1: [.., classes], int64; −1 classes stands for the largest index + 1.
 *
 * @example
 * F.oneHot(tensor([0, 2], { dtype: 'int64' })).toArray(); // [[1, 0, 0], [0, 0, 1]]
 */
export function oneHot(x: Tensor, numClasses = -1): Tensor {
  if (arguments.length > 2) refuseSurplus('oneHot', arguments, 2);
  const index = checkIndex('oneHot', x, 'input');
  checkInteger('oneHot', 'numClasses', numClasses);
  const dims = index._shape.map((_, i) => i);
  const isEmpty = numelOf(index._shape) === 0;
  if (isEmpty && numClasses <= 0)
    fail('BAD_ARGUMENT', 'oneHot: cannot infer the number of classes from an empty tensor');
  if (!isEmpty && amin(index, dims).item() < 0) fail('OUT_OF_RANGE', 'oneHot: class values must be non-negative');
  const largest = isEmpty ? -1 : amax(index, dims).item();
  const classes = numClasses === -1 ? largest + 1 : numClasses;
  if (classes < 1) fail('OUT_OF_RANGE', `oneHot: numClasses must be positive or -1, got ${numClasses}`);
  if (largest >= classes)
    fail('OUT_OF_RANGE', `oneHot: class values must be smaller than numClasses ${classes}, got ${largest}`);
  return castTo(eq(reshapeTo(index, [...index._shape, 1]), rawArange(0, 1, classes, 'int64')), 'int64');
}

import '../../../lib/autograd/methods.js';
import '../../../lib/ops/install.js';
import '../../../lib/ops/viewMethods.js';

export * as autograd from '../../../lib/autograd/index.js';
export { enableGrad, inferenceMode, isGradEnabled, noGrad } from '../../../lib/autograd/modes.js';
export { arange, full, ones, tensor, zeros } from '../../../lib/ops/create.js';
export { FlambeauError } from '../../../lib/tensor/errors.js';
export { manualSeed } from '../../../lib/tensor/generator.js';
export { Tensor } from '../../../lib/tensor/tensor.js';

// The library as the parity suite sees it.
import '../../lib/autograd/methods.js';
import '../../lib/ops/install.js';
import '../../lib/ops/viewMethods.js';

export { grad } from '../../lib/autograd/backward.js';
export { linearDynamic } from '../../lib/nn/quantized/functional.js';
export { scaledDotProductAttention } from '../../lib/ops/attention.js';
export { batchNorm, groupNorm, instanceNorm } from '../../lib/ops/channelNorm.js';
export * from '../../lib/ops/classification.js';
export * from '../../lib/ops/conv.js';
export * from '../../lib/ops/create.js';
export { embedding } from '../../lib/ops/embedding.js';
export * from '../../lib/ops/join.js';
export { linear } from '../../lib/ops/linear.js';
export { where } from '../../lib/ops/masking.js';
export { pad } from '../../lib/ops/pad.js';
export { pow } from '../../lib/ops/pointwise.js';
export * from '../../lib/ops/pooling.js';
export * from '../../lib/ops/regression.js';
export { layerNorm, rmsNorm } from '../../lib/ops/rowNorm.js';
export type { DType } from '../../lib/tensor/dtype.js';
export { FlambeauError } from '../../lib/tensor/errors.js';
export { Tensor } from '../../lib/tensor/tensor.js';

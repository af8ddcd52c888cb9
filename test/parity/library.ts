// The library as the parity suite sees it.
import '../../lib/autograd/methods.js';
import '../../lib/ops/install.js';
import '../../lib/ops/viewMethods.js';

export { grad } from '../../lib/autograd/backward.js';
export * from '../../lib/ops/create.js';
export { where } from '../../lib/ops/elementwise/masking.js';
export { pow } from '../../lib/ops/elementwise/pointwise.js';
export * from '../../lib/ops/loss/classification.js';
export * from '../../lib/ops/loss/regression.js';
export { linear } from '../../lib/ops/matmul/linear.js';
export { scaledDotProductAttention } from '../../lib/ops/nn/attention.js';
export { batchNorm, groupNorm, instanceNorm } from '../../lib/ops/nn/channelNorm.js';
export * from '../../lib/ops/nn/conv.js';
export { embedding } from '../../lib/ops/nn/embedding.js';
export { fold, unfold } from '../../lib/ops/nn/fold.js';
export { pad } from '../../lib/ops/nn/pad.js';
export * from '../../lib/ops/nn/pooling.js';
export { linearDynamic } from '../../lib/ops/nn/quantized.js';
export { layerNorm, rmsNorm } from '../../lib/ops/nn/rowNorm.js';
export * from '../../lib/ops/shape/join.js';
export type { DType } from '../../lib/tensor/dtype.js';
export { FlambeauError } from '../../lib/tensor/errors.js';
export { Tensor } from '../../lib/tensor/tensor.js';

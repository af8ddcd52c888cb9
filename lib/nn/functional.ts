// What layers compute, as functions: `import { functional as F } from 'flambeau'`.

export * from '../ops/elementwise/activation.js';
export { sigmoid, tanh } from '../ops/elementwise/unary.js';
export { oneHot } from '../ops/indexing/oneHot.js';
export { type CrossEntropyOptions, crossEntropy, type NllLossOptions, nllLoss } from '../ops/loss/classification.js';
export * from '../ops/loss/regression.js';
export { linear } from '../ops/matmul/linear.js';
export { type AttentionOptions, scaledDotProductAttention } from '../ops/nn/attention.js';
export {
  type BatchNormOptions,
  batchNorm,
  type GroupNormOptions,
  groupNorm,
  type InstanceNormOptions,
  instanceNorm,
} from '../ops/nn/channelNorm.js';
export {
  type Conv1dOptions,
  type Conv2dOptions,
  type ConvTranspose1dOptions,
  type ConvTranspose2dOptions,
  conv1d,
  conv2d,
  convTranspose1d,
  convTranspose2d,
} from '../ops/nn/conv.js';
export { type DropoutOptions, dropout } from '../ops/nn/dropout.js';
export { type EmbeddingOptions, embedding } from '../ops/nn/embedding.js';
export { type FoldOptions, fold, unfold } from '../ops/nn/fold.js';
export { type PadMode, type PadOptions, pad } from '../ops/nn/pad.js';
export * from '../ops/nn/pooling.js';
export { type LayerNormOptions, layerNorm, type RmsNormOptions, rmsNorm } from '../ops/nn/rowNorm.js';

// What layers compute, as functions: `import { functional as F } from 'flambeau'`.

export * from '../ops/activation.js';
export { oneHot } from '../ops/arrange.js';
export { type AttentionOptions, scaledDotProductAttention } from '../ops/attention.js';
export {
  type BatchNormOptions,
  batchNorm,
  type GroupNormOptions,
  groupNorm,
  type InstanceNormOptions,
  instanceNorm,
} from '../ops/channelNorm.js';
export { type CrossEntropyOptions, crossEntropy, type NllLossOptions, nllLoss } from '../ops/classification.js';
export {
  type Conv1dOptions,
  type Conv2dOptions,
  type ConvTranspose1dOptions,
  type ConvTranspose2dOptions,
  conv1d,
  conv2d,
  convTranspose1d,
  convTranspose2d,
} from '../ops/conv.js';
export { type DropoutOptions, dropout } from '../ops/dropout.js';
export { type EmbeddingOptions, embedding } from '../ops/embedding.js';
export { linear } from '../ops/linear.js';
export { type PadMode, type PadOptions, pad } from '../ops/pad.js';
export * from '../ops/pooling.js';
export * from '../ops/regression.js';
export { type LayerNormOptions, layerNorm, type RmsNormOptions, rmsNorm } from '../ops/rowNorm.js';
export { sigmoid, tanh } from '../ops/unary.js';

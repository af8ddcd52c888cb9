export { ModuleDict } from './containers/moduleDict.js';
export { ModuleList } from './containers/moduleList.js';
export { ParameterDict } from './containers/parameterDict.js';
export { ParameterList } from './containers/parameterList.js';
export type { Slice } from './containers/positions.js';
export { Sequential } from './containers/sequential.js';
export * as functional from './functional.js';
export * as init from './init/init.js';
export * from './layers/activation.js';
export {
  BatchNorm1d,
  BatchNorm2d,
  InstanceNorm1d,
  InstanceNorm2d,
  type RunningNormOptions,
} from './layers/batchNorm.js';
export {
  Conv1d,
  type Conv1dOptions,
  Conv2d,
  type Conv2dOptions,
  ConvTranspose1d,
  type ConvTranspose1dOptions,
  ConvTranspose2d,
  type ConvTranspose2dOptions,
  type OutputSizeOptions,
  type PaddingMode,
} from './layers/conv.js';
export { Dropout } from './layers/dropout.js';
export { Embedding, type EmbeddingModuleOptions, type PretrainedOptions } from './layers/embedding.js';
export { Flatten, Unflatten } from './layers/flatten.js';
export { Fold, Unfold } from './layers/fold.js';
export { Identity, Linear, type LinearOptions } from './layers/linear.js';
export * from './layers/losses.js';
export {
  MultiheadAttention,
  type MultiheadAttentionForwardOptions,
  type MultiheadAttentionOptions,
} from './layers/multiheadAttention.js';
export {
  GroupNorm,
  type GroupNormModuleOptions,
  LayerNorm,
  type LayerNormModuleOptions,
  RMSNorm,
  type RMSNormOptions,
} from './layers/normalization.js';
export * from './layers/pooling.js';
export { GRU, LSTM, type LSTMOptions, type RecurrentOptions, RNN, type RNNOptions } from './layers/recurrent.js';
export { GRUCell, LSTMCell, type RecurrentCellOptions, RNNCell, type RNNCellOptions } from './layers/recurrentCells.js';
export { LogSoftmax, Softmax } from './layers/softmax.js';
export {
  type TransformerActivation,
  TransformerEncoder,
  type TransformerEncoderForwardOptions,
  TransformerEncoderLayer,
  type TransformerEncoderLayerForwardOptions,
  type TransformerEncoderLayerOptions,
  type TransformerEncoderOptions,
} from './layers/transformer.js';
export type {
  BackwardHook,
  BackwardPreHook,
  ForwardHook,
  ForwardHookOptions,
  ForwardPreHook,
  HookOptions,
} from './module/hooks.js';
export { type Layer, Module } from './module/module.js';
export { Parameter, type ParameterOptions } from './module/parameter.js';
export type { LoadOptions, LoadResult, StateDict, StateDictOptions } from './module/stateDict.js';
export type { MemberOptions, TraverseOptions } from './module/traverse.js';
export { type Keeps, type Maps, type MapsChannels, WIDTHS } from './module/widths.js';
export * as quantized from './quantized/index.js';
export * as utils from './utils/index.js';

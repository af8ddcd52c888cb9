export * from './activation.js';
export { BatchNorm1d, BatchNorm2d, InstanceNorm1d, InstanceNorm2d, type RunningNormOptions } from './batchNorm.js';
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
} from './conv.js';
export { Dropout } from './dropout.js';
export { Embedding, type EmbeddingModuleOptions, type PretrainedOptions } from './embedding.js';
export { Flatten, Unflatten } from './flatten.js';
export * as functional from './functional.js';
export type {
  BackwardHook,
  BackwardPreHook,
  ForwardHook,
  ForwardHookOptions,
  ForwardPreHook,
  HookOptions,
} from './hooks.js';
export * as init from './init.js';
export { Identity, Linear, type LinearOptions } from './linear.js';
export * from './losses.js';
export { type Layer, Module } from './module.js';
export { ModuleDict } from './moduleDict.js';
export { ModuleList } from './moduleList.js';
export {
  MultiheadAttention,
  type MultiheadAttentionForwardOptions,
  type MultiheadAttentionOptions,
} from './multiheadAttention.js';
export {
  GroupNorm,
  type GroupNormModuleOptions,
  LayerNorm,
  type LayerNormModuleOptions,
  RMSNorm,
  type RMSNormOptions,
} from './normalization.js';
export { Parameter, type ParameterOptions } from './parameter.js';
export { ParameterDict } from './parameterDict.js';
export { ParameterList } from './parameterList.js';
export * from './pooling.js';
export type { Slice } from './positions.js';
export * as quantized from './quantized/index.js';
export { GRU, LSTM, type LSTMOptions, type RecurrentOptions, RNN, type RNNOptions } from './recurrent.js';
export { GRUCell, LSTMCell, type RecurrentCellOptions, RNNCell, type RNNCellOptions } from './recurrentCells.js';
export { Sequential } from './sequential.js';
export { LogSoftmax, Softmax } from './softmax.js';
export type { LoadOptions, LoadResult, StateDict, StateDictOptions } from './stateDict.js';
export {
  type TransformerActivation,
  TransformerEncoder,
  type TransformerEncoderForwardOptions,
  TransformerEncoderLayer,
  type TransformerEncoderLayerForwardOptions,
  type TransformerEncoderLayerOptions,
  type TransformerEncoderOptions,
} from './transformer.js';
export type { MemberOptions, TraverseOptions } from './traverse.js';
export * as utils from './utils.js';
export { type Keeps, type Maps, type MapsChannels, WIDTHS } from './widths.js';

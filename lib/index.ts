import './autograd/methods.js';
import './ops/install.js';
import './tensor/format.js';
import './ops/viewMethods.js';

export * as autograd from './autograd/index.js';
export { enableGrad, inferenceMode, isGradEnabled, isInferenceModeEnabled, noGrad } from './autograd/modes.js';
export { loadSafetensors, loadSafetensorsMetadata, saveSafetensors } from './io/safetensors.js';
export type { FileOrBytes } from './io/source.js';
export * as functional from './nn/functional.js';
export * as nn from './nn/index.js';
export * from './ops/index.js';
export * as optim from './optim/index.js';
export type { DType, TypedArray, TypedArrayOf } from './tensor/dtype.js';
export { type ErrorCode, FlambeauError } from './tensor/errors.js';
export { emptyCache, keep, type MemoryInfo, memory, resetPeakMemory, tidy } from './tensor/memory.js';
export type { Shape } from './tensor/shape.js';
export { isTensor, type NestedArray, Tensor } from './tensor/tensor.js';
export { getNumThreads, isa, setNumThreads } from './tensor/threads.js';

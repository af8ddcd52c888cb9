// What `import { autograd } from 'flambeau'` gives.

export { detectAnomaly } from './anomaly.js';
export { type BackwardCallOptions, backward, type GradOptions, grad } from './backward.js';
export { checkpoint } from './checkpoint.js';
export { Function, type FunctionContext, onceDifferentiable } from './function.js';
export { type GradcheckOptions, gradcheck, gradgradcheck } from './gradcheck.js';
export type { RemovableHandle } from './hooks.js';
export { enableGrad, inferenceMode, isGradEnabled, isInferenceModeEnabled, noGrad } from './modes.js';
export type { Edge, Node, NodeHook, NodePreHook, TensorHook } from './node.js';
export type { Gradient } from './op.js';
export { savedTensorsHooks } from './saved.js';

// What `import { autograd } from 'flambeau'` gives.
export type { Gradient } from './op.js';
export { detectAnomaly } from './anomaly.js';
export { backward, type BackwardCallOptions, grad, type GradOptions } from './backward.js';
export { checkpoint } from './checkpoint.js';
export { Function, type FunctionContext, onceDifferentiable } from './function.js';
export { gradcheck, type GradcheckOptions, gradgradcheck } from './gradcheck.js';
export type { RemovableHandle } from './hooks.js';
export { enableGrad, inferenceMode, isGradEnabled, isInferenceModeEnabled, noGrad } from './modes.js';
export type { Edge, Node, NodeHook, NodePreHook, TensorHook } from './node.js';
export { savedTensorsHooks } from './saved.js';

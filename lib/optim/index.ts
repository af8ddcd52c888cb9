export { Adam, type AdamOptions, AdamW } from './adam.js';
export * as lrScheduler from './schedulers.js';
export { Optimizer, type ParamGroup, type ParamGroupInput, type Params, type ParamState } from './optimizer.js';
export { SGD, type SGDOptions } from './sgd.js';
export type { OptimizerStateDict, PackedGroup } from './state.js';

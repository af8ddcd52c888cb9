export { Adam, type AdamOptions, AdamW } from './adam.js';
export { Optimizer, type ParamGroup, type ParamGroupInput, type ParamState, type Params } from './optimizer.js';
export * as lrScheduler from './schedulers.js';
export { SGD, type SGDOptions } from './sgd.js';
export type { OptimizerStateDict, PackedGroup } from './state.js';

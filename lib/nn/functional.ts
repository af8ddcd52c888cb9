// What layers compute, as functions: `import { functional as F } from 'flambeau'`.

export * from '../ops/activation.js';
export { crossEntropy, type CrossEntropyOptions, nllLoss, type NllLossOptions } from '../ops/classification.js';
export { dropout, type DropoutOptions } from '../ops/dropout.js';
export { oneHot } from '../ops/arrange.js';
export { linear } from '../ops/matmul.js';
export * from '../ops/regression.js';
export { sigmoid, tanh } from '../ops/unary.js';

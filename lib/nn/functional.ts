// What layers compute, as functions: `import { functional as F } from 'flambeau'`.

export * from '../ops/activation.js';
export { oneHot } from '../ops/arrange.js';
export { type CrossEntropyOptions, crossEntropy, type NllLossOptions, nllLoss } from '../ops/classification.js';
export { type DropoutOptions, dropout } from '../ops/dropout.js';
export { linear } from '../ops/matmul.js';
export * from '../ops/regression.js';
export { sigmoid, tanh } from '../ops/unary.js';

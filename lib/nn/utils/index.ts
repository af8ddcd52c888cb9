// What `nn.utils` gives.

export { type ClipGradNormOptions, clipGradNorm_, clipGradValue_ } from './clipGrad.js';
export { parametersToVector, vectorToParameters } from './vector.js';

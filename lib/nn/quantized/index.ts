// Layers over 8-bit integers, under the names of torch.ao.nn.quantized.

export * as functional from '../../ops/nn/quantized.js';
export { quantizeDynamic } from './convert.js';
export * as dynamic from './dynamic.js';

// Layers over 8-bit integers, under the names of torch.ao.nn.quantized.
export { quantizeDynamic } from './convert.js';
export * as dynamic from './dynamic.js';
export * as functional from './functional.js';

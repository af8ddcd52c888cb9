// The operations that programs call as functions. Those that take a tensor first are its methods too (install.ts).

export {
  arange,
  type CreateOptions,
  empty,
  emptyLike,
  eye,
  fromTypedArray,
  full,
  fullLike,
  linspace,
  ones,
  onesLike,
  type TensorOptions,
  tensor,
  zeros,
  zerosLike,
} from './create.js';
export * from './elementwise/activation.js';
export * from './elementwise/arithmetic.js';
export * from './elementwise/closeness.js';
export * from './elementwise/compare.js';
export { where } from './elementwise/masking.js';
export * from './elementwise/pointwise.js';
export * from './elementwise/unary.js';
export {
  gather,
  indexAdd,
  indexSelect,
  maskedFill,
  maskedSelect,
  nonzero,
  type ScatterOptions,
  scatter,
  scatterAdd,
  take,
} from './indexing/indexing.js';
export * from './indexing/oneHot.js';
export * from './indexing/repeat.js';
export * from './matmul/matmul.js';
export * from './random/random.js';
export { bernoulli, type MultinomialOptions, multinomial } from './random/sampling.js';
export { amax, amin, argmax, argmin, max, median, min } from './reduce/extrema.js';
export * from './reduce/reduce.js';
export * from './reduce/scan.js';
export * from './reduce/sort.js';
export { type NormOptions, norm } from './reduce/vectorNorm.js';
export * from './shape/arrange.js';
export { cat, stack } from './shape/join.js';
export { chunk, diagonal, narrow, select, split, unbind } from './shape/slices.js';
export {
  asStrided,
  clone,
  expand,
  flatten,
  matrixTranspose,
  movedim,
  permute,
  reshape,
  squeeze,
  t,
  transpose,
  unflatten,
  unsqueeze,
} from './shape/views.js';

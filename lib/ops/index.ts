// The operations that programs call as functions. Those that take a tensor first are its methods too (install.ts).

export * from './activation.js';
export * from './arithmetic.js';
export * from './arrange.js';
export * from './compare.js';
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
export { amax, amin, argmax, argmin, max, median, min } from './extrema.js';
export {
  gather,
  indexAdd,
  indexSelect,
  maskedFill,
  maskedSelect,
  nonzero,
  scatter,
  scatterAdd,
  take,
} from './indexing.js';
export { cat, stack } from './join.js';
export { where } from './masking.js';
export * from './matmul.js';
export { type NormOptions, norm } from './norm.js';
export * from './pointwise.js';
export * from './random.js';
export * from './reduce.js';
export { bernoulli, type MultinomialOptions, multinomial } from './sampling.js';
export * from './scan.js';
export { chunk, diagonal, narrow, select, split, unbind } from './slices.js';
export * from './unary.js';
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
} from './views.js';

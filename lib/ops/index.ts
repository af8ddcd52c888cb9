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
export * from './scan.js';
export { bernoulli, type MultinomialOptions, multinomial } from './sampling.js';
export * from './unary.js';
export {
  asStrided,
  chunk,
  clone,
  diagonal,
  expand,
  flatten,
  matrixTranspose,
  movedim,
  narrow,
  permute,
  reshape,
  select,
  split,
  squeeze,
  t,
  transpose,
  unbind,
  unflatten,
  unsqueeze,
} from './views.js';

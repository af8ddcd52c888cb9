import { codesOf } from '../tensor/codes.js';

/** What a product or a convolution can be followed by while it is in cache. */
export const PRODUCT_ACTIVATION = codesOf('activation', [
  'none',
  'relu',
  'sigmoid',
  'tanh',
  'gelu',
  'geluTanh',
  'silu',
]);
export type ProductActivation = keyof typeof PRODUCT_ACTIVATION;

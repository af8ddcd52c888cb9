import { inplaceOf } from '../../autograd/inplace.js';
import { requiresGrad } from '../../autograd/op.js';
import { rawFull } from '../../raw/create.js';
import { rawBernoulli, rawEmptyLike } from '../../raw/random.js';
import { refuseSurplus } from '../../tensor/arguments.js';
import { isFloating, roundTo } from '../../tensor/dtype.js';
import { fail } from '../../tensor/errors.js';
import { defaultGenerator } from '../../tensor/generator.js';
import { checkNumber, checkOptions } from '../../tensor/options.js';
import { checkTensor, type Tensor } from '../../tensor/tensor.js';
import { mul } from '../elementwise/arithmetic.js';

export interface DropoutOptions {
  /** The probability that an element is dropped; default 0.5. */
  p?: number;
  /** Without it x comes back as it is; default true. */
  training?: boolean;
  /** Writes into x; default false. */
  inplace?: boolean;
}

const applyInPlace = inplaceOf('mul_', (x: Tensor, noise: Tensor) => mul(x, noise));

/**
 * Zeroes each element with probability p and divides the others by 1 − p, so that the expectation stays; shape and
 * dtype are x's. The same seed drops what PyTorch drops.
 *
 * Srivastava et al., "Dropout: A Simple Way to Prevent Neural Networks from Overfitting" (2014).
 *
 * @example
 * F.dropout(ones([4]), { p: 0.5 });                               // zeros and twos
 * F.dropout(ones([4]), { p: 0.5, training: false }).toArray();    // [1, 1, 1, 1]
 */
export function dropout(x: Tensor, options?: DropoutOptions): Tensor {
  if (arguments.length > 2) refuseSurplus('dropout', arguments, 2);
  const {
    p: chance = 0.5,
    training = true,
    inplace = false,
  } = checkOptions('dropout', options, ['p', 'training', 'inplace']);
  checkTensor('dropout', x);
  const p = checkNumber('dropout', 'p', chance);
  if (!(p >= 0 && p <= 1)) {
    fail('OUT_OF_RANGE', `dropout: dropout probability has to be between 0 and 1, but got ${p}`);
  }
  if (p === 0 || !training || x.numel === 0) return x;
  if (!isFloating(x.dtype)) fail('DTYPE_MISMATCH', `dropout: x must be of a floating dtype, got ${x.dtype}`);
  const noise = p === 1 ? rawFull([], 0, x.dtype) : noiseFor(x, 1 - p);
  const y = inplace ? applyInPlace(x, noise) : mul(x, noise);
  if (!requiresGrad(y)) noise.dispose(); // no graph keeps it, and it is as large as x
  return y;
}

/** 1 / keep with probability `keep`, else 0; rounded as PyTorch divides, in x's dtype. */
function noiseFor(x: Tensor, keep: number): Tensor {
  const noise = rawEmptyLike(x);
  const scale = roundTo(x.dtype, 1 / (x.dtype === 'float32' ? Math.fround(keep) : keep));
  rawBernoulli(defaultGenerator, noise, keep, scale);
  return noise;
}

import { defineOp, type Op } from '../../autograd/op.js';
import { binaryKernel } from '../../raw/elementwise.js';
import { rawGather, rawScatter } from '../../raw/indexing.js';
import { fail } from '../../tensor/errors.js';
import type { Tensor } from '../../tensor/tensor.js';
import { rawClone, rawSlice } from '../shape/layout.js';

const mulRaw = binaryKernel('mul');

/**
 * x with each element at `index` along `dim` multiplied by source's, as often as it is named. It has no gradient, as in
 * PyTorch: backward through it is an error.
 */
export const scatterMultiply: Op<[x: Tensor, dim: number, index: Tensor, source: Tensor]> = defineOp({
  name: 'scatterMultiply',
  node: 'NotImplemented',
  forward: (x, dim, index, source) => {
    const out = rawClone(x);
    // Entries that differ along `dim` may name the same element, so one line of them is taken after the other.
    for (let i = 0; i < (index._shape[dim] ?? 1); i++) {
      const [at, factor] = [index, source].map((t) => (t._shape.length === 0 ? t : rawSlice(t, dim, i, 1)));
      const product = mulRaw(rawGather(out, dim, at!), factor!);
      rawScatter(out, dim, at!, product);
      product.dispose();
    }
    return out;
  },
  backward: () => fail('GRAD_ERROR', "scatter: the derivative with reduce: 'multiply' is not implemented"),
});

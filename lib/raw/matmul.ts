import { addon } from '../tensor/runtime.js';
import { broadcastShapes } from '../tensor/shape.js';
import { handleOf, makeTensor, type Tensor } from '../tensor/tensor.js';
import { PRODUCT_ACTIVATION, type ProductActivation } from './epilogue.js';

/** a [..., m, k] times b [..., k, n] with broadcast batches; any strides. */
export function rawMatmul(a: Tensor, b: Tensor): Tensor {
  const p = a._shape;
  const q = b._shape;
  const m = p[p.length - 2]!;
  const n = q[q.length - 1]!;
  const shape =
    p.length === 2 && q.length === 2 ? [m, n] : [...broadcastShapes('matmul', p.slice(0, -2), q.slice(0, -2)), m, n];
  const out = makeTensor(shape, a.dtype);
  out._handle = addon.matmul(handleOf('matmul', a), handleOf('matmul', b), 0, PRODUCT_ACTIVATION.none, out);
  return out;
}

/** x [m, in] times weight [out, in] transposed, plus bias [out], and an activation of that. */
export function rawLinear(
  x: Tensor,
  weight: Tensor,
  bias: Tensor | null,
  activation: ProductActivation = 'none',
): Tensor {
  const out = makeTensor([x._shape[0]!, weight._shape[0]!], x.dtype);
  const biasHandle = bias === null ? 0 : handleOf('linear', bias);
  const code = PRODUCT_ACTIVATION[activation];
  out._handle = addon.linear(handleOf('linear', x), handleOf('linear', weight), biasHandle, code, out);
  return out;
}

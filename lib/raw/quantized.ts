import { addon } from '../tensor/runtime.js';
import { handleOf, makeTensor, type Tensor } from '../tensor/tensor.js';

/** x float32 [m, in], quantised by its own range, times int8 weight [out, in] transposed; scales [] or [out]. */
export function rawLinearInt8(
  x: Tensor,
  weight: Tensor,
  scales: Tensor,
  bias: Tensor | null,
  reduceRange: boolean,
): Tensor {
  const op = 'linearDynamic';
  const out = makeTensor([x._shape[0]!, weight._shape[0]!], 'float32');
  const biasHandle = bias === null ? 0 : handleOf(op, bias);
  out._handle = addon.linearInt8(
    handleOf(op, x),
    handleOf(op, weight),
    handleOf(op, scales),
    biasHandle,
    reduceRange,
    out,
  );
  return out;
}

import { addon, scratch } from '../tensor/runtime.js';
import type { Shape } from '../tensor/shape.js';
import { handleOf, makeTensor, type Tensor } from '../tensor/tensor.js';
import { rawEmpty } from './create.js';

// As raw.ts, for pooling: the last two dimensions of x are pooled.

/** The windows along one dimension; kernel 0 is adaptive: `out` windows that divide `size` as evenly as they can. */
export interface PoolAxis {
  readonly size: number;
  readonly out: number;
  readonly kernel: number;
  readonly stride: number;
  readonly padding: number;
  readonly dilation: number;
}

export interface Windows {
  readonly height: PoolAxis;
  readonly width: PoolAxis;
  /** Averages divide by the padding that a window covers, too. */
  readonly countIncludePad: boolean;
  /** What averages divide by; 0 for the size of the window. */
  readonly divisor: number;
}

function putWindows({ height, width, countIncludePad, divisor }: Windows): void {
  let at = 0;
  for (const axis of [height, width]) {
    scratch[at++] = axis.size;
    scratch[at++] = axis.out;
    scratch[at++] = axis.kernel;
    scratch[at++] = axis.stride;
    scratch[at++] = axis.padding;
    scratch[at++] = axis.dilation;
  }
  scratch[at++] = Number(countIncludePad);
  scratch[at] = divisor;
}

const pooled = (shape: Shape, { height, width }: Windows): number[] => [...shape.slice(0, -2), height.out, width.out];
const unpooled = (shape: Shape, { height, width }: Windows): number[] => [
  ...shape.slice(0, -2),
  height.size,
  width.size,
];

/** The maxima and, if wanted, where in its plane each is: int32 for float32, int64 for float64. */
export function rawMaxPool(x: Tensor, windows: Windows, withIndices: boolean): [Tensor, Tensor | null] {
  const out = makeTensor(pooled(x._shape, windows), x.dtype);
  const indices = withIndices ? rawEmpty(out._shape, x.dtype === 'float32' ? 'int32' : 'int64') : null;
  putWindows(windows);
  out._handle = addon.maxPool(handleOf('maxPool', x), indices === null ? 0 : handleOf('maxPool', indices), out);
  return [out, indices];
}

export function rawMaxPoolBackward(g: Tensor, indices: Tensor, windows: Windows): Tensor {
  const out = makeTensor(unpooled(g._shape, windows), g.dtype);
  putWindows(windows);
  out._handle = addon.maxPoolBackward(handleOf('maxPool', g), handleOf('maxPool', indices), out);
  return out;
}

export function rawAvgPool(x: Tensor, windows: Windows): Tensor {
  const out = makeTensor(pooled(x._shape, windows), x.dtype);
  putWindows(windows);
  out._handle = addon.avgPool(handleOf('avgPool', x), out);
  return out;
}

export function rawAvgPoolBackward(g: Tensor, windows: Windows): Tensor {
  const out = makeTensor(unpooled(g._shape, windows), g.dtype);
  putWindows(windows);
  out._handle = addon.avgPoolBackward(handleOf('avgPool', g), out);
  return out;
}

import { addon, put, scratch } from '../tensor/runtime.js';
import { handleOf, makeTensor, type Tensor } from '../tensor/tensor.js';
import { PRODUCT_ACTIVATION, type ProductActivation } from './epilogue.js';

/** One number for each axis, outermost first. */
export type Axes = readonly number[];

export interface ConvGeometry {
  readonly stride: Axes;
  /** Zeros before the first element of each axis; those after the last follow from the size of the result. */
  readonly padding: Axes;
  readonly dilation: Axes;
  readonly groups: number;
}

/** Native code takes two axes; of one axis the other is trivial. */
function putGeometry({ stride, padding, dilation, groups }: ConvGeometry, size: Axes): void {
  const pair = (at: number, values: Axes, trivial: number): void => {
    scratch[at] = values.length === 2 ? values[0]! : trivial;
    scratch[at + 1] = values[values.length - 1]!;
  };
  pair(0, stride, 1);
  pair(2, padding, 0);
  pair(4, dilation, 1);
  scratch[6] = groups;
  pair(7, size, 1);
}

const optional = (x: Tensor | null): number => (x === null ? 0 : handleOf('conv', x));

/** x [n, c, …], weight [o, c / groups, …] → [n, o, …size], and an activation of that. */
export function rawConv(
  x: Tensor,
  weight: Tensor,
  bias: Tensor | null,
  geometry: ConvGeometry,
  size: Axes,
  activation: ProductActivation = 'none',
): Tensor {
  const out = makeTensor([x._shape[0]!, weight._shape[0]!, ...size], x.dtype);
  putGeometry(geometry, size);
  out._handle = addon.conv(
    handleOf('conv', x),
    handleOf('conv', weight),
    optional(bias),
    0,
    0,
    PRODUCT_ACTIVATION[activation],
    out,
  );
  return out;
}

/** grad [n, o, …], weight [o, c / groups, …] → [n, c, …size], and an activation of that. */
export function rawConvInput(
  grad: Tensor,
  weight: Tensor,
  bias: Tensor | null,
  geometry: ConvGeometry,
  size: Axes,
  activation: ProductActivation = 'none',
): Tensor {
  const out = makeTensor([grad._shape[0]!, weight._shape[1]! * geometry.groups, ...size], grad.dtype);
  putGeometry(geometry, size);
  out._handle = addon.convInput(
    handleOf('conv', grad),
    handleOf('conv', weight),
    optional(bias),
    0,
    0,
    PRODUCT_ACTIVATION[activation],
    out,
  );
  return out;
}

/** x [n, c, …], grad [n, o, …] → [o, c / groups, …size]. */
export function rawConvWeight(x: Tensor, grad: Tensor, geometry: ConvGeometry, size: Axes): Tensor {
  const out = makeTensor([grad._shape[1]!, x._shape[1]! / geometry.groups, ...size], x.dtype);
  putGeometry(geometry, size);
  out._handle = addon.convWeight(handleOf('conv', x), handleOf('conv', grad), out);
  return out;
}

/** Where the windows of an unfolding lie: `blocks` of them along each axis. */
export interface Windows extends Omit<ConvGeometry, 'groups'> {
  readonly kernel: Axes;
  readonly blocks: Axes;
}

const GEOMETRY_LENGTH = 9;
const putWindows = (windows: Windows): number => {
  putGeometry({ ...windows, groups: 1 }, windows.blocks);
  return put(windows.kernel, GEOMETRY_LENGTH);
};
const product = (sizes: Axes): number => sizes.reduce((n, size) => n * size, 1);

/** x [n, c, h, w] → [n, c · taps, blocks]. */
export function rawUnfold(x: Tensor, windows: Windows): Tensor {
  const out = makeTensor([x._shape[0]!, x._shape[1]! * product(windows.kernel), product(windows.blocks)], x.dtype);
  out._handle = addon.unfold(handleOf('unfold', x), putWindows(windows), out);
  return out;
}

/** columns [n, c · taps, blocks] → [n, c, …image]. */
export function rawFold(columns: Tensor, windows: Windows, image: Axes): Tensor {
  const out = makeTensor([columns._shape[0]!, columns._shape[1]! / product(windows.kernel), ...image], columns.dtype);
  const handle = handleOf('fold', columns);
  const kernelAxes = putWindows(windows);
  out._handle = addon.fold(handle, kernelAxes, put(image, GEOMETRY_LENGTH + kernelAxes), out);
  return out;
}

import { defineOp, type Op, requiresGrad } from '../../autograd/op.js';
import { rawTo } from '../../raw/copy.js';
import {
  type PoolAxis,
  rawAvgPool,
  rawAvgPoolBackward,
  rawMaxPool,
  rawMaxPoolBackward,
  type Windows,
} from '../../raw/pooling.js';
import { refuseSurplus } from '../../tensor/arguments.js';
import { context } from '../../tensor/context.js';
import { fail } from '../../tensor/errors.js';
import { checkOptions } from '../../tensor/options.js';
import { type Shape, showShape } from '../../tensor/shape.js';
import type { Tensor } from '../../tensor/tensor.js';
import { castTo, checkFloating, widen } from '../broadcast.js';
import { ge } from '../elementwise/compare.js';
import { maskedFill } from '../elementwise/masking.js';
import { gatherOp } from '../indexing/selection.js';
import { mean } from '../reduce/reduce.js';
import { reshapeTo } from '../shape/layout.js';
import { checkDivisor, poolSizes } from './poolSizes.js';

// Pooling of the last one or two dimensions: x is [N, C, L] or [C, L], or [N, C, H, W] or [C, H, W]. Rows are planes of
// height 1.

/** One size for all pooled dimensions, or one for each. */
export type PoolSize<Rank extends 1 | 2> =
  | number
  | readonly [number]
  | (Rank extends 1 ? never : readonly [number, number]);

/** As PoolSize, for adaptive pooling: null keeps the input's size. */
export type AdaptiveSize<Rank extends 1 | 2> =
  | number
  | null
  | (Rank extends 1 ? readonly [number | null] : readonly [number | null, number | null]);

/** Filled by the forward for its own `save` and for those who asked for the places. */
interface Places {
  readonly wanted: boolean;
  indices: Tensor | null;
}

interface Named extends Windows {
  readonly node: string;
}

const maxPoolOp: Op<[x: Tensor, windows: Named, places: Places]> = defineOp({
  name: 'maxPool',
  node: (_x, { node }, _places) => node,
  forward: (x, windows, places) => {
    const [y, indices] = rawMaxPool(x, windows, places.wanted);
    places.indices = indices;
    return y;
  },
  save: ([, , places]) => [places.indices],
  backward: ({ args: [, windows, places], saved: [indices] }, g) => {
    places.indices = null;
    return [maxPoolBackward(g, indices!, windows)];
  },
});

/** g put where the maxima were; its own backward takes from there. */
const maxPoolBackward: Op<[g: Tensor, indices: Tensor, windows: Named]> = defineOp({
  name: 'maxPoolBackward',
  forward: (g, indices, windows) => rawMaxPoolBackward(g, indices, windows),
  save: ([, indices]) => [indices],
  backward: ({ args: [{ shape }], saved: [indices] }, gg) => {
    const planes = shape.slice(0, -2);
    const size = gg._shape.at(-2)! * gg._shape.at(-1)!;
    const flat = reshapeTo(gg, [...planes, size]);
    const at = reshapeTo(rawTo(indices!, 'int64'), [...planes, shape.at(-2)! * shape.at(-1)!]);
    // A place outside the plane is that of a window which covers nothing.
    const outside = ge(at, size);
    const taken = gatherOp(flat, planes.length, maskedFill(at, outside, 0));
    return [reshapeTo(maskedFill(taken, outside, 0), shape)];
  },
});

const avgPoolOp: Op<[x: Tensor, windows: Named]> = defineOp({
  name: 'avgPool',
  node: (_x, { node }) => node,
  forward: (x, windows) => rawAvgPool(x, windows),
  backward: ({ args: [, windows] }, g) => [avgPoolBackward(g, windows)],
});

const avgPoolBackward: Op<[g: Tensor, windows: Named]> = defineOp({
  name: 'avgPoolBackward',
  forward: (g, windows) => rawAvgPoolBackward(g, windows),
  backward: ({ args: [, windows] }, gg) => [avgPoolOp(gg, windows)],
});

// --- arguments

/**
 * x as planes, of height 1 where one dimension is pooled; bfloat16 is pooled in float32 and rounded once. Which dimensions
 * may be empty PyTorch decides op by op; the batch alone unless `mayBeEmpty` says otherwise.
 */
function planesOf(op: string, x: unknown, rank: 1 | 2, mayBeEmpty?: (dim: number, rank: number) => boolean): Tensor {
  const input = widen(checkFloating(op, x));
  const { _shape: shape } = input;
  const batched = shape.length === rank + 2;
  const allowed = mayBeEmpty ?? ((dim) => batched && dim === 0);
  if ((!batched && shape.length !== rank + 1) || shape.some((n, i) => n === 0 && !allowed(i, shape.length))) {
    fail(
      'SHAPE_MISMATCH',
      `${op}: Expected ${rank + 1}D or ${rank + 2}D (batch mode) tensor with optional 0 dim batch size for input, but got: ${showShape(shape)}`,
    );
  }
  return rank === 2 ? input : reshapeTo(input, [...shape.slice(0, -1), 1, shape.at(-1)!]);
}

/** The result without the height that planesOf added. */
function withoutHeight(y: Tensor, rank: 1 | 2): Tensor {
  return rank === 2 ? y : reshapeTo(y, [...y._shape.slice(0, -2), y._shape.at(-1)!]);
}

/** The result of pooling x, in its dtype. */
const finish = (y: Tensor, x: Tensor, rank: 1 | 2): Tensor => castTo(withoutHeight(y, rank), x.dtype);

const WHOLE: PoolAxis = { size: 1, out: 1, kernel: 1, stride: 1, padding: 0, dilation: 1 };

interface WindowOptions {
  readonly stride?: unknown;
  readonly padding?: unknown;
  readonly dilation?: unknown;
  readonly ceilMode?: boolean | undefined;
}

function windowsOf(
  op: string,
  shape: Shape,
  kernelSize: unknown,
  { stride, padding = 0, dilation = 1, ceilMode = false }: WindowOptions,
  rank: 1 | 2,
): [height: PoolAxis, width: PoolAxis] {
  const kernels = poolSizes(op, 'kernelSize', kernelSize, rank, 1);
  const strides = stride === undefined || stride === null ? kernels : poolSizes(op, 'stride', stride, rank, 1);
  const paddings = poolSizes(op, 'padding', padding, rank, 0);
  const dilations = poolSizes(op, 'dilation', dilation, rank, 1);
  const axes = kernels.map((kernel, i): PoolAxis => {
    const size = shape.at(i - rank)!;
    const step = strides[i]!;
    const pad = paddings[i]!;
    const spread = dilations[i]!;
    const extent = spread * (kernel - 1) + 1;
    if (pad > Math.floor(kernel / 2)) {
      fail(
        'BAD_ARGUMENT',
        `${op}: pad should be at most half of kernel size, but got pad=${pad} and kernelSize=${kernel}`,
      );
    }
    let out = Math.floor((size + 2 * pad - extent + (ceilMode ? step - 1 : 0)) / step) + 1;
    // The last window begins inside the input or the padding before it.
    if (ceilMode && (out - 1) * step >= size + pad) out--;
    if (out < 1) {
      fail(
        'SHAPE_MISMATCH',
        `${op}: windows of ${extent} do not fit into input ${showShape(shape)}; output is too small`,
      );
    }
    return { size, out, kernel, stride: step, padding: pad, dilation: spread };
  });
  return rank === 2 ? [axes[0]!, axes[1]!] : [WHOLE, axes[0]!];
}

function adaptiveWindows(op: string, shape: Shape, outputSize: unknown, rank: 1 | 2): [PoolAxis, PoolAxis] {
  const given = Array.isArray(outputSize) ? (outputSize as unknown[]) : new Array<unknown>(rank).fill(outputSize);
  const outs = poolSizes(
    op,
    'outputSize',
    given.map((size, i) => (size === null ? shape.at(i - given.length) : size)),
    rank,
    0,
  );
  const axes = outs.map((out, i): PoolAxis => {
    const size = shape.at(i - rank)!;
    // Where windows are of one size, they are ordinary ones.
    if (out > 0 && size % out === 0) {
      return { size, out, kernel: size / out, stride: size / out, padding: 0, dilation: 1 };
    }
    return { size, out, kernel: 0, stride: 1, padding: 0, dilation: 1 };
  });
  return rank === 2 ? [axes[0]!, axes[1]!] : [WHOLE, axes[0]!];
}

// --- max

function poolMaxima(
  x: Tensor,
  planes: Tensor,
  [height, width]: readonly [PoolAxis, PoolAxis],
  node: string,
  returnIndices: boolean,
  rank: 1 | 2,
): Tensor | [Tensor, Tensor] {
  const windows: Named = { height, width, countIncludePad: false, divisor: 0, node };
  const places: Places = { wanted: returnIndices || (requiresGrad(planes) && context().grad), indices: null };
  const y = finish(maxPoolOp(planes, windows, places), x, rank);
  const { indices } = places;
  places.indices = null;
  return returnIndices ? [y, withoutHeight(rawTo(indices!, 'int64'), rank)] : y;
}

export interface MaxPoolOptions<Rank extends 1 | 2> {
  /** The distance between windows; default kernelSize. */
  stride?: PoolSize<Rank> | null | undefined;
  /** −∞ added on both sides; default 0. */
  padding?: PoolSize<Rank> | undefined;
  /** The distance between a window's elements; default 1. */
  dilation?: PoolSize<Rank> | undefined;
  /** Whether a window may stick out at the end; default false. */
  ceilMode?: boolean | undefined;
  /** Also give where in its plane each maximum is, int64; default false. */
  returnIndices?: boolean | undefined;
}

const MAX_OPTIONS = ['stride', 'padding', 'dilation', 'ceilMode', 'returnIndices'] as const;

function maxPool<Rank extends 1 | 2>(
  op: string,
  x: Tensor,
  kernelSize: PoolSize<Rank>,
  options: MaxPoolOptions<Rank> | undefined,
  rank: Rank,
): Tensor | [Tensor, Tensor] {
  const known = checkOptions<MaxPoolOptions<Rank>>(op, options, MAX_OPTIONS);
  const planes = planesOf(op, x, rank);
  const windows = windowsOf(op, planes._shape, kernelSize, known, rank);
  return poolMaxima(x, planes, windows, 'MaxPool2DWithIndicesBackward0', known.returnIndices ?? false, rank);
}

/** The result of a max pooling: with its indices where they were asked for. */
export type Pooled<Options> = Options extends { readonly returnIndices: infer Indices }
  ? Indices extends true
    ? [values: Tensor, indices: Tensor]
    : Tensor
  : 'returnIndices' extends keyof Options
    ? Tensor | [values: Tensor, indices: Tensor]
    : Tensor;

/**
 * The maxima of windows along the last dimension of x [N, C, L] or [C, L]; options as for `maxPool2d`.
 *
 * @example
 * F.maxPool1d(tensor([[1, 3, 2, 0]]), 2).toArray(); // [[3, 2]]
 */
export function maxPool1d<const Options extends MaxPoolOptions<1> = Record<never, never>>(
  x: Tensor,
  kernelSize: PoolSize<1>,
  options?: Options,
): Pooled<Options> {
  if (arguments.length > 3) refuseSurplus('maxPool1d', arguments, 3);
  return maxPool('maxPool1d', x, kernelSize, options, 1) as Pooled<Options>;
}

/**
 * The maxima of windows of x [N, C, H, W] or [C, H, W]. The size of the result is
 * ⌊(size + 2 · padding − dilation · (kernelSize − 1) − 1) / stride⌋ + 1, rounded up in ceilMode. NaN is the largest
 * value; of equal maxima the first gets the gradient.
 *
 * @example
 * F.maxPool2d(tensor([[[1, 2], [3, 4]]]), 2).toArray(); // [[[4]]]
 */
export function maxPool2d<const Options extends MaxPoolOptions<2> = Record<never, never>>(
  x: Tensor,
  kernelSize: PoolSize<2>,
  options?: Options,
): Pooled<Options> {
  if (arguments.length > 3) refuseSurplus('maxPool2d', arguments, 3);
  return maxPool('maxPool2d', x, kernelSize, options, 2) as Pooled<Options>;
}

export interface AdaptiveMaxPoolOptions {
  /** Also give where in its plane each maximum is, int64; default false. */
  returnIndices?: boolean | undefined;
}

function adaptiveMaxPool<Rank extends 1 | 2>(
  op: string,
  x: Tensor,
  outputSize: AdaptiveSize<Rank>,
  options: AdaptiveMaxPoolOptions | undefined,
  rank: Rank,
): Tensor | [Tensor, Tensor] {
  const { returnIndices = false } = checkOptions(op, options, ['returnIndices']);
  const planes = planesOf(op, x, rank, (dim) => dim === 0);
  const windows = adaptiveWindows(op, planes._shape, outputSize, rank);
  return poolMaxima(x, planes, windows, 'AdaptiveMaxPool2DBackward0', returnIndices, rank);
}

/**
 * The maxima of `outputSize` windows that divide the last dimension of x [N, C, L] or [C, L] as evenly as they can.
 *
 * @example
 * F.adaptiveMaxPool1d(tensor([[1, 3, 2]]), 2).toArray(); // [[3, 3]]
 */
export function adaptiveMaxPool1d<const Options extends AdaptiveMaxPoolOptions = Record<never, never>>(
  x: Tensor,
  outputSize: AdaptiveSize<1>,
  options?: Options,
): Pooled<Options> {
  if (arguments.length > 3) refuseSurplus('adaptiveMaxPool1d', arguments, 3);
  return adaptiveMaxPool('adaptiveMaxPool1d', x, outputSize, options, 1) as Pooled<Options>;
}

/**
 * The maxima of windows of x [N, C, H, W] or [C, H, W] that divide it into outputSize: window i of n is
 * [⌊i · size / n⌋, ⌈(i + 1) · size / n⌉).
 *
 * @example
 * F.adaptiveMaxPool2d(tensor([[[1, 2], [3, 4]]]), [1, 2]).toArray(); // [[[3, 4]]]
 */
export function adaptiveMaxPool2d<const Options extends AdaptiveMaxPoolOptions = Record<never, never>>(
  x: Tensor,
  outputSize: AdaptiveSize<2>,
  options?: Options,
): Pooled<Options> {
  if (arguments.length > 3) refuseSurplus('adaptiveMaxPool2d', arguments, 3);
  return adaptiveMaxPool('adaptiveMaxPool2d', x, outputSize, options, 2) as Pooled<Options>;
}

// --- average

export interface AvgPoolOptions<Rank extends 1 | 2> {
  /** The distance between windows; default kernelSize. */
  stride?: PoolSize<Rank> | null | undefined;
  /** Zeros added on both sides; default 0. */
  padding?: PoolSize<Rank> | undefined;
  /** Whether a window may stick out at the end; default false. */
  ceilMode?: boolean | undefined;
  /** Whether the padding counts as elements of a window; default true. */
  countIncludePad?: boolean | undefined;
}

export interface AvgPool2dOptions extends AvgPoolOptions<2> {
  /** What sums are divided by instead of the number of elements. */
  divisorOverride?: number | null | undefined;
}

const AVG_OPTIONS = ['stride', 'padding', 'ceilMode', 'countIncludePad'] as const;

/**
 * The means of windows along the last dimension of x [N, C, L] or [C, L].
 *
 * @example
 * F.avgPool1d(tensor([[1, 3, 2, 0]]), 2).toArray(); // [[2, 1]]
 */
export function avgPool1d(x: Tensor, kernelSize: PoolSize<1>, options?: AvgPoolOptions<1>): Tensor {
  if (arguments.length > 3) refuseSurplus('avgPool1d', arguments, 3);
  const op = 'avgPool1d';
  const known = checkOptions(op, options, AVG_OPTIONS);
  const planes = planesOf(op, x, 1);
  const [height, width] = windowsOf(op, planes._shape, kernelSize, known, 1);
  const { countIncludePad = true } = known;
  return finish(avgPoolOp(planes, { height, width, countIncludePad, divisor: 0, node: 'AvgPool2DBackward0' }), x, 1);
}

/**
 * The means of windows of x [N, C, H, W] or [C, H, W]; sizes as for `maxPool2d`.
 *
 * @example
 * F.avgPool2d(tensor([[[1, 2], [3, 4]]]), 2).toArray(); // [[[2.5]]]
 */
export function avgPool2d(x: Tensor, kernelSize: PoolSize<2>, options?: AvgPool2dOptions): Tensor {
  if (arguments.length > 3) refuseSurplus('avgPool2d', arguments, 3);
  const op = 'avgPool2d';
  const known = checkOptions(op, options, [...AVG_OPTIONS, 'divisorOverride']);
  const { countIncludePad = true } = known;
  const divisor = checkDivisor(op, known.divisorOverride) ?? 0;
  const planes = planesOf(op, x, 2);
  const [height, width] = windowsOf(op, planes._shape, kernelSize, known, 2);
  return finish(avgPoolOp(planes, { height, width, countIncludePad, divisor, node: 'AvgPool2DBackward0' }), x, 2);
}

function adaptiveAvgPool(op: string, x: Tensor, outputSize: unknown, rank: 1 | 2): Tensor {
  const isWhole = rank === 2 && (Array.isArray(outputSize) ? outputSize : [outputSize]).every((size) => size === 1);
  // Planes may be none, and a mean be one of nothing.
  const planes = planesOf(op, x, rank, (dim, dims) => isWhole || dim < dims - rank);
  const [height, width] = adaptiveWindows(op, planes._shape, outputSize, rank);
  // One window over everything is a mean, as in PyTorch.
  if (rank === 2 && height.out === 1 && width.out === 1)
    return castTo(mean(planes, [-2, -1], { keepdim: true }), x.dtype);
  const windows = { height, width, countIncludePad: false, divisor: 0, node: 'AdaptiveAvgPool2DBackward0' };
  return finish(avgPoolOp(planes, windows), x, rank);
}

/**
 * The means of `outputSize` windows that divide the last dimension of x [N, C, L] or [C, L] as evenly as they can.
 *
 * @example
 * F.adaptiveAvgPool1d(tensor([[1, 3, 2, 0]]), 2).toArray(); // [[2, 1]]
 */
export function adaptiveAvgPool1d(x: Tensor, outputSize: AdaptiveSize<1>): Tensor {
  if (arguments.length > 2) refuseSurplus('adaptiveAvgPool1d', arguments, 2);
  return adaptiveAvgPool('adaptiveAvgPool1d', x, outputSize, 1);
}

/**
 * The means of windows of x [N, C, H, W] or [C, H, W] that divide it into outputSize; the windows are those of
 * `adaptiveMaxPool2d`.
 *
 * @example
 * F.adaptiveAvgPool2d(tensor([[[1, 2], [3, 4]]]), 1).toArray(); // [[[2.5]]]
 */
export function adaptiveAvgPool2d(x: Tensor, outputSize: AdaptiveSize<2>): Tensor {
  if (arguments.length > 2) refuseSurplus('adaptiveAvgPool2d', arguments, 2);
  return adaptiveAvgPool('adaptiveAvgPool2d', x, outputSize, 2);
}

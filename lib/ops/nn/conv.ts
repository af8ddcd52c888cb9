import { defineOp, type Op } from '../../autograd/op.js';
import { type Axes, type ConvGeometry, rawConv, rawConvInput, rawConvWeight } from '../../raw/conv.js';
import type { ProductActivation } from '../../raw/epilogue.js';
import { refuseSurplus } from '../../tensor/arguments.js';
import { describe, fail } from '../../tensor/errors.js';
import { checkInteger, checkOptions } from '../../tensor/options.js';
import { type Shape, showShape } from '../../tensor/shape.js';
import { checkTensor, type Tensor } from '../../tensor/tensor.js';
import { castTo, checkFloating, sumDims } from '../broadcast.js';
import { reshapeTo } from '../shape/layout.js';

// Convolutions (cross-correlations, as everywhere in deep learning). A convolution is linear in x and in the weight:
// its gradients are convolutions again, and the three ops below are each other's backward.

const NODE = 'ConvolutionBackward0';
const axesOf = (shape: Shape): Axes => shape.slice(2);
const overChannels = (g: Tensor): Tensor => sumDims(g, [0, ...axesOf(g._shape).map((_, i) => i + 2)], false);

type ConvArguments = [x: Tensor, weight: Tensor, bias: Tensor | null, geometry: ConvGeometry, size: Axes];

const convOp: Op<ConvArguments> = defineOp({
  name: 'conv',
  node: NODE,
  forward: rawConv,
  save: ([x, weight], _out, [xNeeds, weightNeeds]) => [weightNeeds ? x : null, xNeeds ? weight : null],
  backward: ({ args: [x, weight, , geometry], saved: [a, w], needs }, g) => [
    needs[0] ? inputOp(g, w!, null, geometry, axesOf(x.shape)) : null,
    needs[1] ? weightOp(a!, g, geometry, axesOf(weight.shape)) : null,
    needs[2] ? overChannels(g) : null,
  ],
});

/** The gradient of convOp by x, that is the transposed convolution. */
const inputOp: Op<ConvArguments> = defineOp({
  name: 'convTranspose',
  node: NODE,
  forward: rawConvInput,
  save: ([x, weight], _out, [xNeeds, weightNeeds]) => [weightNeeds ? x : null, xNeeds ? weight : null],
  backward: ({ args: [x, weight, , geometry], saved: [a, w], needs }, g) => [
    needs[0] ? convOp(g, w!, null, geometry, axesOf(x.shape)) : null,
    needs[1] ? weightOp(g, a!, geometry, axesOf(weight.shape)) : null,
    needs[2] ? overChannels(g) : null,
  ],
});

/** The gradient of convOp by the weight. */
const weightOp: Op<[x: Tensor, grad: Tensor, geometry: ConvGeometry, size: Axes]> = defineOp({
  name: 'convWeight',
  node: NODE,
  forward: rawConvWeight,
  save: ([x, grad], _out, [xNeeds, gradNeeds]) => [gradNeeds ? x : null, xNeeds ? grad : null],
  backward: ({ args: [x, grad, geometry], saved: [a, b], needs }, g) => [
    needs[0] ? inputOp(b!, g, null, geometry, axesOf(x.shape)) : null,
    needs[1] ? convOp(a!, g, null, geometry, axesOf(grad.shape)) : null,
  ],
});

/** One number for every axis, or a list with one for each. */
export type PerAxis1 = number | readonly [number];
export type PerAxis2 = number | readonly [number] | readonly [number, number];
/** Zeros on both sides of each axis; 'same' keeps the size (stride 1 only), 'valid' adds none. */
export type Padding<P> = P | 'same' | 'valid';

interface Options<P> {
  /** Default 1. */
  readonly stride?: P;
  /** Default 0. */
  readonly padding?: Padding<P>;
  /** Places between the elements of the kernel; default 1. */
  readonly dilation?: P;
  /** Channels are cut into so many groups that do not see each other; default 1. */
  readonly groups?: number;
}
export type Conv1dOptions = Options<PerAxis1>;
export type Conv2dOptions = Options<PerAxis2>;

interface TransposedOptions<P> extends Options<P> {
  readonly padding?: P;
  /** Added to the size of the output at the end of each axis, to choose among the sizes that a stride gives; default 0. */
  readonly outputPadding?: P;
}
export type ConvTranspose1dOptions = TransposedOptions<PerAxis1>;
export type ConvTranspose2dOptions = TransposedOptions<PerAxis2>;

/** An option of a convolution as one number for each axis. */
export function perAxis(op: string, name: string, value: unknown, axes: number, least: number, what: string): number[] {
  const list: unknown = Array.isArray(value) ? (value as unknown[]) : [value];
  const given = list as unknown[];
  for (const size of given) checkInteger(op, name, size);
  if (given.length !== axes && given.length !== 1) {
    fail(
      'BAD_ARGUMENT',
      `${op}: expected ${name} to be a single integer value or a list of ${axes} values, got ${describe(value)}`,
    );
  }
  const sizes = (given.length === axes ? given : Array.from({ length: axes }, () => given[0])) as number[];
  if (sizes.some((size) => size < least)) {
    fail('BAD_ARGUMENT', `${op}: ${what} is not supported, got ${name} ${showShape(sizes)}`);
  }
  return sizes;
}

function checkGroups(op: string, groups: unknown): number {
  if (checkInteger(op, 'groups', groups) < 1) {
    fail('BAD_ARGUMENT', `${op}: non-positive groups is not supported, got ${describe(groups)}`);
  }
  return groups as number;
}

/** Tensors of one floating dtype: x with or without a batch, a weight, perhaps a bias; 'batched' x. */
function checkOperands(op: string, x: Tensor, weight: Tensor, bias: Tensor | null, axes: number): Tensor {
  checkFloating(op, x);
  checkTensor(op, weight, 'weight');
  const typed: [Tensor, string][] = [[weight, 'weight']];
  if (bias !== null) typed.push([checkTensor(op, bias, 'bias'), 'bias']);
  for (const [tensor, name] of typed) {
    if (tensor.dtype !== x.dtype) {
      fail(
        'DTYPE_MISMATCH',
        `${op}: expected one dtype, got input ${x.dtype} and ${name} ${tensor.dtype}; cast it with to('${x.dtype}')`,
      );
    }
  }
  const rank = x._shape.length;
  if (rank !== axes + 1 && rank !== axes + 2) {
    fail(
      'SHAPE_MISMATCH',
      `${op}: expected ${axes + 1}D (unbatched) or ${axes + 2}D (batched) input, but got input of size ${showShape(x._shape)}`,
    );
  }
  if (weight._shape.length !== axes + 2) {
    fail('SHAPE_MISMATCH', `${op}: expected ${axes + 2}D weight, but got weight of size ${showShape(weight._shape)}`);
  }
  if (axesOf(weight._shape).includes(0)) {
    fail(
      'SHAPE_MISMATCH',
      `${op}: kernel size should be greater than zero, got weight of size ${showShape(weight._shape)}`,
    );
  }
  const batched = rank === axes + 2 ? x : reshapeTo(x, [1, ...x._shape]);
  if (axesOf(batched._shape).includes(0)) {
    fail(
      'SHAPE_MISMATCH',
      `${op}: only zero batch or zero channel inputs are supported, but got input shape ${showShape(x._shape)}`,
    );
  }
  return batched;
}

function checkWeight(op: string, { _shape: shape }: Tensor, groups: number): void {
  if (shape[0]! < groups || shape[0]! % groups !== 0) {
    const wish = shape[0]! < groups ? `at least ${groups}` : `divisible by ${groups}`;
    fail(
      'SHAPE_MISMATCH',
      `${op}: given groups=${groups}, expected weight to be ${wish} at dimension 0, but got weight of size ${showShape(shape)}`,
    );
  }
}

function checkChannels(op: string, x: Tensor, weight: Tensor, channels: number, groups: number): void {
  if (x._shape[1] !== channels) {
    fail(
      'SHAPE_MISMATCH',
      `${op}: given groups=${groups}, weight of size ${showShape(weight._shape)}, expected input ${showShape(x._shape)} to have ${channels} channels, but got ${x._shape[1]} channels instead`,
    );
  }
}

function checkBias(op: string, weight: Tensor, bias: Tensor | null, channels: number): void {
  if (bias !== null && (bias._shape.length !== 1 || bias._shape[0] !== channels)) {
    fail(
      'SHAPE_MISMATCH',
      `${op}: given weight of size ${showShape(weight._shape)}, expected bias to be 1-dimensional with ${channels} elements, but got bias of size ${showShape(bias._shape)} instead`,
    );
  }
}

/** Refuses sizes with which index arithmetic would not be exact. */
function checkSize(op: string, size: number): number {
  if (!(Math.abs(size) < 2 ** 50)) fail('SIZE_OVERFLOW', `${op}: a size of ${size} is too large`);
  return size;
}

const across = (sizes: Axes): string => `(${sizes.join(' x ')})`;
/** How far a kernel of this size reaches. */
const reach = (kernel: number, dilation: number): number => dilation * (kernel - 1) + 1;

/** bfloat16 is computed in float32 and rounded once. */
const wide = (x: Tensor): Tensor => (x.dtype === 'bfloat16' ? castTo(x, 'float32') : x);

/** The result in x's dtype, without the batch that x may lack. */
function finish(out: Tensor, x: Tensor): Tensor {
  const result = castTo(out, x.dtype);
  return result._shape.length === x._shape.length ? result : reshapeTo(result, result._shape.slice(1));
}

function convolve(
  op: string,
  axes: number,
  x: Tensor,
  weight: Tensor,
  bias: Tensor | null,
  options: Options<number | Axes> | undefined,
  activation: ProductActivation = 'none',
): Tensor {
  const {
    stride = 1,
    padding = 0,
    dilation = 1,
    groups = 1,
  } = checkOptions(op, options, ['stride', 'padding', 'dilation', 'groups']);
  const input = checkOperands(op, x, weight, bias, axes);
  checkGroups(op, groups);
  const strides = perAxis(op, 'stride', stride, axes, 1, 'non-positive stride');
  const dilations = perAxis(op, 'dilation', dilation, axes, 1, 'non-positive dilation');
  checkWeight(op, weight, groups);
  checkChannels(op, input, weight, weight._shape[1]! * groups, groups);
  checkBias(op, weight, bias, weight._shape[0]!);
  const kernel = axesOf(weight._shape);
  const whole = axesOf(input._shape);
  const spans = kernel.map((size, i) => checkSize(op, reach(size, dilations[i]!)));
  let before: number[];
  let size: number[];
  if (padding === 'same') {
    if (strides.some((step) => step !== 1)) {
      fail('BAD_ARGUMENT', `${op}: padding='same' is not supported for strided convolutions`);
    }
    // Of an odd number of zeros the larger half goes to the end.
    before = spans.map((span) => Math.floor((span - 1) / 2));
    size = [...whole];
  } else {
    if (typeof padding === 'string' && padding !== 'valid') {
      fail('BAD_ARGUMENT', `${op}: Invalid padding string ${describe(padding)}, should be 'same' or 'valid'`);
    }
    before = perAxis(op, 'padding', padding === 'valid' ? 0 : padding, axes, 0, 'negative padding');
    const padded = whole.map((n, i) => checkSize(op, n + 2 * before[i]!));
    if (padded.some((n, i) => n < spans[i]!)) {
      fail(
        'SHAPE_MISMATCH',
        `${op}: Calculated padded input size per channel: ${across(padded)}. Kernel size: ${across(spans)}. Kernel size can't be greater than actual input size`,
      );
    }
    size = padded.map((n, i) => Math.floor((n - spans[i]!) / strides[i]!) + 1);
  }
  const geometry = { stride: strides, padding: before, dilation: dilations, groups };
  if (activation !== 'none') return finish(rawConv(input, weight, bias, geometry, size, activation), x);
  return finish(convOp(wide(input), wide(weight), bias && wide(bias), geometry, size), x);
}

/**
 * activation(convolution) over one or two axes, with the numbers of the two ops. float32 and float64. Nothing is
 * recorded: for where grad mode is off.
 */
export function convolveThen(
  axes: 1 | 2,
  x: Tensor,
  weight: Tensor,
  bias: Tensor | null,
  options: Options<number | Axes>,
  activation: ProductActivation,
): Tensor {
  return convolve(`conv${axes}d`, axes, x, weight, bias, options, activation);
}

/**
 * A convolution over one axis: x [n, c, l] or [c, l], weight [o, c / groups, k], bias [o] or null → [n, o, l′] or
 * [o, l′], l′ = ⌊(l + 2 padding − dilation (k − 1) − 1) / stride⌋ + 1. float32 and float64; bfloat16 is computed in float32.
 *
 * @example
 * F.conv1d(tensor([[1, 2, 3, 4]]), tensor([[[1, -1]]])).toArray(); // [[-1, -1, -1]]
 */
export function conv1d(x: Tensor, weight: Tensor, bias: Tensor | null = null, options?: Conv1dOptions): Tensor {
  if (arguments.length > 4) refuseSurplus('conv1d', arguments, 4);
  return convolve('conv1d', 1, x, weight, bias, options);
}

/**
 * A convolution over two axes: x [n, c, h, w] or [c, h, w], weight [o, c / groups, kh, kw], bias [o] or null →
 * [n, o, h′, w′] or [o, h′, w′], sizes as for `conv1d`. float32 and float64; bfloat16 is computed in float32.
 *
 * @example
 * F.conv2d(ones([1, 3, 5, 5]), ones([2, 3, 3, 3]), null, { stride: 2, padding: 1 }).shape; // [1, 2, 3, 3]
 */
export function conv2d(x: Tensor, weight: Tensor, bias: Tensor | null = null, options?: Conv2dOptions): Tensor {
  if (arguments.length > 4) refuseSurplus('conv2d', arguments, 4);
  return convolve('conv2d', 2, x, weight, bias, options);
}

function transpose(
  op: string,
  axes: number,
  x: Tensor,
  weight: Tensor,
  bias: Tensor | null,
  options: TransposedOptions<number | Axes> | undefined,
): Tensor {
  const {
    stride = 1,
    padding = 0,
    outputPadding = 0,
    dilation = 1,
    groups = 1,
  } = checkOptions(op, options, ['stride', 'padding', 'outputPadding', 'dilation', 'groups']);
  const input = checkOperands(op, x, weight, bias, axes);
  checkGroups(op, groups);
  const strides = perAxis(op, 'stride', stride, axes, 1, 'non-positive stride');
  const dilations = perAxis(op, 'dilation', dilation, axes, 1, 'non-positive dilation');
  const before = perAxis(op, 'padding', padding, axes, 0, 'negative padding');
  const extra = perAxis(op, 'outputPadding', outputPadding, axes, 0, 'negative outputPadding');
  checkWeight(op, weight, groups);
  checkChannels(op, input, weight, weight._shape[0]!, groups);
  checkBias(op, weight, bias, weight._shape[1]! * groups);
  if (extra.some((n, i) => n >= strides[i]! && n >= dilations[i]!)) {
    fail(
      'BAD_ARGUMENT',
      `${op}: output padding must be smaller than either stride or dilation, but got outputPadding ${showShape(extra)}, stride ${showShape(strides)}, dilation ${showShape(dilations)}`,
    );
  }
  const whole = axesOf(input._shape);
  const size = axesOf(weight._shape).map((k, i) =>
    checkSize(op, (whole[i]! - 1) * strides[i]! - 2 * before[i]! + reach(k, dilations[i]!) + extra[i]!),
  );
  if (size.some((n) => n < 1)) {
    fail(
      'SHAPE_MISMATCH',
      `${op}: Given input size per channel: ${across(whole)}. Calculated output size per channel: ${across(size)}. Output size is too small`,
    );
  }
  const geometry = { stride: strides, padding: before, dilation: dilations, groups };
  return finish(inputOp(wide(input), wide(weight), bias && wide(bias), geometry, size), x);
}

/**
 * The transpose of `conv1d` (its gradient by the input): x [n, c, l] or [c, l], weight [c, o / groups, k], bias [o] or
 * null → [n, o, l′] or [o, l′], l′ = (l − 1) stride − 2 padding + dilation (k − 1) + outputPadding + 1.
 *
 * @example
 * F.convTranspose1d(tensor([[1, 2]]), tensor([[[1, 1, 1]]]), null, { stride: 2 }).toArray(); // [[1, 1, 3, 2, 2]]
 */
export function convTranspose1d(
  x: Tensor,
  weight: Tensor,
  bias: Tensor | null = null,
  options?: ConvTranspose1dOptions,
): Tensor {
  if (arguments.length > 4) refuseSurplus('convTranspose1d', arguments, 4);
  return transpose('convTranspose1d', 1, x, weight, bias, options);
}

/**
 * The transpose of `conv2d`: x [n, c, h, w] or [c, h, w], weight [c, o / groups, kh, kw], bias [o] or null →
 * [n, o, h′, w′] or [o, h′, w′], sizes as for `convTranspose1d`.
 *
 * @example
 * F.convTranspose2d(ones([1, 4, 5, 5]), ones([4, 2, 3, 3]), null, { stride: 2 }).shape; // [1, 2, 11, 11]
 */
export function convTranspose2d(
  x: Tensor,
  weight: Tensor,
  bias: Tensor | null = null,
  options?: ConvTranspose2dOptions,
): Tensor {
  if (arguments.length > 4) refuseSurplus('convTranspose2d', arguments, 4);
  return transpose('convTranspose2d', 2, x, weight, bias, options);
}

import {
  conv1d,
  conv2d,
  convTranspose1d,
  convTranspose2d,
  type Conv1dOptions as Options1,
  type Conv2dOptions as Options2,
  type PerAxis1,
  type PerAxis2,
  perAxis,
  type ConvTranspose1dOptions as TransposedOptions1,
  type ConvTranspose2dOptions as TransposedOptions2,
} from '../../ops/nn/conv.js';
import { type PadMode, pad } from '../../ops/nn/pad.js';
import { refuseSurplus } from '../../tensor/arguments.js';
import type { FloatingDType } from '../../tensor/dtype.js';
import { describe, fail } from '../../tensor/errors.js';
import { checkChoice, checkInteger, checkOptions } from '../../tensor/options.js';
import { showShape } from '../../tensor/shape.js';
import { checkTensor, type Tensor } from '../../tensor/tensor.js';
import { calculateFanInAndFanOut, kaimingUniform_, uniform_ } from '../init/init.js';
import { Module } from '../module/module.js';
import { newParameter, type Parameter } from '../module/parameter.js';
import { declareSettings } from '../module/settings.js';
import { markBuiltIn } from '../module/state.js';
import type { MapsChannels, WIDTHS } from '../module/widths.js';
import { checkParameterDType, checkWidth } from './linear.js';

/** Of what padding is made; 'zeros' unless given. */
export type PaddingMode = 'zeros' | Exclude<PadMode, 'constant'>;

interface LayerOptions {
  /** Whether to add a learned bias; default true. */
  readonly bias?: boolean;
  readonly dtype?: FloatingDType;
}
export interface Conv1dOptions extends Options1, LayerOptions {
  readonly paddingMode?: PaddingMode;
}
export interface Conv2dOptions extends Options2, LayerOptions {
  readonly paddingMode?: PaddingMode;
}
export interface ConvTranspose1dOptions extends TransposedOptions1, LayerOptions {
  readonly paddingMode?: 'zeros';
}
export interface ConvTranspose2dOptions extends TransposedOptions2, LayerOptions {
  readonly paddingMode?: 'zeros';
}

interface AnyOptions extends LayerOptions {
  readonly stride?: number | readonly number[];
  readonly padding?: number | readonly number[] | 'same' | 'valid';
  readonly outputPadding?: number | readonly number[];
  readonly dilation?: number | readonly number[];
  readonly groups?: number;
  readonly paddingMode?: PaddingMode;
}

const KEYS = ['stride', 'padding', 'dilation', 'groups', 'bias', 'paddingMode', 'dtype'] as const;
const PADDING_MODES: readonly PaddingMode[] = ['zeros', 'circular', 'reflect', 'replicate'];

/** Sizes as Python prints a tuple. */
const tuple = (sizes: readonly number[]): string => (sizes.length === 1 ? `(${sizes[0]},)` : `(${sizes.join(', ')})`);
const all = (sizes: readonly number[], value: number): boolean => sizes.every((size) => size === value);

/** What the four layers share: options, parameters, printing. */
abstract class ConvNd extends Module {
  readonly inChannels: number;
  readonly outChannels: number;
  readonly kernelSize: readonly number[];
  readonly stride: readonly number[];
  readonly padding: readonly number[] | 'same' | 'valid';
  readonly dilation: readonly number[];
  readonly outputPadding: readonly number[];
  readonly groups: number;
  readonly paddingMode: PaddingMode;
  weight: Parameter;
  declare bias: Parameter | null;

  constructor(
    op: string,
    axes: number,
    transposed: boolean,
    inChannels: number,
    outChannels: number,
    kernelSize: number | readonly number[],
    options: AnyOptions,
  ) {
    super();
    const {
      stride = 1,
      padding = 0,
      outputPadding = 0,
      dilation = 1,
      groups = 1,
      bias = true,
      paddingMode = 'zeros',
      dtype,
    } = checkOptions<AnyOptions>(op, options, transposed ? [...KEYS, 'outputPadding'] : KEYS);
    checkWidth(op, 'inChannels', inChannels);
    checkWidth(op, 'outChannels', outChannels);
    if (checkInteger(op, 'groups', groups) < 1)
      fail('BAD_ARGUMENT', `${op}: groups must be a positive integer, got ${groups}`);
    for (const [name, channels] of Object.entries({ inChannels, outChannels })) {
      if (channels % groups !== 0) {
        fail('BAD_ARGUMENT', `${op}: ${name} must be divisible by groups, got ${channels} and ${groups}`);
      }
    }
    checkChoice(op, 'paddingMode', paddingMode, transposed ? ['zeros'] : PADDING_MODES);
    this.inChannels = inChannels;
    this.outChannels = outChannels;
    this.kernelSize = perAxis(op, 'kernelSize', kernelSize, axes, 1, 'non-positive kernelSize');
    this.stride = perAxis(op, 'stride', stride, axes, 1, 'non-positive stride');
    this.dilation = perAxis(op, 'dilation', dilation, axes, 1, 'non-positive dilation');
    this.outputPadding = perAxis(op, 'outputPadding', outputPadding, axes, 0, 'negative outputPadding');
    this.groups = groups;
    this.paddingMode = paddingMode;
    if (typeof padding === 'string' && !transposed) {
      if (padding !== 'same' && padding !== 'valid') {
        fail('BAD_ARGUMENT', `${op}: Invalid padding string ${describe(padding)}, should be 'same' or 'valid'`);
      }
      if (padding === 'same' && !all(this.stride, 1)) {
        fail('BAD_ARGUMENT', `${op}: padding='same' is not supported for strided convolutions`);
      }
      this.padding = padding;
    } else {
      this.padding = perAxis(op, 'padding', padding, axes, 0, 'negative padding');
    }
    const kind = checkParameterDType(op, dtype);
    const widths = transposed ? [inChannels, outChannels / groups] : [outChannels, inChannels / groups];
    this.weight = newParameter([...widths, ...this.kernelSize], kind);
    this.registerParameter('bias', bias ? newParameter([outChannels], kind) : null);
    this.resetParameters();
  }

  /** Draws weight and bias anew. */
  resetParameters(): void {
    if (arguments.length > 0) refuseSurplus('resetParameters', arguments, 0);
    // a = √5 makes the bound of the weight 1/√fanIn.
    kaimingUniform_(this.weight, { a: Math.sqrt(5) });
    if (this.bias === null) return;
    const { fanIn } = calculateFanInAndFanOut(this.weight);
    if (fanIn === 0) return;
    const bound = 1 / Math.sqrt(fanIn);
    uniform_(this.bias, { a: -bound, b: bound });
  }

  override extraRepr(): string {
    const parts = [
      `${this.inChannels}, ${this.outChannels}, kernel_size=${tuple(this.kernelSize)}, stride=${tuple(this.stride)}`,
    ];
    const { padding } = this;
    if (typeof padding === 'string') parts.push(`padding=${padding}`);
    else if (!all(padding, 0)) parts.push(`padding=${tuple(padding)}`);
    if (!all(this.dilation, 1)) parts.push(`dilation=${tuple(this.dilation)}`);
    if (!all(this.outputPadding, 0)) parts.push(`output_padding=${tuple(this.outputPadding)}`);
    if (this.groups !== 1) parts.push(`groups=${this.groups}`);
    if (this.bias === null) parts.push('bias=False');
    if (this.paddingMode !== 'zeros') parts.push(`padding_mode=${this.paddingMode}`);
    return parts.join(', ');
  }
}

/** The input padded as `paddingMode` says, and the padding that is left to the convolution. */
export function paddedFor(layer: ConvNd, input: Tensor): [Tensor, ConvNd['padding']] {
  if (layer.paddingMode === 'zeros') return [input, layer.padding];
  const sides = layer.kernelSize.flatMap((size, i): [number, number] => {
    const total = layer.dilation[i]! * (size - 1);
    if (layer.padding === 'same') return [Math.floor(total / 2), total - Math.floor(total / 2)];
    return layer.padding === 'valid' ? [0, 0] : [layer.padding[i]!, layer.padding[i]!];
  });
  // The last axis comes first.
  const list = sides.length === 4 ? [sides[2]!, sides[3]!, sides[0]!, sides[1]!] : sides;
  return [pad(input, list, { mode: layer.paddingMode }), 'valid'];
}

/**
 * A convolution over one axis.
 *
 * Shapes: [n, inChannels, l] or [inChannels, l] → [n, outChannels, l′] or [outChannels, l′] (see `F.conv1d`); weight
 * [outChannels, inChannels / groups, kernelSize], bias [outChannels].
 * Initialisation: weight, then bias, uniform in ±1/√(inChannels / groups · kernelSize).
 *
 * @example
 * new nn.Conv1d(16, 33, 3, { stride: 2 })(randn([20, 16, 50])).shape; // [20, 33, 24]
 */
export class Conv1d<const I extends number = number, const O extends number = number> extends ConvNd {
  declare readonly [WIDTHS]: MapsChannels<I, O>;
  declare readonly inChannels: I;
  declare readonly outChannels: O;

  constructor(inChannels: I, outChannels: O, kernelSize: PerAxis1, options: Conv1dOptions = {}) {
    if (arguments.length > 4) refuseSurplus('Conv1d', arguments, 4);
    super('Conv1d', 1, false, inChannels, outChannels, kernelSize, options);
  }

  override forward(input: Tensor): Tensor {
    if (arguments.length > 1) refuseSurplus('Conv1d.forward', arguments, 1);
    const [x, padding] = paddedFor(this, input);
    const { stride, dilation, groups } = this;
    return conv1d(x, this.weight, this.bias, { stride, padding, dilation, groups } as Options1);
  }
}

/**
 * A convolution over two axes.
 *
 * Shapes: [n, inChannels, h, w] or [inChannels, h, w] → [n, outChannels, h′, w′] or [outChannels, h′, w′] (see
 * `F.conv2d`); weight [outChannels, inChannels / groups, …kernelSize], bias [outChannels].
 * Initialisation: weight, then bias, uniform in ±1/√(inChannels / groups · kh · kw).
 *
 * @example
 * new nn.Conv2d(3, 64, 7, { stride: 2, padding: 3 })(randn([1, 3, 32, 32])).shape; // [1, 64, 16, 16]
 */
export class Conv2d<const I extends number = number, const O extends number = number> extends ConvNd {
  declare readonly [WIDTHS]: MapsChannels<I, O>;
  declare readonly inChannels: I;
  declare readonly outChannels: O;

  constructor(inChannels: I, outChannels: O, kernelSize: PerAxis2, options: Conv2dOptions = {}) {
    if (arguments.length > 4) refuseSurplus('Conv2d', arguments, 4);
    super('Conv2d', 2, false, inChannels, outChannels, kernelSize, options);
  }

  override forward(input: Tensor): Tensor {
    if (arguments.length > 1) refuseSurplus('Conv2d.forward', arguments, 1);
    const [x, padding] = paddedFor(this, input);
    const { stride, dilation, groups } = this;
    return conv2d(x, this.weight, this.bias, { stride, padding, dilation, groups } as Options2);
  }
}

export interface OutputSizeOptions {
  /** The spatial size of the output, or its whole shape, out of the sizes that a stride leaves open. */
  readonly outputSize?: readonly number[];
}

abstract class ConvTransposeNd extends ConvNd {
  /** The output padding with which an input of this shape gives the size asked for. */
  protected outputPaddingFor(op: string, input: Tensor, options: OutputSizeOptions): readonly number[] {
    const { outputSize } = checkOptions(op, options, ['outputSize']);
    if (outputSize === undefined || outputSize === null) return this.outputPadding;
    if (!Array.isArray(outputSize)) {
      fail('WRONG_TYPE', `${op}: outputSize must be an array of numbers, got ${describe(outputSize)}`);
    }
    for (const size of outputSize as readonly unknown[]) checkInteger(op, 'outputSize', size);
    const axes = this.kernelSize.length;
    const { _shape: shape } = checkTensor(op, input);
    const size = outputSize.length === shape.length ? outputSize.slice(shape.length - axes) : outputSize;
    if (size.length !== axes) {
      fail(
        'BAD_ARGUMENT',
        `${op}: for ${shape.length}D input, outputSize must have ${axes} or ${shape.length} elements, got ${outputSize.length}`,
      );
    }
    const whole = shape.slice(shape.length - axes);
    const least = whole.map(
      (n, i) =>
        (n - 1) * this.stride[i]! - 2 * (this.padding[i] as number) + this.dilation[i]! * (this.kernelSize[i]! - 1) + 1,
    );
    const most = least.map((n, i) => n + this.stride[i]! - 1);
    if (size.some((n, i) => n < least[i]! || n > most[i]!)) {
      fail(
        'BAD_ARGUMENT',
        `${op}: requested an output size of ${showShape(size)}, but valid sizes range from ${showShape(least)} to ${showShape(most)} for an input of ${showShape(shape)}`,
      );
    }
    return size.map((n, i) => n - least[i]!);
  }
}

/**
 * The transpose of a convolution over one axis (see `F.convTranspose1d`).
 *
 * Shapes: [n, inChannels, l] or [inChannels, l] → [n, outChannels, l′] or [outChannels, l′]; weight
 * [inChannels, outChannels / groups, kernelSize], bias [outChannels].
 * Initialisation: weight, then bias, uniform in ±1/√(outChannels / groups · kernelSize).
 *
 * @example
 * new nn.ConvTranspose1d(16, 8, 3, { stride: 2 })(randn([1, 16, 10])).shape; // [1, 8, 21]
 */
export class ConvTranspose1d<const I extends number = number, const O extends number = number> extends ConvTransposeNd {
  declare readonly [WIDTHS]: MapsChannels<I, O>;
  declare readonly inChannels: I;
  declare readonly outChannels: O;

  constructor(inChannels: I, outChannels: O, kernelSize: PerAxis1, options: ConvTranspose1dOptions = {}) {
    if (arguments.length > 4) refuseSurplus('ConvTranspose1d', arguments, 4);
    super('ConvTranspose1d', 1, true, inChannels, outChannels, kernelSize, options);
  }

  override forward(input: Tensor, options: OutputSizeOptions = {}): Tensor {
    if (arguments.length > 2) refuseSurplus('ConvTranspose1d.forward', arguments, 2);
    const outputPadding = this.outputPaddingFor('ConvTranspose1d', input, options);
    const { stride, padding, dilation, groups } = this;
    const all = { stride, padding, outputPadding, dilation, groups } as TransposedOptions1;
    return convTranspose1d(input, this.weight, this.bias, all);
  }
}

/**
 * The transpose of a convolution over two axes (see `F.convTranspose2d`).
 *
 * Shapes: [n, inChannels, h, w] or [inChannels, h, w] → [n, outChannels, h′, w′] or [outChannels, h′, w′]; weight
 * [inChannels, outChannels / groups, …kernelSize], bias [outChannels].
 * Initialisation: weight, then bias, uniform in ±1/√(outChannels / groups · kh · kw).
 *
 * @example
 * const up = new nn.ConvTranspose2d(16, 8, 3, { stride: 2, padding: 1 });
 * up(randn([1, 16, 6, 6])).shape; // [1, 8, 11, 11]
 * up(randn([1, 16, 6, 6]), { outputSize: [12, 12] }).shape; // [1, 8, 12, 12]
 */
export class ConvTranspose2d<const I extends number = number, const O extends number = number> extends ConvTransposeNd {
  declare readonly [WIDTHS]: MapsChannels<I, O>;
  declare readonly inChannels: I;
  declare readonly outChannels: O;

  constructor(inChannels: I, outChannels: O, kernelSize: PerAxis2, options: ConvTranspose2dOptions = {}) {
    if (arguments.length > 4) refuseSurplus('ConvTranspose2d', arguments, 4);
    super('ConvTranspose2d', 2, true, inChannels, outChannels, kernelSize, options);
  }

  override forward(input: Tensor, options: OutputSizeOptions = {}): Tensor {
    if (arguments.length > 2) refuseSurplus('ConvTranspose2d.forward', arguments, 2);
    const outputPadding = this.outputPaddingFor('ConvTranspose2d', input, options);
    const { stride, padding, dilation, groups } = this;
    const all = { stride, padding, outputPadding, dilation, groups } as TransposedOptions2;
    return convTranspose2d(input, this.weight, this.bias, all);
  }
}

declareSettings(ConvNd, {
  inChannels: 'number',
  outChannels: 'number',
  kernelSize: 'sizes',
  stride: 'sizes',
  padding: 'given',
  dilation: 'sizes',
  outputPadding: 'sizes',
  groups: 'number',
  paddingMode: ['zeros', 'reflect', 'replicate', 'circular'],
});
markBuiltIn(Conv1d, Conv2d, ConvTranspose1d, ConvTranspose2d);

import {
  type AdaptiveSize,
  type AvgPool2dOptions,
  type AvgPoolOptions,
  adaptiveAvgPool1d,
  adaptiveAvgPool2d,
  adaptiveMaxPool1d,
  adaptiveMaxPool2d,
  avgPool1d,
  avgPool2d,
  type MaxPoolOptions,
  maxPool1d,
  maxPool2d,
  type Pooled,
  type PoolSize,
} from '../../ops/nn/pooling.js';
import { checkDivisor, poolSizes } from '../../ops/nn/poolSizes.js';
import { refuseSurplus } from '../../tensor/arguments.js';
import { checkOptions } from '../../tensor/options.js';
import { pythonBool } from '../../tensor/python.js';
import type { Tensor } from '../../tensor/tensor.js';
import { Module } from '../module/module.js';
import { declareSettings } from '../module/settings.js';
import { classNameOf, markBuiltIn } from '../module/state.js';

// Pooling layers have no parameters; shapes and formulas are those of the functions of the same names.

type Size = number | null | readonly (number | null)[];

const pythonSize = (size: Size): string => {
  const one = (n: number | null): string => (n === null ? 'None' : String(n));
  if (!Array.isArray(size)) return one(size as number | null);
  return `(${size.map(one).join(', ')}${size.length === 1 ? ',' : ''})`;
};

/** Refuses what no input could be pooled with. */
function checkSizes(module: Module, least: number, sizes: Readonly<Record<string, Size>>): void {
  for (const [name, size] of Object.entries(sizes)) {
    const given: readonly unknown[] = Array.isArray(size) ? size : [size];
    poolSizes(classNameOf(module), name, given, Math.max(1, given.length), least);
  }
}

/** What a max pooling with these options gives. */
type Maxima<Indices extends boolean> = Pooled<{ readonly returnIndices: Indices }>;

abstract class MaxPool<Rank extends 1 | 2, Indices extends boolean> extends Module {
  readonly kernelSize: PoolSize<Rank>;
  readonly stride: PoolSize<Rank>;
  readonly padding: PoolSize<Rank>;
  readonly dilation: PoolSize<Rank>;
  readonly ceilMode: boolean;
  readonly returnIndices: Indices;

  constructor(kernelSize: PoolSize<Rank>, options: MaxPoolOptions<Rank> & { readonly returnIndices?: Indices }) {
    super();
    const known = checkOptions<MaxPoolOptions<Rank>>(classNameOf(this), options, [
      'stride',
      'padding',
      'dilation',
      'returnIndices',
      'ceilMode',
    ]);
    this.kernelSize = kernelSize;
    this.stride = known.stride ?? kernelSize;
    this.padding = known.padding ?? 0;
    this.dilation = known.dilation ?? 1;
    this.ceilMode = known.ceilMode ?? false;
    this.returnIndices = (known.returnIndices ?? false) as Indices;
    checkSizes(this, 1, { kernelSize, stride: this.stride, dilation: this.dilation });
    checkSizes(this, 0, { padding: this.padding });
  }

  protected get options() {
    const { stride, padding, dilation, ceilMode, returnIndices } = this;
    return { stride, padding, dilation, ceilMode, returnIndices };
  }

  override extraRepr(): string {
    const sizes = [
      ['kernel_size', this.kernelSize],
      ['stride', this.stride],
      ['padding', this.padding],
      ['dilation', this.dilation],
    ] as const;
    return `${sizes.map(([name, size]) => `${name}=${pythonSize(size)}`).join(', ')}, ceil_mode=${pythonBool(this.ceilMode)}`;
  }
}

/**
 * The maxima of windows along the last dimension. Shapes: [N, C, L] or [C, L] → the same with fewer; see
 * `F.maxPool1d`.
 *
 * @example
 * new nn.MaxPool1d(2)(tensor([[1, 3, 2, 0]])).toArray(); // [[3, 2]]
 */
export class MaxPool1d<const Indices extends boolean = false> extends MaxPool<1, Indices> {
  constructor(kernelSize: PoolSize<1>, options: MaxPoolOptions<1> & { readonly returnIndices?: Indices } = {}) {
    if (arguments.length > 2) refuseSurplus('MaxPool1d', arguments, 2);
    super(kernelSize, options);
  }

  override forward(input: Tensor): Maxima<Indices> {
    if (arguments.length > 1) refuseSurplus('MaxPool1d.forward', arguments, 1);
    return maxPool1d(input, this.kernelSize, this.options);
  }
}

/**
 * The maxima of windows of planes. Shapes: [N, C, H, W] or [C, H, W] → the same with smaller planes; see `F.maxPool2d`.
 *
 * @example
 * new nn.MaxPool2d(3, { stride: 2, padding: 1 })(randn([1, 64, 112, 112])).shape; // [1, 64, 56, 56]
 */
export class MaxPool2d<const Indices extends boolean = false> extends MaxPool<2, Indices> {
  constructor(kernelSize: PoolSize<2>, options: MaxPoolOptions<2> & { readonly returnIndices?: Indices } = {}) {
    if (arguments.length > 2) refuseSurplus('MaxPool2d', arguments, 2);
    super(kernelSize, options);
  }

  override forward(input: Tensor): Maxima<Indices> {
    if (arguments.length > 1) refuseSurplus('MaxPool2d.forward', arguments, 1);
    return maxPool2d(input, this.kernelSize, this.options);
  }
}

abstract class AvgPool<Rank extends 1 | 2> extends Module {
  readonly kernelSize: PoolSize<Rank>;
  readonly stride: PoolSize<Rank>;
  readonly padding: PoolSize<Rank>;
  readonly ceilMode: boolean;
  readonly countIncludePad: boolean;

  constructor(kernelSize: PoolSize<Rank>, options: AvgPoolOptions<Rank>) {
    super();
    this.kernelSize = kernelSize;
    this.stride = options.stride ?? kernelSize;
    this.padding = options.padding ?? 0;
    this.ceilMode = options.ceilMode ?? false;
    this.countIncludePad = options.countIncludePad ?? true;
    checkSizes(this, 1, { kernelSize, stride: this.stride });
    checkSizes(this, 0, { padding: this.padding });
  }

  /** A size as PyTorch's layer keeps it. */
  protected abstract shown(size: PoolSize<Rank>): string;

  override extraRepr(): string {
    return `kernel_size=${this.shown(this.kernelSize)}, stride=${this.shown(this.stride)}, padding=${this.shown(this.padding)}`;
  }
}

const AVG_OPTIONS = ['stride', 'padding', 'ceilMode', 'countIncludePad'] as const;

/**
 * The means of windows along the last dimension. Shapes: [N, C, L] or [C, L] → the same with fewer; see `F.avgPool1d`.
 *
 * @example
 * new nn.AvgPool1d(2)(tensor([[1, 3, 2, 0]])).toArray(); // [[2, 1]]
 */
export class AvgPool1d extends AvgPool<1> {
  constructor(kernelSize: PoolSize<1>, options: AvgPoolOptions<1> = {}) {
    if (arguments.length > 2) refuseSurplus('AvgPool1d', arguments, 2);
    super(kernelSize, checkOptions('AvgPool1d', options, AVG_OPTIONS));
  }

  protected override shown(size: PoolSize<1>): string {
    return pythonSize(Array.isArray(size) ? (size as readonly number[]) : [size as number]);
  }

  override forward(input: Tensor): Tensor {
    if (arguments.length > 1) refuseSurplus('AvgPool1d.forward', arguments, 1);
    const { stride, padding, ceilMode, countIncludePad } = this;
    return avgPool1d(input, this.kernelSize, { stride, padding, ceilMode, countIncludePad });
  }
}

/**
 * The means of windows of planes. Shapes: [N, C, H, W] or [C, H, W] → the same with smaller planes; see `F.avgPool2d`.
 *
 * @example
 * new nn.AvgPool2d(2)(tensor([[[1, 2], [3, 4]]])).toArray(); // [[[2.5]]]
 */
export class AvgPool2d extends AvgPool<2> {
  readonly divisorOverride: number | null;

  constructor(kernelSize: PoolSize<2>, options: AvgPool2dOptions = {}) {
    if (arguments.length > 2) refuseSurplus('AvgPool2d', arguments, 2);
    super(kernelSize, checkOptions('AvgPool2d', options, [...AVG_OPTIONS, 'divisorOverride']));
    this.divisorOverride = checkDivisor('AvgPool2d', options?.divisorOverride);
  }

  protected override shown(size: PoolSize<2>): string {
    return pythonSize(size);
  }

  override forward(input: Tensor): Tensor {
    if (arguments.length > 1) refuseSurplus('AvgPool2d.forward', arguments, 1);
    const { stride, padding, ceilMode, countIncludePad, divisorOverride } = this;
    return avgPool2d(input, this.kernelSize, { stride, padding, ceilMode, countIncludePad, divisorOverride });
  }
}

abstract class AdaptivePool<Rank extends 1 | 2> extends Module {
  readonly outputSize: AdaptiveSize<Rank>;

  constructor(outputSize: AdaptiveSize<Rank>) {
    if (arguments.length > 1) refuseSurplus(new.target.name, arguments, 1);
    super();
    // null keeps a size of the input.
    const sizes = (Array.isArray(outputSize) ? outputSize : [outputSize]) as readonly (number | null)[];
    checkSizes(this, 0, { outputSize: sizes.map((size) => (size === null ? 0 : size)) });
    this.outputSize = outputSize;
  }

  override extraRepr(): string {
    return `output_size=${pythonSize(this.outputSize)}`;
  }
}

/**
 * The means of `outputSize` windows that divide the last dimension. Shapes: [N, C, L] or [C, L] → the same with outputSize
 * for L.
 *
 * @example
 * new nn.AdaptiveAvgPool1d(5)(randn([1, 64, 8])).shape; // [1, 64, 5]
 */
export class AdaptiveAvgPool1d extends AdaptivePool<1> {
  override forward(input: Tensor): Tensor {
    if (arguments.length > 1) refuseSurplus('AdaptiveAvgPool1d.forward', arguments, 1);
    return adaptiveAvgPool1d(input, this.outputSize);
  }
}

/**
 * The means of windows that divide a plane into outputSize. Shapes: [N, C, H, W] or [C, H, W] → the same with planes of
 * outputSize; null keeps a size.
 *
 * @example
 * new nn.AdaptiveAvgPool2d([5, null])(randn([1, 64, 8, 9])).shape; // [1, 64, 5, 9]
 */
export class AdaptiveAvgPool2d extends AdaptivePool<2> {
  override forward(input: Tensor): Tensor {
    if (arguments.length > 1) refuseSurplus('AdaptiveAvgPool2d.forward', arguments, 1);
    return adaptiveAvgPool2d(input, this.outputSize);
  }
}

abstract class AdaptiveMaxPool<Rank extends 1 | 2, Indices extends boolean> extends AdaptivePool<Rank> {
  readonly returnIndices: Indices;

  constructor(outputSize: AdaptiveSize<Rank>, options: { readonly returnIndices?: Indices } = {}) {
    if (arguments.length > 2) refuseSurplus(new.target.name, arguments, 2);
    super(outputSize);
    const known = checkOptions<{ readonly returnIndices?: Indices }>(classNameOf(this), options, ['returnIndices']);
    this.returnIndices = (known.returnIndices ?? false) as Indices;
  }
}

/**
 * The maxima of `outputSize` windows that divide the last dimension. Shapes as for AdaptiveAvgPool1d.
 *
 * @example
 * new nn.AdaptiveMaxPool1d(5)(randn([1, 64, 8])).shape; // [1, 64, 5]
 */
export class AdaptiveMaxPool1d<const Indices extends boolean = false> extends AdaptiveMaxPool<1, Indices> {
  override forward(input: Tensor): Maxima<Indices> {
    if (arguments.length > 1) refuseSurplus('AdaptiveMaxPool1d.forward', arguments, 1);
    return adaptiveMaxPool1d(input, this.outputSize, { returnIndices: this.returnIndices });
  }
}

/**
 * The maxima of windows that divide a plane into outputSize. Shapes as for AdaptiveAvgPool2d.
 *
 * @example
 * new nn.AdaptiveMaxPool2d(7)(randn([1, 64, 10, 9])).shape; // [1, 64, 7, 7]
 */
export class AdaptiveMaxPool2d<const Indices extends boolean = false> extends AdaptiveMaxPool<2, Indices> {
  override forward(input: Tensor): Maxima<Indices> {
    if (arguments.length > 1) refuseSurplus('AdaptiveMaxPool2d.forward', arguments, 1);
    return adaptiveMaxPool2d(input, this.outputSize, { returnIndices: this.returnIndices });
  }
}

declareSettings(MaxPool, {
  kernelSize: 'sizes',
  stride: 'sizes',
  padding: 'sizes',
  dilation: 'sizes',
  ceilMode: 'flag',
  returnIndices: 'flag',
});
declareSettings(AvgPool, {
  kernelSize: 'sizes',
  stride: 'sizes',
  padding: 'sizes',
  ceilMode: 'flag',
  countIncludePad: 'flag',
});
declareSettings(AvgPool2d, { divisorOverride: 'number?' });
declareSettings(AdaptivePool, { outputSize: 'sizes' });
declareSettings(AdaptiveMaxPool, { returnIndices: 'flag' });
markBuiltIn(
  MaxPool1d,
  MaxPool2d,
  AvgPool1d,
  AvgPool2d,
  AdaptiveAvgPool1d,
  AdaptiveAvgPool2d,
  AdaptiveMaxPool1d,
  AdaptiveMaxPool2d,
);

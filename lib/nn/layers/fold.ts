import type { PerAxis2 } from '../../ops/nn/conv.js';
import { type FoldOptions, fold, imageSize, unfold, windowSettings } from '../../ops/nn/fold.js';
import { refuseSurplus } from '../../tensor/arguments.js';
import type { Tensor } from '../../tensor/tensor.js';
import { Module } from '../module/module.js';
import { declareSettings } from '../module/settings.js';
import { classNameOf, markBuiltIn } from '../module/state.js';

// Layers without parameters; shapes are those of the functions of the same names.

const pythonSize = (size: PerAxis2): string => (typeof size === 'number' ? String(size) : `(${size.join(', ')})`);

abstract class Windows extends Module {
  readonly kernelSize: PerAxis2;
  readonly dilation: PerAxis2;
  readonly padding: PerAxis2;
  readonly stride: PerAxis2;

  constructor(kernelSize: PerAxis2, options: FoldOptions) {
    super();
    windowSettings(classNameOf(this), kernelSize, options);
    this.kernelSize = kernelSize;
    this.dilation = options.dilation ?? 1;
    this.padding = options.padding ?? 0;
    this.stride = options.stride ?? 1;
  }

  protected get options(): FoldOptions {
    return { dilation: this.dilation, padding: this.padding, stride: this.stride };
  }

  override extraRepr(): string {
    const { kernelSize, dilation, padding, stride } = this;
    return `kernel_size=${pythonSize(kernelSize)}, dilation=${pythonSize(dilation)}, padding=${pythonSize(padding)}, stride=${pythonSize(stride)}`;
  }
}

/**
 * Every window of planes as a column. Shapes: [N, C, H, W] or [C, H, W] → [N, C · kh · kw, L] or [C · kh · kw, L]; see
 * `F.unfold`.
 *
 * @example
 * new nn.Unfold(2, { stride: 2 })(zeros([1, 3, 4, 4])).shape; // [1, 12, 4]
 */
export class Unfold extends Windows {
  constructor(kernelSize: PerAxis2, options: FoldOptions = {}) {
    if (arguments.length > 2) refuseSurplus('Unfold', arguments, 2);
    super(kernelSize, options);
  }

  override forward(input: Tensor): Tensor {
    if (arguments.length > 1) refuseSurplus('Unfold.forward', arguments, 1);
    return unfold(input, this.kernelSize, this.options);
  }
}

/**
 * Columns summed into planes. Shapes: [N, C · kh · kw, L] or [C · kh · kw, L] → [N, C, …outputSize] or
 * [C, …outputSize]; see `F.fold`.
 *
 * @example
 * new nn.Fold([4, 4], 2, { stride: 2 })(zeros([1, 12, 4])).shape; // [1, 3, 4, 4]
 */
export class Fold extends Windows {
  readonly outputSize: PerAxis2;

  constructor(outputSize: PerAxis2, kernelSize: PerAxis2, options: FoldOptions = {}) {
    if (arguments.length > 3) refuseSurplus('Fold', arguments, 3);
    super(kernelSize, options);
    imageSize(classNameOf(this), outputSize);
    this.outputSize = outputSize;
  }

  override forward(input: Tensor): Tensor {
    if (arguments.length > 1) refuseSurplus('Fold.forward', arguments, 1);
    return fold(input, this.outputSize, this.kernelSize, this.options);
  }

  override extraRepr(): string {
    return `output_size=${pythonSize(this.outputSize)}, ${super.extraRepr()}`;
  }
}

declareSettings(Windows, { kernelSize: 'sizes', dilation: 'sizes', padding: 'sizes', stride: 'sizes' });
declareSettings(Fold, { outputSize: 'sizes' });
markBuiltIn(Unfold, Fold);

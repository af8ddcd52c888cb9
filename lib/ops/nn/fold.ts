import { defineOp, type Op } from '../../autograd/op.js';
import { rawFold, rawUnfold, type Windows } from '../../raw/conv.js';
import { refuseSurplus } from '../../tensor/arguments.js';
import { fail } from '../../tensor/errors.js';
import { checkOptions } from '../../tensor/options.js';
import { type Shape, showShape } from '../../tensor/shape.js';
import type { Tensor } from '../../tensor/tensor.js';
import { checkFloating } from '../broadcast.js';
import { reshapeTo } from '../shape/layout.js';
import type { PerAxis2 } from './conv.js';
import { poolSizes } from './poolSizes.js';

// Windows of planes as columns, and back; each is the other's backward.

const unfoldOp: Op<[x: Tensor, windows: Windows]> = defineOp({
  name: 'unfold',
  node: 'Im2ColBackward0',
  forward: rawUnfold,
  save: () => [],
  backward: ({ args: [x, windows] }, g) => [foldOp(g, windows, x.shape.slice(2))],
});

const foldOp: Op<[columns: Tensor, windows: Windows, image: Shape]> = defineOp({
  name: 'fold',
  node: 'Col2ImBackward0',
  forward: rawFold,
  save: () => [],
  backward: ({ args: [, windows] }, g) => [unfoldOp(g, windows)],
});

/** Of `unfold` and `fold`; one number, or one for the height and one for the width. */
export interface FoldOptions {
  /** Places between the elements of a window; default 1. */
  readonly dilation?: PerAxis2;
  /** Zeros around the planes; default 0. */
  readonly padding?: PerAxis2;
  /** From one window to the next; default 1. */
  readonly stride?: PerAxis2;
}

type Settings = Omit<Windows, 'blocks'>;

/** What windows are like, checked. */
export function windowSettings(op: string, kernelSize: PerAxis2, options: FoldOptions | undefined): Settings {
  const { dilation = 1, padding = 0, stride = 1 } = checkOptions(op, options, ['dilation', 'padding', 'stride']);
  return {
    kernel: poolSizes(op, 'kernelSize', kernelSize, 2, 1),
    dilation: poolSizes(op, 'dilation', dilation, 2, 1),
    padding: poolSizes(op, 'padding', padding, 2, 0),
    stride: poolSizes(op, 'stride', stride, 2, 1),
  };
}

export const imageSize = (op: string, outputSize: PerAxis2): number[] => poolSizes(op, 'outputSize', outputSize, 2, 1);

/** The windows that fit into a padded image. */
function windowsIn(op: string, image: Shape, kernelSize: PerAxis2, options: FoldOptions | undefined): Windows {
  const windows = windowSettings(op, kernelSize, options);
  const blocks = image.map((size, i) => {
    const span = windows.dilation[i]! * (windows.kernel[i]! - 1) + 1;
    return Math.floor((size + 2 * windows.padding[i]! - span) / windows.stride[i]!) + 1;
  });
  if (blocks.some((n) => n < 1)) {
    fail(
      'SHAPE_MISMATCH',
      `${op}: a window of kernelSize ${showShape(windows.kernel)} does not fit into planes of ${showShape(image)} (dilation ${showShape(windows.dilation)}, padding ${showShape(windows.padding)}): calculated shape of the array of sliding blocks ${showShape(blocks)}`,
    );
  }
  return { ...windows, blocks };
}

const unbatched = (out: Tensor): Tensor => reshapeTo(out, out._shape.slice(1));

/**
 * Every window of planes as a column: x [n, c, h, w] or [c, h, w] → [n, c · kh · kw, l] or [c · kh · kw, l], l the
 * number of windows, row by row. Floating dtypes.
 *
 * @example
 * F.unfold(tensor([[[1, 2, 3], [4, 5, 6]]]), 2).toArray(); // [[1, 2], [2, 3], [4, 5], [5, 6]]
 */
export function unfold(x: Tensor, kernelSize: PerAxis2, options?: FoldOptions): Tensor {
  if (arguments.length > 3) refuseSurplus('unfold', arguments, 3);
  checkFloating('unfold', x);
  const { _shape: shape } = x;
  const rank = shape.length;
  if ((rank !== 3 && rank !== 4) || shape.slice(rank - 3).includes(0)) {
    fail(
      'SHAPE_MISMATCH',
      `unfold: expected 3D or 4D (batched) input with possibly 0 batch size and other non-zero dimensions, but got input of size ${showShape(shape)}`,
    );
  }
  const windows = windowsIn('unfold', shape.slice(-2), kernelSize, options);
  return rank === 4 ? unfoldOp(x, windows) : unbatched(unfoldOp(reshapeTo(x, [1, ...shape]), windows));
}

/**
 * The columns of `unfold` summed where their elements came from: x [n, c · kh · kw, l] or [c · kh · kw, l] →
 * [n, c, …outputSize] or [c, …outputSize]. Elements that lie in several windows are the sum of all. Floating dtypes.
 *
 * @example
 * F.fold(ones([1, 4, 2]), [2, 3], 2).toArray(); // [[[[1, 2, 1], [1, 2, 1]]]]
 */
export function fold(x: Tensor, outputSize: PerAxis2, kernelSize: PerAxis2, options?: FoldOptions): Tensor {
  if (arguments.length > 4) refuseSurplus('fold', arguments, 4);
  checkFloating('fold', x);
  const { _shape: shape } = x;
  const rank = shape.length;
  if ((rank !== 2 && rank !== 3) || shape.slice(rank - 2).includes(0)) {
    fail(
      'SHAPE_MISMATCH',
      `fold: expected 2D or 3D (batched) input with possibly 0 batch size and non-zero dimensions, but got input of size ${showShape(shape)}`,
    );
  }
  const image = imageSize('fold', outputSize);
  const windows = windowsIn('fold', image, kernelSize, options);
  const taps = windows.kernel[0]! * windows.kernel[1]!;
  if (shape[rank - 2]! % taps !== 0) {
    fail(
      'SHAPE_MISMATCH',
      `fold: expected size of input's dimension ${rank - 2} to be divisible by the product of kernelSize ${showShape(windows.kernel)}, but got input of size ${showShape(shape)}`,
    );
  }
  const blocks = windows.blocks[0]! * windows.blocks[1]!;
  if (shape[rank - 1] !== blocks) {
    fail(
      'SHAPE_MISMATCH',
      `fold: expected size of input's dimension ${rank - 1} to match the calculated number of sliding blocks ${windows.blocks.join(' * ')} = ${blocks}, but got input of size ${showShape(shape)}`,
    );
  }
  return rank === 3 ? foldOp(x, windows, image) : unbatched(foldOp(reshapeTo(x, [1, ...shape]), windows, image));
}

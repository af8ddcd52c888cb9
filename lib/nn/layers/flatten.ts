import { flatten, unflatten } from '../../ops/shape/views.js';
import { refuseSurplus } from '../../tensor/arguments.js';
import { describe, fail } from '../../tensor/errors.js';
import { checkInteger, checkOptions } from '../../tensor/options.js';
import type { Tensor } from '../../tensor/tensor.js';
import { Module } from '../module/module.js';
import { declareSettings } from '../module/settings.js';
import { markBuiltIn } from '../module/state.js';

/**
 * Merges dimensions startDim to endDim into one; by default all but the batch dimension. [n, a, b, …] → [n, a·b·…].
 * The result is a view where the strides allow it.
 *
 * @example
 * new nn.Flatten()(zeros([32, 1, 8, 8])).shape; // [32, 64]
 */
export class Flatten extends Module {
  readonly startDim: number;
  readonly endDim: number;

  constructor(startDim = 1, options: { readonly endDim?: number } = {}) {
    if (arguments.length > 2) refuseSurplus('Flatten', arguments, 2);
    super();
    const { endDim = -1 } = checkOptions('Flatten', options, ['endDim']);
    this.startDim = checkInteger('Flatten', 'startDim', startDim);
    this.endDim = checkInteger('Flatten', 'endDim', endDim);
  }

  override forward(input: Tensor): Tensor {
    if (arguments.length > 1) refuseSurplus('Flatten.forward', arguments, 1);
    return flatten(input, this.startDim, this.endDim);
  }

  override extraRepr(): string {
    return `start_dim=${this.startDim}, end_dim=${this.endDim}`;
  }
}

/**
 * Splits dimension `dim` into `unflattenedSize`, of which one size may be -1. [n, a·b] → [n, a, b].
 *
 * @example
 * new nn.Unflatten(1, [2, 5])(zeros([3, 10])).shape; // [3, 2, 5]
 */
export class Unflatten extends Module {
  readonly dim: number;
  readonly unflattenedSize: readonly number[];

  constructor(dim: number, unflattenedSize: readonly number[]) {
    if (arguments.length > 2) refuseSurplus('Unflatten', arguments, 2);
    super();
    this.dim = checkInteger('Unflatten', 'dim', dim);
    if (!Array.isArray(unflattenedSize)) {
      fail('WRONG_TYPE', `Unflatten: unflattenedSize must be an array of sizes, got ${describe(unflattenedSize)}`);
    }
    this.unflattenedSize = unflattenedSize.map((size) => checkInteger('Unflatten', 'a size', size));
  }

  override forward(input: Tensor): Tensor {
    if (arguments.length > 1) refuseSurplus('Unflatten.forward', arguments, 1);
    return unflatten(input, this.dim, this.unflattenedSize);
  }

  override extraRepr(): string {
    const { unflattenedSize: sizes } = this;
    return `dim=${this.dim}, unflattened_size=(${sizes.join(', ')}${sizes.length === 1 ? ',' : ''})`;
  }
}

declareSettings(Flatten, { startDim: 'number', endDim: 'number' });
declareSettings(Unflatten, { dim: 'number', unflattenedSize: 'sizes' });
markBuiltIn(Flatten, Unflatten);

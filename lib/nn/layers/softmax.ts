import { logSoftmax, softmax } from '../../ops/elementwise/activation.js';
import { isOptions, refuseSurplus } from '../../tensor/arguments.js';
import { checkInteger, onlyOption } from '../../tensor/options.js';
import { pythonInt } from '../../tensor/python.js';
import { checkTensor, type Tensor } from '../../tensor/tensor.js';
import { Module } from '../module/module.js';
import { declareSettings } from '../module/settings.js';
import { classNameOf, markBuiltIn } from '../module/state.js';
import type { Keeps, WIDTHS } from '../module/widths.js';

type Dim = number | null | { readonly dim?: number | null };

abstract class AlongDim extends Module {
  declare readonly [WIDTHS]: Keeps;
  readonly dim: number | null;

  constructor(given: Dim) {
    super();
    const op = classNameOf(this);
    const dim: number | null = (isOptions(given) ? onlyOption(op, 'dim', given) : given) ?? null;
    this.dim = dim === null ? null : checkInteger(op, 'dim', dim);
  }

  /** Without a dim, PyTorch's old rule: 0 for ranks 0, 1 and 3, else 1. */
  protected dimFor(input: Tensor): number {
    if (this.dim !== null) return this.dim;
    const rank = checkTensor(classNameOf(this), input)._shape.length;
    return rank === 0 || rank === 1 || rank === 3 ? 0 : 1;
  }

  override extraRepr(): string {
    return `dim=${pythonInt(this.dim)}`;
  }
}

/**
 * e^x / Σ e^x along `dim`. Shapes: [..] → [..]; the results along `dim` lie in [0, 1] and sum to 1.
 *
 * @example
 * new nn.Softmax(-1)(tensor([[0, 0]])).toArray(); // [[0.5, 0.5]]
 */
export class Softmax extends AlongDim {
  constructor(dim: Dim = null) {
    if (arguments.length > 1) refuseSurplus('Softmax', arguments, 1);
    super(dim);
  }

  override forward(input: Tensor): Tensor {
    if (arguments.length > 1) refuseSurplus('Softmax.forward', arguments, 1);
    return softmax(input, this.dimFor(input));
  }
}

/**
 * log(softmax(x)) along `dim`, without underflow. Shapes: [..] → [..].
 *
 * @example
 * new nn.LogSoftmax(-1)(tensor([[0, 0]])).toArray(); // [[-0.6931…, -0.6931…]]
 */
export class LogSoftmax extends AlongDim {
  constructor(dim: Dim = null) {
    if (arguments.length > 1) refuseSurplus('LogSoftmax', arguments, 1);
    super(dim);
  }

  override forward(input: Tensor): Tensor {
    if (arguments.length > 1) refuseSurplus('LogSoftmax.forward', arguments, 1);
    return logSoftmax(input, this.dimFor(input));
  }
}

declareSettings(AlongDim, { dim: 'number?' });
markBuiltIn(Softmax, LogSoftmax);

import type { InplaceOptions } from '../../ops/elementwise/activation.js';
import { dropout } from '../../ops/nn/dropout.js';
import { refuseSurplus } from '../../tensor/arguments.js';
import { fail } from '../../tensor/errors.js';
import { checkNumber, checkOptions } from '../../tensor/options.js';
import { pythonBool, pythonFloat } from '../../tensor/python.js';
import type { Tensor } from '../../tensor/tensor.js';
import { Module } from '../module/module.js';
import { declareSettings } from '../module/settings.js';
import { markBuiltIn } from '../module/state.js';
import type { Keeps, WIDTHS } from '../module/widths.js';

/**
 * In training, zeroes each element with probability p and multiplies the others by 1 / (1 − p); in evaluation, gives its
 * input back. Shapes: [..] → [..] (Srivastava et al., "Dropout", 2014).
 *
 * @example
 * const dropout = new nn.Dropout(0.1);
 * dropout.eval()(ones([3])).toArray(); // [1, 1, 1]
 */
export class Dropout extends Module {
  declare readonly [WIDTHS]: Keeps;
  /** The probability that an element is zeroed. */
  p: number;
  readonly inplace: boolean;

  constructor(p = 0.5, options: InplaceOptions = {}) {
    if (arguments.length > 2) refuseSurplus('Dropout', arguments, 2);
    super();
    const { inplace = false } = checkOptions('Dropout', options, ['inplace']);
    const chance = checkNumber('Dropout', 'p', p);
    if (!(chance >= 0 && chance <= 1)) {
      fail('OUT_OF_RANGE', `Dropout: dropout probability has to be between 0 and 1, but got ${chance}`);
    }
    this.p = chance;
    this.inplace = inplace;
  }

  override forward(input: Tensor): Tensor {
    if (arguments.length > 1) refuseSurplus('Dropout.forward', arguments, 1);
    return dropout(input, { p: this.p, training: this.training, inplace: this.inplace });
  }

  override extraRepr(): string {
    return `p=${pythonFloat(this.p)}, inplace=${pythonBool(this.inplace)}`;
  }
}

declareSettings(Dropout, { p: 'number', inplace: 'flag' });
markBuiltIn(Dropout);

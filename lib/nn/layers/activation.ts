import {
  elu,
  gelu,
  hardtanh,
  type InplaceOptions,
  leakyRelu,
  logSigmoid,
  relu,
  silu,
  softplus,
} from '../../ops/elementwise/activation.js';
import { sigmoid, tanh } from '../../ops/elementwise/unary.js';
import { refuseSurplus } from '../../tensor/arguments.js';
import { fail } from '../../tensor/errors.js';
import { checkChoice, checkNumber, checkOptions } from '../../tensor/options.js';
import { pythonFloat } from '../../tensor/python.js';
import type { Tensor } from '../../tensor/tensor.js';
import { Module } from '../module/module.js';
import { declareSettings } from '../module/settings.js';
import { markBuiltIn } from '../module/state.js';
import type { Keeps, WIDTHS } from '../module/widths.js';

// Activations are applied to each element: [..] → [..]. They have no parameters.

const INPLACE: InplaceOptions = { inplace: true };

abstract class Activation extends Module {
  declare readonly [WIDTHS]: Keeps;
  abstract override forward(input: Tensor): Tensor;
}

/** An activation that can write into its input. */
abstract class InplaceActivation extends Activation {
  readonly inplace: boolean;

  constructor(options: InplaceOptions) {
    super();
    this.inplace = options.inplace ?? false;
  }

  /** The parameters' part of the printed form. */
  protected describe(): string[] {
    return [];
  }

  override extraRepr(): string {
    return [...this.describe(), ...(this.inplace ? ['inplace=True'] : [])].join(', ');
  }
}

/**
 * max(x, 0). Shapes: [..] → [..].
 *
 * @example
 * new nn.ReLU()(tensor([-1, 2])).toArray(); // [0, 2]
 */
export class ReLU extends InplaceActivation {
  constructor(options: InplaceOptions = {}) {
    if (arguments.length > 1) refuseSurplus('ReLU', arguments, 1);
    super(checkOptions('ReLU', options, ['inplace']));
  }

  override forward(input: Tensor): Tensor {
    if (arguments.length > 1) refuseSurplus('ReLU.forward', arguments, 1);
    return this.inplace ? relu(input, INPLACE) : relu(input);
  }
}

/**
 * 1 / (1 + e^(−x)). Shapes: [..] → [..].
 *
 * @example
 * new nn.Sigmoid()(tensor([0])).toArray(); // [0.5]
 */
export class Sigmoid extends Activation {
  override forward(input: Tensor): Tensor {
    if (arguments.length > 1) refuseSurplus('Sigmoid.forward', arguments, 1);
    return sigmoid(input);
  }
}

/**
 * tanh(x). Shapes: [..] → [..].
 *
 * @example
 * new nn.Tanh()(tensor([0])).toArray(); // [0]
 */
export class Tanh extends Activation {
  override forward(input: Tensor): Tensor {
    if (arguments.length > 1) refuseSurplus('Tanh.forward', arguments, 1);
    return tanh(input);
  }
}

/**
 * x Φ(x), with the normal distribution function Φ, or its approximation by tanh (Hendrycks & Gimpel, arXiv:1606.08415).
 * Shapes: [..] → [..].
 *
 * @example
 * new nn.GELU({ approximate: 'tanh' })(tensor([0])).toArray(); // [0]
 */
export class GELU extends Activation {
  readonly approximate: 'none' | 'tanh';

  constructor(options: { readonly approximate?: 'none' | 'tanh' } = {}) {
    if (arguments.length > 1) refuseSurplus('GELU', arguments, 1);
    super();
    const { approximate = 'none' } = checkOptions('GELU', options, ['approximate']);
    this.approximate = checkChoice('GELU', 'approximate', approximate, ['none', 'tanh']);
  }

  override forward(input: Tensor): Tensor {
    if (arguments.length > 1) refuseSurplus('GELU.forward', arguments, 1);
    return gelu(input, { approximate: this.approximate });
  }

  override extraRepr(): string {
    return `approximate='${this.approximate}'`;
  }
}

/**
 * x · sigmoid(x). Shapes: [..] → [..].
 *
 * @example
 * new nn.SiLU()(tensor([0])).toArray(); // [0]
 */
export class SiLU extends InplaceActivation {
  constructor(options: InplaceOptions = {}) {
    if (arguments.length > 1) refuseSurplus('SiLU', arguments, 1);
    super(checkOptions('SiLU', options, ['inplace']));
  }

  override forward(input: Tensor): Tensor {
    if (arguments.length > 1) refuseSurplus('SiLU.forward', arguments, 1);
    return this.inplace ? silu(input, INPLACE) : silu(input);
  }
}

/**
 * x above 0, negativeSlope · x below. Shapes: [..] → [..].
 *
 * @example
 * new nn.LeakyReLU(0.1)(tensor([-10])).toArray(); // [-1]
 */
export class LeakyReLU extends InplaceActivation {
  readonly negativeSlope: number;

  constructor(negativeSlope = 0.01, options: InplaceOptions = {}) {
    if (arguments.length > 2) refuseSurplus('LeakyReLU', arguments, 2);
    super(checkOptions('LeakyReLU', options, ['inplace']));
    this.negativeSlope = checkNumber('LeakyReLU', 'negativeSlope', negativeSlope);
  }

  override forward(input: Tensor): Tensor {
    if (arguments.length > 1) refuseSurplus('LeakyReLU.forward', arguments, 1);
    return leakyRelu(input, this.negativeSlope, this.inplace ? INPLACE : undefined);
  }

  protected override describe(): string[] {
    return [`negative_slope=${pythonFloat(this.negativeSlope)}`];
  }
}

/**
 * x above 0, alpha · (e^x − 1) below. Shapes: [..] → [..].
 *
 * @example
 * new nn.ELU()(tensor([3])).toArray(); // [3]
 */
export class ELU extends InplaceActivation {
  readonly alpha: number;

  constructor(alpha = 1, options: InplaceOptions = {}) {
    if (arguments.length > 2) refuseSurplus('ELU', arguments, 2);
    super(checkOptions('ELU', options, ['inplace']));
    this.alpha = checkNumber('ELU', 'alpha', alpha);
  }

  override forward(input: Tensor): Tensor {
    if (arguments.length > 1) refuseSurplus('ELU.forward', arguments, 1);
    return elu(input, this.alpha, this.inplace ? INPLACE : undefined);
  }

  protected override describe(): string[] {
    return [`alpha=${pythonFloat(this.alpha)}`];
  }
}

/**
 * x limited to [minVal, maxVal]. Shapes: [..] → [..].
 *
 * @example
 * new nn.Hardtanh()(tensor([-2, 0.5])).toArray(); // [-1, 0.5]
 */
export class Hardtanh extends InplaceActivation {
  readonly minVal: number;
  readonly maxVal: number;

  constructor(minVal = -1, options: InplaceOptions & { readonly maxVal?: number } = {}) {
    if (arguments.length > 2) refuseSurplus('Hardtanh', arguments, 2);
    const { maxVal = 1, inplace = false } = checkOptions('Hardtanh', options, ['maxVal', 'inplace']);
    super({ inplace });
    this.minVal = checkNumber('Hardtanh', 'minVal', minVal);
    this.maxVal = checkNumber('Hardtanh', 'maxVal', maxVal);
    if (!(this.maxVal > this.minVal)) {
      fail('BAD_ARGUMENT', `Hardtanh: maxVal must be greater than minVal, got ${this.maxVal} and ${this.minVal}`);
    }
  }

  override forward(input: Tensor): Tensor {
    if (arguments.length > 1) refuseSurplus('Hardtanh.forward', arguments, 1);
    return hardtanh(input, this.minVal, this.maxVal, this.inplace ? INPLACE : undefined);
  }

  protected override describe(): string[] {
    return [`min_val=${pythonFloat(this.minVal)}`, `max_val=${pythonFloat(this.maxVal)}`];
  }
}

/**
 * log(1 + e^(beta x)) / beta, and x itself where beta · x > threshold. Shapes: [..] → [..].
 *
 * @example
 * new nn.Softplus()(tensor([100])).toArray(); // [100]
 */
export class Softplus extends Activation {
  readonly beta: number;
  readonly threshold: number;

  constructor(beta = 1, options: { readonly threshold?: number } = {}) {
    if (arguments.length > 2) refuseSurplus('Softplus', arguments, 2);
    super();
    const { threshold = 20 } = checkOptions('Softplus', options, ['threshold']);
    this.beta = checkNumber('Softplus', 'beta', beta);
    this.threshold = checkNumber('Softplus', 'threshold', threshold);
  }

  override forward(input: Tensor): Tensor {
    if (arguments.length > 1) refuseSurplus('Softplus.forward', arguments, 1);
    return softplus(input, { beta: this.beta, threshold: this.threshold });
  }

  override extraRepr(): string {
    return `beta=${pythonFloat(this.beta)}, threshold=${pythonFloat(this.threshold)}`;
  }
}

/**
 * log(1 / (1 + e^(−x))), exact far from 0. Shapes: [..] → [..].
 *
 * @example
 * new nn.LogSigmoid()(tensor([-100])).toArray(); // [-100]
 */
export class LogSigmoid extends Activation {
  override forward(input: Tensor): Tensor {
    if (arguments.length > 1) refuseSurplus('LogSigmoid.forward', arguments, 1);
    return logSigmoid(input);
  }
}

declareSettings(InplaceActivation, { inplace: 'flag' });
declareSettings(GELU, { approximate: ['none', 'tanh'] });
declareSettings(LeakyReLU, { negativeSlope: 'number' });
declareSettings(ELU, { alpha: 'number' });
declareSettings(Hardtanh, { minVal: 'number', maxVal: 'number' });
declareSettings(Softplus, { beta: 'number', threshold: 'number' });
markBuiltIn(ReLU, Sigmoid, Tanh, GELU, SiLU, LeakyReLU, ELU, Hardtanh, Softplus, LogSigmoid);

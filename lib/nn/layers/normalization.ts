import { groupNorm } from '../../ops/nn/channelNorm.js';
import { layerNorm, rmsNorm } from '../../ops/nn/rowNorm.js';
import { refuseSurplus } from '../../tensor/arguments.js';
import type { FloatingDType } from '../../tensor/dtype.js';
import { describe, fail } from '../../tensor/errors.js';
import { checkInteger, checkNumber, checkOptions } from '../../tensor/options.js';
import { pythonBool, pythonFloat } from '../../tensor/python.js';
import { checkShape } from '../../tensor/shape.js';
import type { Tensor } from '../../tensor/tensor.js';
import { ones_, zeros_ } from '../init/init.js';
import { Module } from '../module/module.js';
import { newParameter, type Parameter } from '../module/parameter.js';
import { declareSettings } from '../module/settings.js';
import { markBuiltIn } from '../module/state.js';
import type { Keeps, Maps, WIDTHS } from '../module/widths.js';
import { checkParameterDType, checkWidth } from './linear.js';

/** The sizes that a norm over the last dimensions is told: a number is one size. */
type NormalizedShape = number | readonly number[];

/** A norm over one dimension keeps its width, and takes no other. */
type RowWidths<S extends NormalizedShape> = S extends number ? Maps<S, S> : Keeps;

function checkNormalizedShape(op: string, value: NormalizedShape): readonly number[] {
  const shape = checkShape(op, [Array.isArray(value) ? value : [value]]);
  if (shape.length === 0) fail('BAD_ARGUMENT', `${op}: normalizedShape must name at least one dimension, got []`);
  return shape;
}

/** A tuple as Python prints it. */
const tuple = (sizes: readonly number[]): string => `(${sizes.join(', ')}${sizes.length === 1 ? ',' : ''})`;

export interface LayerNormModuleOptions {
  /** Added to the variance; default 1e-5. */
  readonly eps?: number;
  /** Whether to learn a weight and a bias for each element; default true. */
  readonly elementwiseAffine?: boolean;
  /** Whether to learn a bias, where there is a weight; default true. */
  readonly bias?: boolean;
  readonly dtype?: FloatingDType;
}

/**
 * (x − mean) / √(variance + eps) · weight + bias, mean and variance being those of the last dimensions.
 *
 * Shapes: [..., normalizedShape] → the same; weight and bias normalizedShape. Initialisation: weight 1, bias 0. Ba et al.,
 * "Layer normalization", arXiv:1607.06450.
 *
 * @example
 * const norm = new nn.LayerNorm(384);
 * norm(randn([2, 128, 384])).shape; // [2, 128, 384]
 */
export class LayerNorm<const S extends NormalizedShape = NormalizedShape> extends Module {
  declare readonly [WIDTHS]: RowWidths<S>;
  readonly normalizedShape: readonly number[];
  readonly eps: number;
  readonly elementwiseAffine: boolean;
  declare weight: Parameter | null;
  declare bias: Parameter | null;

  constructor(normalizedShape: S, options: LayerNormModuleOptions = {}) {
    if (arguments.length > 2) refuseSurplus('LayerNorm', arguments, 2);
    super();
    const {
      eps = 1e-5,
      elementwiseAffine = true,
      bias = true,
      dtype,
    } = checkOptions('LayerNorm', options, ['eps', 'elementwiseAffine', 'bias', 'dtype']);
    const kind = checkParameterDType('LayerNorm', dtype);
    this.normalizedShape = checkNormalizedShape('LayerNorm', normalizedShape);
    this.eps = checkNumber('LayerNorm', 'eps', eps);
    this.elementwiseAffine = elementwiseAffine;
    const parameter = (wanted: boolean) => (wanted ? newParameter(this.normalizedShape, kind) : null);
    this.registerParameter('weight', parameter(elementwiseAffine));
    this.registerParameter('bias', parameter(elementwiseAffine && bias));
    this.resetParameters();
  }

  /** Makes weight 1 and bias 0. */
  resetParameters(): void {
    if (arguments.length > 0) refuseSurplus('resetParameters', arguments, 0);
    if (this.weight !== null) ones_(this.weight);
    if (this.bias !== null) zeros_(this.bias);
  }

  override forward(input: Tensor): Tensor {
    if (arguments.length > 1) refuseSurplus('LayerNorm.forward', arguments, 1);
    return layerNorm(input, this.normalizedShape, { weight: this.weight, bias: this.bias, eps: this.eps });
  }

  override extraRepr(): string {
    const affine = `elementwise_affine=${pythonBool(this.elementwiseAffine)}`;
    return `${tuple(this.normalizedShape)}, eps=${pythonFloat(this.eps)}, ${affine}, bias=${pythonBool(this.bias !== null)}`;
  }
}

export interface RMSNormOptions {
  /** Added to the mean of the squares; default null: the distance from 1 to the next number of the input's dtype. */
  readonly eps?: number | null;
  /** Whether to learn a weight for each element; default true. */
  readonly elementwiseAffine?: boolean;
  readonly dtype?: FloatingDType;
}

/**
 * x / √(mean(x²) + eps) · weight, the mean being that of the last dimensions.
 *
 * Shapes: [..., normalizedShape] → the same; weight normalizedShape. Initialisation: weight 1. Zhang and Sennrich, "Root
 * mean square layer normalization", arXiv:1910.07467.
 *
 * @example
 * new nn.RMSNorm(2)(tensor([[3, 3]])).toArray(); // [[1, 1]]
 */
export class RMSNorm<const S extends NormalizedShape = NormalizedShape> extends Module {
  declare readonly [WIDTHS]: RowWidths<S>;
  readonly normalizedShape: readonly number[];
  readonly eps: number | null;
  readonly elementwiseAffine: boolean;
  declare weight: Parameter | null;

  constructor(normalizedShape: S, options: RMSNormOptions = {}) {
    if (arguments.length > 2) refuseSurplus('RMSNorm', arguments, 2);
    super();
    const {
      eps = null,
      elementwiseAffine = true,
      dtype,
    } = checkOptions('RMSNorm', options, ['eps', 'elementwiseAffine', 'dtype']);
    const kind = checkParameterDType('RMSNorm', dtype);
    this.normalizedShape = checkNormalizedShape('RMSNorm', normalizedShape);
    this.eps = eps === null ? null : checkNumber('RMSNorm', 'eps', eps);
    this.elementwiseAffine = elementwiseAffine;
    this.registerParameter('weight', elementwiseAffine ? newParameter(this.normalizedShape, kind) : null);
    this.resetParameters();
  }

  /** Makes weight 1. */
  resetParameters(): void {
    if (arguments.length > 0) refuseSurplus('resetParameters', arguments, 0);
    if (this.weight !== null) ones_(this.weight);
  }

  override forward(input: Tensor): Tensor {
    if (arguments.length > 1) refuseSurplus('RMSNorm.forward', arguments, 1);
    return rmsNorm(input, this.normalizedShape, { weight: this.weight, eps: this.eps });
  }

  override extraRepr(): string {
    const eps = this.eps === null ? 'None' : pythonFloat(this.eps);
    return `${tuple(this.normalizedShape)}, eps=${eps}, elementwise_affine=${pythonBool(this.elementwiseAffine)}`;
  }
}

export interface GroupNormModuleOptions {
  /** Added to the variance; default 1e-5. */
  readonly eps?: number;
  /** Whether to learn a weight and a bias for each channel; default true. */
  readonly affine?: boolean;
  /** Whether to learn a bias, where there is a weight; default true. */
  readonly bias?: boolean;
  readonly dtype?: FloatingDType;
}

/**
 * (x − mean) / √(variance + eps) · weight + bias, mean and variance being those of a sample's group of channels.
 *
 * Shapes: [N, numChannels, …] → the same; weight and bias [numChannels]. Initialisation: weight 1, bias 0. Wu and He,
 * "Group normalization", arXiv:1803.08494.
 *
 * @example
 * new nn.GroupNorm(3, 6)(randn([20, 6, 10, 10])).shape; // [20, 6, 10, 10]
 */
export class GroupNorm extends Module {
  declare readonly [WIDTHS]: Keeps;
  readonly numGroups: number;
  readonly numChannels: number;
  readonly eps: number;
  readonly affine: boolean;
  declare weight: Parameter | null;
  declare bias: Parameter | null;

  constructor(numGroups: number, numChannels: number, options: GroupNormModuleOptions = {}) {
    if (arguments.length > 3) refuseSurplus('GroupNorm', arguments, 3);
    super();
    const {
      eps = 1e-5,
      affine = true,
      bias = true,
      dtype,
    } = checkOptions('GroupNorm', options, ['eps', 'affine', 'bias', 'dtype']);
    checkWidth('GroupNorm', 'numChannels', numChannels);
    if (checkInteger('GroupNorm', 'numGroups', numGroups) < 1 || numChannels % numGroups !== 0) {
      fail(
        'BAD_ARGUMENT',
        `GroupNorm: numChannels (${describe(numChannels)}) must be divisible by numGroups (${describe(numGroups)})`,
      );
    }
    const kind = checkParameterDType('GroupNorm', dtype);
    this.numGroups = numGroups;
    this.numChannels = numChannels;
    this.eps = checkNumber('GroupNorm', 'eps', eps);
    this.affine = affine;
    this.registerParameter('weight', affine ? newParameter([numChannels], kind) : null);
    this.registerParameter('bias', affine && bias ? newParameter([numChannels], kind) : null);
    this.resetParameters();
  }

  /** Makes weight 1 and bias 0. */
  resetParameters(): void {
    if (arguments.length > 0) refuseSurplus('resetParameters', arguments, 0);
    if (this.weight !== null) ones_(this.weight);
    if (this.bias !== null) zeros_(this.bias);
  }

  override forward(input: Tensor): Tensor {
    if (arguments.length > 1) refuseSurplus('GroupNorm.forward', arguments, 1);
    return groupNorm(input, this.numGroups, { weight: this.weight, bias: this.bias, eps: this.eps });
  }

  override extraRepr(): string {
    const affine = `affine=${pythonBool(this.affine)}, bias=${pythonBool(this.bias !== null)}`;
    return `${this.numGroups}, ${this.numChannels}, eps=${pythonFloat(this.eps)}, ${affine}`;
  }
}

declareSettings(LayerNorm, { normalizedShape: 'sizes', eps: 'number', elementwiseAffine: 'flag' });
declareSettings(RMSNorm, { normalizedShape: 'sizes', eps: 'number?', elementwiseAffine: 'flag' });
declareSettings(GroupNorm, { numGroups: 'number', numChannels: 'number', eps: 'number', affine: 'flag' });
markBuiltIn(LayerNorm, RMSNorm, GroupNorm);

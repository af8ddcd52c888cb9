import { noGrad } from '../../autograd/modes.js';
import { linearDynamic } from '../../ops/nn/quantized.js';
import { rawCast } from '../../raw/copy.js';
import { rawFull } from '../../raw/create.js';
import { refuseSurplus } from '../../tensor/arguments.js';
import { describe, fail } from '../../tensor/errors.js';
import { checkOptions } from '../../tensor/options.js';
import type { Tensor } from '../../tensor/tensor.js';
import { checkWidth, Linear as FloatLinear } from '../layers/linear.js';
import { Module } from '../module/module.js';
import { declareSettings } from '../module/settings.js';
import { markBuiltIn } from '../module/state.js';
import type { Maps, WIDTHS } from '../module/widths.js';

export interface QuantizedLinearOptions {
  /** Whether to add a bias; default true. */
  readonly bias?: boolean;
  /** A scale for each row of the weight instead of one for all; default false. */
  readonly perChannel?: boolean;
}

export interface FromFloatOptions {
  /** A scale for each row of the weight instead of one for all; default false. */
  readonly perChannel?: boolean;
}

/** float32's epsilon: PyTorch's observers give no smaller scale. */
const LEAST_SCALE = 2 ** -23;

/** int8 numbers and their scale, symmetric about 0: the largest magnitude is 127.5 scales. */
function quantizeWeight(weight: Tensor, perChannel: boolean): [Tensor, Tensor] {
  return noGrad(() => {
    const w = rawCast(weight, 'float32');
    const most = perChannel ? w.abs().amax(1, { keepdim: true }) : w.abs().amax();
    const scale = (w.numel === 0 ? most.mul(0) : most).div(127.5).clamp(LEAST_SCALE, null);
    const levels = w.mul(scale.reciprocal()).round().clamp(-128, 127).to('int8');
    return [levels, perChannel ? scale.reshape(-1) : scale];
  });
}

/**
 * A linear layer with int8 weights; its input is quantised in each call (dynamic quantisation, as
 * torch.ao.nn.quantized.dynamic). Made of a trained `nn.Linear` by `fromFloat` or `quantizeDynamic`; it cannot be
 * trained.
 *
 * Shapes: [..., inFeatures] float32, at least two-dimensional → [..., outFeatures] float32. Buffers: `weight`
 * [outFeatures, inFeatures] int8, `weight_scale` [] or [outFeatures], `bias` [outFeatures].
 *
 * @example
 * const layer = nn.quantized.dynamic.Linear.fromFloat(new nn.Linear(20, 30));
 * layer(randn([128, 20])).shape; // [128, 30]
 */
class DynamicQuantizedLinear<const I extends number = number, const O extends number = number> extends Module {
  declare readonly [WIDTHS]: Maps<I, O>;
  readonly inFeatures: I;
  readonly outFeatures: O;
  declare weight: Tensor;
  declare weight_scale: Tensor;
  declare bias: Tensor | null;

  constructor(inFeatures: I, outFeatures: O, options: QuantizedLinearOptions = {}) {
    if (arguments.length > 3) refuseSurplus('Linear', arguments, 3);
    super();
    const { bias = true, perChannel = false } = checkOptions('DynamicQuantizedLinear', options, ['bias', 'perChannel']);
    checkWidth('DynamicQuantizedLinear', 'inFeatures', inFeatures);
    checkWidth('DynamicQuantizedLinear', 'outFeatures', outFeatures);
    this.inFeatures = inFeatures;
    this.outFeatures = outFeatures;
    this.registerBuffer('weight', rawFull([outFeatures, inFeatures], 0, 'int8'));
    this.registerBuffer('weight_scale', rawFull(perChannel ? [outFeatures] : [], 1, 'float32'));
    this.registerBuffer('bias', bias ? rawFull([outFeatures], 0, 'float32') : null);
  }

  /** The quantised form of a float layer, which stays as it is. */
  static fromFloat<const I extends number, const O extends number>(
    layer: FloatLinear<I, O>,
    options: FromFloatOptions = {},
  ): DynamicQuantizedLinear<I, O> {
    if (arguments.length > 2) refuseSurplus('Linear.fromFloat', arguments, 2);
    const { perChannel = false } = checkOptions('fromFloat', options, ['perChannel']);
    if (!(layer instanceof FloatLinear)) fail('WRONG_TYPE', `fromFloat: expected an nn.Linear, got ${describe(layer)}`);
    const quantized = new DynamicQuantizedLinear(layer.inFeatures, layer.outFeatures, {
      bias: layer.bias !== null,
      perChannel,
    });
    [quantized.weight, quantized.weight_scale] = quantizeWeight(layer.weight, perChannel);
    if (layer.bias !== null) quantized.bias = rawCast(layer.bias, 'float32');
    quantized.train(layer.training);
    return quantized;
  }

  override forward(input: Tensor): Tensor {
    if (arguments.length > 1) refuseSurplus('Linear.forward', arguments, 1);
    return linearDynamic(input, this.weight, this.weight_scale, this.bias);
  }

  override extraRepr(): string {
    const scheme = this.weight_scale._shape.length === 0 ? 'per_tensor_affine' : 'per_channel_affine';
    return `in_features=${this.inFeatures}, out_features=${this.outFeatures}, dtype=torch.qint8, qscheme=torch.${scheme}`;
  }
}

declareSettings(DynamicQuantizedLinear, { inFeatures: 'number', outFeatures: 'number' });
markBuiltIn(DynamicQuantizedLinear);

export { DynamicQuantizedLinear as Linear };

import { linear } from '../../ops/matmul/linear.js';
import { refuseSurplus } from '../../tensor/arguments.js';
import { checkDType, type DType, type FloatingDType, isFloating } from '../../tensor/dtype.js';
import { fail } from '../../tensor/errors.js';
import { checkInteger, checkOptions } from '../../tensor/options.js';
import { pythonBool } from '../../tensor/python.js';
import type { Tensor } from '../../tensor/tensor.js';
import { kaimingUniform_, uniform_ } from '../init/init.js';
import { Module } from '../module/module.js';
import { newParameter, type Parameter } from '../module/parameter.js';
import { declareSettings } from '../module/settings.js';
import { markBuiltIn } from '../module/state.js';
import type { Keeps, Maps, WIDTHS } from '../module/widths.js';

export interface LinearOptions {
  /** Whether to add a learned bias; default true. */
  readonly bias?: boolean;
  readonly dtype?: FloatingDType;
}

/** A width given to a layer. */
export function checkWidth(op: string, name: string, value: unknown): void {
  if (checkInteger(op, name, value) < 0) fail('BAD_ARGUMENT', `${op}: ${name} must not be negative, got ${value}`);
}

/** A dtype for parameters. */
export function checkParameterDType(op: string, value: unknown): DType {
  const dtype = checkDType(op, value ?? 'float32');
  if (!isFloating(dtype)) fail('DTYPE_MISMATCH', `${op}: dtype must be float32, float64 or bfloat16, got ${dtype}`);
  return dtype;
}

/**
 * y = x Wᵀ + b.
 *
 * Shapes: [..., inFeatures] → [..., outFeatures]; weight [outFeatures, inFeatures], bias [outFeatures].
 * Initialisation: weight, then bias, uniform in ±1/√inFeatures.
 *
 * @example
 * const layer = new nn.Linear(20, 30);
 * layer(randn([128, 20])).shape; // [128, 30]
 */
export class Linear<const I extends number = number, const O extends number = number> extends Module {
  declare readonly [WIDTHS]: Maps<I, O>;
  readonly inFeatures: I;
  readonly outFeatures: O;
  weight: Parameter;
  declare bias: Parameter | null;

  constructor(inFeatures: I, outFeatures: O, options: LinearOptions = {}) {
    if (arguments.length > 3) refuseSurplus('Linear', arguments, 3);
    super();
    const { bias = true, dtype } = checkOptions('Linear', options, ['bias', 'dtype']);
    checkWidth('Linear', 'inFeatures', inFeatures);
    checkWidth('Linear', 'outFeatures', outFeatures);
    const kind = checkParameterDType('Linear', dtype);
    this.inFeatures = inFeatures;
    this.outFeatures = outFeatures;
    this.weight = newParameter([outFeatures, inFeatures], kind);
    this.registerParameter('bias', bias ? newParameter([outFeatures], kind) : null);
    this.resetParameters();
  }

  /** Draws weight and bias anew. */
  resetParameters(): void {
    if (arguments.length > 0) refuseSurplus('resetParameters', arguments, 0);
    // a = √5 makes the bound of the weight 1/√inFeatures.
    kaimingUniform_(this.weight, { a: Math.sqrt(5) });
    if (this.bias === null) return;
    const bound = this.inFeatures > 0 ? 1 / Math.sqrt(this.inFeatures) : 0;
    uniform_(this.bias, { a: -bound, b: bound });
  }

  override forward(input: Tensor): Tensor {
    if (arguments.length > 1) refuseSurplus('Linear.forward', arguments, 1);
    return linear(input, this.weight, this.bias);
  }

  override extraRepr(): string {
    return `in_features=${this.inFeatures}, out_features=${this.outFeatures}, bias=${pythonBool(this.bias !== null)}`;
  }
}

/**
 * y = x, whatever x is. Any arguments are accepted and ignored, so that it can take the place of another layer.
 *
 * @example
 * new nn.Identity()(ones([2])).toArray(); // [1, 1]
 */
export class Identity extends Module {
  declare readonly [WIDTHS]: Keeps;

  constructor(..._ignored: readonly unknown[]) {
    super();
  }

  override forward(input: Tensor): Tensor {
    return input;
  }
}

declareSettings(Linear, { inFeatures: 'number', outFeatures: 'number' });
markBuiltIn(Linear, Identity);

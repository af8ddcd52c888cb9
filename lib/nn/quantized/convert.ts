import { refuseSurplus } from '../../tensor/arguments.js';
import { describe, fail } from '../../tensor/errors.js';
import { checkOptions } from '../../tensor/options.js';
import { Linear as FloatLinear } from '../layers/linear.js';
import type { Module } from '../module/module.js';
import { isModule, stateOf } from '../module/state.js';
import { namedModules } from '../module/traverse.js';
import { type FromFloatOptions, Linear } from './dynamic.js';

/** Reads its child's weight itself; PyTorch leaves it as it is, too. */
const WHOLE: readonly string[] = ['MultiheadAttention'];

/**
 * Puts `nn.quantized.dynamic.Linear` in the place of every `nn.Linear` of a trained model, and returns the model: the
 * same one, or the quantised layer where it is a single `nn.Linear`. Subclasses of Linear and what else has weights stay
 * float. PyTorch's `torch.ao.quantization.quantize_dynamic` with `inplace=True`.
 *
 * @example
 * const model = nn.quantized.quantizeDynamic(new nn.Sequential(new nn.Linear(4, 8), new nn.ReLU()));
 * model.at(0).extraRepr().slice(0, 14); // 'in_features=4,'
 */
export function quantizeDynamic<M extends Module>(model: M, options: FromFloatOptions = {}): M {
  if (arguments.length > 2) refuseSurplus('quantizeDynamic', arguments, 2);
  const { perChannel = false } = checkOptions('quantizeDynamic', options, ['perChannel']);
  if (!isModule(model)) fail('WRONG_TYPE', `quantizeDynamic: expected a module, got ${describe(model)}`);
  const made = new Map<FloatLinear, Module>();
  const quantized = (layer: FloatLinear): Module => {
    const found = made.get(layer) ?? Linear.fromFloat(layer, { perChannel });
    made.set(layer, found);
    return found;
  };
  const isFloatLinear = (module: Module | null): module is FloatLinear => module?.constructor === FloatLinear;
  if (isFloatLinear(model)) return quantized(model) as unknown as M;
  for (const [, owner] of namedModules(model)) {
    if (WHOLE.includes(owner.constructor.name)) continue;
    const { self, children } = stateOf(owner);
    for (const [name, child] of children) {
      if (isFloatLinear(child)) (self as unknown as Record<string, Module>)[name] = quantized(child);
    }
  }
  return model;
}

import { linearThen } from '../../ops/matmul/linear.js';
import { convolveThen } from '../../ops/nn/conv.js';
import type { ProductActivation } from '../../raw/epilogue.js';
import type { Tensor } from '../../tensor/tensor.js';
import { explainFailure } from '../module/failure.js';
import type { Module } from '../module/module.js';
import { stateOf } from '../module/state.js';
import { GELU, ReLU, Sigmoid, SiLU, Tanh } from './activation.js';
import { Conv1d, Conv2d, paddedFor } from './conv.js';
import { Linear } from './linear.js';

/** By forward, so that a subclass or an instance with its own is none of them. */
const OF_PRODUCTS = new Map<unknown, ProductActivation>([
  [ReLU.prototype.forward, 'relu'],
  [Sigmoid.prototype.forward, 'sigmoid'],
  [Tanh.prototype.forward, 'tanh'],
  [SiLU.prototype.forward, 'silu'],
]);

/** The activation that `layer` is, if a product's last pass can apply it; else null. */
export function productActivationOf(layer: Module): ProductActivation | null {
  if (layer.forward === GELU.prototype.forward) return (layer as GELU).approximate === 'tanh' ? 'geluTanh' : 'gelu';
  return OF_PRODUCTS.get(layer.forward) ?? null;
}

type Then = (layer: never, x: Tensor, activation: ProductActivation) => Tensor;
const afterConv =
  (axes: 1 | 2) =>
  (layer: Conv1d | Conv2d, input: Tensor, activation: ProductActivation): Tensor => {
    const [x, padding] = paddedFor(layer, input);
    const { stride, dilation, groups } = layer;
    return convolveThen(axes, x, layer.weight, layer.bias, { stride, padding, dilation, groups }, activation);
  };
/** Forward and then an activation, while the result is in cache and with the same numbers. */
const THEN = new Map<unknown, Then>([
  [
    Linear.prototype.forward,
    (layer: Linear, x: Tensor, activation: ProductActivation) => linearThen(x, layer.weight, layer.bias, activation),
  ],
  [Conv1d.prototype.forward, afterConv(1)],
  [Conv2d.prototype.forward, afterConv(2)],
]);

/** Whether an activation may be part of the layer's product, which is not rounded to a narrower type first. */
export const takesActivation = (layer: Module): boolean =>
  THEN.has(layer.forward) && (layer as Linear | Conv2d).weight.dtype !== 'bfloat16';

/** What calling such a layer and then the activation gives, where neither has hooks and nothing is recorded. */
export function callActivated(layer: Module, x: unknown, activation: ProductActivation): Tensor {
  try {
    return THEN.get(layer.forward)!(layer as never, x as Tensor, activation);
  } catch (error) {
    throw explainFailure(stateOf(layer), error, [x]);
  }
}

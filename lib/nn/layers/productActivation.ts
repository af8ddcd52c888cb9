import type { ProductActivation } from '../../raw/matmul.js';
import type { Module } from '../module/module.js';
import { GELU, ReLU, Sigmoid, SiLU, Tanh } from './activation.js';

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

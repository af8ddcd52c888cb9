import { metaOf } from '../../autograd/meta.js';
import { rawCast } from '../../raw/copy.js';
import { convertInPlace } from '../../tensor/data.js';
import type { DType } from '../../tensor/dtype.js';
import type { Tensor } from '../../tensor/tensor.js';
import type { Module } from './module.js';
import type { Parameter } from './parameter.js';
import { setBuffer } from './registry.js';
import { type ModuleState, stateOf } from './state.js';
import { namedModules } from './traverse.js';

/** Converts what `convert` selects: parameters and their gradients in place, buffers by new tensors. */
export function castModule(module: Module, dtype: DType, selects: (x: Tensor) => boolean): void {
  for (const [, current] of namedModules(module)) castOwn(stateOf(current), dtype, selects);
}

function castOwn(state: ModuleState, dtype: DType, selects: (x: Tensor) => boolean): void {
  for (const parameter of state.parameters.values()) {
    if (parameter !== null && selects(parameter)) castParameter(parameter, dtype);
  }
  for (const [name, buffer] of state.buffers) {
    if (buffer === null || buffer.dtype === dtype || !selects(buffer)) continue;
    setBuffer(state, name, rawCast(buffer, dtype), !state.nonPersistent.has(name));
  }
}

/** The parameter stays the object that optimizers hold. */
function castParameter(parameter: Parameter, dtype: DType): void {
  convertInPlace(parameter, dtype);
  const meta = metaOf(parameter);
  if (meta === null) return;
  if (meta.grad !== null) convertInPlace(meta.grad, dtype);
  if (meta.accumulator !== null) meta.accumulator.outputs = [{ shape: parameter._shape, dtype }];
}

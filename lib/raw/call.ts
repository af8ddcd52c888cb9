import type { KernelFamily } from '../native/addon.js';
import { addon } from '../native/addon.js';
import type { DType } from '../tensor/dtype.js';
import { fail } from '../tensor/errors.js';
import { scratch } from '../tensor/runtime.js';
import type { Shape } from '../tensor/shape.js';
import { makeTensor, type Tensor } from '../tensor/tensor.js';

// Kernel calls without differentiation: the forward halves of lib/ops, a file per family. They compute the result's
// shape, never check types (ops do) and, given `into`, write there instead of into a fresh tensor.

const tables = new Map<KernelFamily, Map<string, number>>();

export function kernelId(family: KernelFamily, name: string): number {
  let table = tables.get(family);
  if (table === undefined) {
    table = new Map(addon.kernelNames(family).map((kernel, id) => [kernel, id]));
    tables.set(family, table);
  }
  const id = table.get(name);
  if (id === undefined) fail('INTERNAL', `the addon has no ${family} kernel ${name}`);
  return id;
}

/** A fresh tensor that `call` fills. */
export function produce(shape: Shape, dtype: DType, call: (out: Tensor) => number): Tensor {
  const out = makeTensor(shape, dtype);
  out._handle = call(out);
  return out;
}

/** Two of them, from a call that returns the first one's handle and leaves the second's in scratch[0]. */
export function producePair(
  shape: Shape,
  dtypes: readonly [DType, DType],
  call: (first: Tensor, second: Tensor) => number,
  secondShape: Shape = shape,
): [Tensor, Tensor] {
  const first = makeTensor(shape, dtypes[0]);
  const second = makeTensor(secondShape, dtypes[1]);
  first._handle = call(first, second);
  second._handle = scratch[0]!;
  return [first, second];
}

/** `shape` with another size along `dim`. */
export const resized = (shape: Shape, dim: number, size: number): number[] =>
  shape.map((n, i) => (i === dim ? size : n));

import { addon } from '../tensor/runtime.js';
import { broadcastShapes } from '../tensor/shape.js';
import { handleOf, makeTensor, type Tensor } from '../tensor/tensor.js';
import { kernelId, produce } from './call.js';

export function unaryKernel(name: string): (x: Tensor, p0?: number, p1?: number, into?: Tensor) => Tensor {
  const id = kernelId('unary', name);
  return (x, p0 = 0, p1 = 0, into) => {
    if (into !== undefined) {
      addon.unary(id, handleOf(name, x), p0, p1, handleOf(name, into));
      return into;
    }
    const out = makeTensor(x._shape, x.dtype);
    out._handle = addon.unary(id, handleOf(name, x), p0, p1, out);
    return out;
  };
}

export function predicateKernel(name: string): (x: Tensor) => Tensor {
  const id = kernelId('predicate', name);
  return (x) => produce(x._shape, 'bool', (out) => addon.predicate(id, handleOf(name, x), out));
}

/** Operands share a dtype and broadcast. */
export function binaryKernel(name: string): (a: Tensor, b: Tensor, p0?: number, p1?: number, into?: Tensor) => Tensor {
  const id = kernelId('binary', name);
  return (a, b, p0 = 0, p1 = 0, into) => {
    if (into !== undefined) {
      addon.binary(id, handleOf(name, a), handleOf(name, b), p0, p1, handleOf(name, into));
      return into;
    }
    const out = makeTensor(broadcastShapes(name, a._shape, b._shape), a.dtype);
    out._handle = addon.binary(id, handleOf(name, a), handleOf(name, b), p0, p1, out);
    return out;
  };
}

/** `reversed` computes f(scalar, x). */
export function binaryScalarKernel(
  name: string,
): (x: Tensor, scalar: number, reversed?: boolean, p0?: number, into?: Tensor) => Tensor {
  const id = kernelId('binary', name);
  return (x, scalar, reversed = false, p0 = 0, into) => {
    if (into !== undefined) {
      addon.binaryScalar(id, handleOf(name, x), scalar, reversed, p0, handleOf(name, into));
      return into;
    }
    const out = makeTensor(x._shape, x.dtype);
    out._handle = addon.binaryScalar(id, handleOf(name, x), scalar, reversed, p0, out);
    return out;
  };
}

export function compareKernel(name: string): (a: Tensor, b: Tensor | number) => Tensor {
  const id = kernelId('compare', name);
  return (a, b) =>
    typeof b === 'number'
      ? produce(a._shape, 'bool', (out) => addon.compareScalar(id, handleOf(name, a), b, out))
      : produce(broadcastShapes(name, a._shape, b._shape), 'bool', (out) =>
          addon.compare(id, handleOf(name, a), handleOf(name, b), out),
        );
}

export function rawWhere(cond: Tensor, a: Tensor, b: Tensor): Tensor {
  const shape = broadcastShapes('where', cond._shape, broadcastShapes('where', a._shape, b._shape));
  return produce(shape, a.dtype, (out) =>
    addon.where(handleOf('where', cond), handleOf('where', a), handleOf('where', b), out),
  );
}

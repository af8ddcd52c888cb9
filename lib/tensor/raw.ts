import type { KernelFamily } from '../native/addon.js';
import { Category, DTYPES, type DType, type TypedArray } from './dtype.js';
import { fail } from './errors.js';
import { addon, put } from './runtime.js';
import { broadcastShapes, contiguousStrides, type Shape } from './shape.js';
import { handleOf, makeTensor, type Tensor } from './tensor.js';

// Kernel calls without differentiation: the forward halves of lib/ops. They compute the result's shape, never check
// types (ops do) and, given `into`, write there instead of into a fresh tensor.

const tables = new Map<KernelFamily, Map<string, number>>();

function kernelId(family: KernelFamily, name: string): number {
  let table = tables.get(family);
  if (table === undefined) {
    table = new Map(addon.kernelNames(family).map((kernel, id) => [kernel, id]));
    tables.set(family, table);
  }
  const id = table.get(name);
  if (id === undefined) fail('INTERNAL', `the addon has no ${family} kernel ${name}`);
  return id;
}

/** Makes a fresh tensor through `call`, or writes into `into`. */
function produce(shape: Shape, dtype: DType, into: Tensor | undefined, call: (out: object | number) => number): Tensor {
  if (into !== undefined) {
    call(handleOf('out', into));
    return into;
  }
  const out = makeTensor(shape, dtype);
  out._handle = call(out);
  return out;
}

export function unaryKernel(name: string): (x: Tensor, p0?: number, p1?: number, into?: Tensor) => Tensor {
  const id = kernelId('unary', name);
  return (x, p0 = 0, p1 = 0, into) => {
    if (into !== undefined) {
      addon.unary(id, handleOf(name, x), p0, p1, handleOf(name, into));
      return into;
    }
    const out = makeTensor(x.shape, x.dtype);
    out._handle = addon.unary(id, handleOf(name, x), p0, p1, out);
    return out;
  };
}

export function predicateKernel(name: string): (x: Tensor) => Tensor {
  const id = kernelId('predicate', name);
  return (x) => produce(x.shape, 'bool', undefined, (out) => addon.predicate(id, handleOf(name, x), out));
}

/** Operands share a dtype and broadcast. */
export function binaryKernel(name: string): (a: Tensor, b: Tensor, p0?: number, p1?: number, into?: Tensor) => Tensor {
  const id = kernelId('binary', name);
  return (a, b, p0 = 0, p1 = 0, into) => {
    if (into !== undefined) {
      addon.binary(id, handleOf(name, a), handleOf(name, b), p0, p1, handleOf(name, into));
      return into;
    }
    const out = makeTensor(broadcastShapes(name, a.shape, b.shape), a.dtype);
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
    const out = makeTensor(x.shape, x.dtype);
    out._handle = addon.binaryScalar(id, handleOf(name, x), scalar, reversed, p0, out);
    return out;
  };
}

export function compareKernel(name: string): (a: Tensor, b: Tensor | number) => Tensor {
  const id = kernelId('compare', name);
  return (a, b) =>
    typeof b === 'number'
      ? produce(a.shape, 'bool', undefined, (out) => addon.compareScalar(id, handleOf(name, a), b, out))
      : produce(broadcastShapes(name, a.shape, b.shape), 'bool', undefined, (out) =>
          addon.compare(id, handleOf(name, a), handleOf(name, b), out),
        );
}

export function rawWhere(cond: Tensor, a: Tensor, b: Tensor): Tensor {
  const shape = broadcastShapes('where', cond.shape, broadcastShapes('where', a.shape, b.shape));
  return produce(shape, a.dtype, undefined, (out) =>
    addon.where(handleOf('where', cond), handleOf('where', a), handleOf('where', b), out),
  );
}

/** The shape after reducing `dims` (normalised). */
export function reducedShape(shape: Shape, dims: readonly number[], keepdim: boolean): number[] {
  const out: number[] = [];
  for (let i = 0; i < shape.length; i++) {
    if (!dims.includes(i)) out.push(shape[i]!);
    else if (keepdim) out.push(1);
  }
  return out;
}

export function reduceKernel(name: string): (x: Tensor, dims: readonly number[], keepdim?: boolean) => Tensor {
  const id = kernelId('reduce', name);
  return (x, dims, keepdim = false) => {
    const out = makeTensor(reducedShape(x.shape, dims, keepdim), x.dtype);
    out._handle = addon.reduce(id, handleOf(name, x), put(dims), keepdim, out);
    return out;
  };
}

/** `dim` null reduces the flattened tensor to one index. */
export function argReduceKernel(name: string): (x: Tensor, dim: number | null, keepdim?: boolean) => Tensor {
  const id = kernelId('argReduce', name);
  return (x, dim, keepdim = false) => {
    const dims = dim === null ? x.shape.map((_, i) => i) : [dim];
    return produce(reducedShape(x.shape, dims, keepdim), 'int64', undefined, (out) =>
      addon.argReduce(id, handleOf(name, x), x.shape.length === 0 ? -1 : (dim ?? -1), keepdim, out),
    );
  };
}

export function scanKernel(name: string): (x: Tensor, dim: number) => Tensor {
  const id = kernelId('scan', name);
  return (x, dim) => produce(x.shape, x.dtype, undefined, (out) => addon.scan(id, handleOf(name, x), dim, out));
}

export function softmaxKernel(name: string): (x: Tensor, dim: number) => Tensor {
  const id = kernelId('softmax', name);
  return (x, dim) => produce(x.shape, x.dtype, undefined, (out) => addon.softmax(id, handleOf(name, x), dim, out));
}

export function softmaxBackwardKernel(name: string): (g: Tensor, y: Tensor, dim: number) => Tensor {
  const id = kernelId('softmaxBackward', name);
  return (g, y, dim) =>
    produce(y.shape, y.dtype, undefined, (out) =>
      addon.softmaxBackward(id, handleOf(name, g), handleOf(name, y), dim, out),
    );
}

/** A contiguous copy in `dtype`. */
export function rawCast(x: Tensor, dtype: DType): Tensor {
  return produce(x.shape, dtype, undefined, (out) => addon.cast(handleOf('to', x), DTYPES[dtype].id, out));
}

/** x itself when it has the dtype already. */
export function rawTo(x: Tensor, dtype: DType): Tensor {
  return x.dtype === dtype ? x : rawCast(x, dtype);
}

/** What an arithmetic reduction accumulates in: integers and booleans become int64. */
export function toAccumulator(x: Tensor): Tensor {
  return DTYPES[x.dtype].category === Category.floating ? x : rawTo(x, 'int64');
}

export function rawContiguous(x: Tensor): Tensor {
  return x.isContiguous() ? x : rawCast(x, x.dtype);
}

/** Broadcasts and casts `source` into `target`. */
export function rawCopy(source: Tensor, target: Tensor): void {
  addon.copy(handleOf('copy_', source), handleOf('copy_', target));
}

export function rawFill(target: Tensor, value: number): void {
  addon.fill(handleOf('fill_', target), value);
}

export function rawEmpty(shape: Shape, dtype: DType): Tensor {
  const out = makeTensor(shape, dtype);
  out._handle = addon.empty(DTYPES[dtype].id, put(shape), out);
  return out;
}

export function rawFull(shape: Shape, value: number, dtype: DType): Tensor {
  const out = makeTensor(shape, dtype);
  out._handle = addon.full(DTYPES[dtype].id, put(shape), value, out);
  return out;
}

/** A copy of the elements of a typed array of the dtype's own kind. */
export function rawFrom(data: TypedArray, shape: Shape, dtype: DType): Tensor {
  const out = makeTensor(shape, dtype);
  out._handle = addon.from(DTYPES[dtype].id, put(shape), data, out);
  return out;
}

/** As rawFrom, over the array's own memory. */
export function rawShare(data: TypedArray, shape: Shape, dtype: DType): Tensor {
  const out = makeTensor(shape, dtype);
  out._handle = addon.share(DTYPES[dtype].id, put(shape), data, out);
  return out;
}

/** start, start + step, … */
export function rawArange(start: number, step: number, n: number, dtype: DType): Tensor {
  const out = makeTensor([n], dtype);
  out._handle = addon.arange(DTYPES[dtype].id, start, step, n, out);
  return out;
}

/** A view over x's storage; it shares x's version counter. */
export function rawView(x: Tensor, shape: Shape, strides: Shape, offset: number): Tensor {
  const out = makeTensor(shape, x.dtype);
  put(shape);
  put(strides, shape.length);
  out._handle = addon.view(handleOf('view', x), shape.length, offset, out);
  out._strides = strides;
  out._offset = offset;
  out._versions = x._versions ??= { value: 0 };
  return out;
}

/** x anew: the same elements and version counter under a handle of its own, without x's place in a graph. */
export function rawAlias(x: Tensor, handle: number = handleOf('view', x)): Tensor {
  const out = makeTensor(x.shape, x.dtype);
  put(x.shape);
  put(x.strides, x.shape.length);
  out._handle = addon.view(handle, x.shape.length, x._offset, out);
  out._strides = x._strides;
  out._offset = x._offset;
  out._versions = x._versions ??= { value: 0 };
  return out;
}

/** As rawView for a contiguous x in a new shape of as many elements. */
export function rawReshape(x: Tensor, shape: Shape): Tensor {
  const out = rawView(x, shape, contiguousStrides(shape), x._offset);
  out._strides = null;
  return out;
}

/** What a product can be followed by while it is in cache; the codes of native/kernels/table.h's Activation. */
const PRODUCT_ACTIVATION = { none: 0, relu: 1, sigmoid: 2, tanh: 3, gelu: 4, geluTanh: 5, silu: 6 } as const;
export type ProductActivation = keyof typeof PRODUCT_ACTIVATION;

/** a [..., m, k] times b [..., k, n] with broadcast batches; any strides. */
export function rawMatmul(a: Tensor, b: Tensor): Tensor {
  const p = a.shape;
  const q = b.shape;
  const m = p[p.length - 2]!;
  const n = q[q.length - 1]!;
  const shape =
    p.length === 2 && q.length === 2 ? [m, n] : [...broadcastShapes('matmul', p.slice(0, -2), q.slice(0, -2)), m, n];
  const out = makeTensor(shape, a.dtype);
  out._handle = addon.matmul(handleOf('matmul', a), handleOf('matmul', b), 0, PRODUCT_ACTIVATION.none, out);
  return out;
}

/** x float32 [m, in], quantised by its own range, times int8 weight [out, in] transposed; scales [] or [out]. */
export function rawLinearInt8(
  x: Tensor,
  weight: Tensor,
  scales: Tensor,
  bias: Tensor | null,
  reduceRange: boolean,
): Tensor {
  const op = 'linearDynamic';
  const out = makeTensor([x.shape[0]!, weight.shape[0]!], 'float32');
  const biasHandle = bias === null ? 0 : handleOf(op, bias);
  out._handle = addon.linearInt8(
    handleOf(op, x),
    handleOf(op, weight),
    handleOf(op, scales),
    biasHandle,
    reduceRange,
    out,
  );
  return out;
}

/** x [m, in] times weight [out, in] transposed, plus bias [out], and an activation of that. */
export function rawLinear(
  x: Tensor,
  weight: Tensor,
  bias: Tensor | null,
  activation: ProductActivation = 'none',
): Tensor {
  const out = makeTensor([x.shape[0]!, weight.shape[0]!], x.dtype);
  const biasHandle = bias === null ? 0 : handleOf('linear', bias);
  const code = PRODUCT_ACTIVATION[activation];
  out._handle = addon.linear(handleOf('linear', x), handleOf('linear', weight), biasHandle, code, out);
  return out;
}

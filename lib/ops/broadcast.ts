import { defineOp, type Op } from '../autograd/op.js';
import { type DType, isFloating, resultType, scalarResultType } from '../tensor/dtype.js';
import { describe, fail } from '../tensor/errors.js';
import { rawCast, rawReshape, rawTo, rawView, reduceKernel } from '../tensor/raw.js';
import { sameShape, type Shape } from '../tensor/shape.js';
import { checkTensor, Tensor } from '../tensor/tensor.js';

const sum = reduceKernel('sum');

/** x repeated to `shape` without copying: stride 0 along the repeated dimensions. */
export function rawExpand(x: Tensor, shape: Shape): Tensor {
  const lead = shape.length - x.shape.length;
  const strides = x.strides;
  return rawView(
    x,
    shape,
    shape.map((size, i) => (i < lead || x.shape[i - lead] !== size ? 0 : strides[i - lead]!)),
    x._offset,
  );
}

function rawSumTo(x: Tensor, shape: Shape): Tensor {
  const lead = x.shape.length - shape.length;
  const dims: number[] = [];
  for (let i = 0; i < x.shape.length; i++) {
    if (i < lead || (shape[i - lead] === 1 && x.shape[i] !== 1)) dims.push(i);
  }
  const out = sum(x, dims, true);
  return lead === 0 ? out : rawReshape(out, shape);
}

const expandOp: Op<[x: Tensor, shape: Shape]> = defineOp({
  name: 'expand',
  forward: (x, shape) => rawExpand(x, shape),
  backward: ({ args: [x] }, g) => [sumTo(g, x.shape)],
});

const sumToOp: Op<[x: Tensor, shape: Shape]> = defineOp({
  name: 'sumToSize',
  forward: (x, shape) => rawSumTo(x, shape),
  backward: ({ args: [x] }, g) => [expandOp(g, x.shape)],
});

const castOp: Op<[x: Tensor, dtype: DType]> = defineOp({
  name: 'to',
  forward: (x, dtype) => rawCast(x, dtype),
  backward: ({ args: [x] }, g) => [castTo(g, x.dtype)],
});

/** The backward of broadcasting: sums over the dimensions along which `shape` was repeated. x itself when there are none. */
export function sumTo(x: Tensor, shape: Shape): Tensor {
  return sameShape(x.shape, shape) ? x : sumToOp(x, shape);
}

/** x in `dtype`, differentiable; x itself when it has it already. */
export function castTo(x: Tensor, dtype: DType): Tensor {
  if (x.dtype === dtype) return x;
  return isFloating(dtype) && isFloating(x.dtype) ? castOp(x, dtype) : rawTo(x, dtype);
}

/** An operand of elementwise arithmetic. */
export type Operand = Tensor | number | boolean;

export function checkOperand(op: string, value: unknown, argument = 'other'): Operand {
  if (typeof value === 'number' || typeof value === 'boolean') return value;
  if (value instanceof Tensor) return checkTensor(op, value, argument);
  return fail('WRONG_TYPE', `${op}: ${argument} must be a Tensor or a number, got ${describe(value)}`);
}

/** Both tensors in their result type. */
export function promote(a: Tensor, b: Tensor): [Tensor, Tensor] {
  if (a.dtype === b.dtype) return [a, b];
  const dtype = resultType(a, b);
  return [castTo(a, dtype), castTo(b, dtype)];
}

/** x in the type that arithmetic with this number has. */
export function promoteScalar(x: Tensor, scalar: number | boolean): Tensor {
  return castTo(x, scalarResultType(x, scalar));
}

/** Integers and booleans as float32, as PyTorch's float-only ops take them. */
export function floating(x: Tensor): Tensor {
  return isFloating(x.dtype) ? x : castTo(x, 'float32');
}



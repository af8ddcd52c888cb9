import { rawCast, rawTo } from '../raw/copy.js';
import { reduceKernel } from '../raw/reduce.js';
import { type DType, isFloating } from '../tensor/dtype.js';
import { type Shape, sameShape } from '../tensor/shape.js';
import { stridesOf, type Tensor } from '../tensor/tensor.js';
import { rawReshape, rawView } from '../tensor/view.js';
import { defineOp, type Op } from './op.js';

// The linear ops that differentiation itself is made of: broadcasting, its adjoint, and casts.

const sum = reduceKernel('sum');

/** x repeated to `shape` without copying: stride 0 along the repeated dimensions. */
export function rawExpand(x: Tensor, shape: Shape): Tensor {
  const lead = shape.length - x._shape.length;
  const strides = stridesOf(x);
  return rawView(
    x,
    shape,
    shape.map((size, i) => (i < lead || x._shape[i - lead] !== size ? 0 : strides[i - lead]!)),
    x._offset,
  );
}

function rawSumTo(x: Tensor, shape: Shape): Tensor {
  const lead = x._shape.length - shape.length;
  const dims: number[] = [];
  for (let i = 0; i < x._shape.length; i++) {
    if (i < lead || (shape[i - lead] === 1 && x._shape[i] !== 1)) dims.push(i);
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
  node: 'ToCopyBackward0',
  forward: (x, dtype) => rawCast(x, dtype),
  backward: ({ args: [x] }, g) => [castTo(g, x.dtype)],
});

/** x repeated to `shape`, differentiable; the result never leaves an op's backward, so it is no tracked view. */
export function expandTo(x: Tensor, shape: Shape): Tensor {
  return sameShape(x._shape, shape) ? x : expandOp(x, shape);
}

/** The backward of broadcasting: sums over the dimensions along which `shape` was repeated. x itself when there are none. */
export function sumTo(x: Tensor, shape: Shape): Tensor {
  return sameShape(x._shape, shape) ? x : sumToOp(x, shape);
}

/** Whether `shape` broadcasts to exactly `to`. */
export function expandsTo(shape: Shape, to: Shape): boolean {
  const lead = to.length - shape.length;
  return lead >= 0 && shape.every((size, i) => size === 1 || size === to[i + lead]);
}

/** x in `dtype`, differentiable; x itself when it has it already. */
export function castTo(x: Tensor, dtype: DType): Tensor {
  if (x.dtype === dtype) return x;
  return isFloating(dtype) && isFloating(x.dtype) ? castOp(x, dtype) : rawTo(x, dtype);
}

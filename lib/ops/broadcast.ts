import { castTo, expandTo, rawExpand, sumTo } from '../autograd/conform.js';
import { defineOp, type Op, requiresGrad, type TensorInfo } from '../autograd/op.js';
import { toAccumulator } from '../raw/copy.js';
import { rawFull } from '../raw/create.js';
import { reduceKernel } from '../raw/reduce.js';
import { context } from '../tensor/context.js';
import { checkDType, type DType, isFloating, resultType, scalarResultType } from '../tensor/dtype.js';
import { describe, fail } from '../tensor/errors.js';
import { checkElement } from '../tensor/nested.js';
import { checkNumber } from '../tensor/options.js';
import { normalizeDims, type Shape } from '../tensor/shape.js';
import { checkTensor, Tensor } from '../tensor/tensor.js';
import { reshapeTo } from './shape/layout.js';

export { castTo, expandTo, rawExpand, sumTo };

/** An operand of elementwise arithmetic. */
export type Operand = Tensor | number | boolean;

export function checkOperand(op: string, value: unknown, argument = 'other'): Operand {
  if (typeof value === 'number' || typeof value === 'boolean') return value;
  if (value instanceof Tensor) return checkTensor(op, value, argument);
  return fail('WRONG_TYPE', `${op}: ${argument} must be a Tensor or a number, got ${describe(value)}`);
}

/** The number that multiplies a summand of this dtype; of integers an integer that the dtype holds. */
export function checkFactor(op: string, name: string, value: unknown, dtype: DType): number {
  const factor = checkNumber(op, name, value);
  if (!isFloating(dtype) && !Number.isInteger(factor)) {
    fail(
      'DTYPE_MISMATCH',
      `${op}: for integral input tensors, ${name} must not be a floating point number, got ${factor}`,
    );
  }
  return checkElement(op, name, factor, dtype);
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

/** bfloat16 as float32: what is made of several steps computes in float32 and rounds once. */
export function widen<X extends Tensor | null>(x: X): X {
  return x !== null && x.dtype === 'bfloat16' ? (castTo(x, 'float32') as X) : x;
}

/** A zero-dimensional constant. */
export function scalar(value: number | boolean, dtype: DType): Tensor {
  return rawFull([], Number(value), dtype);
}

/** Zeros in the shape and dtype of a gradient. */
export function zerosAs(g: Tensor): Tensor {
  return rawFull(g._shape, 0, g.dtype);
}

/**
 * A backward through its fused kernel; through a formula of differentiable ops where the backward is itself being
 * recorded (createGraph).
 */
export function fused(kernel: () => Tensor, formula: () => Tensor): Tensor {
  return context().grad ? formula() : kernel();
}

/** Both operands as tensors of the result type. */
export function operands(op: string, x: unknown, other: unknown): [Tensor, Tensor] {
  if (x instanceof Tensor) {
    checkTensor(op, x);
    const y = checkOperand(op, other);
    if (y instanceof Tensor) return promote(x, y);
    const a = promoteScalar(x, y);
    return [a, scalar(y, a.dtype)];
  }
  if (typeof x !== 'number' && typeof x !== 'boolean') checkTensor(op, x);
  const b = checkTensor(op, other, 'other');
  const dtype = scalarResultType(b, x as number | boolean);
  return [scalar(x as number | boolean, dtype), castTo(b, dtype)];
}

/** Refuses all but floating dtypes. */
export function checkFloating(op: string, x: unknown, argument = 'input'): Tensor {
  const checked = checkTensor(op, x, argument);
  if (!isFloating(checked.dtype)) {
    fail(
      'DTYPE_MISMATCH',
      `${op}: ${argument} must be float32, float64 or bfloat16, got ${checked.dtype}; cast it with to('float32')`,
    );
  }
  return checked;
}

/** Several dimensions to reduce; an empty list means all of them, as in PyTorch. */
export type Dims = number | readonly number[] | null | undefined;

export const isAllDims = (dim: Dims): boolean =>
  dim === undefined || dim === null || (Array.isArray(dim) && dim.length === 0);

export function reduceDims(op: string, dim: Dims, rank: number): number[] {
  return normalizeDims(op, isAllDims(dim) ? null : dim, rank);
}

/** g, the gradient of a reduction, with the reduced dimensions back as size 1. */
export function unreduced(g: Tensor, shape: Shape, dims: readonly number[], keepdim: boolean): Tensor {
  return keepdim || shape.length === g._shape.length
    ? g
    : reshapeTo(
        g,
        shape.map((n, i) => (dims.includes(i) ? 1 : n)),
      );
}

const sumRaw = reduceKernel('sum');

/** PyTorch has a node for the reduction of everything, …Backward0, and one for that of named dimensions. */
export function reductionNode(name: string, x: TensorInfo, dims: readonly number[], keepdim: boolean): string {
  return `${name}Backward${keepdim || dims.length < x.shape.length ? 1 : 0}`;
}

/** The sum over normalised dims. */
export const sumDims: Op<[x: Tensor, dims: readonly number[], keepdim: boolean]> = defineOp({
  name: 'sum',
  node: (x, dims, keepdim) => reductionNode('Sum', x, dims, keepdim),
  forward: (x, dims, keepdim) => sumRaw(x, dims, keepdim),
  backward: ({ args: [x, dims, keepdim] }, g) => [expandTo(unreduced(g, x.shape, dims, keepdim), x.shape)],
});

/** x in the dtype that its elements are accumulated in: the wanted one, or int64 for integers. */
export function accumulated(op: string, x: Tensor, dtype: DType | undefined): Tensor {
  if (dtype === undefined) return isFloating(x.dtype) ? x : toAccumulator(x);
  if (!isFloating(checkDType(op, dtype)) && requiresGrad(x) && context().grad) {
    fail('GRAD_ERROR', `${op}: the input requires a gradient, and ${dtype} has none; detach it, or leave dtype out`);
  }
  return castTo(x, dtype);
}

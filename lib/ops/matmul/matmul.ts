import { noGrad } from '../../autograd/modes.js';
import { defineOp, type Op } from '../../autograd/op.js';
import { rawFull } from '../../raw/create.js';
import { rawMatmul } from '../../raw/matmul.js';
import { refuseSurplus } from '../../tensor/arguments.js';
import { fail } from '../../tensor/errors.js';
import { checkOptions } from '../../tensor/options.js';
import { broadcastShapes, numelOf, type Shape, sameShape, showShape } from '../../tensor/shape.js';
import { checkTensor, type Tensor } from '../../tensor/tensor.js';
import { castTo, checkFactor, expandTo, sumDims, sumTo } from '../broadcast.js';
import { add, mul } from '../elementwise/arithmetic.js';
import { reshapeTo, swapLast } from '../shape/layout.js';
import { brief, checkInner, checkMultiplies, checkPair, checkRank, product } from './product.js';

/**
 * The matrix product by PyTorch's rules of rank: vector · vector is a scalar, matrix · vector a vector, and the leading
 * dimensions of tensors of higher rank are batches that broadcast.
 *
 * @example
 * matmul(ones([2, 3]), ones([3, 4])).shape; // [2, 4]
 */
export function matmul(x: Tensor, other: Tensor): Tensor {
  if (arguments.length > 2) refuseSurplus('matmul', arguments, 2);
  const [a, b] = checkPair('matmul', x, other);
  const p = a._shape;
  const q = b._shape;
  if (p.length === 0 || q.length === 0) {
    fail(
      'SHAPE_MISMATCH',
      `matmul: both arguments must be at least 1-dimensional, got ${showShape(p)} and ${showShape(q)}`,
    );
  }
  checkInner('matmul', a, b);
  if (p.length === 2 && q.length === 2) return product(a, b);
  const rows = p.length === 1 ? reshapeTo(a, [1, p[0]!]) : a;
  const columns = q.length === 1 ? reshapeTo(b, [q[0]!, 1]) : b;
  const batch = broadcastShapes('matmul', rows._shape.slice(0, -2), columns._shape.slice(0, -2));
  const out = multiply(rows, columns);
  if (p.length > 1 && q.length > 1) return out;
  return reshapeTo(out, [...batch, ...(p.length === 1 ? [] : [p.at(-2)!]), ...(q.length === 1 ? [] : [q.at(-1)!])]);
}

// A stack of matrices times one matrix is one product of a taller matrix.
function multiply(a: Tensor, b: Tensor): Tensor {
  const p = a._shape;
  if (p.length === 2 || b._shape.length !== 2 || !a.isContiguous()) return product(a, b);
  const k = p.at(-1)!;
  const rows = numelOf(p.slice(0, -1));
  return reshapeTo(product(reshapeTo(a, [rows, k]), b), [...p.slice(0, -1), b._shape[1]!]);
}

/** The product of two matrices, [m, k] × [k, n] → [m, n]. */
export function mm(x: Tensor, mat2: Tensor): Tensor {
  if (arguments.length > 2) refuseSurplus('mm', arguments, 2);
  const [a, b] = checkPair('mm', x, mat2, ['input', 'mat2']);
  checkRank('mm', a, 2, 'input');
  checkRank('mm', b, 2, 'mat2');
  checkInner('mm', a, b);
  return product(a, b);
}

/**
 * The products of two batches of matrices, [b, m, k] × [b, k, n] → [b, m, n]; batches do not broadcast.
 *
 * @example
 * ones([5, 2, 3]).bmm(ones([5, 3, 4])).shape; // [5, 2, 4]
 */
export function bmm(x: Tensor, mat2: Tensor): Tensor {
  if (arguments.length > 2) refuseSurplus('bmm', arguments, 2);
  const [a, b] = checkPair('bmm', x, mat2, ['input', 'mat2']);
  checkRank('bmm', a, 3, 'input');
  checkRank('bmm', b, 3, 'mat2');
  if (a._shape[0] !== b._shape[0])
    fail('SHAPE_MISMATCH', `bmm: batch sizes differ, ${brief(a._shape)} × ${brief(b._shape)}`);
  checkInner('bmm', a, b);
  return product(a, b);
}

/** Matrix times vector, [m, k] × [k] → [m]. */
export function mv(x: Tensor, vec: Tensor): Tensor {
  if (arguments.length > 2) refuseSurplus('mv', arguments, 2);
  const [a, b] = checkPair('mv', x, vec, ['input', 'vec']);
  checkRank('mv', a, 2, 'input');
  checkRank('mv', b, 1, 'vec');
  return matmul(a, b);
}

/** The inner product of two vectors, [n] × [n] → []. */
export function dot(x: Tensor, other: Tensor): Tensor {
  if (arguments.length > 2) refuseSurplus('dot', arguments, 2);
  const [a, b] = checkPair('dot', x, other);
  checkRank('dot', a, 1, 'input');
  checkRank('dot', b, 1, 'other');
  if (a._shape[0] !== b._shape[0])
    fail('SHAPE_MISMATCH', `dot: lengths differ, ${brief(a._shape)} × ${brief(b._shape)}`);
  return sumDims(mul(a, b), [0], false);
}

/**
 * The outer product of two vectors, [m] × [n] → [m, n].
 *
 * @example
 * tensor([1, 2]).outer(tensor([3, 4])).toArray(); // [[3, 4], [6, 8]]
 */
export function outer(x: Tensor, vec2: Tensor): Tensor {
  if (arguments.length > 2) refuseSurplus('outer', arguments, 2);
  checkRank('outer', checkTensor('outer', x), 1, 'input');
  checkRank('outer', checkTensor('outer', vec2, 'vec2'), 1, 'vec2');
  return mul(reshapeTo(x, [x._shape[0]!, 1]), vec2);
}

export interface AddmmOptions {
  /** Multiplies the input, which 0 leaves unread: its NaNs do not spread. */
  beta?: number;
  /** Multiplies the product, which 0 leaves uncomputed. */
  alpha?: number;
}

/** beta · x + alpha · a b, of checked arguments. What is multiplied by 0 is not read: its NaNs do not spread. */
const scaledSum: Op<[x: Tensor, a: Tensor, b: Tensor, beta: number, alpha: number]> = defineOp({
  name: 'addmm',
  node: (_x, a, _b, _beta, _alpha) => (a.shape.length === 2 ? 'AddmmBackward0' : 'BaddbmmBackward0'),
  forward: (x, a, b, beta, alpha) =>
    noGrad(() => {
      const shape = [...a._shape.slice(0, -1), b._shape.at(-1)!];
      if (alpha === 0) return beta === 0 ? rawFull(shape, 0, a.dtype) : mul(expandTo(x, shape), beta);
      const ab = rawMatmul(a, b);
      const scaled = alpha === 1 ? ab : mul(ab, alpha);
      return beta === 0 ? scaled : add(scaled, beta === 1 ? x : mul(x, beta));
    }),
  save: ([, a, b], _out, [, aNeeds, bNeeds]) => [bNeeds ? a : null, aNeeds ? b : null],
  backward: ({ args: [x, , , beta, alpha], saved: [a, b], needs }, g) => {
    const times = (t: Tensor, factor: number): Tensor => (factor === 1 ? t : mul(t, factor));
    return [
      needs[0] ? times(sumTo(g, x.shape), beta) : null,
      needs[1] ? times(product(g, swapLast(b!)), alpha) : null,
      needs[2] ? times(product(swapLast(a!), g), alpha) : null,
    ];
  },
});

function addProduct(op: string, x: Tensor, a: Tensor, b: Tensor, options: AddmmOptions | undefined): Tensor {
  const { beta = 1, alpha = 1 } = checkOptions(op, options, ['beta', 'alpha']);
  const factors = [checkFactor(op, 'beta', beta, a.dtype), checkFactor(op, 'alpha', alpha, a.dtype)] as const;
  broadcastsInto(op, x, [...a._shape.slice(0, -1), b._shape.at(-1)!]);
  return scaledSum(x, a, b, ...factors);
}

function broadcastsInto(op: string, x: Tensor, shape: Shape): void {
  if (!sameShape(broadcastShapes(op, x._shape, shape), shape)) {
    fail(
      'SHAPE_MISMATCH',
      `${op}: input ${showShape(x._shape)} does not broadcast to the product's shape ${showShape(shape)}`,
    );
  }
}

/**
 * beta · x + alpha · (mat1 · mat2); x broadcasts to [m, n].
 *
 * @example
 * zeros([2]).addmm(ones([1, 3]), ones([3, 2])).toArray(); // [[3, 3]]
 */
export function addmm(x: Tensor, mat1: Tensor, mat2: Tensor, options?: AddmmOptions): Tensor {
  if (arguments.length > 4) refuseSurplus('addmm', arguments, 4);
  checkTensor('addmm', x);
  const [a, b] = checkPair('addmm', mat1, mat2, ['mat1', 'mat2']);
  checkRank('addmm', a, 2, 'mat1');
  checkRank('addmm', b, 2, 'mat2');
  checkMultiplies('addmm', a._shape, b._shape);
  return addProduct('addmm', castTo(x, a.dtype), a, b, options);
}

/** beta · x + alpha · (batch1 · batch2), batch by batch. */
export function baddbmm(x: Tensor, batch1: Tensor, batch2: Tensor, options?: AddmmOptions): Tensor {
  if (arguments.length > 4) refuseSurplus('baddbmm', arguments, 4);
  checkTensor('baddbmm', x);
  const [a, b] = checkPair('baddbmm', batch1, batch2, ['batch1', 'batch2']);
  checkRank('baddbmm', a, 3, 'batch1');
  checkRank('baddbmm', b, 3, 'batch2');
  checkInner('baddbmm', a, b);
  return addProduct('baddbmm', castTo(x, a.dtype), a, b, options);
}

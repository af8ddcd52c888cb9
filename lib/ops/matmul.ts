import { noGrad } from '../autograd/modes.js';
import { defineOp, type Op, requiresGrad } from '../autograd/op.js';
import { fail } from '../tensor/errors.js';
import { checkOptions } from '../tensor/options.js';
import { type ProductActivation, rawFull, rawLinear, rawMatmul } from '../tensor/raw.js';
import { broadcastShapes, numelOf, type Shape, sameShape, showShape } from '../tensor/shape.js';
import { checkTensor, type Tensor } from '../tensor/tensor.js';
import { add, mul } from './arithmetic.js';
import { castTo, checkFactor, expandTo, sumDims, sumTo } from './broadcast.js';
import { reshapeTo, swapLast } from './layout.js';

/** a [..., m, k] · b [..., k, n] → [..., m, n], batches broadcast; checked arguments of one dtype and rank >= 2. */
const product: Op<[a: Tensor, b: Tensor]> = defineOp({
  name: 'matmul',
  node: (x, y) => (x.shape.length === 2 && y.shape.length === 2 ? 'MmBackward0' : 'BmmBackward0'),
  forward: (a, b) => rawMatmul(a, b),
  save: ([a, b], _out, [aNeeds, bNeeds]) => [bNeeds ? a : null, aNeeds ? b : null],
  backward: ({ args: [x, y], saved: [a, b], needs }, g) => [
    needs[0] ? sumTo(product(g, swapLast(b!)), x.shape) : null,
    needs[1] ? sumTo(product(swapLast(a!), g), y.shape) : null,
  ],
});

function checkPair(
  op: string,
  a: unknown,
  b: unknown,
  names: readonly [string, string] = ['input', 'other'],
): [Tensor, Tensor] {
  const x = checkTensor(op, a, names[0]);
  const y = checkTensor(op, b, names[1]);
  if (x.dtype !== y.dtype)
    fail('DTYPE_MISMATCH', `${op}: expected both tensors to have one dtype, got ${x.dtype} and ${y.dtype}`);
  if (x.dtype === 'bool') fail('DTYPE_MISMATCH', `${op}: not defined for bool tensors`);
  return [x, y];
}

const brief = (shape: Shape): string => `[${shape.join(',')}]`;

function checkInner(op: string, a: Tensor, b: Tensor): void {
  if (a.shape.at(-1) !== b.shape.at(b.shape.length === 1 ? 0 : -2)) {
    fail('SHAPE_MISMATCH', `${op}: inner dimensions differ, ${brief(a.shape)} × ${brief(b.shape)}`);
  }
}

function checkRank(op: string, x: Tensor, rank: number, argument: string): void {
  if (x.shape.length !== rank) {
    const kind = ['a scalar', 'a vector', 'a matrix', 'a batch of matrices'][rank]!;
    fail('SHAPE_MISMATCH', `${op}: ${argument} must be ${kind} (${rank}-dimensional), got shape ${showShape(x.shape)}`);
  }
}

/**
 * The matrix product by PyTorch's rules of rank: vector · vector is a scalar, matrix · vector a vector, and the leading
 * dimensions of tensors of higher rank are batches that broadcast.
 *
 * @example
 * matmul(ones([2, 3]), ones([3, 4])).shape; // [2, 4]
 */
export function matmul(x: Tensor, other: Tensor): Tensor {
  const [a, b] = checkPair('matmul', x, other);
  const p = a.shape;
  const q = b.shape;
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
  const batch = broadcastShapes('matmul', rows.shape.slice(0, -2), columns.shape.slice(0, -2));
  const out = multiply(rows, columns);
  if (p.length > 1 && q.length > 1) return out;
  return reshapeTo(out, [...batch, ...(p.length === 1 ? [] : [p.at(-2)!]), ...(q.length === 1 ? [] : [q.at(-1)!])]);
}

// A stack of matrices times one matrix is one product of a taller matrix.
function multiply(a: Tensor, b: Tensor): Tensor {
  const p = a.shape;
  if (p.length === 2 || b.shape.length !== 2 || !a.isContiguous()) return product(a, b);
  const k = p.at(-1)!;
  const rows = numelOf(p.slice(0, -1));
  return reshapeTo(product(reshapeTo(a, [rows, k]), b), [...p.slice(0, -1), b.shape[1]!]);
}

/** The product of two matrices, [m, k] × [k, n] → [m, n]. */
export function mm(x: Tensor, mat2: Tensor): Tensor {
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
  const [a, b] = checkPair('bmm', x, mat2, ['input', 'mat2']);
  checkRank('bmm', a, 3, 'input');
  checkRank('bmm', b, 3, 'mat2');
  if (a.shape[0] !== b.shape[0])
    fail('SHAPE_MISMATCH', `bmm: batch sizes differ, ${brief(a.shape)} × ${brief(b.shape)}`);
  checkInner('bmm', a, b);
  return product(a, b);
}

/** Matrix times vector, [m, k] × [k] → [m]. */
export function mv(x: Tensor, vec: Tensor): Tensor {
  const [a, b] = checkPair('mv', x, vec, ['input', 'vec']);
  checkRank('mv', a, 2, 'input');
  checkRank('mv', b, 1, 'vec');
  return matmul(a, b);
}

/** The inner product of two vectors, [n] × [n] → []. */
export function dot(x: Tensor, other: Tensor): Tensor {
  const [a, b] = checkPair('dot', x, other);
  checkRank('dot', a, 1, 'input');
  checkRank('dot', b, 1, 'other');
  if (a.shape[0] !== b.shape[0]) fail('SHAPE_MISMATCH', `dot: lengths differ, ${brief(a.shape)} × ${brief(b.shape)}`);
  return sumDims(mul(a, b), [0], false);
}

/**
 * The outer product of two vectors, [m] × [n] → [m, n].
 *
 * @example
 * tensor([1, 2]).outer(tensor([3, 4])).toArray(); // [[3, 4], [6, 8]]
 */
export function outer(x: Tensor, vec2: Tensor): Tensor {
  checkRank('outer', checkTensor('outer', x), 1, 'input');
  checkRank('outer', checkTensor('outer', vec2, 'vec2'), 1, 'vec2');
  return mul(reshapeTo(x, [x.shape[0]!, 1]), vec2);
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
      const shape = [...a.shape.slice(0, -1), b.shape.at(-1)!];
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
  broadcastsInto(op, x, [...a.shape.slice(0, -1), b.shape.at(-1)!]);
  return scaledSum(x, a, b, ...factors);
}

function broadcastsInto(op: string, x: Tensor, shape: Shape): void {
  if (!sameShape(broadcastShapes(op, x.shape, shape), shape)) {
    fail(
      'SHAPE_MISMATCH',
      `${op}: input ${showShape(x.shape)} does not broadcast to the product's shape ${showShape(shape)}`,
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
  checkTensor('addmm', x);
  const [a, b] = checkPair('addmm', mat1, mat2, ['mat1', 'mat2']);
  checkRank('addmm', a, 2, 'mat1');
  checkRank('addmm', b, 2, 'mat2');
  checkMultiplies('addmm', a.shape, b.shape);
  return addProduct('addmm', castTo(x, a.dtype), a, b, options);
}

/** beta · x + alpha · (batch1 · batch2), batch by batch. */
export function baddbmm(x: Tensor, batch1: Tensor, batch2: Tensor, options?: AddmmOptions): Tensor {
  checkTensor('baddbmm', x);
  const [a, b] = checkPair('baddbmm', batch1, batch2, ['batch1', 'batch2']);
  checkRank('baddbmm', a, 3, 'batch1');
  checkRank('baddbmm', b, 3, 'batch2');
  checkInner('baddbmm', a, b);
  return addProduct('baddbmm', castTo(x, a.dtype), a, b, options);
}

function checkMultiplies(op: string, a: Shape, b: Shape): void {
  if (a[1] !== b[0]) {
    fail('SHAPE_MISMATCH', `${op}: mat1 and mat2 shapes cannot be multiplied (${a.join('x')} and ${b.join('x')})`);
  }
}

/** x [n, in] · weightᵀ [in, out] + bias [out], the bias added while the product is still in registers. */
const linearOp: Op<[x: Tensor, weight: Tensor, bias: Tensor | null]> = defineOp({
  name: 'addmm',
  node: (_x, _weight, bias) => (bias === null ? 'MmBackward0' : 'AddmmBackward0'),
  forward: (x, weight, bias) => rawLinear(x, weight, bias),
  save: ([x, weight], _out, [xNeeds, weightNeeds]) => [weightNeeds ? x : null, xNeeds ? weight : null],
  backward: ({ saved: [x, weight], needs }, g) => [
    needs[0] ? product(g, weight!) : null,
    needs[1] ? product(swapLast(g), x!) : null,
    needs[2] ? sumDims(g, [0], false) : null,
  ],
});

/** The sizes of a product of checked arguments. */
function checkLinear(x: Tensor, weight: Tensor, bias: Tensor | null): [rows: number, inputs: number, outputs: number] {
  checkPair('linear', x, weight, ['input', 'weight']);
  if (bias !== null) checkPair('linear', x, bias, ['input', 'bias']);
  const { shape } = x;
  checkRank('linear', weight, 2, 'weight');
  if (shape.length === 0) fail('SHAPE_MISMATCH', 'linear: input must be at least 1-dimensional, got shape []');
  const [outputs, inputs] = weight.shape as [number, number];
  const rows = shape.length === 2 ? shape[0]! : numelOf(shape.slice(0, -1));
  checkMultiplies('linear', [rows, shape.at(-1)!], [inputs, outputs]);
  if (bias !== null && (bias.shape.length !== 1 || bias.shape[0] !== outputs)) {
    fail('SHAPE_MISMATCH', `linear: bias must have shape [${outputs}], got ${showShape(bias.shape)}`);
  }
  return [rows, inputs, outputs];
}

/**
 * x · weightᵀ + bias: x [..., in], weight [out, in], bias [out] or null → [..., out].
 *
 * @example
 * linear(ones([1, 2]), ones([3, 2]), zeros([3])).toArray(); // [[2, 2, 2]]
 */
export function linear(x: Tensor, weight: Tensor, bias: Tensor | null = null): Tensor {
  return ofRows(x, checkLinear(x, weight, bias), (flat) => linearOp(flat, weight, bias));
}

/**
 * activation(x · weightᵀ + bias) in one pass over the result, with the numbers of the two ops. Nothing is recorded: for
 * where grad mode is off.
 */
export function linearThen(x: Tensor, weight: Tensor, bias: Tensor | null, activation: ProductActivation): Tensor {
  return ofRows(x, checkLinear(x, weight, bias), (flat) => rawLinear(flat, weight, bias, activation));
}

/** `multiply` of x as a matrix, in x's shape. */
function ofRows(
  x: Tensor,
  [rows, inputs, outputs]: readonly [number, number, number],
  multiply: (x: Tensor) => Tensor,
): Tensor {
  const { shape } = x;
  if (shape.length === 2) return multiply(x);
  const flat = reshapeTo(x, [rows, inputs]);
  const result = multiply(flat);
  const out = reshapeTo(result, [...shape.slice(0, -1), outputs]);
  // Without a graph the other geometries are nobody's, and would keep the memory of x and of the result.
  if (!requiresGrad(out)) {
    flat.dispose();
    result.dispose();
  }
  return out;
}

import { checkMayBeWritten } from '../../autograd/inplace.js';
import { bumpVersion } from '../../autograd/meta.js';
import { noGrad } from '../../autograd/modes.js';
import { eye } from '../../ops/create.js';
import { checkFloating } from '../../ops/random/checks.js';
import { type RandomOptions, randperm } from '../../ops/random/random.js';
import { normal_ as normalFill, uniform_ as uniformFill } from '../../ops/random/sampling.js';
import { rawCopy, rawFill } from '../../raw/copy.js';
import { rawEmpty, rawFrom } from '../../raw/create.js';
import { refuseSurplus } from '../../tensor/arguments.js';
import { roundTo } from '../../tensor/dtype.js';
import { describe, fail } from '../../tensor/errors.js';
import { checkElement } from '../../tensor/nested.js';
import { checkInteger, checkNumber, checkOptions } from '../../tensor/options.js';
import { showShape } from '../../tensor/shape.js';
import { checkTensor, type Tensor } from '../../tensor/tensor.js';

export { type TruncNormalOptions, truncNormal_ } from './truncNormal.js';

// torch.nn.init: each function fills a tensor in place, unrecorded, and returns it. The same seed gives PyTorch's numbers.

const NONLINEARITIES = [
  'linear',
  'conv1d',
  'conv2d',
  'conv3d',
  'convTranspose1d',
  'convTranspose2d',
  'convTranspose3d',
  'sigmoid',
  'tanh',
  'relu',
  'leakyRelu',
  'selu',
] as const;

/** A nonlinearity by the name of its layer or function. */
export type Nonlinearity = (typeof NONLINEARITIES)[number];

/** Which width the variance is kept for: that of the inputs (forward) or of the outputs (backward). */
export type FanMode = 'fanIn' | 'fanOut';

/**
 * The factor by which weights before this nonlinearity are scaled: 1 for linear layers and sigmoid, 5/3 for tanh, √2
 * for relu, √(2 / (1 + slope²)) for leakyRelu (slope 0.01 unless given), 3/4 for selu.
 *
 * @example
 * nn.init.calculateGain('leakyRelu', 0.2); // 1.3867504905630728
 */
export function calculateGain(nonlinearity: Nonlinearity, negativeSlope?: number): number {
  if (arguments.length > 2) refuseSurplus('calculateGain', arguments, 2);
  switch (nonlinearity) {
    case 'tanh':
      return 5 / 3;
    case 'relu':
      return Math.sqrt(2);
    case 'leakyRelu': {
      const slope = negativeSlope ?? 0.01;
      if (typeof slope !== 'number')
        fail('WRONG_TYPE', `calculateGain: negativeSlope ${describe(slope)} not a valid number`);
      return Math.sqrt(2 / (1 + slope ** 2));
    }
    case 'selu':
      return 3 / 4;
    default:
      if (!NONLINEARITIES.includes(nonlinearity)) {
        fail(
          'BAD_ARGUMENT',
          `calculateGain: Unsupported nonlinearity ${describe(nonlinearity)}, expected one of ${NONLINEARITIES.join(', ')}`,
        );
      }
      return 1;
  }
}

/** Writes into x as an in-place op does, unrecorded. */
function overwrite(op: string, x: Tensor, put: () => void): Tensor {
  checkTensor(op, x);
  checkMayBeWritten(op, x);
  put();
  bumpVersion(x);
  return x;
}

/** Puts row-major values into x, whatever its strides and dtype. */
function write(op: string, x: Tensor, values: Float32Array | Float64Array): Tensor {
  return overwrite(op, x, () => {
    const source = rawFrom(values, x._shape, values instanceof Float32Array ? 'float32' : 'float64');
    rawCopy(source, x);
    source.dispose();
  });
}

export interface UniformOptions extends RandomOptions {
  /** Lower bound, default 0. */
  a?: number;
  /** Upper bound, default 1. */
  b?: number;
}

/**
 * Fills x from U(a, b).
 *
 * @example
 * nn.init.uniform_(empty([3, 5]), { a: -1, b: 1 }).shape; // [3, 5]
 */
export function uniform_(x: Tensor, options?: UniformOptions): Tensor {
  if (arguments.length > 2) refuseSurplus('uniform_', arguments, 2);
  const { a = 0, b = 1, generator } = checkOptions('init.uniform_', options, ['a', 'b', 'generator']);
  return noGrad(() => uniformFill(x, a, b, { generator }));
}

export interface NormalOptions extends RandomOptions {
  /** Default 0. */
  mean?: number;
  /** Default 1. */
  std?: number;
}

/**
 * Fills x from N(mean, std²).
 *
 * @example
 * nn.init.normal_(empty([3, 5]), { std: 0.02 }).shape; // [3, 5]
 */
export function normal_(x: Tensor, options?: NormalOptions): Tensor {
  if (arguments.length > 2) refuseSurplus('normal_', arguments, 2);
  const { mean = 0, std = 1, generator } = checkOptions('init.normal_', options, ['mean', 'std', 'generator']);
  return noGrad(() => normalFill(x, mean, std, { generator }));
}

/**
 * Fills x with `value`.
 *
 * @example
 * nn.init.constant_(empty([2]), 0.1).shape; // [2]
 */
export function constant_(x: Tensor, value: number): Tensor {
  if (arguments.length > 2) refuseSurplus('constant_', arguments, 2);
  const op = 'init.constant_';
  const element = checkElement(op, 'value', checkNumber(op, 'value', value), checkTensor(op, x).dtype);
  return overwrite(op, x, () => rawFill(x, element));
}

/** Fills x with ones. */
export function ones_(x: Tensor): Tensor {
  if (arguments.length > 1) refuseSurplus('ones_', arguments, 1);
  return constant_(x, 1);
}

/** Fills x with zeros. */
export function zeros_(x: Tensor): Tensor {
  if (arguments.length > 1) refuseSurplus('zeros_', arguments, 1);
  return constant_(x, 0);
}

function checkMatrix(op: string, x: Tensor): readonly [rows: number, columns: number] {
  if (checkTensor(op, x).ndim !== 2) {
    fail('SHAPE_MISMATCH', `${op}: Only tensors with 2 dimensions are supported, got shape ${showShape(x._shape)}`);
  }
  return x._shape as unknown as [number, number];
}

/**
 * Makes x [n, m] the identity: a Linear layer that hands on as many inputs as it can.
 *
 * @example
 * nn.init.eye_(empty([2, 2])).toArray(); // [[1, 0], [0, 1]]
 */
export function eye_(x: Tensor): Tensor {
  if (arguments.length > 1) refuseSurplus('eye_', arguments, 1);
  const [rows, columns] = checkMatrix('init.eye_', x);
  return overwrite('init.eye_', x, () => rawCopy(eye(rows, columns, { dtype: x.dtype }), x));
}

export interface DiracOptions {
  /** Of the convolution, each keeping its own channels; default 1. */
  groups?: number;
}

/**
 * Makes x, the weight of a 1-, 2- or 3-dimensional convolution, hand on as many channels as it can.
 *
 * @example
 * nn.init.dirac_(empty([1, 1, 3])).toArray(); // [[[0, 1, 0]]]
 */
export function dirac_(x: Tensor, options?: DiracOptions): Tensor {
  if (arguments.length > 2) refuseSurplus('dirac_', arguments, 2);
  const op = 'init.dirac_';
  const { groups = 1 } = checkOptions(op, options, ['groups']);
  checkTensor(op, x);
  if (x.ndim < 3 || x.ndim > 5) {
    fail(
      'SHAPE_MISMATCH',
      `${op}: Only tensors with 3, 4, or 5 dimensions are supported, got shape ${showShape(x._shape)}`,
    );
  }
  const [outputs, inputs, ...kernel] = x._shape as [number, number, ...number[]];
  if (checkInteger(op, 'groups', groups) < 1 || outputs % groups !== 0) {
    fail('SHAPE_MISMATCH', `${op}: dim 0 must be divisible by groups, got ${outputs} and ${groups}`);
  }
  const window = kernel.reduce((n, size) => n * size, 1);
  const centre = kernel.reduce((at, size) => at * size + Math.floor(size / 2), 0);
  const perGroup = outputs / groups;
  const values = new Float32Array(x.numel);
  if (window > 0) {
    for (let group = 0; group < groups; group++) {
      for (let i = 0; i < Math.min(perGroup, inputs); i++)
        values[((group * perGroup + i) * inputs + i) * window + centre] = 1;
    }
  }
  return write(op, x, values);
}

/** The inputs and outputs that one element of a weight of this shape connects. */
export function calculateFanInAndFanOut(x: Tensor): { fanIn: number; fanOut: number } {
  if (arguments.length > 1) refuseSurplus('calculateFanInAndFanOut', arguments, 1);
  const { _shape: shape } = checkTensor('calculateFanInAndFanOut', x);
  if (shape.length < 2) {
    fail(
      'SHAPE_MISMATCH',
      `init: Fan in and fan out can not be computed for tensor with fewer than 2 dimensions, got shape ${showShape(shape)}`,
    );
  }
  const field = shape.slice(2).reduce((n, size) => n * size, 1);
  return { fanIn: shape[1]! * field, fanOut: shape[0]! * field };
}

export interface XavierOptions extends RandomOptions {
  /** Default 1; see `calculateGain`. */
  gain?: number;
}

function xavierStd(op: string, x: Tensor, gain: number): number {
  const factor = checkNumber(op, 'gain', gain);
  const { fanIn, fanOut } = calculateFanInAndFanOut(x);
  if (fanIn + fanOut === 0) fail('ZERO_DIVISION', `${op}: x of shape ${showShape(x._shape)} connects nothing`);
  return factor * Math.sqrt(2 / (fanIn + fanOut));
}

/**
 * Fills x from U(−a, a), a = gain · √(6 / (fanIn + fanOut)).
 *
 * Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural networks" (2010).
 *
 * @example
 * nn.init.xavierUniform_(empty([3, 5]), { gain: nn.init.calculateGain('relu') }).shape; // [3, 5]
 */
export function xavierUniform_(x: Tensor, options?: XavierOptions): Tensor {
  if (arguments.length > 2) refuseSurplus('xavierUniform_', arguments, 2);
  const { gain = 1, generator } = checkOptions('init.xavierUniform_', options, ['gain', 'generator']);
  const a = Math.sqrt(3) * xavierStd('init.xavierUniform_', x, gain);
  return uniform_(x, { a: -a, b: a, generator });
}

/**
 * Fills x from N(0, std²), std = gain · √(2 / (fanIn + fanOut)). Source as for `xavierUniform_`.
 *
 * @example
 * nn.init.xavierNormal_(empty([3, 5])).shape; // [3, 5]
 */
export function xavierNormal_(x: Tensor, options?: XavierOptions): Tensor {
  if (arguments.length > 2) refuseSurplus('xavierNormal_', arguments, 2);
  const { gain = 1, generator } = checkOptions('init.xavierNormal_', options, ['gain', 'generator']);
  return normal_(x, { std: xavierStd('init.xavierNormal_', x, gain), generator });
}

export interface KaimingOptions extends RandomOptions {
  /** The negative slope of the leakyRelu that follows; default 0. */
  a?: number;
  /** Default 'fanIn'. */
  mode?: FanMode;
  /** Default 'leakyRelu'. */
  nonlinearity?: Nonlinearity;
}

/** The standard deviation of He et al.; null where x has no elements, which is then left as it is. */
function kaimingStd(op: string, x: Tensor, options: KaimingOptions): number | null {
  const { a = 0, mode = 'fanIn', nonlinearity = 'leakyRelu' } = options;
  if (checkTensor(op, x)._shape.includes(0)) {
    process.emitWarning(`${op}: Initializing zero-element tensors is a no-op`);
    return null;
  }
  if (mode !== 'fanIn' && mode !== 'fanOut') {
    fail('BAD_ARGUMENT', `${op}: Mode ${describe(mode)} not supported, please use one of 'fanIn', 'fanOut'`);
  }
  return calculateGain(nonlinearity, a) / Math.sqrt(calculateFanInAndFanOut(x)[mode]);
}

const KAIMING = ['a', 'mode', 'nonlinearity', 'generator'] as const;

/**
 * Fills x from U(−bound, bound), bound = gain · √(3 / fan).
 *
 * He et al., "Delving deep into rectifiers" (2015).
 *
 * @example
 * nn.init.kaimingUniform_(empty([50, 10]), { a: Math.sqrt(5) }); // what nn.Linear does
 */
export function kaimingUniform_(x: Tensor, options?: KaimingOptions): Tensor {
  if (arguments.length > 2) refuseSurplus('kaimingUniform_', arguments, 2);
  const known = checkOptions('init.kaimingUniform_', options, KAIMING);
  const std = kaimingStd('init.kaimingUniform_', x, known);
  if (std === null) return x;
  const bound = Math.sqrt(3) * std;
  return uniform_(x, { a: -bound, b: bound, generator: known.generator });
}

/**
 * Fills x from N(0, std²), std = gain / √fan. Source as for `kaimingUniform_`.
 *
 * @example
 * nn.init.kaimingNormal_(empty([3, 5]), { mode: 'fanOut', nonlinearity: 'relu' }).shape; // [3, 5]
 */
export function kaimingNormal_(x: Tensor, options?: KaimingOptions): Tensor {
  if (arguments.length > 2) refuseSurplus('kaimingNormal_', arguments, 2);
  const known = checkOptions('init.kaimingNormal_', options, KAIMING);
  const std = kaimingStd('init.kaimingNormal_', x, known);
  return std === null ? x : normal_(x, { std, generator: known.generator });
}

/** Makes the vectors orthonormal by modified Gram-Schmidt, twice over, which leaves no more than rounding errors. */
function orthonormalize(vectors: readonly Float64Array[]): void {
  vectors.forEach((v, j) => {
    for (let k = 0; k < 2 * j; k++) {
      const q = vectors[k % j]!;
      let dot = 0;
      for (let i = 0; i < v.length; i++) dot += q[i]! * v[i]!;
      for (let i = 0; i < v.length; i++) v[i]! -= dot * q[i]!;
    }
    const norm = Math.sqrt(v.reduce((sum, value) => sum + value * value, 0));
    for (let i = 0; i < v.length; i++) v[i]! /= norm;
  });
}

/**
 * Makes x, [rows, …] with the trailing dimensions flattened, a matrix with orthonormal columns (rows, where they are
 * fewer) times `gain`: the Q of a normal matrix whose R has a positive diagonal.
 *
 * Saxe et al., "Exact solutions to the nonlinear dynamics of learning in deep linear neural networks" (2014).
 *
 * @example
 * nn.init.orthogonal_(empty([3, 5])).shape; // [3, 5]
 */
export function orthogonal_(x: Tensor, options?: XavierOptions): Tensor {
  if (arguments.length > 2) refuseSurplus('orthogonal_', arguments, 2);
  const op = 'init.orthogonal_';
  const { gain: scale = 1, generator } = checkOptions(op, options, ['gain', 'generator']);
  checkFloating(op, x);
  const gain = checkNumber(op, 'gain', scale);
  if (x.ndim < 2) {
    fail(
      'SHAPE_MISMATCH',
      `${op}: Only tensors with 2 or more dimensions are supported, got shape ${showShape(x._shape)}`,
    );
  }
  if (x.numel === 0) return x;
  const rows = x._shape[0]!;
  const columns = x.numel / rows;
  const normals = normalFill(rawEmpty([rows, columns], x.dtype), 0, 1, { generator });
  const values = normals.toTypedArray() as Float32Array | Float64Array;
  normals.dispose();
  const [count, length] = rows < columns ? [rows, columns] : [columns, rows];
  const place = (vector: number, i: number): number => (rows < columns ? vector * columns + i : i * columns + vector);
  const vectors = Array.from({ length: count }, (_, j) =>
    Float64Array.from({ length }, (_, i) => values[place(j, i)]!),
  );
  orthonormalize(vectors);
  // Stored before it is scaled, so that float32 rounds twice as PyTorch's does.
  vectors.forEach((v, j) => {
    for (let i = 0; i < length; i++) values[place(j, i)] = v[i]!;
  });
  const factor = roundTo(x.dtype, gain);
  return write(
    op,
    x,
    values.map((value) => value * factor),
  );
}

export interface SparseOptions extends RandomOptions {
  /** Of the elements that are not zero; default 0.01. */
  std?: number;
}

/**
 * Fills the matrix x from N(0, std²) and makes the fraction `sparsity` of each column zero.
 *
 * Martens, "Deep learning via Hessian-free optimization" (2010).
 *
 * @example
 * nn.init.sparse_(empty([3, 5]), 0.1).shape; // [3, 5]
 */
export function sparse_(x: Tensor, sparsity: number, options?: SparseOptions): Tensor {
  if (arguments.length > 3) refuseSurplus('sparse_', arguments, 3);
  const op = 'init.sparse_';
  const { std = 0.01, generator } = checkOptions(op, options, ['std', 'generator']);
  const [rows, columns] = checkMatrix(op, x);
  const share = checkNumber(op, 'sparsity', sparsity);
  if (!(share >= 0 && share <= 1)) fail('OUT_OF_RANGE', `${op}: sparsity must be in [0, 1], got ${share}`);
  normal_(x, { std, generator });
  const values = x.toTypedArray() as Float32Array | Float64Array;
  const zeros = Math.ceil(share * rows);
  for (let column = 0; column < columns; column++) {
    const order = randperm(rows);
    for (const row of order.toTypedArray().subarray(0, zeros)) values[Number(row) * columns + column] = 0;
    order.dispose();
  }
  return write(op, x, values);
}

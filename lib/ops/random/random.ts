import { defineOp } from '../../autograd/op.js';
import { rawEmpty } from '../../raw/create.js';
import { binaryKernel, binaryScalarKernel } from '../../raw/elementwise.js';
import { type Distribution, rawEmptyLike, rawRandom, rawRandperm, rawSample } from '../../raw/random.js';
import { refuseSurplus } from '../../tensor/arguments.js';
import { checkDType, type DType, isFloating } from '../../tensor/dtype.js';
import { describe, fail } from '../../tensor/errors.js';
import { checkGenerator, type Generator, type RandomOptions } from '../../tensor/generator.js';
import { checkInteger, checkNumber, checkOptions } from '../../tensor/options.js';
import { broadcastShapes, checkShape, type Shape } from '../../tensor/shape.js';
import { checkTensor, Tensor } from '../../tensor/tensor.js';
import { sumTo, zerosAs } from '../broadcast.js';
import { asLeaf, type CreateOptions, shapeAndOptions } from '../create.js';
import { checkRange, checkStd } from './checks.js';

export { Generator, initialSeed, manualSeed, type RandomOptions, seed } from '../../tensor/generator.js';

// Fresh tensors of random numbers. The same seed gives the numbers of PyTorch's CPU generator.

export interface RandomCreateOptions extends CreateOptions, RandomOptions {}

/** A shape as one array, or as numbers. */
export type RandomArguments = [shape: Shape, options?: RandomCreateOptions] | number[];

function settings(op: string, options: RandomCreateOptions | undefined, fallback: DType) {
  const known = checkOptions(op, options, ['dtype', 'requiresGrad', 'generator']);
  return {
    dtype: known.dtype === undefined ? fallback : checkDType(op, known.dtype),
    requiresGrad: known.requiresGrad,
    generator: checkGenerator(op, known.generator),
  };
}

function sampled(
  op: string,
  distribution: Distribution,
  like: Shape | Tensor,
  options: RandomCreateOptions | undefined,
): Tensor {
  const { dtype, requiresGrad, generator } = settings(op, options, like instanceof Tensor ? like.dtype : 'float32');
  if (!isFloating(dtype)) fail('DTYPE_MISMATCH', `${op}: dtype must be float32, float64 or bfloat16, got ${dtype}`);
  const out = like instanceof Tensor ? rawEmptyLike(like, dtype) : rawEmpty(like, dtype);
  rawSample(generator, distribution, out, 0, 1);
  return asLeaf(op, out, requiresGrad);
}

/**
 * Numbers uniform in [0, 1): `rand([2, 3])` or `rand(2, 3)`.
 *
 * @example
 * manualSeed(0);
 * rand([2]).toArray(); // [0.49625658988952637, 0.7682217955589294]
 */
export function rand(...args: RandomArguments): Tensor {
  const [shape, options] = shapeAndOptions<RandomCreateOptions>('rand', args);
  return sampled('rand', 'uniform', shape, options);
}

/**
 * Numbers of the standard normal distribution: `randn([2, 3])` or `randn(2, 3)`.
 *
 * @example
 * manualSeed(0);
 * randn([2]).toArray(); // [1.5409960746765137, -0.293428897857666]
 */
export function randn(...args: RandomArguments): Tensor {
  const [shape, options] = shapeAndOptions<RandomCreateOptions>('randn', args);
  return sampled('randn', 'normal', shape, options);
}

/** Numbers uniform in [0, 1) in x's shape and dtype. */
export function randLike(x: Tensor, options?: RandomCreateOptions): Tensor {
  if (arguments.length > 2) refuseSurplus('randLike', arguments, 2);
  return sampled('randLike', 'uniform', checkTensor('randLike', x), options);
}

/** Numbers of the standard normal distribution in x's shape and dtype. */
export function randnLike(x: Tensor, options?: RandomCreateOptions): Tensor {
  if (arguments.length > 2) refuseSurplus('randnLike', arguments, 2);
  return sampled('randnLike', 'normal', checkTensor('randnLike', x), options);
}

type RandintArguments =
  | [high: number, shape: Shape, options?: RandomCreateOptions]
  | [low: number, high: number, shape: Shape, options?: RandomCreateOptions];

/**
 * Integers uniform in [low, high), int64 unless `dtype` says otherwise: `randint(low, high, shape)`, or
 * `randint(high, shape)` from 0.
 *
 * @example
 * randint(1, 7, [3]); // three dice
 */
export function randint(...args: RandintArguments): Tensor {
  const at = args.findIndex((arg) => typeof arg === 'object');
  if (at !== 1 && at !== 2)
    fail('WRONG_TYPE', `randint: expected (low, high, shape), got ${args.map(describe).join(', ')}`);
  if (args.length > at + 2) refuseSurplus('randint', args, at + 2);
  const [low, high] = at === 1 ? [0, args[0]] : [args[0], args[1] as number];
  const shape = checkShape('randint', [args[at]]);
  const { dtype, requiresGrad, generator } = settings(
    'randint',
    args[at + 1] as RandomCreateOptions | undefined,
    'int64',
  );
  const range = checkRange('randint', low, high, dtype);
  const out = rawEmpty(shape, dtype);
  rawRandom(generator, out, range);
  return asLeaf('randint', out, requiresGrad);
}

/** Integers uniform in [low, high) in x's shape and dtype: `randintLike(x, high)` or `randintLike(x, low, high)`. */
export function randintLike(
  x: Tensor,
  ...args: [high: number, options?: RandomCreateOptions] | [low: number, high: number, options?: RandomCreateOptions]
): Tensor {
  checkTensor('randintLike', x);
  const [first, second, third] = args;
  const [low, high, options] = typeof second === 'number' ? [first, second, third] : [0, first, second];
  const most = typeof second === 'number' ? 3 : 2;
  if (args.length > most) refuseSurplus('randintLike', args, most);
  const { dtype, requiresGrad, generator } = settings('randintLike', options, x.dtype);
  const range = checkRange('randintLike', low, high, dtype);
  const out = rawEmptyLike(x, dtype);
  rawRandom(generator, out, range);
  return asLeaf('randintLike', out, requiresGrad);
}

/**
 * The integers 0 … n − 1 in random order, int64 unless `dtype` says otherwise.
 *
 * @example
 * manualSeed(0);
 * randperm(4).toArray(); // [0, 1, 3, 2]
 */
export function randperm(n: number, options?: RandomCreateOptions): Tensor {
  if (arguments.length > 2) refuseSurplus('randperm', arguments, 2);
  const { dtype, requiresGrad, generator } = settings('randperm', options, 'int64');
  const [size] = checkShape('randperm', [checkInteger('randperm', 'n', n)]);
  if (dtype === 'bool') fail('DTYPE_MISMATCH', 'randperm: dtype must be of numbers, got bool');
  if (size! > 0) checkRange('randperm', 0, size!, dtype);
  const out = rawEmpty([size!], dtype);
  rawRandperm(generator, out);
  return asLeaf('randperm', out, requiresGrad);
}

const mulRaw = binaryKernel('mul');
const addRaw = binaryKernel('add');
const addScalarRaw = binaryScalarKernel('add');

const normalOp = defineOp({
  name: 'normal',
  forward: (mean: Tensor | number, std: Tensor | number, generator: Generator): Tensor => {
    const shapes = [mean, std].filter((x) => x instanceof Tensor).map((x) => x._shape);
    const dtype = (mean instanceof Tensor ? mean : (std as Tensor)).dtype;
    const out = rawEmpty(shapes.length === 2 ? broadcastShapes('normal', shapes[0]!, shapes[1]!) : shapes[0]!, dtype);
    rawSample(generator, 'normal', out, 0, typeof std === 'number' ? std : 1);
    if (std instanceof Tensor) mulRaw(out, std, 0, 0, out);
    return mean instanceof Tensor ? addRaw(out, mean, 0, 0, out) : addScalarRaw(out, mean, false, 0, out);
  },
  backward: ({ args: [mean, std] }, g) =>
    [mean, std].filter((x) => x instanceof Tensor).map((x) => sumTo(zerosAs(g), x._shape)),
});

function checkParameter(name: string, value: number | Tensor): number | Tensor {
  if (!(value instanceof Tensor)) return checkNumber('normal', name, value);
  if (!isFloating(checkTensor('normal', value, name).dtype)) {
    fail('DTYPE_MISMATCH', `normal: ${name} must be of a floating dtype, got ${value.dtype}`);
  }
  return value;
}

/**
 * Numbers of the normal distribution with the given mean and standard deviation, each a number or a tensor (they
 * broadcast); two numbers need a shape.
 *
 * @example
 * normal(tensor([0, 100]), 1).shape;  // [2]
 * normal(0, 0.02, [3, 4]).shape;      // [3, 4]
 */
export function normal(mean: Tensor, std: number | Tensor, options?: RandomOptions): Tensor;
export function normal(mean: number, std: Tensor, options?: RandomOptions): Tensor;
export function normal(mean: number, std: number, shape: Shape, options?: RandomCreateOptions): Tensor;
export function normal(
  meanGiven: number | Tensor,
  stdGiven: number | Tensor,
  ...rest: [options?: RandomOptions] | [shape: Shape, options?: RandomCreateOptions]
): Tensor {
  const [mean, std] = [checkParameter('mean', meanGiven), checkParameter('std', stdGiven)];
  const most = typeof mean === 'number' && typeof std === 'number' ? 2 : 1;
  if (rest.length > most) refuseSurplus('normal', rest, most);
  if (typeof std === 'number') checkStd('normal', std);
  else if ((std.toTypedArray() as Float64Array).some((s) => !(s >= 0))) {
    fail('OUT_OF_RANGE', 'normal: expects all elements of std >= 0.0');
  }
  if (typeof mean === 'number' && typeof std === 'number') {
    const [shape, options] = rest as [Shape, RandomCreateOptions?];
    const { dtype, requiresGrad, generator } = settings('normal', options, 'float32');
    if (!isFloating(dtype)) fail('DTYPE_MISMATCH', `normal: dtype must be float32, float64 or bfloat16, got ${dtype}`);
    const out = rawEmpty(checkShape('normal', [shape]), dtype);
    rawSample(generator, 'normal', out, mean, std);
    return asLeaf('normal', out, requiresGrad);
  }
  if (mean instanceof Tensor && std instanceof Tensor && mean.dtype !== std.dtype) {
    fail('DTYPE_MISMATCH', `normal: mean and std must share a dtype, got ${mean.dtype} and ${std.dtype}`);
  }
  const { generator } = checkOptions('normal', rest[0] as RandomOptions | undefined, ['generator']);
  return normalOp(mean, std, checkGenerator('normal', generator));
}

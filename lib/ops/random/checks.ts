import { DTYPES, type DType, isFloating } from '../../tensor/dtype.js';
import { fail } from '../../tensor/errors.js';
import { checkGenerator, type Generator, type RandomOptions } from '../../tensor/generator.js';
import { checkInteger, checkNumber, checkOptions } from '../../tensor/options.js';
import { checkTensor, type Tensor } from '../../tensor/tensor.js';

// What random functions refuse, with PyTorch's conditions.

export function generatorOf(op: string, options: RandomOptions | undefined): Generator {
  return checkGenerator(op, checkOptions(op, options, ['generator']).generator);
}

export function checkFloating(op: string, x: Tensor): void {
  if (!isFloating(checkTensor(op, x).dtype))
    fail('DTYPE_MISMATCH', `${op}: x must be of a floating dtype, got ${x.dtype}`);
}

/** Whether a bound fits into the dtype; NaN never does. */
export function checkBound(op: string, name: string, value: number, dtype: DType): number {
  const bound = checkNumber(op, name, value);
  if (!(Math.abs(bound) <= DTYPES[dtype].largest))
    fail('OUT_OF_RANGE', `${op}: ${name} is out of bounds for ${dtype}, got ${bound}`);
  return bound;
}

export function checkPositive(op: string, name: string, value: number): number {
  const number = checkNumber(op, name, value);
  if (!(number > 0)) fail('OUT_OF_RANGE', `${op}: expects ${name} > 0, but found ${name}=${number}`);
  return number;
}

export function checkStd(op: string, value: number): number {
  const std = checkNumber(op, 'std', value);
  if (!(std >= 0)) fail('OUT_OF_RANGE', `${op}: expects std >= 0.0, but found std ${std}`);
  return std;
}

export function checkProbability(op: string, value: number): number {
  const p = checkNumber(op, 'p', value);
  if (!(p >= 0 && p <= 1)) fail('OUT_OF_RANGE', `${op}: expects p to be in [0, 1], but got p=${p}`);
  return p;
}

// The integers that the dtype holds without gaps.
const LARGEST: Readonly<Record<DType, number>> = {
  float32: 2 ** 24,
  float64: 2 ** 53,
  bfloat16: 2 ** 8,
  int32: 2 ** 31 - 1,
  int64: 2 ** 53,
  uint8: 255,
  int8: 127,
  bool: 1,
};

/** Checks a range of integers against what the dtype holds. */
export function checkRange(op: string, low: number, high: number, dtype: DType): readonly [number, number] {
  checkInteger(op, 'from', low);
  checkInteger(op, 'to', high);
  if (low >= high)
    fail('OUT_OF_RANGE', `${op}: expects 'from' to be less than 'to', but got from=${low} >= to=${high}`);
  const largest = LARGEST[dtype];
  const isSigned = dtype !== 'uint8' && dtype !== 'bool';
  const smallest = !isSigned ? 0 : dtype === 'int32' || dtype === 'int8' ? -largest - 1 : -largest;
  const name = DTYPES[dtype].torchName.replace('Tensor', '');
  if (low < smallest || low > largest) fail('OUT_OF_RANGE', `${op}: from is out of bounds for ${name}, got ${low}`);
  if (high - 1 > largest) fail('OUT_OF_RANGE', `${op}: to - 1 is out of bounds for ${name}, got ${high - 1}`);
  return [low, high];
}

import { describe, fail } from '../../tensor/errors.js';
import { checkInteger } from '../../tensor/options.js';

/** The pooling sizes for `rank` dimensions. */
export function poolSizes(op: string, name: string, value: unknown, rank: number, least: number): number[] {
  const given = Array.isArray(value) ? (value as unknown[]) : [value];
  // As in PyTorch, one number in a list stands for all, but among output sizes.
  const isOne = given.length === 1 && !(name === 'outputSize' && Array.isArray(value));
  const list = isOne ? new Array<unknown>(rank).fill(given[0]) : given;
  if (list.length !== rank) {
    fail('BAD_ARGUMENT', `${op}: ${name} must be an integer or ${rank} of them, got ${describe(value)}`);
  }
  return list.map((size) => {
    if (!Number.isSafeInteger(size)) {
      fail('WRONG_TYPE', `${op}: ${name} must be an integer or ${rank} of them, got ${describe(size)}`);
    }
    if ((size as number) < least || (size as number) >= 2 ** 31) {
      fail(
        'OUT_OF_RANGE',
        `${op}: ${name} must be ${least === 0 ? 'at least 0' : 'greater than zero'} and below 2^31, got ${size}`,
      );
    }
    return size as number;
  });
}

/** What an average pooling divides its sums by, or null for the number of elements. */
export function checkDivisor(op: string, divisorOverride: number | null | undefined): number | null {
  if (divisorOverride === null || divisorOverride === undefined) return null;
  if (checkInteger(op, 'divisorOverride', divisorOverride) === 0)
    fail('ZERO_DIVISION', `${op}: divisorOverride must not be zero`);
  return divisorOverride;
}

import { expect, test } from 'vitest';
import { median, quantile, ratioOf } from '../../../bench/statistics.js';

test('median of odd and even counts, of values in any order', () => {
  expect(median([3])).toBe(3);
  expect(median([9, 1, 5])).toBe(5);
  expect(median([4, 1, 3, 2])).toBe(2.5);
  expect(median([])).toBeNaN();
});

test('quantiles lie between neighbours in proportion', () => {
  const values = [40, 10, 30, 20, 50];
  expect(quantile(values, 0)).toBe(10);
  expect(quantile(values, 0.25)).toBe(20);
  expect(quantile(values, 0.6)).toBeCloseTo(34);
  expect(quantile(values, 1)).toBe(50);
  expect(values[0]).toBe(40);
});

test('a ratio is of medians, its spread of the ratios within each round', () => {
  // The machine is half as fast in the third round: for both, so the ratio of that round is as the others.
  const { value, low, high } = ratioOf([10, 12, 22], [20, 20, 40]);
  expect(value).toBeCloseTo(0.6);
  expect(low).toBeCloseTo(0.525);
  expect(high).toBeCloseTo(0.575);
});

test('a round that only one of them has does not count for the spread', () => {
  expect(ratioOf([1, 2, 100], [1, 2]).high).toBe(1);
});

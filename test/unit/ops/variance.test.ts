import { afterEach, expect, test } from 'vitest';
import { getNumThreads, manualSeed, randn, setNumThreads } from '../../../lib/index.js';

const threads = getNumThreads();
afterEach(() => setNumThreads(threads));

function expected(values: readonly number[]): number {
  const mean = values.reduce((sum, v) => sum + v, 0) / values.length;
  return values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / (values.length - 1);
}

// Long rows are cut into blocks, leading and inner axes are read in place, others are brought to the end.
test.each([
  [[150_001], [0]],
  [[3, 70_000], [1]],
  [[70_000, 3], [0]],
  [[5, 40, 7], [1]],
  [
    [5, 40, 7],
    [0, 2],
  ],
])('the variance of %j over %j, on any number of threads', (shape, dims) => {
  manualSeed(3);
  const x = randn(shape).mul(3).add(100);
  const order = [...shape.keys()].filter((d) => !dims.includes(d));
  const rows = x.permute(...order, ...dims).reshape(
    -1,
    dims.reduce((n, d) => n * shape[d]!, 1),
  );
  const wanted = (rows.toArray() as number[][]).map(expected);
  setNumThreads(1);
  const alone = x.var(dims).reshape(-1).toArray() as number[];
  alone.forEach((value, i) => {
    expect(Math.abs(value / wanted[i]! - 1)).toBeLessThan(2e-6);
  });
  setNumThreads(3);
  expect(x.var(dims).reshape(-1).toArray()).toEqual(alone);
});

test('squares that float32 does not hold', () => {
  const x = randn([1000]);
  for (const scale of [1e30, 1e-30]) {
    expect(x.mul(scale).std().item() / scale / x.std().item()).toBeCloseTo(1, 5);
  }
});

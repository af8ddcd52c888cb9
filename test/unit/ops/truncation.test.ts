import { describe, expect, test } from 'vitest';
import { arange, linspace, tensor } from '../../../lib/index.js';

// Values of PyTorch 2.13.
describe('integer ranges with fractional bounds', () => {
  test.each([
    [[0.5, 5.7, 1], 'int64', [0, 1, 2, 3, 4]],
    [[0.5, 5.7, 1], 'int32', [0, 1, 2, 3, 4, 5]],
    [[1.9, 5.2, 1.5], 'int64', [1, 2, 3, 4]],
    [[1.9, 5.2, 1.5], 'int32', [1, 2, 3]],
    [[-1.5, 3.9, 1], 'int64', [-1, 0, 1, 2]],
    [[-1.5, 3.9, 1], 'int32', [-1, 0, 1, 2, 3, 4]],
    [[5.9, 0.2, -1.5], 'int64', [5, 4, 3, 2, 1]],
    [[5.9, 0.2, -1.5], 'int32', [5, 4, 3, 2]],
  ] as const)('arange(%j) as %s', ([start, end, step], dtype, values) => {
    expect(arange(start, end, step, { dtype }).toArray()).toEqual(values);
  });
  test.each([
    [0.5, 5.7, 4, [0, 1, 3, 5]],
    [-1.5, 3.9, 5, [-1, 0, 1, 2, 3]],
    [9.9, 0.2, 3, [9, 4, 0]],
  ])('linspace(%d, %d, %d)', (start, end, steps, values) => {
    expect(linspace(start, end, steps, { dtype: 'int64' }).toArray()).toEqual(values);
  });
});

describe('what has no slope', () => {
  const leaf = () => tensor([1, 0, 3], { requiresGrad: true });

  test('the norm of order 0 counts, and its backward leaves no gradient', () => {
    const x = leaf();
    const norm = x.norm(0);
    expect(norm.item()).toBe(2);
    expect(norm.requiresGrad).toBe(true);
    norm.backward();
    expect(x.grad).toBeNull();
  });

  test.each(['trunc', 'floor'] as const)('division that rounds (%s) is DivBackward2 in the graph', (roundingMode) => {
    const x = leaf();
    for (const divisor of [2, tensor([2, 2, 2])]) {
      const quotient = x.div(divisor, { roundingMode });
      expect(`${quotient.gradFn}`).toContain('DivBackward2');
      quotient.sum().backward();
      expect(x.grad?.toArray()).toEqual([0, 0, 0]);
    }
  });
});

describe('a variance with too large a correction', () => {
  test.each([3, 5])('correction %d of three numbers', (correction) => {
    const x = tensor([1, -2, 3.5]);
    expect(x.var(0, { correction }).item()).toBe(Infinity);
    expect(x.std(0, { correction }).item()).toBe(Infinity);
    expect(x.var({ correction }).item()).toBe(Infinity);
  });
});

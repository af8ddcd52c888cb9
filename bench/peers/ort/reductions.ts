import type { OrtTrial } from './graph.js';

export const trials: Readonly<Record<string, OrtTrial>> = {
  'sum 1M': (g) => g.op('ReduceSum', [g.input(1 << 20)], { keepdims: 0 }),
  'sum 1024x1024 rows': (g) => g.op('ReduceSum', [g.input(1024, 1024), g.integers(1)], { keepdims: 0 }),
  'sum 1024x1024 columns': (g) => g.op('ReduceSum', [g.input(1024, 1024), g.integers(0)], { keepdims: 0 }),
};

import type { OrtTrial } from './graph.js';

const product =
  (m: number, k: number, n: number): OrtTrial =>
  (g) =>
    g.op('MatMul', [g.input(m, k), g.input(k, n)]);

export const trials: Readonly<Record<string, OrtTrial>> = {
  ...Object.fromEntries([32, 64, 128, 256, 512, 1024, 2048].map((n) => [`gemm f32 ${n}`, product(n, n, n)])),
  'gemm f32 333x777x555': product(333, 777, 555),
  'gemm f32 1000x3x1000': product(1000, 3, 1000),
  'gemm f32 17x4096x17': product(17, 4096, 17),
  ...Object.fromEntries(
    [1, 4, 16, 64, 256, 1024].map((batch): [string, OrtTrial] => [
      `linear 512-512, batch ${batch}`,
      (g) => g.op('Gemm', [g.input(batch, 512), g.weight(512, 512), g.weight(512)], { transB: 1 }),
    ]),
  ),
  'bmm 64x128x64x128': (g) => g.op('MatMul', [g.input(64, 128, 64), g.input(64, 64, 128)]),
};

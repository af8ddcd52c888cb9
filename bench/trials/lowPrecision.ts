// Products of bfloat16 with float32 accumulation, and of int8 with int32 accumulation.
import { functional as F, matmul, nn, randn } from 'flambeau';
import { forward, type Trial } from './trial.js';

function bf16(n: number): Trial {
  return forward(
    `gemm bf16 ${n}`,
    () => {
      const a = randn([n, n], { dtype: 'bfloat16' });
      const b = randn([n, n], { dtype: 'bfloat16' });
      return () => matmul(a, b);
    },
    {
      flops: 2 * n ** 3,
      read: 4 * n * n,
      written: 2 * n * n,
      precision: 'bfloat16',
      series: { name: 'gemm bf16', size: n },
    },
  );
}

function linearBf16(rows: number, width: number): Trial {
  return forward(
    `linear bf16 ${rows}x${width}x${width}`,
    () => {
      const x = randn([rows, width], { dtype: 'bfloat16' });
      const weight = randn([width, width], { dtype: 'bfloat16' });
      const bias = randn([width], { dtype: 'bfloat16' });
      return () => F.linear(x, weight, bias);
    },
    {
      flops: 2 * rows * width ** 2,
      read: 2 * (rows + width) * width,
      written: 2 * rows * width,
      precision: 'bfloat16',
    },
  );
}

/** The quantisation of the input is part of it; the weight is packed before. */
function int8(rows: number, width: number, name = `${rows}x${width}x${width}`): Trial {
  return forward(
    `linear int8 ${name}`,
    () => {
      const layer = nn.quantized.dynamic.Linear.fromFloat(new nn.Linear(width, width));
      const x = randn([rows, width]);
      return () => layer(x);
    },
    {
      flops: 2 * rows * width ** 2,
      read: (4 * rows + width) * width,
      written: 4 * rows * width,
      precision: 'int8',
      ...(rows === width ? { series: { name: 'gemm int8', size: width } } : {}),
    },
  );
}

export const trials: readonly Trial[] = [
  ...[64, 128, 256, 512, 1024, 2048].map(bf16),
  ...[1, 32].map((rows) => linearBf16(rows, 1024)),
  ...[64, 128, 256, 512, 1024, 2048].map((n) => int8(n, n, String(n))),
  ...[1, 32].map((rows) => int8(rows, 1024)),
];

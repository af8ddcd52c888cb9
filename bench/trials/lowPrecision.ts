// Products of bfloat16 with float32 accumulation, and of int8 with int32 accumulation.
import { matmul, randn } from 'flambeau';
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

export const trials: readonly Trial[] = [64, 128, 256, 512, 1024, 2048].map(bf16);

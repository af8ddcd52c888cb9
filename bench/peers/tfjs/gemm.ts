import { type TfTrial, tf } from './api.js';

export const trials: Readonly<Record<string, TfTrial>> = Object.fromEntries(
  [64, 128, 256, 512, 1024].map((n): [string, TfTrial] => [
    `gemm f32 ${n}`,
    () => {
      const [a, b] = [tf.randomNormal([n, n]), tf.randomNormal([n, n])];
      return () => tf.matMul(a, b);
    },
  ]),
);

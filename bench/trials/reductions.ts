// Reductions over everything, over rows and over columns.
import { randn, type Tensor } from 'flambeau';
import { backward, forward, type Trial } from './trial.js';

const MILLION = 1 << 20;

function reduction(name: string, shape: number[], reduce: (x: Tensor) => Tensor): Trial {
  const n = shape.reduce((a, b) => a * b, 1);
  const setup = (): (() => Tensor) => {
    const x = randn(shape);
    return () => reduce(x);
  };
  return forward(name, setup, { flops: n, read: 4 * n });
}

export const trials: readonly Trial[] = [
  reduction('sum 1M', [MILLION], (x) => x.sum()),
  // A view of one number, for both.
  backward('sum 1M', () => {
    const x = randn([MILLION], { requiresGrad: true });
    return { output: x.sum(), inputs: [x] };
  }),
  reduction('sum 1024x1024 rows', [1024, 1024], (x) => x.sum(1)),
  reduction('sum 1024x1024 columns', [1024, 1024], (x) => x.sum(0)),
  reduction('mean 1024x1024 rows', [1024, 1024], (x) => x.mean(1)),
  reduction('argmax 1024x1024 rows', [1024, 1024], (x) => x.argmax(1)),
];

// Pooling of planes.
import { functional as F, randn, type Tensor } from 'flambeau';
import { backward, forward, type Trial } from './trial.js';

/** Forward reads x and writes y; backward reads y's gradient and writes x's. */
function pooling(name: string, shape: readonly number[], shrink: number, apply: (x: Tensor) => Tensor): Trial[] {
  const bytes = 4 * shape.reduce((a, b) => a * b, 1);
  return [
    forward(
      name,
      () => {
        const x = randn(shape);
        return () => apply(x);
      },
      { read: bytes, written: bytes / shrink },
    ),
    backward(
      name,
      () => {
        const x = randn(shape, { requiresGrad: true });
        return { output: apply(x), inputs: [x] };
      },
      { read: bytes / shrink, written: bytes },
    ),
  ];
}

export const trials: readonly Trial[] = [
  ...pooling('maxPool 64 3x3/2, 112x112', [1, 64, 112, 112], 4, (x) => F.maxPool2d(x, 3, { stride: 2, padding: 1 })),
  ...pooling('maxPool 64 2x2, 24x24, batch 64', [64, 64, 24, 24], 4, (x) => F.maxPool2d(x, 2)),
  ...pooling('avgPool 64 2x2, 112x112', [1, 64, 112, 112], 4, (x) => F.avgPool2d(x, 2)),
  ...pooling('avgPool 512 to 1x1, 7x7, batch 8', [8, 512, 7, 7], 49, (x) => F.adaptiveAvgPool2d(x, 1)),
];

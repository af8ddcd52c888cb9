import type { OrtTrial } from './graph.js';

export const trials: Readonly<Record<string, OrtTrial>> = {
  'maxPool 64 3x3/2, 112x112': (g) =>
    g.op('MaxPool', [g.input(1, 64, 112, 112)], { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] }),
  'avgPool 64 2x2, 112x112': (g) =>
    g.op('AveragePool', [g.input(1, 64, 112, 112)], { kernel_shape: [2, 2], strides: [2, 2] }),
  'maxPool 64 2x2, 24x24, batch 64': (g) =>
    g.op('MaxPool', [g.input(64, 64, 24, 24)], { kernel_shape: [2, 2], strides: [2, 2] }),
  'avgPool 512 to 1x1, 7x7, batch 8': (g) => g.op('GlobalAveragePool', [g.input(8, 512, 7, 7)]),
};

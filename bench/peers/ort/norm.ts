import type { OrtTrial } from './graph.js';

const layerNorm =
  (rows: number): OrtTrial =>
  (g) =>
    g.op('LayerNormalization', [g.input(rows, 1024), g.ones(1024), g.weight(1024)], { axis: -1 });

export const trials: Readonly<Record<string, OrtTrial>> = {
  'softmax 1024x1024': (g) => g.op('Softmax', [g.input(1024, 1024)], { axis: -1 }),
  'softmax 4096x1024': (g) => g.op('Softmax', [g.input(4096, 1024)], { axis: -1 }),
  ...Object.fromEntries(
    [1, 16, 256, 4096, 16384].map((rows): [string, OrtTrial] => [
      `softmax ${rows}x256`,
      (g) => g.op('Softmax', [g.input(rows, 256)], { axis: -1 }),
    ]),
  ),
  'logSoftmax 1024x1024': (g) => g.op('LogSoftmax', [g.input(1024, 1024)], { axis: -1 }),
  'layerNorm 1024x1024': layerNorm(1024),
  'layerNorm 4096x1024': layerNorm(4096),
  'rmsNorm 1024x1024': (g) => g.op('RMSNormalization', [g.input(1024, 1024), g.ones(1024)], { axis: -1 }),
};

import type { OrtTrial } from './graph.js';

interface Options {
  readonly stride?: number;
  readonly padding?: number;
  readonly groups?: number;
}

function conv(x: number[], weight: number[], { stride = 1, padding = 0, groups = 1 }: Options = {}): OrtTrial {
  return (g) =>
    g.op('Conv', [g.input(...x), g.weight(...weight), g.weight(weight[0]!)], {
      strides: [stride, stride],
      pads: [padding, padding, padding, padding],
      group: groups,
    });
}

export const trials: Readonly<Record<string, OrtTrial>> = {
  'conv 64-64 3x3, 56x56': conv([1, 64, 56, 56], [64, 64, 3, 3], { padding: 1 }),
  'conv 128-128 3x3, 28x28': conv([1, 128, 28, 28], [128, 128, 3, 3], { padding: 1 }),
  'conv 256-256 3x3, 14x14': conv([1, 256, 14, 14], [256, 256, 3, 3], { padding: 1 }),
  'conv 512-512 3x3, 7x7': conv([1, 512, 7, 7], [512, 512, 3, 3], { padding: 1 }),
  'conv 3-64 7x7/2, 224x224': conv([1, 3, 224, 224], [64, 3, 7, 7], { stride: 2, padding: 3 }),
  'conv 64-128 3x3/2, 56x56': conv([1, 64, 56, 56], [128, 64, 3, 3], { stride: 2, padding: 1 }),
  'conv 64-256 1x1, 56x56': conv([1, 64, 56, 56], [256, 64, 1, 1]),
  'conv depthwise 144 3x3, 56x56': conv([1, 144, 56, 56], [144, 1, 3, 3], { padding: 1, groups: 144 }),
  'conv 32-64 3x3, 26x26, batch 64': conv([64, 32, 26, 26], [64, 32, 3, 3]),
  'convTranspose 64-32 4x4/2, 28x28': (g) =>
    g.op('ConvTranspose', [g.input(1, 64, 28, 28), g.weight(64, 32, 4, 4), g.weight(32)], {
      strides: [2, 2],
      pads: [1, 1, 1, 1],
    }),
};

// Convolutions and pooling, forward and backward. A gradient has both halves: of the input, and of weight and bias.
import { functional as F } from 'flambeau';
import { both, type Trial } from './trial.js';

interface Options {
  readonly stride?: number;
  readonly padding?: number;
  readonly groups?: number;
}

const elements = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

type Image = readonly [batch: number, channels: number, height: number, width: number];

function conv(name: string, x: Image, weight: Image, options: Options = {}): Trial[] {
  const { stride = 1, padding = 0 } = options;
  const [outputs, , kernel] = weight;
  const size = (length: number): number => Math.floor((length + 2 * padding - kernel) / stride) + 1;
  const out = x[0] * outputs * size(x[2]) * size(x[3]);
  const flops = (2 * out * elements(weight)) / outputs;
  const [input, weights, output] = [4 * elements(x), 4 * (elements(weight) + outputs), 4 * out];
  return both(`conv ${name}`, [x, weight, [outputs]], (a, w, b) => F.conv2d(a!, w!, b, options), {
    forward: { flops, read: input + weights, written: output },
    backward: { flops: 2 * flops, read: input + weights + output, written: input + weights },
  });
}

export const trials: readonly Trial[] = [
  ...conv('64-64 3x3, 56x56', [1, 64, 56, 56], [64, 64, 3, 3], { padding: 1 }),
  ...conv('128-128 3x3, 28x28', [1, 128, 28, 28], [128, 128, 3, 3], { padding: 1 }),
  ...conv('256-256 3x3, 14x14', [1, 256, 14, 14], [256, 256, 3, 3], { padding: 1 }),
  ...conv('512-512 3x3, 7x7', [1, 512, 7, 7], [512, 512, 3, 3], { padding: 1 }),
  ...conv('3-64 7x7/2, 224x224', [1, 3, 224, 224], [64, 3, 7, 7], { stride: 2, padding: 3 }),
  ...conv('64-128 3x3/2, 56x56', [1, 64, 56, 56], [128, 64, 3, 3], { stride: 2, padding: 1 }),
  ...conv('64-256 1x1, 56x56', [1, 64, 56, 56], [256, 64, 1, 1]),
  ...conv('depthwise 144 3x3, 56x56', [1, 144, 56, 56], [144, 1, 3, 3], { padding: 1, groups: 144 }),
  ...conv('32-64 3x3, 26x26, batch 64', [64, 32, 26, 26], [64, 32, 3, 3]),
  ...both(
    'convTranspose 64-32 4x4/2, 28x28',
    [[1, 64, 28, 28], [64, 32, 4, 4], [32]],
    (x, w, b) => F.convTranspose2d(x!, w!, b, { stride: 2, padding: 1 }),
    { forward: { flops: 2 * 64 * 28 * 28 * 32 * 16 }, backward: { flops: 4 * 64 * 28 * 28 * 32 * 16 } },
  ),
];

import { functional as F, nn, ones, tensor } from 'flambeau';
import { describe, expect, it } from 'vitest';

// Calls that PyTorch takes: a list of one for a pair, a boolean for the factor of booleans.

const x = ones([1, 1, 4, 4]);
const w = ones([1, 1, 2, 2]);

describe('a list of one stands for all axes', () => {
  it.each([
    ['conv2d', F.conv2d(x, w, null, { padding: [1], stride: [2], dilation: [1] }).shape, [1, 1, 3, 3]],
    ['convTranspose2d', F.convTranspose2d(x, w, null, { padding: [1], outputPadding: [0] }).shape, [1, 1, 3, 3]],
    ['maxPool2d', (F.maxPool2d(x, [2], { stride: [1], padding: [1] }) as typeof x).shape, [1, 1, 5, 5]],
    ['avgPool2d', F.avgPool2d(x, [2]).shape, [1, 1, 2, 2]],
    ['nn.Conv2d', new nn.Conv2d(1, 1, 2, { padding: [1], stride: [2] })(x).shape, [1, 1, 3, 3]],
    ['nn.MaxPool2d', new nn.MaxPool2d([2])(x).shape, [1, 1, 2, 2]],
  ])('%s', (_name, shape, expected) => {
    expect(shape).toEqual(expected);
  });

  it('but not among output sizes', () => {
    expect(() => F.adaptiveAvgPool2d(x, [2] as never)).toThrow('outputSize');
  });
});

describe('a boolean alpha', () => {
  const mask = tensor([true, false]);

  it('is for boolean results', () => {
    expect(mask.add(mask, { alpha: true }).toArray()).toEqual([true, false]);
    expect(mask.add(mask, { alpha: false }).toArray()).toEqual([true, false]);
    expect(() => ones([2]).add(1, { alpha: true })).toThrow(
      'add: a boolean alpha is only supported for boolean results',
    );
  });
});

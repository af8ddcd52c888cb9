import { describe, expect, test } from 'vitest';
import { empty, functional as F, full, manualSeed, nn, ones, optim, randn, tensor } from '../../../lib/index.js';

// The numbers are PyTorch 2.13's.

const dtype = 'bfloat16';

describe('bfloat16', () => {
  test('rounds half to even, keeps NaN and the infinities', () => {
    const x = tensor([1.00390625, 1.01171875, 3.4e38, -0, Number.NaN, -Infinity], { dtype });
    expect(x.toArray()).toEqual([1, 1.015625, Infinity, -0, Number.NaN, -Infinity]);
    expect(x.toTypedArray()).toBeInstanceOf(Float32Array);
    expect(full([1], 1 / 3, { dtype }).item()).toBe(0.333984375);
  });

  test('prints as PyTorch', () => {
    expect(String(tensor([1.5, 2.25], { dtype }))).toBe('tensor([1.5000, 2.2500], dtype=torch.bfloat16)');
    expect(String(tensor([1, -2], { dtype: 'int8' }))).toBe('tensor([ 1, -2], dtype=torch.int8)');
  });

  test('random numbers from the seed', () => {
    manualSeed(0);
    const x = [...randn([20], { dtype }).toTypedArray()];
    expect(x.slice(0, 8)).toEqual([
      -1.125, -1.15625, -0.25, -0.43359375, -1.3515625, -1.6953125, 0.56640625, 0.79296875,
    ]);
    manualSeed(0);
    expect(empty([5], { dtype }).uniform_(-0.3, 0.7).toArray()).toEqual([
      0.1962890625, 0.46875, -0.2119140625, -0.16796875, 0.007415771484375,
    ]);
    manualSeed(0);
    expect(empty([6], { dtype }).random_().toArray()).toEqual([149, 179, 47, 62, 69, 112]);
    manualSeed(0);
    expect(F.dropout(ones([5], { dtype }), { p: 0.3 }).toArray()).toEqual([0, 0, 1.4296875, 0, 1.4296875]);
    manualSeed(0);
    expect(empty([6], { dtype: 'int8' }).random_().toArray()).toEqual([44, 47, 117, 64, 67, 123]);
  });

  test('a layer trains: its initial weights, gradients of its dtype, a step', () => {
    manualSeed(0);
    const layer = new nn.Linear(3, 2, { dtype });
    expect(String(layer.weight.detach())).toBe(
      'tensor([[-0.0043,  0.3105, -0.4746],\n        [-0.4258, -0.2227,  0.1553]], dtype=torch.bfloat16)',
    );
    layer(ones([4, 3], { dtype }))
      .sum()
      .backward();
    expect(layer.weight.grad!.dtype).toBe(dtype);
    expect(layer.weight.grad!.toArray()).toEqual([
      [4, 4, 4],
      [4, 4, 4],
    ]);
    new optim.SGD(layer.parameters(), { lr: 0.5 }).step();
    expect(layer.weight.at(0).toArray()).toEqual([-2, -1.6875, -2.46875]);
  });

  test('a module converts there and back', () => {
    const model = new nn.Sequential(new nn.Linear(3, 2), new nn.ReLU()).bfloat16();
    expect(model[0].weight.dtype).toBe(dtype);
    expect(model(ones([1, 3], { dtype })).dtype).toBe(dtype);
    expect(model.float()[0].weight.dtype).toBe('float32');
  });
});

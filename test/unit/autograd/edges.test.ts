import { autograd, functional as F, full, nn, noGrad, onesLike, type Tensor, tensor, where, zeros } from 'flambeau';
import { describe, expect, test } from 'vitest';

/** The gradient at `values` of the sum of what `run` computes. */
function gradient(values: readonly number[], run: (x: Tensor) => Tensor): unknown {
  const x = tensor(values, { requiresGrad: true });
  run(x).sum().backward();
  return x.grad!.toArray();
}

describe('gradients where the derivative is not unique', () => {
  test.each<[string, number[], (x: Tensor) => Tensor, number[]]>([
    ['max() shares evenly', [1, 2, 2], (x) => x.max(), [0, 0.5, 0.5]],
    ['min() shares evenly', [1, 1, 2], (x) => x.min(), [0.5, 0.5, 0]],
    ['amax shares evenly', [1, 2, 2], (x) => x.amax(0), [0, 0.5, 0.5]],
    ['max(dim) takes the first', [1, 2, 2], (x) => x.max(0)[0], [0, 1, 0]],
    ['min(dim) takes the first', [1, 1, 2], (x) => x.min(0)[0], [1, 0, 0]],
    ['maximum halves', [1, 2, 3], (x) => x.maximum(tensor([2, 2, 2])), [0, 0.5, 1]],
    ['minimum halves', [1, 2, 3], (x) => x.minimum(tensor([2, 2, 2])), [1, 0.5, 0]],
    ['relu at 0', [-1, 0, 1], (x) => x.relu(), [0, 0, 1]],
    ['abs at 0', [-1, 0, 1], (x) => x.abs(), [-1, 0, 1]],
    ['norm at 0', [0, 0], (x) => x.norm(), [0, 0]],
    ['clamp at its bounds', [-2, -1, 1, 2], (x) => x.clamp(-1, 1), [0, 1, 1, 0]],
    ['hardtanh at its bounds', [-1, 0, 1], (x) => F.hardtanh(x), [0, 1, 0]],
    ['prod with a zero', [0, 2, 3], (x) => x.prod(), [6, 0, 0]],
    ['prod with two', [0, 0, 3], (x) => x.prod(), [0, 0, 0]],
    ['where of an infinite slope', [0, 2], (x) => where(x.gt(0), x.log(), 0), [Number.NaN, 0.5]],
  ])('%s', (_name, values, run, expected) => {
    expect(gradient(values, run)).toEqual(expected);
  });
});

describe('what has no derivative', () => {
  const x = tensor([1.5, 2.5], { requiresGrad: true });

  test.each<[string, (dtype: 'int64') => Tensor]>([
    ['sum', (dtype) => x.sum(null, { dtype })],
    ['prod', (dtype) => x.prod(0, { dtype })],
    ['cumsum', (dtype) => x.cumsum(0, { dtype })],
    ['cumprod', (dtype) => x.cumprod(0, { dtype })],
  ])('%s in integers', (op, run) => {
    expect(() => run('int64')).toThrow(`${op}: the input requires a gradient, and int64 has none`);
    expect(noGrad(() => run('int64')).dtype).toBe('int64');
  });

  test('floorDivide, also in place; div in floor mode has that of a step function', () => {
    for (const y of [x.floorDivide(2), x.mul(1).floorDivide_(2), tensor([3, 4]).floorDivide(x)])
      expect(() => y.sum().backward()).toThrow('floorDivide: has no derivative');
    expect(gradient([1.5, 2.5], (z) => z.div(2, { roundingMode: 'floor' }))).toEqual([0, 0]);
  });

  test('remainder in its divisor has a second derivative, which is 0', () => {
    const [slope] = autograd.grad(tensor([5, 7]).remainder(x).sum(), x, { createGraph: true });
    expect(slope!.toArray()).toEqual([-3, -2]);
    expect(autograd.grad(slope!.sum(), x)[0]!.toArray()).toEqual([0, 0]);
  });
});

test('a pooling window that covers only padding has no gradient, and no second one', () => {
  const x = tensor([[[1, 2, 3]]], { requiresGrad: true });
  const y = F.maxPool1d(x, 2, { padding: 1, dilation: 4, stride: 1 });
  expect(y.toArray()).toEqual([[[-Infinity]]]);
  const g = onesLike(y).requiresGrad_();
  const [dx] = autograd.grad(y, x, { gradOutputs: g, createGraph: true });
  expect(dx!.toArray()).toEqual([[[0, 0, 0]]]);
  expect(autograd.grad(dx!.sum(), g)[0]!.toArray()).toEqual([[[0]]]);
});

test('an addmm with beta 0 gives its input a gradient of zeros, not none', () => {
  const x = tensor([[Number.NaN]], { requiresGrad: true });
  const a = tensor([[2]]);
  x.addmm(a, a, { beta: 0 }).backward();
  expect(x.grad?.toArray()).toEqual([[0]]);
});

test.each(['float32', 'float64', 'bfloat16'] as const)('equal %s values deviate by nothing', (dtype) => {
  for (const n of [2, 3, 7, 10, 1000, 100_003]) {
    for (const value of [0.1, 3.3, 1e8 / 3]) {
      const x = full([2, n], value, { dtype, requiresGrad: true });
      const all = x.std();
      expect([all.item(), x.var().item(), x.std(1).sum().item()]).toEqual([0, 0, 0]);
      all.backward();
      expect(x.grad!.abs().max().item()).toBe(0);
    }
  }
});

describe('zero elements', () => {
  test('a batch of none gives parameters zero gradients', () => {
    const layer = new nn.Linear(3, 2);
    const y = layer(zeros([0, 3]));
    expect(y.shape).toEqual([0, 2]);
    y.sum().backward();
    expect(layer.weight.grad!.toArray()).toEqual(zeros([2, 3]).toArray());
    expect(layer.bias!.grad!.toArray()).toEqual([0, 0]);
  });

  test('reduce to the neutral element', () => {
    const x = zeros([0]);
    expect([x.sum().item(), x.prod().item(), x.mean().item(), x.median().item()]).toEqual([
      0,
      1,
      Number.NaN,
      Number.NaN,
    ]);
    expect(zeros([0, 3]).sum(0).toArray()).toEqual([0, 0, 0]);
  });

  test.each(['max', 'min', 'amax', 'amin', 'argmax', 'argmin'] as const)('%s has none', (op) => {
    expect(() => zeros([0])[op]()).toThrow(
      `${op}(): Expected reduction dim to be specified for input.numel() == 0. Specify the reduction dim with the 'dim' argument.`,
    );
    expect(() => zeros([0, 3])[op](0)).toThrow(`${op}(): Expected reduction dim 0 to have non-zero size.`);
  });
});

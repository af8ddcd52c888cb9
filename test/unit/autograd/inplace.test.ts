import { autograd, noGrad, ones, type Tensor, tensor, zeros } from 'flambeau';
import { describe, expect, test } from 'vitest';

const leaf = (values: number | number[] | number[][]): Tensor => tensor(values, { requiresGrad: true });

describe('values', () => {
  test('each form writes into its tensor and returns it', () => {
    const x = tensor([1, 4]);
    const view = x.narrow(0, 1, 1);
    expect(x.sqrt_()).toBe(x);
    expect(x.toArray()).toEqual([1, 2]);
    x.add_(1).sub_(tensor(1)).mul_(4).div_(2).neg_();
    expect(x.toArray()).toEqual([-2, -4]);
    x.add_(tensor([1, 1]), { alpha: 2 })
      .clamp_(-1, 1)
      .abs_()
      .maskedFill_(tensor([true, false]), 9);
    expect(x.toArray()).toEqual([9, 1]);
    x.copy_(tensor([[7, 8]]).select(0, 0)).fill_(tensor(3));
    expect(x.toArray()).toEqual([3, 3]);
    expect(view.toArray()).toEqual([3]);
    expect(x.zero_().toArray()).toEqual([0, 0]);
    expect(view._version).toBe(x._version);
  });

  test('a strided or self-overlapping operand is read before it is overwritten', () => {
    const x = tensor([1, 2, 3, 4]);
    x.narrow(0, 1, 3).add_(x.narrow(0, 0, 3));
    expect(x.toArray()).toEqual([1, 3, 5, 7]);
    const m = tensor([
      [1, 2],
      [3, 4],
    ]);
    m.add_(m.t());
    expect(m.toArray()).toEqual([
      [2, 5],
      [5, 8],
    ]);
  });

  test.each<[string, () => void, string]>([
    [
      'a float into an int',
      () => ones([2], { dtype: 'int64' }).mul_(2.5),
      "result type Float can't be cast to the desired output type Long",
    ],
    [
      'an int into a bool',
      () => ones([2], { dtype: 'bool' }).add_(1),
      "result type Long can't be cast to the desired output type Bool",
    ],
    [
      'a larger shape',
      () => ones([2]).mul_(ones([3, 2])),
      "output with shape [2] doesn't match the broadcast shape [3, 2]",
    ],
    [
      'an expanded tensor',
      () => ones([2]).expand(3, 2).mul_(2),
      'more than one element of the written-to tensor refers to a single memory location',
    ],
    [
      'a leaf',
      () => leaf([1, 2]).mul_(2),
      'a leaf Variable that requires grad is being used in an in-place operation.',
    ],
    [
      'fill_ on a leaf',
      () => leaf([1, 2]).fill_(2),
      'a leaf Variable that requires grad is being used in an in-place operation.',
    ],
    [
      'a view of a leaf',
      () => leaf([1, 2]).narrow(0, 0, 1).mul_(2),
      'a view of a leaf Variable that requires grad is being used in an in-place operation.',
    ],
    ['copy_ of another shape', () => ones([2]).copy_(ones([3])), 'source of shape [3] does not broadcast to [2]'],
    [
      'fill_ by a vector',
      () => ones([2]).fill_(ones([2])),
      'only supports 0-dimension value tensor but got tensor with 1 dimensions.',
    ],
  ])('%s: error', (_name, run, message) => {
    expect(run).toThrow(message);
  });

  test('a refused change changes nothing', () => {
    const x = leaf([1, 2]);
    expect(() => x.mul_(2)).toThrow();
    expect([x.toArray(), x._version]).toEqual([[1, 2], 0]);
  });

  test('narrower floats and integers are kept', () => {
    const x = ones([2]);
    x.add_(tensor([0.5, 1], { dtype: 'float64' }));
    expect([x.dtype, x.toArray()]).toEqual(['float32', [1.5, 2]]);
    const bytes = ones([2], { dtype: 'uint8' });
    bytes.add_(tensor([1000, 2], { dtype: 'int64' }));
    expect(bytes.toArray()).toEqual([233, 3]);
  });
});

describe('version check', () => {
  const message = (kind: string, origin: string, at: number, expected: number): string =>
    `one of the variables needed for gradient computation has been modified by an inplace operation: [${kind}]${origin} is at version ${at}; ` +
    `expected version ${expected} instead. Hint: enable anomaly detection to find the operation that failed to compute its gradient, with ` +
    'autograd.detectAnomaly(fn, { checkNan: false }).';

  test('saved output', () => {
    const y = leaf([1, 2]).sigmoid();
    y.add_(1);
    expect(() => y.sum().backward()).toThrow(message('FloatTensor [2]', ', which is output 0 of Sigmoid,', 1, 0));
  });

  test('the message names the node as PyTorch does', () => {
    const y = tensor([[1, 2]], { requiresGrad: true }).sum(0);
    const z = y.mul(y);
    y.detach().add_(1);
    expect(() => z.sum().backward()).toThrow('[FloatTensor [2]], which is output 0 of Sum1, is at version 1;');
    const relu = leaf([1, 2]).relu();
    relu.add_(1);
    expect(() => relu.sum().backward()).toThrow('which is output 0 of Relu, is at version 1;');
  });

  test('saved input and constant', () => {
    const x = leaf([1, 2]);
    const y = x.add(0);
    const z = y.mul(y);
    y.add_(1);
    expect(() => z.sum().backward()).toThrow('is at version 1; expected version 0');
    const c = tensor([1, 2]);
    const w = x.mul(c);
    c.add_(1);
    expect(() => w.sum().backward()).toThrow(message('FloatTensor [2]', '', 1, 0));
  });

  test('through detach and views, but not through data', () => {
    const x = leaf([1, 2]);
    for (const alias of [(c: Tensor) => c.detach(), (c: Tensor) => c.narrow(0, 0, 1)]) {
      const c = tensor([1, 2]);
      const y = x.mul(c);
      alias(c).add_(1);
      expect(() => y.sum().backward()).toThrow('modified by an inplace operation');
    }
    const c = tensor([1, 2]);
    const y = x.mul(c);
    c.data.add_(1);
    y.sum().backward();
    expect(x.grad!.toArray()).toEqual([2, 3]);
  });

  test('a change before the tensor is saved is none of its business', () => {
    const x = leaf([1, 2]);
    const y = x.add(0);
    y.mul_(3);
    y.mul(y).sum().backward();
    expect(x.grad!.toArray()).toEqual([18, 36]);
  });

  test('the saved result of an in-place op is the tensor with its new version', () => {
    const x = leaf([1, 2]);
    const y = x.add(0).exp_();
    y.sum().backward();
    expect(x.grad!.toArray()[0 as never]).toBeCloseTo(Math.E, 5);
    const z = x.add(0).exp_();
    z.add_(1);
    expect(() => z.sum().backward()).toThrow('which is output 0 of Exp, is at version 2; expected version 1');
  });
});

describe('gradients', () => {
  test.each<[string, (y: Tensor, w: Tensor) => Tensor, (x: number, w: number) => [number, number]]>([
    ['mul_', (y, w) => y.mul_(w), (x, w) => [w, x]],
    ['div_', (y, w) => y.div_(w), (x, w) => [1 / w, -x / (w * w)]],
    ['add_', (y, w) => y.add_(w), () => [1, 1]],
    ['sub_', (y, w) => y.sub_(w, { alpha: 2 }), () => [1, -2]],
    ['pow_', (y, w) => y.pow_(w), (x, w) => [w * x ** (w - 1), x ** w * Math.log(x)]],
    ['mul_ twice', (y, w) => y.mul_(w).mul_(w), (x, w) => [w * w, 2 * x * w]],
    ['self', (y, w) => y.mul_(y).mul_(w), (x, w) => [2 * x * w, x * x]],
    ['sqrt_', (y, w) => y.sqrt_().mul(w), (x, w) => [w / (2 * Math.sqrt(x)), Math.sqrt(x)]],
    ['fill_', (y, w) => y.fill_(5).mul(w), () => [0, 5]],
    ['copy_', (y, w) => y.copy_(w).mul(w), (_x, w) => [0, 2 * w]],
    ['relu_', (y, w) => y.relu_().mul(w), (x, w) => [w, x]],
    ['neg_', (y, w) => y.neg_().mul(w), (x, w) => [-w, -x]],
  ])('%s', (_name, run, expected) => {
    const x = tensor([2, 3], { dtype: 'float64', requiresGrad: true });
    const w = tensor([3, 0.5], { dtype: 'float64', requiresGrad: true });
    run(x.mul(1), w).sum().backward();
    const [a, b] = [expected(2, 3), expected(3, 0.5)];
    expect(x.grad!.toArray()).toEqual([expect.closeTo(a[0], 10), expect.closeTo(b[0], 10)]);
    expect(w.grad!.toArray()).toEqual([expect.closeTo(a[1], 10), expect.closeTo(b[1], 10)]);
  });

  test('second derivatives', () => {
    const x = tensor([0.5, 1.5], { dtype: 'float64', requiresGrad: true });
    const w = tensor([2, 3], { dtype: 'float64', requiresGrad: true });
    const fn = (x: Tensor, w: Tensor): Tensor => {
      const y = x.mul(1);
      y.narrow(0, 0, 1)
        .mul_(w.narrow(0, 1, 1))
        .add_(1)
        .mul_(w.narrow(0, 0, 1));
      return y.mul_(w).sqrt_();
    };
    expect(autograd.gradcheck(fn, [x, w])).toBe(true);
    expect(autograd.gradgradcheck(fn, [x, w])).toBe(true);
  });

  test('a constant that takes a tracked value becomes tracked', () => {
    const w = leaf([1, 2]);
    const x = ones([2]);
    x.mul_(w);
    expect([x.isLeaf, x.requiresGrad, `${x.gradFn}`]).toEqual([false, true, '<MulBackward0>']);
  });

  test('in another float type', () => {
    const x = leaf([1, 2]);
    const w = tensor([3, 4], { dtype: 'float64', requiresGrad: true });
    x.mul(1).mul_(w).sum().backward();
    expect([x.grad!.toArray(), w.grad!.toArray(), w.grad!.dtype]).toEqual([[3, 4], [1, 2], 'float64']);
  });

  test('noGrad changes a leaf', () => {
    const x = leaf([1, 2]);
    noGrad(() => x.sub_(1));
    expect([x.toArray(), x.requiresGrad, x._version]).toEqual([[0, 1], true, 1]);
  });
});

test('retained gradients follow the newest value', () => {
  const x = leaf([1, 2]);
  const y = x.mul(1);
  y.retainGrad();
  y.mul_(2);
  expect(y.retainsGrad).toBe(true);
  y.mul(3).sum().backward();
  expect([y.grad!.toArray(), x.grad!.toArray()]).toEqual([
    [3, 3],
    [6, 6],
  ]);
});

test('a hook from before an in-place change fires, with the gradient of the old value', () => {
  const x = leaf([1, 2]);
  const y = x.mul(1);
  const seen: unknown[] = [];
  y.registerHook((g) => void seen.push(['old', g.toArray()]));
  y.mul_(2);
  y.registerHook((g) => void seen.push(['new', g.toArray()]));
  y.sum().backward();
  expect(seen).toEqual([
    ['new', [1, 1]],
    ['old', [2, 2]],
  ]);
});

test('a change in place of a zero-size tensor', () => {
  const x = zeros([0, 3]).requiresGrad_();
  x.mul(1).add_(1).sum().backward();
  expect(x.grad!.shape).toEqual([0, 3]);
});

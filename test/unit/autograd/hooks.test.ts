import { autograd, enableGrad, ones, type Tensor, tensor } from 'flambeau';
import { describe, expect, test } from 'vitest';

const leaf = (values: number | number[]): Tensor => tensor(values, { requiresGrad: true });

describe('tensor hooks', () => {
  test('run in order, each sees what the one before returned', () => {
    const x = leaf([1, 2]);
    const y = x.mul(2);
    const seen: unknown[] = [];
    y.registerHook((g) => g.mul(3));
    const handle = y.registerHook((g) => {
      seen.push(g.toArray());
      return g.mul(5);
    });
    y.sum().backward();
    expect([seen, x.grad!.toArray()]).toEqual([[[3, 3]], [30, 30]]);
    handle.remove();
    handle.remove();
    x.grad = null;
    x.mul(2).sum().backward();
    expect(x.grad!.toArray()).toEqual([2, 2]);
  });

  test("a leaf's hook fires once, with the sum", () => {
    const x = leaf([1, 2]);
    const seen: unknown[] = [];
    x.registerHook((g) => void seen.push(g.toArray()));
    x.mul(2).add(x.mul(3)).sum().backward();
    expect(seen).toEqual([[5, 5]]);
  });

  test('a retained gradient is what the hooks made of it', () => {
    const x = leaf([1, 2]);
    const y = x.mul(2);
    y.retainGrad();
    y.registerHook((g) => g.mul(10));
    y.sum().backward();
    expect([y.grad!.toArray(), x.grad!.toArray()]).toEqual([
      [10, 10],
      [20, 20],
    ]);
  });

  test('also for what autograd.grad asks for', () => {
    const x = leaf([1, 2]);
    x.registerHook((g) => g.mul(10));
    expect(autograd.grad(x.mul(2).sum(), x)[0]!.toArray()).toEqual([20, 20]);
  });

  test('a gradient kept by a hook stays valid', () => {
    const x = leaf([1, 2]);
    const y = x.mul(2).add(1);
    const kept: Tensor[] = [];
    y.registerHook((g) => void kept.push(g));
    y.mul(y).mul(3).sum().backward();
    expect(kept[0]!.toArray()).toEqual([18, 30]);
  });

  test.each<[string, () => unknown, string]>([
    [
      'a constant',
      () => ones([2]).registerHook(() => {}),
      "cannot register a hook on a tensor that doesn't require gradient",
    ],
    ['no function', () => leaf([1]).registerHook(3 as never), 'hook must be a function, got 3'],
    [
      'another size',
      () => {
        const y = leaf([1, 2]).mul(2);
        y.registerHook(function grow() {
          return ones([5]);
        });
        y.sum().backward();
      },
      "hook 'grow' has changed the size of value",
    ],
    [
      'no tensor',
      () => {
        const y = leaf([1, 2]).mul(2);
        y.registerHook(() => 3 as never);
        y.sum().backward();
      },
      "hook '<anonymous>' must return a Tensor or nothing",
    ],
    [
      'post-accumulate on a constant',
      () => ones([2]).registerPostAccumulateGradHook(() => {}),
      "cannot register a hook on a tensor that doesn't require gradient",
    ],
    [
      'post-accumulate on a non-leaf',
      () =>
        leaf([1])
          .mul(2)
          .registerPostAccumulateGradHook(() => {}),
      'post accumulate grad hooks cannot be registered on non-leaf tensors',
    ],
    [
      'retainGrad on a constant',
      () => ones([2]).retainGrad(),
      "can't retainGrad on Tensor that has requiresGrad: false",
    ],
  ])('%s: error', (_name, run, message) => {
    expect(run).toThrow(message);
  });
});

test('retainGrad accumulates and does nothing on a leaf', () => {
  const x = leaf(2);
  x.retainGrad();
  expect(x.retainsGrad).toBe(false);
  const y = x.mul(x);
  y.retainGrad();
  y.retainGrad();
  y.mul(4).backward(null, { retainGraph: true });
  expect(y.grad!.item()).toBe(4);
  y.mul(4).backward();
  expect(y.grad!.item()).toBe(8);
});

test('a retained gradient is not disturbed by what backward frees', () => {
  const x = leaf([1, 2]);
  const y = x.mul(2);
  const z = y.add(1);
  y.retainGrad();
  z.retainGrad();
  z.sum().backward();
  expect([y.grad!.toArray(), z.grad!.toArray(), x.grad!.toArray()]).toEqual([
    [1, 1],
    [1, 1],
    [2, 2],
  ]);
});

test('post-accumulate hooks see the updated leaf', () => {
  const x = leaf([1, 2]);
  const seen: unknown[] = [];
  const handle = x.registerPostAccumulateGradHook((leaf) => {
    seen.push(leaf.grad!.toArray());
    leaf.grad = null;
  });
  x.mul(2).sum().backward();
  handle.remove();
  x.mul(2).sum().backward();
  expect([seen, x.grad!.toArray()]).toEqual([[[2, 2]], [2, 2]]);
});

test('hooks of nodes', () => {
  const x = leaf([1, 2]);
  const y = x.mul(2);
  const order: string[] = [];
  y.gradFn!.registerPrehook((grads) => {
    order.push('pre');
    return [grads[0]!.mul(10)];
  });
  y.gradFn!.registerHook((inputs, outputs) => {
    order.push('post');
    expect(outputs[0]!.toArray()).toEqual([10, 10]);
    return [inputs[0]!.add(1)];
  });
  y.sum().backward();
  expect([order, x.grad!.toArray()]).toEqual([
    ['pre', 'post'],
    [21, 21],
  ]);
});

test('backward inside a hook', () => {
  const x = leaf(3);
  const inner = leaf(2);
  const y = x.mul(2);
  y.registerHook(() => enableGrad(() => inner.mul(inner).backward()));
  y.backward();
  expect([x.grad!.item(), inner.grad!.item()]).toEqual([2, 4]);
});

test('what nobody asked for is not computed: a node hook sees null in its place', () => {
  const [x, w] = [leaf([1, 2]), leaf([3, 4])];
  const y = x.mul(w);
  const seen: unknown[] = [];
  y.gradFn!.registerHook((inputs) => void seen.push(inputs.map((g) => g?.toArray() ?? null)));
  autograd.grad([y], [w], { gradOutputs: [ones([2])], retainGraph: true });
  y.backward(ones([2]), { inputs: [x], retainGraph: true });
  y.backward(ones([2]));
  expect(seen).toEqual([
    [null, [1, 2]],
    [[3, 4], null],
    [
      [3, 4],
      [1, 2],
    ],
  ]);
});

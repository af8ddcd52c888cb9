import { autograd, functional as F, manualSeed, noGrad, type Tensor, tensor } from 'flambeau';
import { describe, expect, test } from 'vitest';

const leaf = (): Tensor => tensor([0.5, 1, 2], { dtype: 'float64', requiresGrad: true });

describe('checkpoint', () => {
  test('runs forward twice and gives the same gradients, first and second', () => {
    let runs = 0;
    const block = (x: Tensor): Tensor => {
      runs++;
      return x.mul(x).exp().mul(x).sigmoid();
    };
    const x = leaf();
    autograd.checkpoint(block, x).sum().backward();
    expect(runs).toBe(2);
    const y = leaf();
    block(y).sum().backward();
    expect(x.grad!.toArray()).toEqual(y.grad!.toArray());
    expect(autograd.gradcheck((x) => autograd.checkpoint(block, x), x)).toBe(true);
    expect(autograd.gradgradcheck((x) => autograd.checkpoint(block, x), x)).toBe(true);
  });

  test('with autograd.grad, parameters and several outputs', () => {
    const x = leaf();
    const w = leaf();
    const [a, b] = autograd.checkpoint((x: Tensor) => [x.mul(w).exp(), x.add(w).exp()] as const, x);
    const grads = autograd.grad(a.add(b).sum(), [x, w]);
    const plain = autograd.grad(x.mul(w).exp().add(x.add(w).exp()).sum(), [x, w]);
    expect(grads.map((g) => g.toArray())).toEqual(plain.map((g) => g.toArray()));
  });

  test('with retainGraph it runs once more for each backward', () => {
    let runs = 0;
    const x = leaf();
    const y = autograd
      .checkpoint((x: Tensor) => {
        runs++;
        return x.mul(x).exp();
      }, x)
      .sum();
    y.backward(null, { retainGraph: true });
    y.backward();
    expect(runs).toBe(3);
    expect(() => y.backward()).toThrow('Trying to backward through the graph a second time');
  });

  test('dropout is the same both times, and the generator goes on as if once', () => {
    const run = (wrap: boolean): unknown => {
      manualSeed(0);
      const x = tensor(
        Array.from({ length: 40 }, (_, i) => i / 10),
        { requiresGrad: true },
      );
      const block = (x: Tensor): Tensor => F.dropout(x.mul(x), { p: 0.5 });
      const y = wrap ? autograd.checkpoint(block, x) : block(x);
      y.mul(y).sum().backward();
      return [y.toArray(), x.grad!.toArray(), F.dropout(x, { p: 0.5 }).toArray()];
    };
    expect(run(true)).toEqual(run(false));
  });

  test('nests', () => {
    const x = leaf();
    const inner = (x: Tensor): Tensor => x.mul(x).exp();
    const outer = (x: Tensor): Tensor => autograd.checkpoint(inner, x.mul(x)).mul(x);
    expect(autograd.gradgradcheck((x) => autograd.checkpoint(outer, x), x)).toBe(true);
  });

  test('in noGrad it just runs', () => {
    expect(noGrad(() => autograd.checkpoint((x: Tensor) => x.mul(2), leaf())).toArray()).toEqual([1, 2, 4]);
  });

  const changing = (first: (x: Tensor) => Tensor, then: (x: Tensor) => Tensor): (() => void) => {
    let runs = 0;
    return () =>
      autograd
        .checkpoint((x: Tensor) => (runs++ === 0 ? first(x) : then(x)), leaf())
        .sum()
        .backward();
  };

  test('fewer saved tensors', () => {
    expect(
      changing(
        (x) => x.mul(x).exp(),
        (x) => x.mul(3),
      ),
    ).toThrow(
      'A different number of tensors was saved during the original forward and recomputation.\n' +
        'Number of tensors saved during forward: 3\nNumber of tensors saved during recomputation: 0.',
    );
  });

  test('more of them are not noticed', () => {
    expect(
      changing(
        (x) => x.exp(),
        (x) => x.exp().exp(),
      ),
    ).not.toThrow();
  });

  test('another shape', () => {
    expect(
      changing(
        (x) => x.exp(),
        (x) => x.narrow(0, 0, 1).exp(),
      ),
    ).toThrow(
      'Recomputed values for the following tensors have different metadata than during the forward pass.\ntensor at position 0:\n' +
        'saved metadata: { shape: [3], dtype: float64 }\nrecomputed metadata: { shape: [1], dtype: float64 }',
    );
  });

  test('an error of its own comes through', () => {
    const fails = changing(
      (x) => x.exp(),
      () => {
        throw new Error('broken');
      },
    );
    expect(fails).toThrow('broken');
    expect(() => autograd.checkpoint(3 as never)).toThrow('checkpoint: fn must be a function, got 3');
    expect(() => autograd.checkpoint(async () => leaf())).toThrow('checkpoint: fn must not be async');
  });
});

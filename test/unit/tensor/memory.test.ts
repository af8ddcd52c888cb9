import { describe, expect, test } from 'vitest';
import { keep, memory, nn, ones, type Tensor, tensor, tidy, zeros } from '../../../lib/index.js';

describe('tidy', () => {
  test('leaves the gradients that tensors keep', () => {
    const x = tensor([1, 2], { requiresGrad: true });
    const y = x.mul(3);
    y.retainGrad();
    tidy(() => y.mul(2).sum().backward());
    expect(x.grad?.toArray()).toEqual([6, 6]);
    expect(y.grad?.toArray()).toEqual([2, 2]);
  });

  test('frees what is not returned', () => {
    let inner: Tensor | undefined;
    const before = memory().tensors;
    const y = tidy(() => {
      inner = ones([4]).add(1);
      return inner.mul(3);
    });
    expect(inner!.isDisposed).toBe(true);
    expect(y.toArray()).toEqual([6, 6, 6, 6]);
    expect(memory().tensors).toBe(before + 1);
  });

  test('what is returned may be nested', () => {
    const result = tidy(() => ({ list: [ones([1])], map: new Map([['a', ones([2])]]), set: new Set([ones([3])]) }));
    expect([...result.set][0]!.shape).toEqual([3]);
    expect(result.map.get('a')!.isDisposed).toBe(false);
    expect(result.list[0]!.item()).toBe(1);
  });

  test('parameters, gradients and kept tensors stay', () => {
    const w = ones([2], { requiresGrad: true });
    const [layer, kept] = tidy(() => {
      w.mul(3).sum().backward();
      const weight = new nn.Parameter(ones([2]));
      const other = keep(ones([2]));
      return [{ get: () => weight }, () => other];
    });
    expect(w.grad!.toArray()).toEqual([3, 3]);
    expect(layer.get().toArray()).toEqual([1, 1]);
    expect(kept().toArray()).toEqual([1, 1]);
  });

  test('a graph can be run backward after its intermediates are gone', () => {
    const w = tensor([1, 2], { requiresGrad: true });
    const loss = tidy(() => w.mul(w).exp().sum());
    loss.backward();
    expect(w.grad!.toArray()[0 as never]).toBeCloseTo(2 * Math.E, 5);
  });

  test('results of an inner tidy belong to the outer one', () => {
    let inner: Tensor | undefined;
    tidy(() => {
      inner = tidy(() => ones([2]).add(1));
    });
    expect(inner!.isDisposed).toBe(true);
  });

  test('tensors of before are left alone', () => {
    const x = zeros([2]);
    expect(tidy(() => x)).toBe(x);
    tidy(() => x.add(1));
    expect(x.isDisposed).toBe(false);
  });

  test('an async function is tidied when it settles', async () => {
    let early: Tensor | undefined;
    let late: Tensor | undefined;
    const result = await tidy(async () => {
      early = ones([2]);
      await new Promise((resolve) => setTimeout(resolve, 1));
      late = early.add(1);
      return late.mul(2);
    });
    expect([early!.isDisposed, late!.isDisposed]).toEqual([true, true]);
    expect(result.toArray()).toEqual([4, 4]);
  });

  test('errors pass through, and everything is freed', async () => {
    let made: Tensor | undefined;
    const fails = (): Tensor => {
      made = ones([2]);
      throw new Error('no');
    };
    expect(() => tidy(fails)).toThrow('no');
    expect(made!.isDisposed).toBe(true);
    await expect(tidy(async () => fails())).rejects.toThrow('no');
    expect(made!.isDisposed).toBe(true);
    expect(() => tidy(3 as never)).toThrow(/^tidy: expected a function, got 3/);
  });
});

describe('memory', () => {
  test('counts bytes and tensors', () => {
    const before = memory();
    const x = zeros([1024, 1024]);
    const view = x.permute(1, 0);
    const during = memory();
    expect(during.tensors - before.tensors).toBe(2);
    expect(during.bytes - before.bytes).toBeGreaterThanOrEqual(4 * 1024 * 1024);
    expect(during.bytes - before.bytes).toBeLessThan(5 * 1024 * 1024);
    x.dispose();
    view.dispose();
    expect(memory().tensors).toBe(before.tensors);
    expect(memory().bytes).toBe(before.bytes);
    expect(memory().peakBytes).toBeGreaterThanOrEqual(4 * 1024 * 1024);
  });
});

import { describe, expect, test } from 'vitest';
import {
  autograd,
  isTensor,
  keep,
  memory,
  nn,
  ones,
  optim,
  type Tensor,
  tensor,
  tidy,
  zeros,
} from '../../../lib/index.js';

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

  test('what is kept in an inner tidy outlives the outer one, whoever made it', () => {
    const kept: Tensor[] = [];
    tidy(() => {
      const outer = ones([2]);
      tidy(() => {
        kept.push(keep(outer), keep(ones([2])));
        tidy(() => keep(outer));
      });
    });
    expect(kept.map((x) => x.isDisposed)).toEqual([false, false]);
  });

  test('a gradient that is assigned stays, in nested tidys too', async () => {
    const w = new nn.Parameter(ones([2]));
    tidy(() => {
      const grad = ones([2]);
      tidy(() => {
        w.grad = grad;
      });
    });
    expect(w.grad!.toArray()).toEqual([1, 1]);
    await tidy(async () => {
      w.grad = null;
      await tidy(async () => w.mul(2).sum().backward());
    });
    expect(w.grad!.toArray()).toEqual([2, 2]);
  });

  test('what is handed to a module stays: buffers, plain properties, arrays of tensors, data', () => {
    class Cell extends nn.Module {
      hidden: Tensor = zeros([2]);
      cache: Tensor[] = [];
      constructor() {
        super();
        this.registerBuffer('mask', zeros([2]));
      }
    }
    const cell = new Cell();
    const w = new nn.Parameter(zeros([2]));
    tidy(() => {
      const made = Array.from({ length: 5 }, () => ones([2]));
      tidy(() => {
        cell.hidden = made[0]!;
        cell.cache = [made[1]!, made[2]!];
        (cell as unknown as { mask: Tensor }).mask = made[3]!;
        w.data = made[4]!;
      });
    });
    for (const x of [cell.hidden, ...cell.cache, cell.getBuffer('mask'), w]) expect(x.toArray()).toEqual([1, 1]);
  });

  test('the state of an optimizer stays, that of a user’s own too', () => {
    class Averaging extends optim.Optimizer {
      constructor(params: Iterable<Tensor>) {
        super(params, {});
      }
      protected override checkSettings(): void {}
      protected override updateGroup(_group: object, params: readonly Tensor[]): void {
        for (const p of params) this.state.set(p, { average: p.detach().mul(0.5) });
      }
    }
    const w = new nn.Parameter(ones([2]));
    const optimizers = [new Averaging([w]), new optim.Adam([w], { lr: 0.1 }), new optim.SGD([w], { momentum: 0.9 })];
    tidy(() => {
      w.mul(3).sum().backward();
      for (const optimizer of optimizers) tidy(() => optimizer.step());
    });
    for (const optimizer of optimizers) {
      const states = Object.values(optimizer.state.get(w)!).filter((value) => isTensor(value));
      expect(states.length).toBeGreaterThan(0);
      for (const x of states) expect(x.isDisposed).toBe(false);
    }
  });

  test('what a Function keeps on its context, and what is packed for a graph, stays with the graph', () => {
    class Scale extends autograd.Function {
      static forward(ctx: autograd.FunctionContext<{ factor?: Tensor }>, x: Tensor): Tensor {
        ctx.factor = tensor([3, 3]);
        return x.mul(ctx.factor);
      }
      static backward(ctx: autograd.FunctionContext<{ factor?: Tensor }>, g: Tensor): Tensor {
        return g.mul(ctx.factor!);
      }
    }
    const w = ones([2], { requiresGrad: true });
    const loss = tidy(() =>
      autograd.savedTensorsHooks(
        (x) => x.to('float64'),
        (x) => x.to('float32'),
        () => Scale.apply(w).exp().sum(),
      ),
    );
    loss.backward();
    expect(w.grad!.toTypedArray()[0]).toBeCloseTo(3 * Math.exp(3), 4);
  });

  test('a disposed tensor says by what', () => {
    const explicit = ones([2]);
    explicit.dispose();
    let inside!: Tensor;
    tidy(() => {
      inside = ones([2]);
    });
    let used!: Tensor;
    {
      using x = ones([2]);
      used = x;
    }
    expect(() => explicit.add(1)).toThrow('add: input of shape [2] was disposed by dispose()');
    expect(() => inside.add(1)).toThrow(
      'add: input of shape [2] was disposed by tidy; return it from there, or keep() it',
    );
    expect(() => used.add(1)).toThrow('add: input of shape [2] was disposed at the end of its using block');
    explicit.dispose();
    expect(() => explicit.toArray()).toThrow('was disposed by dispose()');
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

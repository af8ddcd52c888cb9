import { autograd, isGradEnabled, ones, type Tensor, tensor, zeros } from 'flambeau';
import { describe, expect, test } from 'vitest';

type Context<S extends object = object> = autograd.FunctionContext<S>;

const leaf = (values: number | number[]): Tensor => tensor(values, { requiresGrad: true });

class Square extends autograd.Function {
  static forward(ctx: Context, x: Tensor): Tensor {
    ctx.saveForBackward(x);
    return x.mul(x);
  }
  static backward(ctx: Context, g: Tensor): Tensor {
    return g.mul(ctx.savedTensors[0]!).mul(2);
  }
}

class Scale extends autograd.Function {
  static forward(ctx: Context<{ factor: number }>, x: Tensor, factor: number): Tensor {
    ctx.factor = factor;
    return x.mul(factor);
  }
  static backward(ctx: Context<{ factor: number }>, g: Tensor): (Tensor | null)[] {
    return [g.mul(ctx.factor), null];
  }
}

describe('Function', () => {
  test('forward and backward, any number of times differentiable', () => {
    const x = tensor([0.5, 3], { dtype: 'float64', requiresGrad: true });
    expect(`${Square.apply(x).gradFn}`).toBe('<SquareBackward>');
    expect(autograd.gradcheck((x) => Square.apply(x), x)).toBe(true);
    expect(autograd.gradgradcheck((x) => Square.apply(x), x)).toBe(true);
    expect(autograd.gradcheck((x) => Scale.apply(x, 3), x)).toBe(true);
  });

  test('nothing is recorded in forward, and without a tracked input not at all', () => {
    class Mode extends autograd.Function {
      static forward(_ctx: Context, x: Tensor): Tensor {
        expect(isGradEnabled()).toBe(false);
        return x.mul(2);
      }
      static backward = (_ctx: Context, g: Tensor): Tensor => g;
    }
    expect(Mode.apply(ones([1])).requiresGrad).toBe(false);
    expect(Mode.apply(leaf([1])).requiresGrad).toBe(true);
  });

  test('setupContext splits forward', () => {
    class Cube extends autograd.Function {
      static forward(x: Tensor, k: number): Tensor {
        return x.mul(x).mul(x).mul(k);
      }
      static setupContext(ctx: Context<{ k: number }>, [x, k]: readonly [Tensor, number], _output: Tensor): void {
        ctx.saveForBackward(x);
        ctx.k = k;
      }
      static backward(ctx: Context<{ k: number }>, g: Tensor): (Tensor | null)[] {
        const x = ctx.savedTensors[0]!;
        return [
          g
            .mul(x)
            .mul(x)
            .mul(3 * ctx.k),
          null,
        ];
      }
    }
    const x = tensor([0.5, 2], { dtype: 'float64', requiresGrad: true });
    expect(autograd.gradgradcheck((x) => Cube.apply(x, 2), x)).toBe(true);
  });

  test('needsInputGrad', () => {
    let needs: readonly boolean[] = [];
    class Add extends autograd.Function {
      static forward(_ctx: Context, a: Tensor, b: Tensor, c: number): Tensor {
        return a.add(b).add(c);
      }
      static backward(ctx: Context, g: Tensor): (Tensor | null)[] {
        needs = ctx.needsInputGrad;
        return [g, null, null];
      }
    }
    Add.apply(leaf([1]), ones([1]), 3).backward();
    expect(needs).toEqual([true, false, false]);
  });

  test('gradients of unused outputs are zeros, or null when asked for', () => {
    const seen: unknown[] = [];
    class Two extends autograd.Function {
      static forward(ctx: Context, x: Tensor, materialize: boolean): [Tensor, Tensor] {
        ctx.setMaterializeGrads(materialize);
        return [x.mul(2), x.mul(3)];
      }
      static backward(_ctx: Context, a: Tensor, b: Tensor | null): (Tensor | null)[] {
        seen.push(b === null ? null : b.toArray());
        return [a.mul(2), null];
      }
    }
    Two.apply(leaf([1, 2]), true)[0]
      .sum()
      .backward();
    Two.apply(leaf([1, 2]), false)[0]
      .sum()
      .backward();
    expect(seen).toEqual([[0, 0], null]);
  });

  test('markNonDifferentiable', () => {
    class Split extends autograd.Function {
      static forward(ctx: Context, x: Tensor): [Tensor, Tensor] {
        const sign = x.sign();
        ctx.markNonDifferentiable(sign);
        return [x.abs(), sign];
      }
      static backward = (_ctx: Context, g: Tensor, _unused: Tensor): Tensor => g;
    }
    const [a, b] = Split.apply(leaf([1, -2]));
    expect([a.requiresGrad, b.requiresGrad]).toEqual([true, false]);
  });

  test('markDirty', () => {
    class Double extends autograd.Function {
      static forward(ctx: Context, x: Tensor): Tensor {
        ctx.markDirty(x);
        return x.mul_(2);
      }
      static backward = (_ctx: Context, g: Tensor): Tensor => g.mul(2);
    }
    const x = leaf([1, 2]);
    const y = x.mul(3);
    expect(Double.apply(y)).toBe(y);
    const b = x.mul(1);
    Double.apply(b.narrow(0, 0, 1));
    y.add(b).sum().backward();
    expect(x.grad!.toArray()).toEqual([8, 7]);
    expect(() => Double.apply(leaf([1]))).toThrow(
      'a leaf Variable that requires grad has been used in an in-place operation.',
    );
    class Lost extends autograd.Function {
      static forward(ctx: Context, x: Tensor): Tensor {
        ctx.markDirty(x);
        return x.mul_(2).add(1);
      }
    }
    expect(() => Lost.apply(x.mul(1))).toThrow(
      'Some elements marked as dirty during the forward method were not returned as output.',
    );
  });

  test('an input returned as it is becomes another tensor, not to be changed in place', () => {
    class Same extends autograd.Function {
      static forward = (_ctx: Context, x: Tensor): Tensor => x;
      static backward = (_ctx: Context, g: Tensor): Tensor => g.mul(7);
    }
    const x = leaf([1, 2]);
    const y = Same.apply(x);
    expect([y === x, `${y.gradFn}`]).toEqual([false, '<SameBackward>']);
    y.sum().backward();
    expect(x.grad!.toArray()).toEqual([7, 7]);
    expect(() => y.mul_(2)).toThrow(
      'Output 0 of Same is a view and is being modified inplace. This view was created inside a custom Function (or because an input was ' +
        'returned as-is) and the autograd logic to handle view+inplace would override the custom backward associated with the custom ' +
        'Function, leading to incorrect gradients. This behavior is forbidden. You can fix this by cloning the output of the custom Function.',
    );
  });

  test('saved tensors are checked, and freed', () => {
    const x = leaf([1, 2]);
    const y = x.mul(1);
    const z = Square.apply(y);
    y.add_(1);
    expect(() => z.sum().backward()).toThrow('modified by an inplace operation');
    const w = Square.apply(x).sum();
    w.backward();
    expect(() => w.backward()).toThrow('Trying to backward through the graph a second time');
  });

  test('a gradient that broadcasts is summed, one of another type is cast', () => {
    class Wide extends autograd.Function {
      static forward = (_ctx: Context, x: Tensor): Tensor => x.mul(1);
      static backward = (_ctx: Context, _g: Tensor): Tensor => ones([3, 2], { dtype: 'float64' });
    }
    const x = leaf([1, 2]);
    Wide.apply(x).sum().backward();
    expect([x.grad!.toArray(), x.grad!.dtype]).toEqual([[3, 3], 'float32']);
  });

  const bad = (backward: (ctx: Context, g: Tensor) => unknown, name: string): (() => void) => {
    const Bad = class extends autograd.Function {
      static forward = (_ctx: Context, x: Tensor, _y: Tensor): Tensor => x.mul(1);
      static backward = backward;
    };
    Object.defineProperty(Bad, 'name', { value: name });
    return () =>
      Bad.apply(leaf([1, 2]), leaf([1, 2]))
        .sum()
        .backward();
  };
  test.each<[string, () => void, string]>([
    [
      'too few gradients',
      bad((_ctx, g) => g, 'Two'),
      'function TwoBackward returned an incorrect number of gradients (expected 2, got 1)',
    ],
    ['too many gradients', bad((_ctx, g) => [g, g, g], 'Two'), '(expected 2, got 3)'],
    [
      'a gradient of another shape',
      bad(() => [ones([3]), null], 'Bad'),
      'Function BadBackward returned an invalid gradient at index 0 - got [3] but expected shape compatible with [2]',
    ],
    ['no tensor', bad(() => [3, null], 'Bad'), 'expected Tensor or null, got 3'],
  ])('%s: error', (_name, run, message) => {
    expect(run).toThrow(message);
  });

  test('extra trailing nulls are fine', () => {
    expect(bad((_ctx, g) => [g, null, null, null], 'Two')).not.toThrow();
  });

  test('missing halves', () => {
    class Half extends autograd.Function {
      static forward = (_ctx: Context, x: Tensor): Tensor => x.mul(2);
    }
    expect(() => Half.apply(leaf([1])).backward()).toThrow('You must implement a static backward');
    class None extends autograd.Function {}
    expect(() => (None as unknown as typeof Half).apply(zeros([1]))).toThrow('You must implement the forward function');
    class Wrong extends autograd.Function {
      static forward(ctx: Context, x: Tensor): Tensor {
        ctx.saveForBackward(3 as unknown as Tensor);
        return x;
      }
    }
    expect(() => Wrong.apply(leaf([1]))).toThrow('saveForBackward: can only save Tensors, but argument 0 is 3');
  });
});

test('onceDifferentiable: the first derivative is right, the second an error', () => {
  class Once extends autograd.Function {
    static forward(ctx: Context, x: Tensor): Tensor {
      ctx.saveForBackward(x);
      return x.mul(x);
    }
    static backward = autograd.onceDifferentiable((ctx: Context, g: Tensor) => {
      expect(isGradEnabled()).toBe(false);
      return g.mul(ctx.savedTensors[0]!).mul(2);
    });
  }
  const x = leaf(3);
  const run = (): Tensor => Once.apply(x.mul(x));
  expect(autograd.grad(run(), x)[0]!.item()).toBe(108);
  const [first] = autograd.grad(run(), x, { createGraph: true });
  expect(() => autograd.grad(first!, x)).toThrow(
    'trying to differentiate twice a function that was marked with onceDifferentiable',
  );
  const [again] = autograd.grad(run(), x, { createGraph: true });
  expect(() => again!.backward()).toThrow('onceDifferentiable');
});

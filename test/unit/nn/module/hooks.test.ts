import { FlambeauError, nn, noGrad, ones, randn, type Tensor, tensor } from 'flambeau';
import { describe, expect, it } from 'vitest';

describe('forward hooks', () => {
  it('run in order of registration, prepended ones first', () => {
    const m = new nn.ReLU();
    const fired: number[] = [];
    const add = (i: number, prepend = false): void => void m.registerForwardHook(() => void fired.push(i), { prepend });
    add(0);
    add(1, true);
    add(2);
    add(3);
    add(4, true);
    m(ones([1]));
    expect(fired).toEqual([4, 1, 0, 2, 3]);
    const pre: number[] = [];
    for (const [i, prepend] of [
      [0, false],
      [1, true],
      [2, false],
      [3, false],
      [4, true],
    ] as const) {
      m.registerForwardPreHook(() => void pre.push(i), { prepend });
    }
    m(ones([1]));
    expect(pre).toEqual([4, 1, 0, 2, 3]);
  });

  it('a pre-hook replaces the inputs; what is no array is wrapped', () => {
    const m = new nn.ReLU();
    const handle = m.registerForwardPreHook((_m, [x]) => x.mul(2));
    expect(m(ones([1])).toArray()).toEqual([2]);
    handle.remove();
    m.registerForwardPreHook((_m, [x]) => [x.mul(3)]);
    expect(m(ones([1])).toArray()).toEqual([3]);
  });

  it('a forward hook sees module, inputs and output, and replaces the output', () => {
    const m = new nn.ReLU();
    const x = ones([1]);
    m.registerForwardHook((module, inputs, output) => {
      expect(module).toBe(m);
      expect(inputs).toHaveLength(1);
      expect(inputs[0]).toBe(x);
      return output.add(1);
    });
    m.registerForwardHook((_m, _x, output) => {
      expect(output.toArray()).toEqual([2]);
      return null;
    });
    expect(m(x).toArray()).toEqual([2]);
    expect(m.forward(x).toArray()).toEqual([1]);
  });

  it('removing twice is fine; one removed during a call still runs in that call', () => {
    const m = new nn.ReLU();
    const fired: string[] = [];
    const hook = (): void => void fired.push('b');
    m.registerForwardHook(() => {
      fired.push('a');
      second.remove();
    });
    const second = m.registerForwardHook(hook);
    m(ones([1]));
    m(ones([1]));
    expect(fired).toEqual(['a', 'b', 'a']);
    second.remove();
    second.remove();
    const again = [m.registerForwardHook(hook), m.registerForwardHook(hook)];
    again[0]!.remove();
    m(ones([1]));
    expect(fired).toEqual(['a', 'b', 'a', 'a', 'b']);
  });

  it('one that removes itself keeps what it saw, where a chain without a graph frees the rest', () => {
    const chain = new nn.Sequential(new nn.Linear(3, 4), new nn.ReLU(), new nn.Linear(4, 2), new nn.ReLU());
    for (const child of chain) {
      let seen: readonly Tensor[] = [];
      const handle = child.registerForwardHook((_m, inputs, y) => {
        seen = [...(inputs as readonly Tensor[]), y];
        handle.remove();
      });
      noGrad(() => chain(ones([2, 3])));
      expect(seen.map((x) => x.isDisposed)).toEqual([false, false]);
    }
  });

  it('alwaysCall runs when forward throws, once', () => {
    class Fails extends nn.Module {
      override forward(_x: Tensor): Tensor {
        throw new Error('boom');
      }
    }
    const m = new Fails();
    const fired: string[] = [];
    m.registerForwardHook(() => void fired.push('plain'));
    m.registerForwardHook(() => void fired.push('always'), { alwaysCall: true });
    expect(() => m(ones([1]))).toThrow('boom');
    expect(fired).toEqual(['always']);
    const ok = new nn.ReLU();
    ok.registerForwardHook(() => void fired.push('always2'), { alwaysCall: true });
    ok.registerForwardHook(() => {
      throw new Error('hook');
    });
    expect(() => ok(ones([1]))).toThrow('hook');
    expect(fired).toEqual(['always', 'always2']);
  });

  it('must be functions, with known options', () => {
    const m = new nn.ReLU();
    expect(() => m.registerForwardHook(3 as never)).toThrow('a hook must be a function, got 3');
    expect(() => m.registerForwardHook(() => {}, { always_call: true } as never)).toThrow('did you mean alwaysCall?');
  });
});

describe('full backward hooks', () => {
  it('see and replace gradients of inputs and outputs', () => {
    const m = new nn.Linear(2, 1, { bias: false });
    m.loadStateDict({ weight: tensor([[3, 4]]) });
    const x = ones([1, 2], { requiresGrad: true });
    const seen: unknown[] = [];
    m.registerFullBackwardPreHook((_m, [g]) => [g!.mul(2)]);
    m.registerFullBackwardHook((module, gradInput, gradOutput) => {
      seen.push(
        module === m,
        gradInput.map((g) => g?.toArray()),
        gradOutput.map((g) => g?.toArray()),
      );
      return [gradInput[0]!.mul(10)];
    });
    m(x).sum().backward();
    expect(seen).toEqual([true, [[[6, 8]]], [[[2]]]]);
    expect(x.grad!.toArray()).toEqual([[60, 80]]);
    expect(m.weight.grad!.toArray()).toEqual([[2, 2]]);
  });

  it('get null for inputs that need no gradient', () => {
    const m = new nn.Linear(2, 1);
    const seen: unknown[] = [];
    m.registerFullBackwardHook((_m, gradInput, gradOutput) => void seen.push(gradInput, gradOutput.length));
    m(ones([1, 2]))
      .sum()
      .backward();
    expect(seen).toEqual([[null], 1]);
    const strict = new nn.Linear(2, 1);
    strict.registerFullBackwardHook(() => [ones([1, 2])]);
    expect(() =>
      strict(ones([1, 2]))
        .sum()
        .backward(),
    ).toThrow('where no input requires gradient should always return null');
  });

  it('check the number of gradients', () => {
    const m = new nn.ReLU();
    m.registerFullBackwardHook((_m, [g]) => [g!, g!]);
    expect(() =>
      m(ones([1], { requiresGrad: true }))
        .sum()
        .backward(),
    ).toThrow('invalid number of grad_input, got 2, but expected 1');
  });

  it('refuse an in-place module', () => {
    const m = new nn.ReLU({ inplace: true });
    m.registerFullBackwardHook(() => {});
    expect(() => m(ones([1], { requiresGrad: true }).mul(2))).toThrow(/is a view and is being modified inplace/);
    const after = new nn.Linear(1, 1);
    after.registerFullBackwardHook(() => {});
    expect(() => after(ones([1, 1])).mul_(2)).toThrow(/is a view and is being modified inplace/);
  });

  it('leave gradients as they are, also twice and through several inputs and outputs', () => {
    class Pair extends nn.Module {
      override forward(a: Tensor, b: Tensor): Tensor[] {
        return [a.mul(b), a.add(b)];
      }
    }
    const m = new Pair();
    const shapes: unknown[] = [];
    m.registerFullBackwardHook((_m, gradInput, gradOutput) => void shapes.push(gradInput.length, gradOutput.length));
    const [a, b] = [tensor([2], { requiresGrad: true }), tensor([5])];
    const [product, sum] = m(a, b);
    product!.add(sum!).sum().backward();
    expect(shapes).toEqual([2, 2]);
    expect(a.grad!.toArray()).toEqual([6]);
  });

  it('do nothing without a graph', () => {
    const m = new nn.Linear(2, 2);
    m.requiresGrad_(false);
    m.registerFullBackwardHook(() => {
      throw new Error('not expected');
    });
    expect(m(randn([1, 2])).requiresGrad).toBe(false);
  });
});

it('an error of a hook is an error of the call', () => {
  const m = new nn.Sequential(new nn.ReLU());
  m[0].registerForwardPreHook(() => {
    throw new Error('refused');
  });
  expect(() => m(ones([1]))).toThrow(/^Sequential\.0: refused/);
  expect(() => m(ones([1]))).toThrow(FlambeauError);
});

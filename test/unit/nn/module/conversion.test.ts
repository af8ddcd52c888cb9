import { memory, nn, noGrad, ones, optim, randn, type Tensor, tensor, tidy, zeros } from 'flambeau';
import { describe, expect, it } from 'vitest';

describe('to', () => {
  it('keeps the parameters’ identity, converts gradients, skips integer buffers', () => {
    const m = new nn.Linear(2, 2);
    m.registerBuffer('count', zeros([1], { dtype: 'int64' }));
    m.registerBuffer('mean', zeros([1]));
    const { weight } = m;
    const values = weight.toArray();
    m(ones([1, 2]))
      .sum()
      .backward();
    const { grad } = weight;
    expect(m.to('float64')).toBe(m);
    expect(m.weight).toBe(weight);
    expect(weight.dtype).toBe('float64');
    expect(weight.toArray()).toEqual(values);
    expect(weight.grad).toBe(grad);
    expect(grad!.dtype).toBe('float64');
    expect(grad!.toArray()).toEqual([
      [1, 1],
      [1, 1],
    ]);
    expect([m.getBuffer('count').dtype, m.getBuffer('mean').dtype]).toEqual(['int64', 'float64']);
    m(ones([1, 2], { dtype: 'float64' }))
      .sum()
      .backward();
    expect(weight.grad!.toArray()).toEqual([
      [2, 2],
      [2, 2],
    ]);
    expect(m.float().weight.dtype).toBe('float32');
    expect(m.double().weight.dtype).toBe('float64');
    expect(m.type('float32').getBuffer('count').dtype).toBe('float32');
  });

  it('refuses integers', () => {
    expect(() => new nn.Linear(1, 1).to('int32')).toThrow(
      'nn.Module.to only accepts floating point dtypes, but got desired dtype=int32',
    );
    expect(() => new nn.Linear(1, 1).to('half' as never)).toThrow('dtype must be one of');
  });

  it('converts tied parameters once, and an optimizer goes on', () => {
    const shared = new nn.Linear(2, 2);
    const m = new nn.Sequential(shared, shared);
    const optimizer = new optim.SGD(m.parameters(), { lr: 1 });
    m.to('float64');
    m(ones([1, 2], { dtype: 'float64' }))
      .sum()
      .backward();
    const before = shared.weight.toArray();
    optimizer.step();
    expect(shared.weight.toArray()).not.toEqual(before);
  });

  it('frees the old memory', () => {
    const m = new nn.Linear(100, 100, { bias: false });
    const before = memory().bytes;
    m.to('float64');
    m.to('float32');
    expect(memory().bytes).toBe(before);
  });
});

describe('zeroGrad and requiresGrad_', () => {
  it('forget, or zero in place, those of frozen parameters too', () => {
    const m = new nn.Linear(2, 1);
    m(ones([1, 2]))
      .sum()
      .backward();
    m.weight.requiresGrad_(false);
    const { grad } = m.weight;
    m.zeroGrad({ setToNone: false });
    expect(m.weight.grad).toBe(grad);
    expect(grad!.toArray()).toEqual([[0, 0]]);
    m.zeroGrad();
    expect([m.weight.grad, m.bias!.grad]).toEqual([null, null]);
  });

  it('freeze and thaw', () => {
    const m = new nn.Sequential(new nn.Linear(2, 2), new nn.Linear(2, 1));
    expect(m.requiresGrad_(false)).toBe(m);
    expect(m(ones([1, 2])).requiresGrad).toBe(false);
    m[1].requiresGrad_();
    m(ones([1, 2]))
      .sum()
      .backward();
    expect(m[0].weight.grad).toBeNull();
    expect(m[1].weight.grad!.shape).toEqual([1, 2]);
  });
});

describe('the intermediates of a Sequential', () => {
  /** How many tensors a call leaves beside its result. */
  function leftOver(model: nn.Layer, x: Tensor): number {
    const before = memory().tensors;
    const y = noGrad(() => model(x));
    expect(y.isDisposed || x.isDisposed).toBe(false);
    y.toArray();
    return memory().tensors - before - (y === x ? 0 : 1);
  }

  it('are freed at once without a graph', () => {
    const x = randn([3, 4]);
    const mlp = new nn.Sequential(
      new nn.Linear(4, 8),
      new nn.ReLU(),
      new nn.Dropout().eval(),
      new nn.Linear(8, 2),
      new nn.Sigmoid(),
    );
    expect(leftOver(mlp, x)).toBe(0);
    expect(x.toArray()).toHaveLength(3);
  });

  it('stay when they are the input, the output, a view’s memory, or somebody else’s', () => {
    const x = randn([3, 4]);
    expect(leftOver(new nn.Sequential(new nn.Identity(), new nn.ReLU()), x)).toBe(0);
    expect(leftOver(new nn.Sequential(new nn.Identity()), x)).toBe(0);
    const flat = new nn.Sequential(new nn.ReLU(), new nn.Flatten());
    expect(noGrad(() => flat(x)).toArray()).toEqual(noGrad(() => flat[0](x)).toArray());
    class Keeps extends nn.Module {
      kept: Tensor | null = null;
      override forward(input: Tensor): Tensor {
        this.kept = input;
        return input;
      }
    }
    const keeps = new Keeps();
    const s = new nn.Sequential(new nn.ReLU(), keeps, new nn.Identity(), new nn.Tanh());
    noGrad(() => s(x));
    expect(keeps.kept!.isDisposed).toBe(false);
    const hooked = new nn.Sequential(new nn.ReLU(), new nn.Tanh());
    let seen: Tensor | null = null;
    hooked[0].registerForwardHook((_m, _x, output) => {
      seen = output;
    });
    noGrad(() => hooked(x));
    expect(seen!.isDisposed).toBe(false);
  });

  it('stay for a backward', () => {
    const s = new nn.Sequential(new nn.Linear(4, 4), new nn.Sigmoid(), new nn.Linear(4, 1));
    s(ones([1, 4]))
      .sum()
      .backward();
    expect(s[0].weight.grad!.shape).toEqual([4, 4]);
  });
});

it('parameters, buffers and gradients outlive the tidy that made them', () => {
  const m = tidy(() => {
    const made = new nn.Linear(2, 1);
    made.registerBuffer('stat', ones([1]));
    made(ones([1, 2]))
      .sum()
      .backward();
    return made;
  });
  expect(m.weight.grad!.toArray()).toEqual([[1, 1]]);
  expect(m.getBuffer('stat').toArray()).toEqual([1]);
  expect(m(tensor([[1, 1]])).shape).toEqual([1, 1]);
});

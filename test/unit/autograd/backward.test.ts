import { autograd, functional as F, noGrad, ones, type Tensor, tensor, zeros } from 'flambeau';
import { describe, expect, test } from 'vitest';

const leaf = (values: number | number[] | number[][]): Tensor => tensor(values, { requiresGrad: true });

describe('backward', () => {
  test('accumulates into the same grad object', () => {
    const x = leaf([1, 2]);
    x.mul(x).sum().backward();
    const first = x.grad!;
    expect(first.toArray()).toEqual([2, 4]);
    x.mul(3).sum().backward();
    expect(x.grad).toBe(first);
    expect(first.toArray()).toEqual([5, 7]);
  });

  test('accumulates out of place under createGraph', () => {
    const x = leaf([1, 2]);
    x.mul(x).sum().backward(null, { createGraph: true });
    const first = x.grad!;
    x.mul(x).sum().backward(null, { createGraph: true });
    expect(x.grad).not.toBe(first);
    expect(first.toArray()).toEqual([2, 4]);
    expect(x.grad!.toArray()).toEqual([4, 8]);
    expect(x.grad!.requiresGrad).toBe(true);
  });

  test('a second time is an error where something was saved', () => {
    const x = leaf([1, 2]);
    const y = x.mul(x).sum();
    y.backward();
    expect(() => y.backward()).toThrow(
      'Trying to backward through the graph a second time (or directly access saved tensors after they have already been freed). ' +
        'Saved intermediate values of the graph are freed when you call .backward() or autograd.grad(). Specify retainGraph: true if ' +
        'you need to backward through the graph a second time or if you need to access saved tensors after calling backward.',
    );
    const z = x.add(1);
    x.grad = null;
    z.backward(ones([2]));
    z.backward(ones([2]));
    expect(x.grad!.toArray()).toEqual([2, 2]);
  });

  test('retainGraph keeps what was saved', () => {
    const x = leaf([1, 2]);
    const y = x.mul(x).sum();
    y.backward(null, { retainGraph: true });
    y.backward();
    expect(x.grad!.toArray()).toEqual([4, 8]);
  });

  test.each<[string, () => void, string]>([
    ['vector', () => leaf([1, 2]).mul(2).backward(), 'grad can be implicitly created only for scalar outputs'],
    ['empty', () => leaf([]).mul(2).backward(), 'grad can be implicitly created only for scalar outputs'],
    [
      'constant',
      () => ones([2]).sum().backward(),
      'element 0 of tensors does not require grad and does not have a gradFn',
    ],
    [
      'shape of the gradient',
      () =>
        leaf([1, 2])
          .mul(2)
          .backward(ones([3])),
      'Mismatch in shape: grad_output[0] has a shape of [3] and output[0] has a shape of [2].',
    ],
    [
      'number as gradient',
      () =>
        leaf([1])
          .mul(2)
          .backward(3 as unknown as Tensor),
      'gradient must be a Tensor, got 3',
    ],
    [
      'no inputs',
      () => leaf(1).mul(2).backward(null, { inputs: [] }),
      '`inputs` argument to `backward()` cannot be empty.',
    ],
    [
      'unknown option',
      () =>
        leaf(1)
          .mul(2)
          .backward(null, { retain: true } as object),
      'unknown option retain',
    ],
  ])('%s: error', (_name, run, message) => {
    expect(run).toThrow(message);
  });

  test('one element is a scalar', () => {
    const x = leaf([[2]]);
    x.mul(x).backward();
    expect(x.grad!.toArray()).toEqual([[4]]);
  });

  test('inputs restrict what accumulates, also to a non-leaf', () => {
    const x = leaf([1, 2]);
    const w = leaf([3, 4]);
    const y = x.mul(w);
    y.mul(y)
      .sum()
      .backward(null, { inputs: [x, y] });
    expect(x.grad!.toArray()).toEqual([18, 64]);
    expect(w.grad).toBeNull();
    expect(y.grad!.toArray()).toEqual([6, 16]);
  });

  test('diamonds are linear in time', () => {
    const x = leaf([1]);
    let y = x.mul(1);
    for (let i = 0; i < 60; i++) y = y.add(y).mul(0.5);
    y.backward();
    expect(x.grad!.toArray()).toEqual([1]);
  });

  test('a graph 150,000 deep neither overflows the stack nor leaks', () => {
    const x = leaf([1]);
    for (let round = 0; round < 2; round++) {
      let y = x.mul(1);
      for (let i = 0; i < 150_000; i++) y = y.add(0);
      y.backward();
    }
    expect(x.grad!.toArray()).toEqual([2]);
  });

  test('broadcasting sums; mixed types each get their own', () => {
    const a = tensor([[1], [2], [3]], { requiresGrad: true });
    const b = tensor([1, 2], { dtype: 'float64', requiresGrad: true });
    a.add(b).sum().backward();
    expect(a.grad!.toArray()).toEqual([[2], [2], [2]]);
    expect(b.grad!.toArray()).toEqual([3, 3]);
    expect([a.grad!.dtype, b.grad!.dtype]).toEqual(['float32', 'float64']);
  });

  test('a gradient given by the user is not aliased', () => {
    const x = leaf([1, 2]);
    const g = tensor([5, 6]);
    x.add(0).backward(g);
    x.grad!.zero_();
    expect(g.toArray()).toEqual([5, 6]);
  });

  test('a tensor that was disposed is still there for backward', () => {
    const x = leaf([1, 2]);
    const y = x.mul(3);
    const z = y.mul(y).sum();
    y.dispose();
    z.backward();
    expect(x.grad!.toArray()).toEqual([18, 36]);
  });
});

test('a leaf that was frozen after the forward gets no gradient', () => {
  const w = leaf([1, 2]);
  const free = leaf([1, 2]);
  const fired: string[] = [];
  w.registerPostAccumulateGradHook(() => fired.push('w'));
  const y = w.mul(w).mul(free).sum();
  w.requiresGrad_(false);
  y.backward();
  expect([w.grad, free.grad!.toArray(), fired]).toEqual([null, [1, 4], []]);
});

describe('autograd.grad', () => {
  test('third derivative of x³', () => {
    const x = leaf(3);
    const y = x.mul(x).mul(x);
    const [first] = autograd.grad(y, x, { createGraph: true });
    const [second] = autograd.grad(first!, x, { createGraph: true });
    const [third] = autograd.grad(second!, x);
    expect([first!.item(), second!.item(), third!.item()]).toEqual([27, 18, 6]);
    expect(x.grad).toBeNull();
  });

  test('unused inputs', () => {
    const x = leaf([1, 2]);
    const other = leaf([1, 2]);
    const run = (options?: object): unknown[] => autograd.grad(x.mul(2).sum(), [x, other], options);
    expect(() => run()).toThrow(
      'The differentiated Tensor at index 1 appears to not have been used in the graph. Set allowUnused: true if this is the desired behavior.',
    );
    expect(run({ allowUnused: true })[1]).toBeNull();
    expect((run({ materializeGrads: true })[1] as Tensor).toArray()).toEqual([0, 0]);
    // Zeros that stand for a derivative can be differentiated again when a derivative could.
    expect((run({ materializeGrads: true })[1] as Tensor).requiresGrad).toBe(false);
    expect((run({ materializeGrads: true, createGraph: true })[1] as Tensor).requiresGrad).toBe(true);
    expect(() => run({ allowUnused: false, materializeGrads: true })).toThrow(
      'Expected allowUnused to be true or not passed',
    );
  });

  test('errors', () => {
    const x = leaf([1, 2]);
    expect(() => autograd.grad(x.sum(), [])).toThrow('`inputs` argument to `grad()` cannot be empty.');
    expect(() => autograd.grad(x.sum(), ones([2]))).toThrow('One of the differentiated Tensors does not require grad');
    expect(() => autograd.grad(x.sum(), 3 as unknown as Tensor)).toThrow(
      'inputs must be a Tensor or an array of Tensors, got 3',
    );
  });

  test('an output may be its own input', () => {
    const x = leaf([1, 2]);
    const y = x.mul(2);
    const [dy, dx] = autograd.grad(y.sum(), [y, x]);
    expect(dy!.toArray()).toEqual([1, 1]);
    expect(dx!.toArray()).toEqual([2, 2]);
    expect(autograd.grad(x, x, { gradOutputs: ones([2]) })[0]!.toArray()).toEqual([1, 1]);
  });

  test('several outputs sum', () => {
    const x = leaf([1, 2]);
    const [dx] = autograd.grad([x.mul(2), x.mul(x)], x, { gradOutputs: [ones([2]), tensor([1, 10])] });
    expect(dx!.toArray()).toEqual([4, 42]);
  });
});

describe('leaves', () => {
  test('operations on constants give leaves', () => {
    const y = ones([2]).mul(2);
    expect([y.isLeaf, y.requiresGrad, y.gradFn]).toEqual([true, false, null]);
  });

  // As PyTorch 2.13 prints them.
  test.each<[name: string, (x: Tensor) => Tensor]>([
    ['MulBackward0', (x) => x.mul(2)],
    ['RsubBackward1', (x) => x.rsub(1)],
    ['DivBackward0', (x) => x.div(2)],
    ['DivBackward2', (x) => x.div(2, { roundingMode: 'trunc' })],
    ['DivBackward2', (x) => x.div(x, { roundingMode: 'floor' })],
    ['DivBackward2', (x) => x.clone().div_(2, { roundingMode: 'trunc' })],
    ['RemainderBackward0', (x) => x.remainder(2)],
    ['RemainderBackward1', (x) => x.remainder(x)],
    ['FmodBackward0', (x) => x.fmod(2)],
    ['FmodBackward1', (x) => x.fmod(ones([]))],
    ['PowBackward0', (x) => x.square()],
    ['PowBackward0', (x) => x.pow(3)],
    ['PowBackward1', (x) => x.pow(x)],
    ['Log1PBackward0', (x) => x.log1p()],
    ['ClampBackward1', (x) => x.clamp(0, 1)],
    ['GeluBackward0', (x) => F.gelu(x, { approximate: 'tanh' })],
    ['SumBackward0', (x) => x.sum()],
    ['SumBackward1', (x) => x.sum(1)],
    ['MeanBackward1', (x) => x.mean([0, 1], { keepdim: true })],
    ['ProdBackward1', (x) => x.prod(0)],
    ['MaxBackward1', (x) => x.max()],
    ['MaxBackward0', (x) => x.max(1)[0]],
    ['AmaxBackward0', (x) => x.amax()],
    ['LinalgVectorNormBackward0', (x) => x.norm()],
    ['MmBackward0', (x) => x.matmul(x)],
    ['BmmBackward0', (x) => x.unsqueeze(0).bmm(x.unsqueeze(0))],
    ['AddmmBackward0', (x) => F.linear(x, x, x.detach().select(0, 0))],
    ['MmBackward0', (x) => F.linear(x, x)],
    ['MseLossBackward0', (x) => F.mseLoss(x, ones([2, 2]))],
    ['ViewBackward0', (x) => x.reshape(4)],
    ['SqueezeBackward0', (x) => x.squeeze()],
    ['UnsqueezeBackward0', (x) => x.unsqueeze(0)],
    ['TBackward0', (x) => x.t()],
    ['TransposeBackward0', (x) => x.mT],
    ['PermuteBackward0', (x) => x.T],
    ['ToCopyBackward0', (x) => x.to('float64')],
    ['CopyBackwards', (x) => zeros([2, 2]).copy_(x)],
  ])('%s', (name, run) => {
    const x = ones([2, 2], { requiresGrad: true });
    expect(`${run(x).gradFn}`).toBe(`<${name}>`);
    expect(x.sum().gradFn!.nextFunctions[0]![0]!.name).toBe('AccumulateGrad');
  });

  test('requiresGrad', () => {
    const x = ones([2]);
    expect(x.requiresGrad_()).toBe(x);
    expect(x.requiresGrad).toBe(true);
    x.requiresGrad = false;
    expect(x.mul(2).requiresGrad).toBe(false);
    expect(() => leaf([1]).mul(2).requiresGrad_(false)).toThrow(
      'you can only change requiresGrad flags of leaf variables',
    );
    expect(() => tensor([1], { dtype: 'int32' }).requiresGrad_()).toThrow(
      'only Tensors of floating point dtype can require gradients',
    );
    expect(() => x.requiresGrad_(1 as unknown as boolean)).toThrow('expected a boolean, got 1');
  });

  test('grad can be assigned, if it fits', () => {
    const x = leaf([1, 2]);
    const g = ones([2]);
    x.grad = g;
    expect(x.grad).toBe(g);
    x.grad = null;
    expect(x.grad).toBeNull();
    const assign = (value: unknown) => () => {
      x.grad = value as Tensor;
    };
    expect(assign(ones([3]))).toThrow("attempting to assign a gradient of size '[3]' to a tensor of size '[2]'");
    expect(assign(ones([2], { dtype: 'float64' }))).toThrow('attempting to assign a gradient of dtype float64');
    expect(assign(3)).toThrow('assigned grad expected to be a Tensor or null but got 3');
    expect(assign(x)).toThrow("can't assign a tensor as its own grad");
  });

  test('detach shares memory and version, data shares memory alone', () => {
    const x = leaf([1, 2]);
    const y = x.mul(1);
    const version = y._version;
    y.detach().add_(1);
    expect(y._version).toBe(version + 1);
    y.data.add_(1);
    expect(y._version).toBe(version + 1);
    expect(y.toArray()).toEqual([3, 4]);
    expect(y.detach().requiresGrad).toBe(false);
  });

  test('data can be assigned: other elements, shape and dtype of the same leaf', () => {
    const x = leaf([1, 2]);
    const stale = x.mul(x);
    const source = tensor([3, 4, 5], { dtype: 'float64' });
    x.data = source;
    expect([x.toArray(), x.dtype, x.requiresGrad, x.isLeaf]).toEqual([[3, 4, 5], 'float64', true, true]);
    x.mul(x).sum().backward();
    expect(x.grad!.toArray()).toEqual([6, 8, 10]);
    source.fill_(1);
    expect(x.toArray()).toEqual([1, 1, 1]);
    expect(() => stale.backward(ones([2]))).toThrow('modified by an inplace operation');
    x.data = x.data.narrow(0, 1, 2);
    expect(x.shape).toEqual([2]);
    x.data = x;
    expect(x.toArray()).toEqual([1, 1]);
    const assign = (target: Tensor, data: unknown) => () => {
      target.data = data as Tensor;
    };
    expect(assign(x, 3)).toThrow('data must be a Tensor, got 3');
    expect(assign(x, tensor([1], { dtype: 'int32' }))).toThrow('must be of a floating dtype, got int32');
    expect(assign(ones([2]).narrow(0, 0, 1), ones([1]))).toThrow("data: a view shows its base's memory");
  });

  test('detach_', () => {
    const x = leaf([1, 2]);
    const y = x.mul(2);
    expect(y.detach_()).toBe(y);
    expect([y.isLeaf, y.requiresGrad]).toEqual([true, false]);
    expect(() => x.mul(2).select(0, 0).detach_()).toThrow("Can't detach views in-place. Use detach() instead.");
  });

  test('integers carry no gradient', () => {
    const x = leaf([1, 2]);
    expect(x.gt(1).requiresGrad).toBe(false);
  });
});

test('noGrad results take no part', () => {
  const x = leaf([1, 2]);
  const y = noGrad(() => x.mul(2));
  x.mul(y).sum().backward();
  expect(x.grad!.toArray()).toEqual([2, 4]);
  expect(zeros([0]).requiresGrad_().sum().requiresGrad).toBe(true);
});

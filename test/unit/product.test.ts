import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { inspect } from 'node:util';
import * as flambeau from 'flambeau';
import {
  autograd,
  functional as F,
  full,
  loadSafetensors,
  manualSeed,
  memory,
  nn,
  noGrad,
  ones,
  optim,
  randint,
  randn,
  saveSafetensors,
  setNumThreads,
  type Tensor,
  tensor,
  tidy,
  zeros,
} from 'flambeau';
import { describe, expect, expectTypeOf, test } from 'vitest';

// The public names that programs rely on, with their types, as the product's description shows them.

const mlp = () => new nn.Sequential(new nn.Linear(10, 50), new nn.ReLU(), new nn.Linear(50, 2), new nn.Sigmoid());
const near = (...values: number[]): unknown[] => values.map((value) => expect.closeTo(value, 6));

class Net extends nn.Module {
  layers = new nn.ModuleList([new nn.Linear(10, 50), new nn.ReLU(), new nn.Linear(50, 2), new nn.Sigmoid()]);
  override forward(x: Tensor): Tensor {
    for (const layer of this.layers) x = layer(x);
    return x;
  }
}

test('what only the library itself calls is no function or method of it', () => {
  expect(F).not.toHaveProperty('poolSizes');
  expect(nn).not.toHaveProperty('productActivationOf');
  // A linear layer is F.linear, as in PyTorch.
  for (const name of ['linear', 'linearThen']) {
    expect(flambeau).not.toHaveProperty(name);
    expect(zeros([1])).not.toHaveProperty(name);
  }
});

describe('the program', () => {
  test('a model is called and read, with the numbers of PyTorch', () => {
    manualSeed(0);
    const model = mlp();
    const x = randn([1, 10]);
    const y = model(x);
    expectTypeOf(y).toEqualTypeOf<Tensor>();
    expectTypeOf(y.shape).toEqualTypeOf<readonly number[]>();
    expect([y.shape, y.dtype, y.toTypedArray().length]).toEqual([[1, 2], 'float32', 2]);
    expect(y.toArray()).toEqual([near(0.5137388, 0.5131092)]);
    expect(y.at(0, 1).item()).toBeCloseTo(0.5131092, 6);
    const weight: nn.Parameter = model[0].weight;
    expect([...weight.toTypedArray().slice(0, 3)]).toEqual(near(-0.0023675, 0.1696384, -0.2602697));
    const [grad] = autograd.grad(y.square().sum(), model[2].bias!);
    expect(grad!.toArray()).toEqual(near(0.2566754, 0.2563782));
    expect(noGrad(() => model(x)).requiresGrad).toBe(false);
  });

  test('a Sequential is a list of its modules', () => {
    const model = mlp();
    const [first, second, third, last] = model;
    expectTypeOf(model[0]).toEqualTypeOf<nn.Linear<10, 50>>();
    expect(model.at(-1)).toBe(last);
    expect(model.length).toBe(4);
    expect([...model.slice(1)]).toEqual([second, third, last]);
    expect([...model.append(new nn.ReLU())][0]).toBe(first);
    expect(model.length).toBe(5);
  });

  test('prints as PyTorch does', () => {
    const text =
      'Sequential(\n  (0): Linear(in_features=10, out_features=50, bias=True)\n  (1): ReLU()\n' +
      '  (2): Linear(in_features=50, out_features=2, bias=True)\n  (3): Sigmoid()\n)';
    expect(inspect(mlp())).toBe(text);
    expect(mlp().toString()).toBe(text);
  });

  test('members are iterables of [name, member]', () => {
    const model = mlp();
    expectTypeOf(model.namedParameters()).toExtend<Iterable<[string, nn.Parameter]>>();
    expectTypeOf(model.namedModules()).toExtend<Iterable<[string, nn.Module]>>();
    expectTypeOf(model.namedChildren()).toExtend<Iterable<[string, nn.Module]>>();
    expectTypeOf(model.namedBuffers()).toExtend<Iterable<[string, Tensor]>>();
    const counts = (m: nn.Module): number[] =>
      [m.parameters(), m.namedParameters(), m.modules(), m.namedModules(), m.children(), m.namedChildren()]
        .map((members): number => [...(members as Iterable<unknown>)].length)
        .concat([...m.buffers()].length, [...m.namedBuffers()].length);
    expect(counts(model)).toEqual([4, 4, 5, 5, 4, 4, 0, 0]);
    expect(counts(new Net())).toEqual([4, 4, 6, 6, 1, 1, 0, 0]);
  });

  test('a custom module learns from a Sequential’s state, in a file and out of it', () => {
    const model = mlp();
    const state = model.stateDict();
    expectTypeOf(state).toEqualTypeOf<Map<string, Tensor>>();
    expect([...state.keys()]).toEqual(['0.weight', '0.bias', '2.weight', '2.bias']);
    const net = new Net();
    const renamed = new Map([...state].map(([name, value]) => [`layers.${name}`, value]));
    expect(net.loadStateDict(renamed, { strict: true })).toEqual({ missingKeys: [], unexpectedKeys: [] });
    const x = randn([4, 10]);
    expect(net(x).toArray()).toEqual(model(x).toArray());
    const folder = mkdtempSync(path.join(tmpdir(), 'flambeau-'));
    try {
      const file = path.join(folder, 'm.safetensors');
      saveSafetensors(file, state);
      const fresh = mlp();
      fresh.loadStateDict(loadSafetensors(file));
      expect(fresh(x).toArray()).toEqual(model(x).toArray());
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('trains', () => {
    manualSeed(0);
    const model = mlp();
    const x = randn([8, 10]);
    const target = randint(0, 2, [8]);
    const optimizer = new optim.Adam(model.parameters(), { lr: 1e-2 });
    const step = (): number => {
      optimizer.zeroGrad();
      const loss = F.crossEntropy(model(x), target);
      loss.backward();
      optimizer.step();
      return loss.item();
    };
    const first = step();
    for (let i = 0; i < 50; i++) step();
    expect(step()).toBeLessThan(first * 0.9);
  });

  test('threads, memory, tidy', () => {
    setNumThreads(2);
    const before = memory().tensors;
    const total = tidy(() => ones([3]).mul(2).sum());
    expect([total.item(), memory().tensors - before]).toEqual([6, 1]);
  });
});

describe('arguments', () => {
  test('what is required is positional, the rest named', () => {
    const modules: [nn.Module, string][] = [
      [new nn.Linear(10, 50, { bias: false }), 'Linear(in_features=10, out_features=50, bias=False)'],
      [new nn.Dropout(0.1), 'Dropout(p=0.1, inplace=False)'],
      [new nn.Softmax(-1), 'Softmax(dim=-1)'],
      [new nn.CrossEntropyLoss({ labelSmoothing: 0.1 }), 'CrossEntropyLoss()'],
    ];
    for (const [module, text] of modules) expect(String(module)).toBe(text);
    expect(ones([2, 3]).sum(1, { keepdim: true }).shape).toEqual([2, 1]);
    const [values, indices] = tensor([[1, 4, 2, 3]]).topk(3, { dim: -1 });
    expect([values!.toArray(), indices!.toArray()]).toEqual([[[4, 3, 2]], [[1, 3, 2]]]);
  });

  test('shapes are rest numbers or one array', () => {
    const q = randn([2, 12]);
    expect(q.reshape(2, 3, 2, 2).permute(0, 2, 1, 3).shape).toEqual([2, 2, 3, 2]);
    expect(q.reshape([2, 3, 2, 2]).permute([0, 2, 1, 3]).shape).toEqual([2, 2, 3, 2]);
    const x = ones([1, 2]);
    for (const y of [x.expand(3, 2), x.expand([3, 2]), x.repeat(3, 1), x.repeat([3, 1])])
      expect(y.shape).toEqual([3, 2]);
    expect([q.view(4, 6).shape, q.view([4, 6]).shape]).toEqual([
      [4, 6],
      [4, 6],
    ]);
    expect([zeros([2, 3]).shape, zeros(2, 3).shape, ones(2, 3).shape, randn(2, 3).shape]).toEqual(
      new Array(4).fill([2, 3]),
    );
  });

  test('factories take a shape and options', () => {
    const x = randn([2, 3], { dtype: 'float64', requiresGrad: true });
    expect([x.shape, x.dtype, x.requiresGrad]).toEqual([[2, 3], 'float64', true]);
    expect(randint(0, 100, [6]).dtype).toBe('int64');
    expect(full([2], 7).toArray()).toEqual([7, 7]);
  });

  test('in-place forms keep the suffix; requiresGrad can be set on a leaf', () => {
    const x = ones([2]);
    expect(x.mul_(3).fill_(4).requiresGrad_()).toBe(x);
    x.requiresGrad = false;
    expect([x.toArray(), x.requiresGrad]).toEqual([[4, 4], false]);
  });
});

test('the rest of a module’s names', () => {
  const m = new nn.Module();
  m.registerBuffer('b', zeros([1]), { persistent: false });
  m.registerParameter('p', new nn.Parameter(zeros([1])));
  m.registerModule('m', new nn.ModuleDict({ relu: new nn.ReLU() }));
  m.registerModule('ps', new nn.ParameterList([ones([2])]));
  expect([...m.stateDict().keys()]).toEqual(['p', 'ps.0']);
  expect(m.getSubmodule('m.relu')).toBeInstanceOf(nn.ReLU);
  expect(m.getParameter('ps.0').shape).toEqual([2]);
  expect(m.train(false).eval().requiresGrad_().to('float64').getParameter('p').dtype).toBe('float64');
  m.zeroGrad();
  let visited = 0;
  m.apply(() => visited++);
  expect(visited).toBe(4);
  const layer = new nn.Linear(1, 1);
  const fired: string[] = [];
  layer.registerForwardPreHook(() => void fired.push('pre'));
  layer.registerForwardHook(() => void fired.push('forward'));
  layer.registerFullBackwardHook(() => void fired.push('backward'));
  layer(ones([1, 1])).backward(ones([1, 1]), { retainGraph: true });
  expect(fired).toEqual(['pre', 'forward', 'backward']);
});

import { serialize } from 'node:v8';
import { MessageChannel } from 'node:worker_threads';
import { describe, expect, test, vi } from 'vitest';
import { arange, asStrided, Generator, nn, ones, optim, Tensor, tensor, zeros } from '../../../lib/index.js';
import { codeOf, messageOf } from '../thrown.js';

// What JavaScript does to any object, and what then becomes of a tensor.

describe('JSON.stringify', () => {
  test('writes the numbers of a tensor, wherever it stands', () => {
    const json = JSON.stringify({
      loss: tensor(0.5),
      list: [tensor([[1, 2]]), tensor([true, false])],
      whole: tensor([1n, -2n]),
      empty: zeros([0, 2]),
    });
    expect(JSON.parse(json)).toEqual({ loss: 0.5, list: [[[1, 2]], [true, false]], whole: [1, -2], empty: [] });
  });

  test('writes the numbers of a module, its state dict and an optimizer’s', () => {
    const model = new nn.Sequential(new nn.Linear(1, 2, { bias: false }));
    model[0].weight.data = tensor([[1], [2]]);
    const numbers = { '0.weight': [[1], [2]] };
    expect(JSON.parse(JSON.stringify(model))).toEqual(numbers);
    expect(JSON.parse(JSON.stringify({ model: model.stateDict() }))).toEqual({ model: numbers });
    const optimizer = new optim.SGD(model.parameters(), { lr: 0.5, momentum: 0.9 });
    model[0].weight.grad = tensor([[2], [4]]);
    optimizer.step();
    const written = JSON.parse(JSON.stringify(optimizer)) as { state: object };
    expect(written.state).toEqual({ 0: { momentum_buffer: [[2], [4]] } });
    expect(JSON.stringify(optimizer.stateDict())).toBe(JSON.stringify(optimizer));
  });

  test.each<[string, () => Tensor]>([
    ['NaN', () => tensor([1, Number.NaN])],
    ['an infinity', () => tensor([-Infinity], { dtype: 'bfloat16' })],
    ['an integer past 2^53', () => tensor([2n ** 53n])],
  ])('refuses %s, which JSON does not have', (_name, make) => {
    expect(codeOf(() => JSON.stringify({ x: make() }))).toBe('OUT_OF_RANGE');
  });

  test('refuses what is disposed, and generators', () => {
    const x = ones([1]);
    x.dispose();
    expect(codeOf(() => JSON.stringify(x))).toBe('DISPOSED');
    expect(codeOf(() => JSON.stringify({ rng: new Generator() }))).toBe('WRONG_TYPE');
  });
});

describe('what carries an object to another thread or into a file throws at the sender', () => {
  const holders: [string, () => unknown][] = [
    ['a tensor', () => ones([2])],
    ['a view', () => ones([2, 2]).at(0)],
    [
      'a disposed tensor',
      () => {
        const x = ones([1]);
        x.dispose();
        return x;
      },
    ],
    ['a parameter with a graph', () => new nn.Parameter(ones([2]))],
    ['a result with a graph', () => ones([2], { requiresGrad: true }).mul(2)],
    ['a state dict', () => new nn.Linear(1, 1).stateDict()],
    ['a module', () => new nn.Linear(1, 1)],
    ['an optimizer', () => new optim.Adam([ones([1], { requiresGrad: true })])],
    [
      'its state dict',
      () => {
        const w = ones([1], { requiresGrad: true });
        const optimizer = new optim.Adam([w]);
        w.sum().backward();
        optimizer.step();
        return optimizer.stateDict();
      },
    ],
    ['a copy by spread', () => ({ ...ones([2]) })],
    ['a generator', () => new Generator()],
  ];

  test.each(holders)('%s', (_name, make) => {
    const { port1, port2 } = new MessageChannel();
    for (const send of [structuredClone, serialize, (value: unknown) => port1.postMessage(value)]) {
      expect(() => send({ value: make() })).toThrow(/could not be cloned/);
    }
    port1.close();
    port2.close();
  });

  test('the message says what to send', () => {
    expect(() => structuredClone(ones([2]))).toThrow(/send toTypedArray\(\), shape and dtype instead/);
  });

  test('a copy of the fields is no tensor, and the message says so', () => {
    const x = ones([2]);
    for (const copy of [{ ...x }, Object.assign({}, x)]) {
      expect(messageOf(() => x.add(copy as never))).toBe(
        'add: other must be a Tensor or a number, got a copy of the fields of a Tensor, by spread or Object.assign (use the tensor itself, or clone())',
      );
    }
  });
});

describe('iteration', () => {
  test('gives the rows along dimension 0, as views', () => {
    const x = tensor([
      [1, 2],
      [3, 4],
    ]);
    const rows: unknown[] = [];
    for (const row of x) rows.push(row.toArray());
    expect(rows).toEqual([
      [1, 2],
      [3, 4],
    ]);
    const [first, second] = x;
    first!.fill_(9);
    expect(x.toArray()).toEqual([
      [9, 9],
      [3, 4],
    ]);
    expect([...second!].map((element) => element.item())).toEqual([3, 4]);
    expect([...zeros([0, 3])]).toEqual([]);
    expect(Array.from(arange(3), (element) => element.item())).toEqual([0, 1, 2]);
  });

  test('is differentiable', () => {
    const x = tensor(
      [
        [1, 2],
        [3, 4],
      ],
      { requiresGrad: true },
    );
    const [a, b] = x;
    a!.mul(b!).sum().backward();
    expect(x.grad!.toArray()).toEqual([
      [3, 4],
      [1, 2],
    ]);
  });

  test('refuses a zero-dimensional and a disposed tensor', () => {
    expect(() => [...tensor(1)]).toThrow(TypeError);
    expect(tensor(1)).not.toBe(tensor(2));
    const x = ones([2]);
    x.dispose();
    expect(codeOf(() => [...x])).toBe('DISPOSED');
  });
});

describe('shape and strides', () => {
  test.each<[string, () => Tensor]>([
    ['of a fresh tensor', () => zeros([2, 3])],
    ['of a result', () => zeros([2, 3]).add(1)],
    ['of a view', () => zeros([2, 3]).permute(1, 0)],
    ['of what was broadcast', () => zeros([2, 1]).add(zeros([3]))],
    ['of an alias', () => zeros([2, 3]).detach()],
    ['of a parameter', () => new nn.Parameter(zeros([2, 3]))],
    [
      'of other data',
      () => {
        const x = new nn.Parameter(zeros([1]));
        x.data = zeros([2, 3]);
        return x;
      },
    ],
    ['of indices that are counted first', () => ones([2, 3]).nonzero()],
  ])('%s cannot be changed', (_name, make) => {
    const x = make();
    const shape = x.shape as number[];
    const before = [...shape];
    for (const change of [() => shape.push(1), () => shape.reverse(), () => shape.splice(0), () => (shape[0] = 7)]) {
      expect(change).toThrow(TypeError);
    }
    expect(() => (x.size() as number[]).pop()).toThrow(TypeError);
    expect(() => ((x.strides as number[])[0] = 7)).toThrow(TypeError);
    expect(() => ((x as { shape: unknown }).shape = [1])).toThrow(TypeError);
    expect([x.shape, x.detach().shape, x.add(1).shape]).toEqual([before, before, before]);
    expect(x.shape).toBe(x.shape);
  });

  test('the library reads shapes past the getter, and what it reads is never frozen', () => {
    const model = new nn.Sequential(new nn.Conv1d(2, 3, 2), new nn.Flatten(), new nn.Linear(6, 2), new nn.LayerNorm(2));
    const optimizer = new optim.Adam(model.parameters());
    const x = ones([4, 2, 3]);
    const read = vi.spyOn(Tensor.prototype, 'shape', 'get');
    try {
      const y = model(x.permute(0, 2, 1).unsqueeze(0).squeeze(0).reshape(4, 2, 3)) as Tensor;
      nn.functional.crossEntropy(y, zeros([4], { dtype: 'int64' })).backward();
      optimizer.step();
      expect(read).toHaveBeenCalledTimes(0);
    } finally {
      read.mockRestore();
    }
    expect(Object.isFrozen(x.shape)).toBe(true);
    expect(Object.isFrozen(Reflect.get(x, '_shape'))).toBe(false);
  });

  test('what a program passes as a shape stays its own', () => {
    const [shape, strides] = [
      [2, 2],
      [2, 1],
    ];
    const x = zeros(shape);
    const view = asStrided(x, shape, strides);
    const made = [x, view, x.reshape(shape), x.expand(shape), x.view(shape), ones([4]).unflatten(0, shape)];
    expect(made.map((y) => [y.shape, y.strides])).toEqual(
      made.map(() => [
        [2, 2],
        [2, 1],
      ]),
    );
    shape.push(3);
    strides[0] = 9;
    expect(made.map((y) => [y.shape, y.strides])).toEqual(
      made.map(() => [
        [2, 2],
        [2, 1],
      ]),
    );
  });
});

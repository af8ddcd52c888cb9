import { describe, expect, test } from 'vitest';
import { functional as F, FlambeauError, nn, ones, pow, type Tensor, tensor, where } from '../../../lib/index.js';

const x = ones([2, 3]);

describe('what is refused before native code is reached', () => {
  test.each([
    [() => x.sum(1, { keepDim: true } as never), 'sum: unknown option keepDim; did you mean keepdim?'],
    [() => x.topk(1, { axis: 0 } as never), 'topk: unknown option axis; expected { dim, largest, sorted }'],
    [() => x.topk(1, 0, -1 as never), 'topk: options must be an object { largest, sorted }, got -1'],
    [() => x.sum(1, { keepdim: 'yes' as never }), 'sum: keepdim must be a boolean, got "yes"'],
    [() => x.sort(0, { descending: 1 as never }), 'sort: descending must be a boolean, got 1'],
    [() => F.dropout(x, { training: null as never }), 'dropout: training must be a boolean, got null'],
    [() => new nn.Linear(1, 1, { bias: 0 as never }), 'Linear: bias must be a boolean, got 0'],
    [
      () => new nn.Linear(1, 1).loadStateDict({}, { strict: 'false' as never }),
      'loadStateDict: strict must be a boolean, got "false"',
    ],
    [() => x.sum(0.5), 'sum: dim must be an integer, got 0.5'],
    [() => x.add('1' as never), 'add: other must be a Tensor or a number, got "1"'],
    [() => x.add(null as never), 'add: other must be a Tensor or a number, got null'],
    [() => x.matmul([[1]] as never), 'matmul: other must be a Tensor, got an array of 1'],
    [() => where([true] as never, x, x), 'where: condition must be a Tensor, got an array of 1'],
    [() => pow('a' as never, x), 'pow: input must be a Tensor, got "a"'],
    [
      () => x.div(2, { roundingMode: 'down' as never }),
      "div: roundingMode must be one of 'trunc', 'floor', got \"down\"",
    ],
    [
      () => F.gelu(x, { approximate: 'exact' as never }),
      "gelu: approximate must be one of 'none', 'tanh', got \"exact\"",
    ],
    [
      () => F.mseLoss(x, x, { reduction: 'avg' as never }),
      "mseLoss: reduction must be one of 'none', 'mean', 'sum', got \"avg\"",
    ],
    [
      () => F.relu({ ...x } as never),
      'relu: input must be a Tensor, got a copy of the fields of a Tensor, by spread or Object.assign (use the tensor itself, or clone())',
    ],
  ])('%#', (fn, expected) => {
    expect(fn).toThrow(FlambeauError);
    expect(fn).toThrow(expected);
  });

  test('a disposed tensor', () => {
    const gone = ones([2]);
    gone.dispose();
    expect(() => gone.add(1)).toThrow('add: input of shape [2] was disposed');
    expect(() => ones([2]).add(gone)).toThrow('add: other of shape [2] was disposed');
  });
});

describe('overloads', () => {
  test('max gives a tensor, a pair or the elementwise maximum', () => {
    const y = tensor([
      [1, 9],
      [7, 2],
    ]);
    const all: Tensor = y.max();
    const [values, indices]: [Tensor, Tensor] = y.max(1);
    const both: Tensor = y.max(tensor(5));
    expect([all.item(), values.toArray(), indices.toArray(), both.toArray()]).toEqual([
      9,
      [9, 7],
      [1, 0],
      [
        [5, 9],
        [7, 5],
      ],
    ]);
  });

  test('norm takes p first and the rest by name', () => {
    expect(tensor([3, 4]).norm().item()).toBe(5);
    expect(tensor([3, 4]).norm('fro').item()).toBe(5);
    expect(tensor([3, 4]).norm(1, { dim: 0 }).item()).toBe(7);
  });
});

test('index tensors of int32 and uint8 are taken', () => {
  for (const dtype of ['int32', 'uint8'] as const) {
    expect(F.crossEntropy(ones([2, 3]), tensor([0, 2], { dtype })).item()).toBeCloseTo(Math.log(3), 6);
    expect(
      tensor([5, 6])
        .gather(0, tensor([1], { dtype }))
        .toArray(),
    ).toEqual([6]);
  }
});

import { functional as F, manualSeed, nn, randn, tensor } from 'flambeau';
import { describe, expect, it } from 'vitest';

const ids = (...values: number[]) => tensor(values, { dtype: 'int64' });

describe('Embedding', () => {
  it('prints as in PyTorch', () => {
    expect(String(new nn.Embedding(3, 4))).toBe('Embedding(3, 4)');
    expect(String(new nn.Embedding(5, 2, { paddingIdx: -1, maxNorm: 2, normType: 1, scaleGradByFreq: true }))).toBe(
      'Embedding(5, 2, padding_idx=4, max_norm=2.0, norm_type=1.0, scale_grad_by_freq=True)',
    );
  });

  it('begins with what randn draws, and 0 for padding', () => {
    manualSeed(3);
    const expected = randn([4, 2]).toArray() as number[][];
    expected[1] = [0, 0];
    manualSeed(3);
    expect(new nn.Embedding(4, 2, { paddingIdx: 1 }).weight.toArray()).toEqual(expected);
  });

  it('gives padding no gradient', () => {
    const table = new nn.Embedding(3, 2, { paddingIdx: 0 });
    table(ids(0, 2, 2))
      .sum()
      .backward();
    expect(table.weight.grad?.toArray()).toEqual([
      [0, 0],
      [0, 0],
      [2, 2],
    ]);
  });

  it('fromPretrained shares the rows, draws nothing and freezes', () => {
    const rows = tensor([
      [1, 2],
      [3, 4],
    ]);
    manualSeed(0);
    const before = randn([1]).item();
    manualSeed(0);
    const table = nn.Embedding.fromPretrained(rows);
    expect(randn([1]).item()).toBe(before);
    expect(table.weight.requiresGrad).toBe(false);
    rows.fill_(7);
    expect(table(ids(1)).toArray()).toEqual([[7, 7]]);
    expect(nn.Embedding.fromPretrained(rows, { freeze: false }).weight.requiresGrad).toBe(true);
    expect([...table.stateDict().keys()]).toEqual(['weight']);
  });

  it('_weight and _freeze are the constructor’s, as in PyTorch', () => {
    const rows = tensor([
      [1, 2],
      [3, 4],
    ]);
    const table = new nn.Embedding(2, 2, { _weight: rows, _freeze: true });
    expect(table.weight.requiresGrad).toBe(false);
    rows.fill_(7);
    expect(table(ids(1)).toArray()).toEqual([[7, 7]]);
    expect(new nn.Embedding(2, 2, { _weight: rows }).weight.requiresGrad).toBe(true);
    expect(new nn.Embedding(2, 2, { _freeze: true }).weight.requiresGrad).toBe(false);
    expect(() => new nn.Embedding(3, 2, { _weight: rows })).toThrow(
      'Shape of weight does not match num_embeddings and embedding_dim, [3, 2], got [2, 2]',
    );
    expect(() => new nn.Embedding(2, 2, { _weight: rows, dtype: 'float64' })).toThrow('rows of float64 were expected');
    expect(() => new nn.Embedding(2, 2, { _weight: rows.to('int64') })).toThrow('rows of a floating dtype');
    expect(() => new nn.Embedding(2, 2, { _weight: 3 as never })).toThrow('_weight must be a Tensor, got 3');
  });

  it('refuses what it cannot do', () => {
    expect(() => new nn.Embedding(3, 2, { sparse: true })).toThrow(/Embedding: sparse gradients are not supported/);
    expect(() => F.embedding(ids(0), tensor([[1]]), { sparse: true })).toThrow(/embedding: sparse gradients/);
    expect(() => new nn.Embedding(3, 2, { paddingIdx: 3 })).toThrow(/paddingIdx must be within the 3 embeddings/);
    expect(() => nn.Embedding.fromPretrained(tensor([1, 2]))).toThrow(/expected to be 2-dimensional/);
    expect(() => new nn.Embedding(3, 2)(ids(3))).toThrow(/index 3 is out of range for axis 0 with size 3/);
  });
});

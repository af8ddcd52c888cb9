import { arange, cat, functional as F, nn, stack, Tensor, tensor } from 'flambeau';
import { describe, expect, it } from 'vitest';

// What PyTorch calls `dim` comes by position or among the options; both ways, in every op.

const x = arange(24).reshape(2, 3, 4).float();
const at = tensor([[[0], [1], [0]]], { dtype: 'int64' });
const rows = tensor([1, 0], { dtype: 'int64' });

/** [call by position, the same with options]. */
type Both = readonly [name: string, byPosition: () => unknown, asOption: () => unknown];

const reductions: readonly Both[] = (
  ['sum', 'mean', 'var', 'std', 'any', 'all', 'amax', 'amin', 'logsumexp'] as const
).flatMap((name): Both[] => [
  [name, () => x[name](1), () => x[name]({ dim: 1 })],
  [`${name} of several`, () => x[name]([0, -1]), () => x[name]({ dim: [0, -1] })],
  [`${name} keepdim`, () => x[name](1, { keepdim: true }), () => x[name]({ dim: 1, keepdim: true })],
]);

const picking: readonly Both[] = (['max', 'min', 'median'] as const).flatMap((name): Both[] => [
  [name, () => x[name](1), () => x[name]({ dim: 1 })],
  [`${name} keepdim`, () => x[name](1, { keepdim: true }), () => x[name]({ dim: 1, keepdim: true })],
]);

const others: readonly Both[] = [
  ['sum keepdim of all', () => x.sum(null, { keepdim: true }), () => x.sum({ keepdim: true })],
  ['sum dtype', () => x.sum(0, { dtype: 'float64' }), () => x.sum({ dim: 0, dtype: 'float64' })],
  ['var correction', () => x.var(0, { correction: 0 }), () => x.var({ dim: 0, correction: 0 })],
  ['prod', () => x.prod(1, { keepdim: true }), () => x.prod({ dim: 1, keepdim: true })],
  ['argmax', () => x.argmax(1, { keepdim: true }), () => x.argmax({ dim: 1, keepdim: true })],
  ['argmin', () => x.argmin(0), () => x.argmin({ dim: 0 })],
  ['cumsum', () => x.cumsum(1, { dtype: 'float64' }), () => x.cumsum({ dim: 1, dtype: 'float64' })],
  ['cumprod', () => x.cumprod(1), () => x.cumprod({ dim: 1 })],
  ['norm', () => x.norm(2, 1, { keepdim: true }), () => x.norm(2, { dim: 1, keepdim: true })],
  ['norm by name', () => x.norm(1, [0, 2]), () => x.norm({ p: 1, dim: [0, 2] })],
  ['norm of all', () => x.norm(2), () => x.norm({})],
  ['softmax', () => x.softmax(1), () => x.softmax({ dim: 1 })],
  ['softmax dtype', () => x.softmax(-1, { dtype: 'float64' }), () => x.softmax({ dim: -1, dtype: 'float64' })],
  ['logSoftmax', () => x.logSoftmax(1), () => x.logSoftmax({ dim: 1 })],
  ['softmin', () => F.softmin(x, 1), () => F.softmin(x, { dim: 1 })],
  ['nn.Softmax', () => new nn.Softmax(1)(x), () => new nn.Softmax({ dim: 1 })(x)],
  ['nn.LogSoftmax', () => new nn.LogSoftmax(1)(x), () => new nn.LogSoftmax({ dim: 1 })(x)],
  ['sort', () => x.sort(0, { descending: true }), () => x.sort({ dim: 0, descending: true })],
  ['argsort', () => x.argsort(0, { descending: true }), () => x.argsort({ dim: 0, descending: true })],
  ['topk', () => x.topk(2, 1), () => x.topk(2, { dim: 1 })],
  ['topk smallest', () => x.topk(2, 1, { largest: false }), () => x.topk(2, { dim: 1, largest: false })],
  ['cat', () => cat([x, x], 1), () => cat([x, x], { dim: 1 })],
  ['stack', () => stack([x, x], 1), () => stack([x, x], { dim: 1 })],
  ['chunk', () => x.chunk(2, 2), () => x.chunk(2, { dim: 2 })],
  ['split', () => x.split(2, 1), () => x.split(2, { dim: 1 })],
  ['split of sizes', () => x.split([1, 2], 1), () => x.split([1, 2], { dim: 1 })],
  ['unbind', () => x.unbind(1), () => x.unbind({ dim: 1 })],
  ['select', () => x.select(1, 2), () => x.select(2, { dim: 1 })],
  ['narrow', () => x.narrow(1, 0, 2), () => x.narrow(0, 2, { dim: 1 })],
  ['unfold', () => x.unfold(2, 3, 1), () => x.unfold(3, 1, { dimension: 2 })],
  ['unflatten', () => x.unflatten(2, [2, 2]), () => x.unflatten([2, 2], { dim: 2 })],
  ['flatten', () => x.flatten(0, 1), () => x.flatten({ startDim: 0, endDim: 1 })],
  ['squeeze', () => x.narrow(0, 0, 1).squeeze(0), () => x.narrow(0, 0, 1).squeeze({ dim: 0 })],
  ['unsqueeze', () => x.unsqueeze(1), () => x.unsqueeze({ dim: 1 })],
  ['transpose', () => x.transpose(0, 2), () => x.transpose({ dim0: 0, dim1: 2 })],
  ['permute', () => x.permute(2, 0, 1), () => x.permute({ dims: [2, 0, 1] })],
  ['flip', () => x.flip(0, 2), () => x.flip({ dims: [0, 2] })],
  ['flip of one', () => x.flip(1), () => x.flip({ dims: 1 })],
  ['roll', () => x.roll(1, 2), () => x.roll(1, { dims: 2 })],
  ['roll of several', () => x.roll([1, 2], [0, 1]), () => x.roll([1, 2], { dims: [0, 1] })],
  ['diagonal', () => x.diagonal(1, 1, 2), () => x.diagonal(1, { dim1: 1, dim2: 2 })],
  ['diagonal by name', () => x.diagonal(0, 0, 2), () => x.diagonal({ dim1: 0, dim2: 2 })],
  ['repeatInterleave', () => x.repeatInterleave(2, 1), () => x.repeatInterleave(2, { dim: 1 })],
  ['gather', () => x.gather(2, at), () => x.gather(at, { dim: 2 })],
  ['scatter', () => x.scatter(2, at, at.float()), () => x.scatter(at, at.float(), { dim: 2 })],
  ['scatter number', () => x.scatter(2, at, -1), () => x.scatter(at, -1, { dim: 2 })],
  ['scatterAdd', () => x.scatterAdd(2, at, at.float()), () => x.scatterAdd(at, at.float(), { dim: 2 })],
  ['indexSelect', () => x.indexSelect(0, rows), () => x.indexSelect(rows, { dim: 0 })],
  ['indexAdd', () => x.indexAdd(0, rows, x, { alpha: 2 }), () => x.indexAdd(rows, x, { dim: 0, alpha: 2 })],
];

const numbers = (value: unknown): unknown => (value instanceof Tensor ? [value.dtype, value.toArray()] : value);
const plain = (value: unknown): unknown => (Array.isArray(value) ? value.map((part) => numbers(part)) : numbers(value));

describe('dim by position and as an option', () => {
  it.each([...reductions, ...picking, ...others])('%s', (_name, byPosition, asOption) => {
    expect(plain(asOption())).toEqual(plain(byPosition()));
  });

  const refused: readonly [() => unknown, string][] = [
    [() => x.sum(1, { dim: 0 } as object), 'sum: dim was given twice, by position and as an option'],
    [() => x.softmax(1, { dim: 0 } as object), 'softmax: dim was given twice, by position and as an option'],
    [() => x.topk(2, 1, { dim: 0 } as object), 'topk: dim was given twice, by position and as an option'],
    [() => x.norm(2, 1, { dim: 0 } as object), 'norm: dim was given twice, by position and as an option'],
    [() => x.indexAdd(0, rows, x, { dim: 0 } as object), 'indexAdd: dim was given twice'],
    // @ts-expect-error: the types refuse it too
    [() => cat([x], 0, { dim: 1 }), 'cat: one argument too many, got options { dim }'],
    // @ts-expect-error: the types refuse it too
    [() => x.gather(0, at, { dim: 1 }), 'gather: one argument too many, got options { dim }'],
    // @ts-expect-error: the types refuse it too
    [() => x.sum({ dim: 1 }, { keepdim: true }), 'sum: options come once and last'],
    [() => x.sum({ dimm: 1 } as object), 'sum: unknown option dimm; did you mean dim?'],
    [() => cat([x], { dims: 1 } as object), 'cat: unknown option dims; did you mean dim?'],
    [() => x.softmax({} as never), 'softmax: dim must be an integer, got undefined'],
    [() => x.unsqueeze({} as never), 'unsqueeze: dim must be an integer, got undefined'],
    [() => x.sum({ dim: {} } as never), 'sum: dim must be an integer, got an Object'],
    [() => x.select(1, { dim: 1.5 }), 'select: dim must be an integer, got 1.5'],
  ];
  it.each(refused)('%s is refused', (call, message) => {
    expect(call).toThrow(message);
  });
});

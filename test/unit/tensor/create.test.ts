import { describe, expect, test } from 'vitest';
import {
  arange,
  empty,
  eye,
  fromTypedArray,
  full,
  fullLike,
  linspace,
  ones,
  onesLike,
  tensor,
  zeros,
  zerosLike,
} from '../../../lib/index.js';
import { messageOf } from '../thrown.js';

describe('tensor', () => {
  test.each([
    [
      [
        [1, 2],
        [3, 4],
      ],
      'float32',
      [2, 2],
    ],
    [5, 'float32', []],
    [[true, false], 'bool', [2]],
    [[1n, 2n], 'int64', [2]],
    [[1, true, 2n], 'float32', [3]],
    [[], 'float32', [0]],
    [[[], []], 'float32', [2, 0]],
    [new Float64Array(3), 'float64', [3]],
    [new Int32Array(3), 'int32', [3]],
    [new Int8Array([-1]), 'int8', [1]],
    [new Uint32Array([2 ** 32 - 1]), 'int64', [1]],
    [new BigInt64Array(2), 'int64', [2]],
    [Buffer.from([1, 2]), 'uint8', [2]],
    [[new Float32Array([1, 2]), new Float32Array([3, 4])], 'float32', [2, 2]],
  ])('dtype and shape follow the data (%#)', (data, dtype, shape) => {
    const x = tensor(data as never);
    expect([x.dtype, x.shape]).toEqual([dtype, shape]);
  });

  test('elements survive the way in and out', () => {
    expect(
      tensor(
        [
          [1, 2],
          [3, 4],
        ],
        { dtype: 'int64' },
      ).toArray(),
    ).toEqual([
      [1, 2],
      [3, 4],
    ]);
    expect(tensor([1.9, -1.9], { dtype: 'int32' }).toArray()).toEqual([1, -1]);
    expect(tensor([0, 2, Number.NaN], { dtype: 'bool' }).toArray()).toEqual([false, true, true]);
    expect(tensor([2n ** 62n]).toTypedArray()).toEqual(BigInt64Array.of(2n ** 62n));
    expect(tensor(new Uint32Array([2 ** 32 - 1])).toArray()).toEqual([2 ** 32 - 1]);
    expect(tensor(tensor([1, 2], { requiresGrad: true })).requiresGrad).toBe(false);
  });

  test('a typed array is copied', () => {
    const data = new Float32Array([1, 2]);
    const x = tensor(data);
    data[0] = 9;
    expect(x.toArray()).toEqual([1, 2]);
    const part = new Float32Array([0, 1, 2, 3]).subarray(1, 3);
    expect(tensor(part).toArray()).toEqual([1, 2]);
  });

  test('memory that others may change or resize is copied', () => {
    const shared = new Float32Array(new SharedArrayBuffer(8));
    shared[1] = 3;
    expect(tensor(shared).toArray()).toEqual([0, 3]);
    const Resizable = ArrayBuffer as unknown as new (n: number, o: object) => ArrayBuffer;
    expect(tensor(new Float32Array(new Resizable(8, { maxByteLength: 16 }))).toArray()).toEqual([0, 0]);
  });

  test.each([
    [() => tensor([[1, 2], [3]]), 'tensor: expected an array of 2 at [1], got an array of 1'],
    [() => tensor([[1, 2], 3] as never), 'tensor: expected an array of 2 at [1], got 3'],
    [() => tensor([1, [2]] as never), 'tensor: expected an element at [1], got an array of 1'],
    [() => tensor([1, 'a'] as never), 'tensor: expected numbers, booleans or bigints, got "a" at [1]'],
    [() => tensor([1, undefined, 2] as never), 'tensor: expected numbers, booleans or bigints, got undefined at [1]'],
    [() => tensor({} as never), 'tensor: expected numbers, booleans or bigints, got an Object'],
    [() => tensor([300], { dtype: 'uint8' }), 'tensor: 300 does not fit uint8'],
    [() => tensor([Number.NaN], { dtype: 'int64' }), 'tensor: cannot convert NaN to int64'],
    [() => tensor([2n ** 64n]), 'tensor: 18446744073709551616n does not fit int64'],
    [
      () => tensor([1], { dtype: 'float' as never }),
      'tensor: dtype must be one of bool, uint8, int8, int32, int64, bfloat16, float32, float64, got "float"',
    ],
    [
      () => tensor([1], { requires_grad: true } as never),
      'tensor: unknown option requires_grad; did you mean requiresGrad?',
    ],
    [
      () => tensor([1n], { requiresGrad: true }),
      'tensor: only tensors of floating point dtype can require gradients, got int64',
    ],
  ])('refuses bad data (%#)', (fn, expected) => {
    expect(messageOf(fn)).toBe(expected);
  });

  test('endless nesting is refused', () => {
    const loop: unknown[] = [];
    loop.push(loop);
    expect(messageOf(() => tensor(loop as never))).toMatch(/nested deeper than 16/);
  });

  test('a detached buffer is refused', () => {
    const data = new Float32Array(4);
    structuredClone(data.buffer, { transfer: [data.buffer] });
    expect(messageOf(() => tensor(data))).toMatch(/detached/);
  });
});

describe('share', () => {
  test('uses the memory itself', () => {
    const data = new Float32Array([1, 2, 3, 4]);
    const x = tensor(data, { share: true });
    data[0] = 9;
    expect(x.toArray()).toEqual([9, 2, 3, 4]);
    const y = fromTypedArray(data.subarray(2), [2, 1], { share: true });
    expect(y.toArray()).toEqual([[3], [4]]);
  });

  test('refuses what cannot be used in place', () => {
    expect(messageOf(() => tensor([1, 2], { share: true }))).toMatch(/share needs a typed array/);
    expect(messageOf(() => tensor(new Float32Array(2), { share: true, dtype: 'float64' }))).toMatch(
      /Float32Array cannot be used in place as float64/,
    );
    expect(messageOf(() => tensor(new Int16Array(2), { share: true }))).toMatch(/Int16Array cannot be used in place/);
    expect(messageOf(() => tensor(new Float32Array(new SharedArrayBuffer(8)), { share: true }))).toMatch(
      /SharedArrayBuffer.* cannot be used in place/,
    );
  });

  test('a buffer detached later makes reading an error', () => {
    const data = new Float32Array(4);
    const x = tensor(data, { share: true });
    structuredClone(data.buffer, { transfer: [data.buffer] });
    expect(messageOf(() => x.add(1))).toMatch(/detached/);
  });
});

describe('factories', () => {
  test('shapes as an array or as numbers', () => {
    expect(zeros([2, 3]).shape).toEqual([2, 3]);
    expect(zeros(2, 3).shape).toEqual([2, 3]);
    expect(ones([]).item()).toBe(1);
    expect(ones([2], { dtype: 'bool' }).toArray()).toEqual([true, true]);
    expect(empty([2, 0]).numel).toBe(0);
    expect(full([2], 7).dtype).toBe('float32');
    expect(full([], true).dtype).toBe('bool');
    expect(zeros([2], { requiresGrad: true }).requiresGrad).toBe(true);
  });

  test('like another tensor', () => {
    const x = tensor([[1n, 2n]]);
    expect([zerosLike(x).dtype, onesLike(x).toArray()]).toEqual(['int64', [[1, 1]]]);
    expect(fullLike(x, 2.5, { dtype: 'float64' }).toArray()).toEqual([[2.5, 2.5]]);
  });

  test('integers hold what fits them; uint8 takes negative numbers as two’s complement, as in PyTorch', () => {
    expect(full([1], -1, { dtype: 'uint8' }).toArray()).toEqual([255]);
    expect(full([1], -1.5, { dtype: 'int8' }).toArray()).toEqual([-1]);
    expect(full([1], 2 ** 53, { dtype: 'int64' }).toArray()).toEqual([2 ** 53]);
    expect(full([1], -(2 ** 63), { dtype: 'int64' }).toTypedArray()).toEqual(new BigInt64Array([-(2n ** 63n)]));
    expect(full([1], 300, { dtype: 'bool' }).toArray()).toEqual([true]);
    expect(() => full([1], 2 ** 63, { dtype: 'int64' })).toThrow(
      'full: the fill value 9223372036854776000 does not fit',
    );
    expect(() => full([1], -1.5, { dtype: 'uint8' })).toThrow('full: the fill value -1.5 does not fit uint8');
  });

  test('ranges', () => {
    expect(arange(3).toArray()).toEqual([0, 1, 2]);
    expect([arange(3).dtype, arange(0.5).dtype, arange(3, { dtype: 'float64' }).dtype]).toEqual([
      'int64',
      'float32',
      'float64',
    ]);
    expect(arange(5, 0, -2).toArray()).toEqual([5, 3, 1]);
    expect(arange(1, 2, 0.25).toArray()).toEqual([1, 1.25, 1.5, 1.75]);
    expect(arange(0).shape).toEqual([0]);
    expect(linspace(0, 1, 5).toArray()).toEqual([0, 0.25, 0.5, 0.75, 1]);
    expect([linspace(3, 4, 1).toArray(), linspace(3, 4, 0).shape]).toEqual([[3], [0]]);
    expect(eye(2, 3).toArray()).toEqual([
      [1, 0, 0],
      [0, 1, 0],
    ]);
    expect(eye(2, { dtype: 'int64' }).dtype).toBe('int64');
  });

  test.each([
    [() => zeros([Number.NaN]), /^zeros: sizes must be non-negative integers, got NaN/],
    [() => zeros([-1]), /^zeros: sizes must be non-negative integers, got -1/],
    [() => zeros([1.5]), /got 1.5/],
    [() => zeros(['2'] as never), /^zeros: a size must be a number, got "2"/],
    [() => zeros([2 ** 40, 2 ** 40]), /^zeros: .*more than 2\^50 elements/],
    [() => zeros([2 ** 49]), /memory|bytes/i],
    [() => zeros(new Array(17).fill(1)), /^zeros: at most 16 dimensions/],
    [() => arange(Infinity), /^arange: unsupported range/],
    [() => arange(0, 1, 0), /^arange: step must be nonzero/],
    [() => arange(1, 0), /^arange: bounds 1 to 0 are inconsistent/],
    [() => full([2], '3' as never), /^full: the fill value must be a number, got "3"/],
    [
      () => fromTypedArray(new Float32Array(5), [2, 3]),
      /^fromTypedArray: shape \[2, 3\] has 6 elements, the typed array 5/,
    ],
    [() => fromTypedArray([1] as never, [1]), /^fromTypedArray: expected a typed array/],
  ])('refuses bad sizes (%#)', (fn, expected) => {
    expect(messageOf(fn)).toMatch(expected);
  });
});

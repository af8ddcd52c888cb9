import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { FlambeauError, nn, rand, tensor, zeros } from '../../../lib/index.js';
import { makeError, describe as show } from '../../../lib/tensor/errors.js';
import { thrown } from '../thrown.js';

type Kind = new (message: string) => Error;

describe('one class, and the class that JavaScript has for the mistake', () => {
  test.each<[string, () => unknown, string, Kind[], Kind[]]>([
    ['a wrong type', () => zeros(['x' as never]), 'WRONG_TYPE', [TypeError], [RangeError]],
    ['an index out of range', () => rand([3]).select(0, 9), 'INDEX_OUT_OF_RANGE', [RangeError], [TypeError]],
    ['shapes that do not fit', () => rand([2, 3]).matmul(rand([4, 5])), 'SHAPE_MISMATCH', [], [TypeError, RangeError]],
    ['an error of native code', () => zeros([2 ** 40]), 'OUT_OF_MEMORY', [], [TypeError, RangeError]],
    ['native code, an index', () => rand([3]).indexSelect(0, tensor([9n])), 'INDEX_OUT_OF_RANGE', [RangeError], []],
  ])('%s', (_name, run, code, is, isNot) => {
    const error = thrown(run);
    expect(error).toBeInstanceOf(FlambeauError);
    expect(error).toBeInstanceOf(Error);
    expect(error.name).toBe('FlambeauError');
    expect(error.code).toBe(code);
    for (const kind of is) expect(error).toBeInstanceOf(kind);
    for (const kind of isNot) expect(error).not.toBeInstanceOf(kind);
  });

  test('a JavaScript stack leads from native code to the caller', () => {
    expect(thrown(() => zeros([2 ** 40])).stack).toContain('errors.test.ts');
  });

  test('other errors and values are not FlambeauErrors', () => {
    for (const value of [new Error('x'), new TypeError('x'), {}, null, undefined, 5, 'FlambeauError']) {
      expect(value instanceof FlambeauError).toBe(false);
    }
  });

  test('a failing forward keeps the original as its cause', () => {
    const error = thrown(() => new nn.Sequential(new nn.Linear(2, 3))(rand([1, 5]) as never));
    expect(error.code).toBe('FORWARD_FAILED');
    expect(error.cause).toBeInstanceOf(FlambeauError);
    expect((error.cause as FlambeauError).code).toBe('SHAPE_MISMATCH');
  });

  test('inspection shows name, message and code', () => {
    const text = inspect(makeError('WRONG_TYPE', 'op: what was expected'));
    expect(text).toContain('FlambeauError');
    expect(text).toContain('op: what was expected');
    expect(text).toContain("code: 'WRONG_TYPE'");
  });
});

describe('values in messages', () => {
  test.each<[unknown, string]>([
    [null, 'null'],
    [undefined, 'undefined'],
    [Number.NaN, 'NaN'],
    [true, 'true'],
    [5n, '5n'],
    ['a', '"a"'],
    ['x'.repeat(100), `"${'x'.repeat(40)}…"`],
    [Symbol('secret'), 'a symbol'],
    [[1, 2, 3], 'an array of 3'],
    [{}, 'an Object'],
    [Object.create(null), 'a null-prototype object'],
    [new Map(), 'a Map'],
    [class Net {}, 'the class Net'],
    [function net() {}, 'a function (net)'],
    [() => 1, 'a function'],
  ])('%#', (value, text) => {
    expect(show(value)).toBe(text);
  });

  test('objects that resist being described', () => {
    const throwing = {
      get constructor(): never {
        throw new Error('no');
      },
    };
    const revoked = Proxy.revocable({}, {});
    revoked.revoke();
    for (const value of [
      throwing,
      revoked.proxy,
      { constructor: { name: 5 } },
      { constructor: { name: Symbol('s') } },
    ]) {
      expect(show(value)).toMatch(/^an? object/);
    }
  });
});

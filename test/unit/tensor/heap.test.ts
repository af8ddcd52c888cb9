import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';

// A full heap ends the process, so each program has one of its own, with little of it.

/** What becomes of each expression in turn: its value, or the code of its error and its advice. */
function run(...expressions: string[]): unknown[] {
  const program = `
    import { full, rand, tensor, zeros } from 'flambeau';
    const seen = [];
    for (const make of [${expressions.map((e) => `() => ${e}`).join()}]) {
      try { seen.push(make()); } catch (error) { seen.push([error.code, error.message]); }
    }
    console.log(JSON.stringify(seen));`;
  const options = ['--max-old-space-size=128', '--input-type=module', '-e', program];
  return JSON.parse(execFileSync(process.execPath, options, { encoding: 'utf8' })) as unknown[];
}

test.each([
  ['toArray of a long vector', 'rand([2e7]).toArray()', /^toArray: .*\[20000000\].*; use toTypedArray$/],
  ['toArray of a vector past what V8 allocates', 'zeros([2 ** 27], { dtype: "bool" }).toArray()', /^toArray: /],
  ['toArray of many rows of one', 'rand([2e6, 1]).toArray()', /^toArray: .*\[2000000, 1\]/],
  ['toArray of rows that share no page', 'rand([1000, 11_500]).toArray()', /^toArray: .*\[1000, 11500\]/],
  ['toArray of empty rows', 'zeros([2 ** 25, 0, 2 ** 25]).toArray()', /^toArray: .*\[33554432, 0, 33554432\]/],
  ['JSON, whose text needs room too', 'JSON.stringify(rand([3e6]))', /^toJSON: .*\[3000000\]/],
  ['JSON of several, each of which would fit', 'JSON.stringify(Array(4).fill(rand([15e5])))', /^toJSON: /],
  ['rows of an iterated tensor', '[...zeros([1e6])].length', /^unbind: 1000000 tensors/],
  [
    'tensor of one row, repeated',
    'tensor(Array(1e5).fill(Array(1000).fill(0.5)))',
    /^tensor: .*100000000 .*typed array/,
  ],
  ['tensor of a typed array in an array', 'tensor([new Float32Array(2e7)])', /^tensor: .*20000000/],
])('%s: refused where the heap cannot hold it', (_name, expression, message) => {
  expect(run(expression, 'tensor([1, 2]).toArray()')).toEqual([
    ['OUT_OF_MEMORY', expect.stringMatching(message)],
    [1, 2],
  ]);
});

test('what fits is had: numbers are not boxed, and garbage does not count', () => {
  const fits = [
    'zeros([10, 10], { dtype: "bool" }).toArray().length',
    'rand([5_000_000]).toArray().length',
    'full([2000, 2000], 2 ** 40, { dtype: "int64" }).toArray().length',
    'rand([3_000_000]).toArray().length',
    'rand([3_000_000]).toArray().length',
    'JSON.stringify(zeros([1_000_000])).length',
    'tensor(Array(1000).fill(Array(1000).fill(0.5))).numel',
  ];
  expect(run(...fits)).toEqual([10, 5e6, 2000, 3e6, 3e6, 2e6 + 1, 1e6]);
});

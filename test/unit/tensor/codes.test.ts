import { expect, test } from 'vitest';
import { addon, type CodeList } from '../../../lib/native/addon.js';
import { codesOf } from '../../../lib/tensor/codes.js';
import { DTYPES } from '../../../lib/tensor/dtype.js';

test('codes are places in the list of native code, in whatever order they are asked for', () => {
  const codes = codesOf('lossReduction', ['sum', 'none', 'mean']);
  expect(codes).toEqual({ none: 0, mean: 1, sum: 2 });
  expect(Object.entries(DTYPES).map(([name, { id }]) => addon.codeNames('dtype')[id] === name)).not.toContain(false);
});

test.each([
  ['one that native code has not', ['none', 'mean', 'median']],
  ['one too few', ['none', 'mean']],
  ['one too many', ['none', 'mean', 'sum', 'median']],
])('a list that differs is an error that names it: %s', (_what, names) => {
  expect(() => codesOf('lossReduction', names)).toThrow(/^the addon's list 'lossReduction' has mean, none, sum; /);
});

test('a list that native code has not is an error', () => {
  expect(() => addon.codeNames('colours' as CodeList)).toThrow('codeNames: no list colours');
});

import { expect, test } from 'vitest';
import { coresOf, placed } from '../../../bench/cores.js';

test('a list of cores is numbers and ranges', () => {
  expect(coresOf('0-3,8')).toEqual([0, 1, 2, 3, 8]);
  expect(coresOf('5')).toEqual([5]);
});

test('programs of one thread share a core in a round; those of more are left alone', () => {
  const command = ['node', 'ours.ts'] as const;
  expect(placed(command, 2, 0)).toBe(command);
  const [first, again, next] = [placed(command, 1, 0), placed(command, 1, 0), placed(command, 1, 1)];
  expect(again).toEqual(first);
  for (const one of [first, next]) expect(one.slice(-2)).toEqual([...command]);
  // Where the system can place them (Linux, two cores).
  if (first.length > 2) expect(next).not.toEqual(first);
});

import { expect, test } from 'vitest';
import { type Tensor, tensor } from '../../../lib/index.js';

const pair = (): Tensor => tensor([1.5, 2]);
const one = (): Tensor => tensor(1.5);

test.each<[string, Tensor, (x: Tensor) => Tensor]>([
  ['roll by nothing', pair(), (x) => x.roll(0, 0)],
  ['roll all the way round', pair(), (x) => x.roll(2)],
  ['roll of a scalar', one(), (x) => x.roll(3)],
  ['repeat once', pair(), (x) => x.repeat(1)],
  ['repeat once with a dimension more', pair(), (x) => x.repeat(1, 1)],
  ['repeatInterleave once', pair(), (x) => x.repeatInterleave(1, { dim: 0 })],
  ['repeatInterleave of a scalar', one(), (x) => x.repeatInterleave(1)],
  ['flip of nothing', pair(), (x) => x.flip([])],
  ['sum of a scalar', one(), (x) => x.sum()],
  ['clone', one(), (x) => x.clone()],
])('%s: the result owns its memory', (_name, x, run) => {
  const before = x.toArray();
  run(x).fill_(77);
  expect(x.toArray()).toEqual(before);
});

import { expect, test } from 'vitest';
import { medianTime, timer } from '../../../bench/measure.js';
import { type Peer, runGroup } from '../../../bench/rounds.js';
import { forward, type Trial } from '../../../bench/trials/trial.js';

/** A peer that prints what the script says. */
const peer = (name: string, script: string, has = true): Peer => ({
  name,
  command: [process.execPath, '-e', `const rows = process.argv.slice(3); ${script}`],
  has: () => has,
});
const says = (ns: number): string =>
  `console.log('{"peer":"p"}'); for (const name of rows) console.log(JSON.stringify({ name, ns: ${ns} }))`;
const trials: Trial[] = ['a', 'b'].map((name) => forward(name, () => () => [], { flops: 8 }));

test('each peer gives a value a round to each of its rows', async () => {
  const { rows, versions, problems } = await runGroup(
    [peer('x', says(5)), peer('y', says(7)), peer('z', says(9), false)],
    'g',
    trials,
    1,
    3,
    'abc',
  );
  expect(rows.map(({ name, raw }) => [name, raw])).toEqual([
    ['a', { x: [5, 5, 5], y: [7, 7, 7] }],
    ['b', { x: [5, 5, 5], y: [7, 7, 7] }],
  ]);
  expect(rows[0]!.costs).toEqual({ flops: 8 });
  expect(versions).toEqual({ x: { peer: 'p' }, y: { peer: 'p' } });
  expect(problems).toEqual([]);
});

test('a row that fails and a peer that fails are told once, and the rest goes on', async () => {
  const failing = `console.log('{"peer":"p"}'); console.log('{"name":"a","error":"no"}'); console.log('{"name":"b","ns":1}')`;
  const { rows, problems } = await runGroup(
    [peer('x', failing), peer('y', 'process.exit(3)')],
    'g',
    trials,
    1,
    2,
    'abc',
  );
  expect(rows[1]!.raw).toEqual({ x: [1, 1] });
  expect(problems).toHaveLength(2);
  expect(problems[0]).toBe('x, a: no');
  expect(problems[1]).toContain('y, g:');
});

test('the time of one run', async () => {
  // A clock that moves by one microsecond a run.
  expect(await medianTime((runs) => runs * 1000)).toBe(1000);
  let runs = 0;
  await medianTime(timer(() => void runs++));
  expect(runs).toBeGreaterThan(0);
});

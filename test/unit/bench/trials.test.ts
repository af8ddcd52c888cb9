import { readdirSync } from 'node:fs';
import path from 'node:path';
import { noGrad } from 'flambeau';
import { describe, expect, test } from 'vitest';
import { chosenGroups, groups } from '../../../bench/trials/index.js';

const names = (group: string): string[] => (groups[group] ?? []).map(({ name }) => name);

describe.each(Object.keys(groups))('%s', (group) => {
  test('names are unique', () => {
    expect(new Set(names(group)).size).toBe(names(group).length);
  });

  test('every row runs', () => {
    for (const { inference, setup } of groups[group]!) {
      const run = (): void => setup()();
      if (inference) noGrad(run);
      else run();
    }
  });
});

test('words choose rows by group and name', () => {
  const chosen = chosenGroups(['gemm', 'f64', '1024']);
  expect(chosen.map(([group, trials]) => [group, trials.map(({ name }) => name)])).toEqual([
    ['gemm', ['gemm f64 1024']],
  ]);
  expect(() => chosenGroups(['no such row'])).toThrow('no such row');
  expect(chosenGroups([])).toHaveLength(Object.values(groups).filter((trials) => trials.length > 0).length);
});

const ORT = path.join(import.meta.dirname, '../../../bench/peers/ort');

test.each(readdirSync(ORT).filter((file) => !['peer.ts', 'graph.ts'].includes(file)))(
  'onnxruntime has no row that we have not: %s',
  async (file) => {
    const { trials }: { trials: object } = await import(path.join(ORT, file));
    const known = names(path.basename(file, '.ts'));
    expect(Object.keys(trials).filter((name) => !known.includes(name))).toEqual([]);
  },
);

import { expect, test } from 'vitest';
import { readArguments } from '../../../bench/arguments.js';
import { merge, type Report, type Row } from '../../../bench/report.js';
import { bestPeer, formatTime, ratioToBest, table } from '../../../bench/table.js';

const row = (name: string, threads: number, raw: Row['raw'], costs: Row['costs'] = {}): Row => ({
  group: 'gemm',
  name,
  threads,
  commit: 'abc',
  costs,
  raw,
});

const report = (rows: readonly Row[], versions: Report['versions']): Report => ({
  date: '2026-01-02',
  commit: 'abc',
  cpu: 'CPU',
  cores: 2,
  node: 'v20',
  versions,
  machines: [],
  rows,
});

test('a row measured again replaces the older one whole; the others and the peers stay', () => {
  const older = report([row('a', 1, { flambeau: [1], torch: [2] }), row('a', 2, { flambeau: [3] })], {
    torch: { peer: 'torch 2' },
  });
  const newer = report([row('a', 1, { flambeau: [5] }), row('b', 1, { flambeau: [6] })], {
    flambeau: { peer: 'flambeau' },
  });
  const merged = merge(older, newer);
  expect(merged.rows).toEqual([
    row('a', 1, { flambeau: [5] }),
    row('a', 2, { flambeau: [3] }),
    row('b', 1, { flambeau: [6] }),
  ]);
  expect(Object.keys(merged.versions)).toEqual(['torch', 'flambeau']);
});

test('a peak that was measured twice is the higher of the two', () => {
  const machine = (float32: number, read: number): Report['machines'] => [
    { threads: 1, flops: { float32 }, streams: [{ bytes: 64, read, scale: 2, add: 3 }] },
  ];
  const merged = merge(
    { ...report([], {}), machines: machine(100, 5) },
    { ...report([], {}), machines: machine(90, 7) },
  );
  expect(merged.machines).toEqual(machine(100, 7));
});

test('the quickest peer is the one to beat', () => {
  const measured = row('a', 1, { flambeau: [10, 10, 10], torch: [20, 20, 20], ort: [8, 8, 100] });
  expect(bestPeer(measured)).toBe('ort');
  expect(ratioToBest(measured)?.value).toBe(1.25);
  expect(ratioToBest(row('a', 1, { flambeau: [1] }))).toBeUndefined();
  expect(ratioToBest(row('a', 1, { torch: [1] }))).toBeUndefined();
});

test('times keep three digits', () => {
  expect([0.5, 999, 1234, 56_789, 123_456_789].map(formatTime)).toEqual([
    '0.5 ns',
    '999 ns',
    '1.23 µs',
    '56.8 µs',
    '123 ms',
  ]);
});

test('a table has a column for each peer, and a cell stays empty where a peer has no such row', () => {
  const machine = { threads: 1, flops: { float32: 100 }, streams: [] };
  const lines = table(
    [row('both', 1, { flambeau: [50], torch: [100] }, { flops: 2500 }), row('ours alone', 1, { flambeau: [10] })],
    machine,
  );
  expect(lines[0]!.split(/ {2,}/)).toEqual(['row', 'flambeau', 'spread', 'torch', 'ratio', 'rate', 'of limit']);
  expect(lines[1]!.split(/ {2,}/)).toEqual([
    'both',
    '50 ns',
    '±0%',
    '100 ns',
    '0.50 (0.50–0.50)',
    '50.0 GFLOP/s',
    '50%',
  ]);
  expect(lines[2]!.split(/ {2,}/)).toEqual(['ours alone', '10 ns', '±0%']);
});

test('arguments', () => {
  expect(readArguments(['conv', '3x3', '--rounds', '7', '--threads', '1,4'])).toEqual({
    words: ['conv', '3x3'],
    rounds: 7,
    threads: [1, 4],
    peers: false,
    into: undefined,
  });
  expect(readArguments(['--peers', '--into', 'f.json'])).toEqual({
    words: [],
    rounds: 5,
    threads: [1, 2],
    peers: true,
    into: 'f.json',
  });
  expect(() => readArguments(['--rounds', '0'])).toThrow('--rounds: expected a positive integer');
  expect(() => readArguments(['--threads', '1,x'])).toThrow('--threads');
  expect(() => readArguments(['--round', '3'])).toThrow('--round');
});

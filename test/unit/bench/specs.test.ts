import { expect, test } from 'vitest';
import type { Report, Row } from '../../../bench/report.js';
import { gemmChart, ratioChart, timeChart } from '../../../bench/specs.js';

const row = (group: string, name: string, threads: number, raw: Row['raw'], costs: Row['costs'] = {}): Row => ({
  group,
  name,
  threads,
  commit: 'abc1234',
  costs,
  raw,
});

const gemm = (size: number, threads: number): Row =>
  row(
    'gemm',
    `gemm f32 ${size}`,
    threads,
    { flambeau: [size], torch: [2 * size] },
    {
      flops: 100 * size,
      series: { name: 'gemm f32', size },
    },
  );

const report: Report = {
  date: '2026-01-02',
  commit: 'abc1234',
  cpu: 'CPU',
  cores: 2,
  node: 'v20',
  versions: { flambeau: { peer: 'flambeau' }, torch: { peer: 'torch 2' } },
  machines: [{ threads: 1, flops: { float32: 118 }, streams: [] }],
  rows: [
    gemm(64, 1),
    gemm(128, 1),
    gemm(64, 2),
    row('norm', 'slower', 1, { flambeau: [30], torch: [20], ort: [10] }),
    row('norm', 'ours alone', 1, { flambeau: [30] }),
    row('elementwise', 'add 4', 1, { flambeau: [1000] }, { series: { name: 'add: elements', size: 4 } }),
  ],
};

/** Every value of a field anywhere in a specification. */
function valuesOf(spec: unknown, field: string): unknown[] {
  if (Array.isArray(spec)) return spec.flatMap((item) => valuesOf(item, field));
  if (typeof spec !== 'object' || spec === null) return [];
  return Object.entries(spec).flatMap(([key, value]) => [
    ...(key === field && typeof value !== 'object' ? [value] : []),
    ...valuesOf(value, field),
  ]);
}

test('a bar for each row that a peer has, of one thread count, beside the quickest', () => {
  const chart = ratioChart(report, 1);
  expect(valuesOf(chart, 'ratio')).toEqual([0.5, 0.5, 3]);
  expect(valuesOf(chart, 'text')).toContain('3.00  onnxruntime-node');
  expect(valuesOf(ratioChart(report, 2), 'ratio')).toEqual([0.5]);
  expect(ratioChart(report, 3)).toBeUndefined();
});

test('rates against size, a panel for each thread count, the peak where it was measured', () => {
  const chart = gemmChart(report, 'gemm f32', 'float32');
  expect(valuesOf(chart, 'rate')).toEqual([100, 50, 100, 50, 100, 50]);
  // The line and its label.
  expect(valuesOf(chart, 'peak')).toEqual([118, 118]);
  expect(gemmChart(report, 'gemm f64', 'float64')).toBeUndefined();
});

test('time against size of the other series', () => {
  expect(valuesOf(timeChart(report), 'us')).toEqual([1]);
  expect(timeChart({ ...report, rows: [gemm(64, 1)] })).toBeUndefined();
});

// `npm run bench:charts [FILE]`: the charts in docs/charts, from the newest results (or FILE) in bench/results/.
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { latestResults, type Report, type Row, readReport } from './report.js';
import { gemmChart, ratioChart, timeChart } from './specs.js';

const OUT = path.join(import.meta.dirname, '../docs/charts');

const threadsOf = (rows: readonly Row[]): number[] => [...new Set(rows.map(({ threads }) => threads))].sort();

/** The specification of each chart that the report has rows for, by file name. */
function specsOf(report: Report): Record<string, object | undefined> {
  return {
    ...Object.fromEntries(
      threadsOf(report.rows).map((threads) => [`ratio-${threads}.svg`, ratioChart(report, threads)]),
    ),
    'gemm-f32.svg': gemmChart(report, 'gemm f32', 'float32'),
    'gemm-f64.svg': gemmChart(report, 'gemm f64', 'float64'),
    'gemm-bf16.svg': gemmChart(report, 'gemm bf16', 'bfloat16'),
    'gemm-int8.svg': gemmChart(report, 'gemm int8', 'int8'),
    'time.svg': timeChart(report),
  };
}

export async function drawCharts(file: string): Promise<void> {
  const { svgOf } = await import('./peers/vega.js');
  mkdirSync(OUT, { recursive: true });
  for (const [name, spec] of Object.entries(specsOf(readReport(file)))) {
    if (spec !== undefined) writeFileSync(path.join(OUT, name), `${await svgOf(spec)}\n`);
  }
  console.log(`charts: ${path.relative('.', OUT)}`);
}

if (process.argv[1] === import.meta.filename) {
  const file = process.argv[2] ?? latestResults();
  if (file === undefined) throw new Error('no results with peers yet: npm run bench:peers');
  await drawCharts(file);
}

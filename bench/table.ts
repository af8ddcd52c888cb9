// The table in the terminal: a line for each row, a column for each peer that has rows of the group.
import type { Row } from './report.js';
import { type Limit, limitOf, type Machine } from './roofline.js';
import { median, quantile, type Ratio, ratioOf } from './statistics.js';

export const OURS = 'flambeau';

export function formatTime(ns: number): string {
  const [unit, size] = ns < 1e3 ? (['ns', 1] as const) : ns < 1e6 ? (['µs', 1e3] as const) : (['ms', 1e6] as const);
  return `${Number((ns / size).toPrecision(3))} ${unit}`;
}

/** The peer that is quickest at a row, us left out. */
export function bestPeer(row: Row, us: string = OURS): string | undefined {
  const others = Object.keys(row.raw).filter((peer) => peer !== us);
  return others.sort((a, b) => median(row.raw[a]!) - median(row.raw[b]!))[0];
}

/** Our time over the quickest peer's: smaller is better. */
export function ratioToBest(row: Row, us: string = OURS): Ratio | undefined {
  const best = bestPeer(row, us);
  const ours = row.raw[us];
  return best === undefined || ours === undefined ? undefined : ratioOf(ours, row.raw[best]!);
}

const formatRatio = ({ value, low, high }: Ratio): string =>
  `${value.toFixed(2)} (${low.toFixed(2)}–${high.toFixed(2)})`;

/** Half the distance between the quartiles, in percent of the median. */
function spread(values: readonly number[]): string {
  const half = (quantile(values, 0.75) - quantile(values, 0.25)) / 2;
  return `±${((100 * half) / median(values)).toFixed(0)}%`;
}

function rate(row: Row, limit: Limit | undefined, ns: number): string {
  const { flops = 0, read = 0, written = 0 } = row.costs;
  const byOperations = limit === undefined ? flops > 0 : limit.by === 'operations';
  if (byOperations) return `${(flops / ns).toPrecision(3)} GFLOP/s`;
  return read + written === 0 ? '' : `${((read + written) / ns).toPrecision(3)} GB/s`;
}

type Column = readonly [title: string, cell: (row: Row) => string];

export function table(rows: readonly Row[], machine: Machine | undefined): string[] {
  const others = [...new Set(rows.flatMap(({ raw }) => Object.keys(raw)))].filter((peer) => peer !== OURS);
  const timeOf =
    (peer: string) =>
    ({ raw }: Row): string =>
      raw[peer] === undefined ? '' : formatTime(median(raw[peer]));
  const columns: Column[] = [
    ['row', ({ name }) => name],
    [OURS, timeOf(OURS)],
    ['spread', ({ raw }) => (raw[OURS] === undefined ? '' : spread(raw[OURS]))],
    ...others.map((peer): Column => [peer, timeOf(peer)]),
  ];
  if (others.length > 0) {
    columns.push([
      'ratio',
      (row) => {
        const ratio = ratioToBest(row);
        return ratio === undefined ? '' : formatRatio(ratio);
      },
    ]);
  }
  columns.push(
    [
      'rate',
      (row) => (row.raw[OURS] === undefined ? '' : rate(row, limitOf(row.costs, machine), median(row.raw[OURS]))),
    ],
    [
      'of limit',
      (row) => {
        const limit = limitOf(row.costs, machine);
        const ours = row.raw[OURS];
        return limit === undefined || ours === undefined ? '' : `${((100 * limit.time) / median(ours)).toFixed(0)}%`;
      },
    ],
    ['', ({ costs: { note = '' } }) => note],
  );
  return align([columns.map(([title]) => title), ...rows.map((row) => columns.map(([, cell]) => cell(row)))]);
}

/** The first and the last column to the left, the others to the right. */
export function align(lines: readonly (readonly string[])[]): string[] {
  const widths = lines[0]!.map((_, i) => Math.max(...lines.map((line) => line[i]!.length)));
  return lines.map((line) =>
    line
      .map((cell, i) => (i === 0 || i === line.length - 1 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)))
      .join('  ')
      .trimEnd(),
  );
}

// The charts as Vega-Lite specifications. They stand on a background of their own, so that a dark page shows them too.
import type { Report, Row } from './report.js';
import { median } from './statistics.js';
import { bestPeer, formatTime, OURS, ratioToBest } from './table.js';
import type { Precision } from './trials/trial.js';

const NAMES: Readonly<Record<string, string>> = {
  flambeau: 'Flambeau',
  torch: 'PyTorch',
  ort: 'onnxruntime-node',
  tfjs: 'tfjs-wasm',
  openblas: 'OpenBLAS',
};
// Told apart by colour-blind readers too (Okabe and Ito's palette); ours is the flame.
const COLOURS: Readonly<Record<string, string>> = {
  flambeau: '#d55e00',
  torch: '#0072b2',
  ort: '#009e73',
  tfjs: '#cc79a7',
  openblas: '#56b4e9',
};
const INK = '#24292f';
const FAINT = '#d0d7de';
const MUTED = '#57606a';

const label = (peer: string): string => NAMES[peer] ?? peer;
const threadsLabel = (threads: number): string => (threads === 1 ? 'one thread' : `${threads} threads`);

const FRAME = {
  $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
  background: '#ffffff',
  padding: 16,
  config: {
    font: 'system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif',
    view: { stroke: FAINT },
    axis: {
      labelColor: INK,
      titleColor: MUTED,
      gridColor: '#eaeef2',
      domainColor: FAINT,
      tickColor: FAINT,
      titleFontWeight: 'normal',
    },
    title: { color: INK, subtitleColor: MUTED, anchor: 'start', fontSize: 14, subtitleFontSize: 11 },
    header: { labelColor: INK, labelFontWeight: 'bold' },
    legend: { labelColor: INK, title: null, orient: 'top', symbolSize: 80 },
  },
};

function caption({ cpu, cores, node, commit, date, versions }: Report): string[] {
  const peers = Object.entries(versions).flatMap(([name, { peer }]) => (name === OURS ? [] : [peer]));
  return [`${cpu}, ${cores} cores, Node ${node}, ${date}, Flambeau ${commit}`, peers.join(', ')];
}

const title = (report: Report, text: string, ...lines: string[]): object => ({
  text,
  subtitle: [...lines, ...caption(report)],
});

/** In the order in which the keys first come. */
function grouped<T>(values: readonly T[], keyOf: (value: T) => string): [key: string, values: T[]][] {
  const groups = new Map<string, T[]>();
  for (const value of values) groups.set(keyOf(value), [...(groups.get(keyOf(value)) ?? []), value]);
  return [...groups];
}

interface Bar {
  readonly name: string;
  readonly group: string;
  readonly ratio: number;
  readonly low: number;
  readonly high: number;
  readonly text: string;
}

function barOf(row: Row): Bar[] {
  const ratio = ratioToBest(row);
  const best = bestPeer(row);
  if (ratio === undefined || best === undefined) return [];
  const { value, low, high } = ratio;
  return [{ name: row.name, group: row.group, ratio: value, low, high, text: `${value.toFixed(2)}  ${label(best)}` }];
}

function barsOfGroup(group: string, bars: readonly Bar[], domain: readonly [number, number]): object {
  const y = { field: 'name', type: 'nominal', sort: null, title: null, axis: { labelLimit: 300, ticks: false } };
  const scale = { type: 'log', domain, nice: false, clamp: true };
  const values = [0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10].filter((value) => value >= domain[0] && value <= domain[1]);
  const x = { field: 'ratio', type: 'quantitative', scale, title: null, axis: { values, format: '~g' } };
  return {
    title: { text: group, fontSize: 12, anchor: 'start', frame: 'group' },
    data: { values: bars },
    width: 230,
    height: { step: 15 },
    layer: [
      {
        mark: { type: 'bar', height: 9 },
        encoding: {
          y,
          x,
          x2: { datum: 1 },
          color: {
            condition: { test: 'datum.ratio > 1', value: '#8c959f' },
            value: COLOURS[OURS],
          },
        },
      },
      {
        mark: { type: 'rule', color: INK, opacity: 0.6 },
        encoding: { y, x: { ...x, field: 'low' }, x2: { field: 'high' } },
      },
      { mark: { type: 'rule', color: INK, strokeWidth: 1.5 }, encoding: { x: { datum: 1, type: 'quantitative' } } },
      {
        mark: { type: 'text', align: 'left', color: MUTED, fontSize: 10 },
        encoding: { y, x: { value: 236 }, text: { field: 'text' } },
      },
    ],
  };
}

/** Groups in two columns of about the same height. */
function columnsOf(groups: readonly (readonly [string, readonly Bar[]])[]): (readonly [string, readonly Bar[]])[][] {
  const heightOf = ([, bars]: readonly [string, readonly Bar[]]): number => bars.length + 4;
  const whole = groups.reduce((sum, group) => sum + heightOf(group), 0);
  const columns: (readonly [string, readonly Bar[]])[][] = [[], []];
  let height = 0;
  for (const group of groups) {
    columns[height + heightOf(group) / 2 <= whole / 2 ? 0 : 1]!.push(group);
    height += heightOf(group);
  }
  return columns.filter((column) => column.length > 0);
}

/** A bar for each row: our time over the quickest peer's. */
export function ratioChart(report: Report, threads: number): object | undefined {
  const bars = report.rows.filter((row) => row.threads === threads).flatMap(barOf);
  if (bars.length === 0) return undefined;
  const groups = grouped(bars, ({ group }) => group);
  const ratios = bars.map(({ ratio }) => ratio);
  const domain = [Math.min(0.5, ...ratios) * 0.95, Math.max(2, ...ratios) * 1.05] as const;
  return {
    ...FRAME,
    title: title(
      report,
      `Our time over the quickest peer's, ${threadsLabel(threads)}`,
      'Left of the line we are faster. Medians of interleaved rounds; the thin line spans the quartiles.',
      'At the right: the ratio, and who the quickest peer is.',
    ),
    spacing: 10,
    hconcat: columnsOf(groups).map((column) => ({
      spacing: 12,
      vconcat: column.map(([group, ofGroup]) => barsOfGroup(group, ofGroup, domain)),
    })),
  };
}

interface Point {
  readonly peer: string;
  readonly size: number;
  readonly panel: string;
  readonly ns: number;
  readonly rate: number;
  readonly time: string;
}

/** A point for each peer of each row of the series that `wanted` takes. */
function pointsOf(report: Report, wanted: (name: string) => boolean, panel: (row: Row) => string): Point[] {
  return report.rows.flatMap((row) => {
    const { series, flops = 0 } = row.costs;
    if (series === undefined || !wanted(series.name)) return [];
    return Object.entries(row.raw).map(([peer, values]) => {
      const ns = median(values);
      const rate = flops / ns;
      return { peer: label(peer), size: series.size, panel: panel(row), ns, rate, time: formatTime(ns) };
    });
  });
}

function peerColour(points: readonly Point[]): object {
  const present = Object.keys(NAMES).filter((peer) => points.some((point) => point.peer === label(peer)));
  const scale = { domain: present.map(label), range: present.map((peer) => COLOURS[peer]) };
  return { field: 'peer', type: 'nominal', scale, legend: { orient: 'top', title: null } };
}

const LINE = { type: 'line', point: { filled: true, size: 36 }, strokeWidth: 2 };

/** GFLOP/s of square products against their size, with the measured peak as a line; a panel for each thread count. */
export function gemmChart(report: Report, series: string, precision: Precision): object | undefined {
  const points = pointsOf(
    report,
    (name) => name === series,
    ({ threads }) => threadsLabel(threads),
  );
  if (points.length === 0) return undefined;
  const peaks = report.machines.flatMap(({ threads, flops }) => {
    const peak = flops[precision];
    const panel = threadsLabel(threads);
    if (peak === undefined || points.every((point) => point.panel !== panel)) return [];
    return [{ panel, peak, text: `measured peak, ${peak.toFixed(0)}` }];
  });
  const panels = [...new Set(points.map(({ panel }) => panel))];
  const panelOf = (panel: string): object => ({
    title: { text: panel, fontSize: 12 },
    width: 340,
    height: 260,
    layer: [
      {
        data: { values: points.filter((point) => point.panel === panel) },
        mark: LINE,
        encoding: {
          x: {
            field: 'size',
            type: 'quantitative',
            scale: { type: 'log', base: 2, nice: false },
            title: 'n, of n × n × n',
            axis: { values: [...new Set(points.map(({ size }) => size))], format: 'd', grid: false },
          },
          y: { field: 'rate', type: 'quantitative', title: precision === 'int8' ? 'GOP/s' : 'GFLOP/s' },
          color: peerColour(points),
        },
      },
      {
        data: { values: peaks.filter((peak) => peak.panel === panel) },
        mark: { type: 'rule', strokeDash: [6, 4], color: INK },
        encoding: { y: { field: 'peak', type: 'quantitative' } },
      },
      {
        data: { values: peaks.filter((peak) => peak.panel === panel) },
        mark: { type: 'text', align: 'left', baseline: 'bottom', dy: -3, color: INK, fontSize: 10 },
        encoding: { y: { field: 'peak', type: 'quantitative' }, x: { value: 4 }, text: { field: 'text' } },
      },
    ],
  });
  return {
    ...FRAME,
    title: title(report, `Matrix product, ${precision}`),
    spacing: 30,
    hconcat: panels.map(panelOf),
  };
}

function powersOfTen(values: readonly number[]): number[] {
  const [first, last] = [Math.floor(Math.log10(Math.min(...values))), Math.ceil(Math.log10(Math.max(...values)))];
  return Array.from({ length: last - first + 1 }, (_, i) => 10 ** (first + i));
}

/** Time against size, both logarithmic, of the series that are no products; one thread. */
export function timeChart(report: Report): object | undefined {
  const single = { ...report, rows: report.rows.filter(({ threads }) => threads === 1) };
  const points = pointsOf(
    single,
    (name) => !name.startsWith('gemm '),
    ({ costs }) => costs.series!.name,
  );
  if (points.length === 0) return undefined;
  const panels = grouped(points, ({ panel }) => panel);
  const panelOf = ([name, ofPanel]: [string, Point[]]): object => {
    const [what, axis = ''] = name.split(': ');
    return {
      title: { text: what, fontSize: 12 },
      data: { values: ofPanel.map((point) => ({ ...point, us: point.ns / 1e3 })) },
      width: 340,
      height: 220,
      mark: LINE,
      encoding: {
        x: {
          field: 'size',
          type: 'quantitative',
          scale: { type: 'log', nice: false },
          title: axis,
          axis: { format: '~s', values: powersOfTen(ofPanel.map(({ size }) => size)) },
        },
        y: {
          field: 'us',
          type: 'quantitative',
          scale: { type: 'log' },
          title: 'µs',
          axis: { format: ',~r', values: powersOfTen(ofPanel.map(({ ns }) => ns / 1e3)) },
        },
        color: peerColour(points),
      },
    };
  };
  return {
    ...FRAME,
    title: title(report, 'Time against size, one thread'),
    columns: 2,
    spacing: 30,
    concat: panels.map(panelOf),
  };
}

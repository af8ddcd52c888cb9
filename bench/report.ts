// What a run leaves behind: a dated file of raw values. Parts of a run may be measured one after the other: rows are
// merged into the file of the same day and commit (or a named one), a row measured again replaces the older one.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import path from 'node:path';
import type { Machine } from './roofline.js';
import type { Costs } from './trials/trial.js';

export interface Row {
  readonly group: string;
  readonly name: string;
  readonly threads: number;
  /** What was measured; parts of a report may be older than the whole. */
  readonly commit: string;
  readonly costs: Costs;
  /** Nanoseconds of one run by peer, one value a round; a peer that has no such row is absent. */
  readonly raw: Record<string, number[]>;
}

export interface Version {
  readonly peer: string;
  readonly isa?: string;
}

export interface Report {
  readonly date: string;
  readonly commit: string;
  readonly cpu: string;
  readonly cores: number;
  readonly node: string;
  readonly versions: Readonly<Record<string, Version>>;
  readonly machines: readonly Machine[];
  readonly rows: readonly Row[];
}

const RESULTS = path.join(import.meta.dirname, 'results');

const git = (...args: string[]): string =>
  execFileSync('git', args, { cwd: import.meta.dirname, encoding: 'utf8' }).trim();

/** The commit that is measured; a tree with changes in what is measured has no name of its own. */
function measuredCommit(): string {
  const dirty = git('status', '--porcelain', '--', ':/lib', ':/native') !== '';
  return `${git('rev-parse', '--short', 'HEAD')}${dirty ? '-dirty' : ''}`;
}

export function emptyReport(): Report {
  return {
    date: new Date().toISOString().slice(0, 10),
    commit: measuredCommit(),
    cpu: cpus()[0]?.model.trim() ?? 'unknown CPU',
    cores: cpus().length,
    node: process.version,
    versions: {},
    machines: [],
    rows: [],
  };
}

const keyOf = ({ group, name, threads }: Row): string => JSON.stringify([group, name, threads]);

const mostOf = <T extends object>(a: T, b: T): T =>
  Object.fromEntries(
    Object.entries({ ...a, ...b }).map(([key, value]) => [
      key,
      Math.max(value, (a as Record<string, number>)[key] ?? 0),
    ]),
  ) as T;

/** A peak is the best that was ever seen: whatever disturbs a measurement only lowers it. */
function bestOf(a: Machine | undefined, b: Machine): Machine {
  if (a === undefined) return b;
  const streams = b.streams.map((stream, i) => mostOf(a.streams[i] ?? stream, stream));
  return { threads: b.threads, flops: mostOf(a.flops, b.flops), streams };
}

export function merge(older: Report, newer: Report): Report {
  const rows = new Map([...older.rows, ...newer.rows].map((row) => [keyOf(row), row]));
  const machines = new Map(older.machines.map((machine) => [machine.threads, machine]));
  for (const machine of newer.machines) machines.set(machine.threads, bestOf(machines.get(machine.threads), machine));
  return {
    ...newer,
    versions: { ...older.versions, ...newer.versions },
    machines: [...machines.values()],
    rows: [...rows.values()].sort((a, b) => a.group.localeCompare(b.group)),
  };
}

export const readReport = (file: string): Report => JSON.parse(readFileSync(file, 'utf8'));

/** The file of the day and commit. */
export const resultsFile = ({ date, commit }: Report, suffix: string): string =>
  path.join(RESULTS, `${date}-${commit}${suffix}.json`);

/** Merges into what the file has. */
export function writeReport(report: Report, file: string): void {
  mkdirSync(path.dirname(file), { recursive: true });
  const whole = existsSync(file) ? merge(readReport(file), report) : report;
  writeFileSync(file, `${stringify(whole)}\n`);
}

/** A line for each row. */
function stringify({ rows, machines, ...head }: Report): string {
  const lines = (values: readonly unknown[]): string =>
    values.map((value) => `    ${JSON.stringify(value)}`).join(',\n');
  const open = JSON.stringify(head, null, 2).slice(0, -2);
  return `${open},\n  "machines": [\n${lines(machines)}\n  ],\n  "rows": [\n${lines(rows)}\n  ]\n}`;
}

/** The newest results that have peers' times. */
export function latestResults(): string | undefined {
  const files = existsSync(RESULTS) ? readdirSync(RESULTS) : [];
  const names = files.filter((name) => /^\d{4}-\d\d-\d\d(-[0-9a-f]+)?\.json$/.test(name)).sort();
  const last = names.at(-1);
  return last && path.join(RESULTS, last);
}

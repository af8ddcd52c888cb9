// `npm run bench [WORD…]`: our time of the rows whose group and name hold every WORD; `npm run bench:peers` beside each
// peer's in the same run. A fresh process for each peer, group and round; the order of the peers reversed each round;
// medians over rounds. Raw values go to bench/results/.
//   --rounds N     5 unless given
//   --threads 1,2  thread counts, each measured apart
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { median } from './measure.js';
import { groups } from './trials/index.js';
import type { Trial } from './trials/trial.js';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const python = process.env.FLAMBEAU_BENCH_PYTHON ?? 'python3';

interface Row {
  readonly group: string;
  readonly name: string;
  readonly threads: number;
  /** Nanoseconds of one run, of each peer that has the row: one value a round. */
  readonly raw: Record<string, number[]>;
}

interface Peer {
  readonly name: string;
  readonly command: readonly [string, ...string[]];
}

const OURS: Peer = { name: 'flambeau', command: [process.execPath, '--import', 'tsx', here('./ours.ts')] };
const TORCH: Peer = { name: 'torch', command: [python, here('./peers/torch/peer.py')] };

function hasTorch(): boolean {
  try {
    execFileSync(python, ['-c', 'import torch'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    peers: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '5' },
    threads: { type: 'string', default: '1,2' },
  },
});
const peers: Peer[] = values.peers && hasTorch() ? [OURS, TORCH] : [OURS];
const versions: Record<string, { peer: string; isa?: string }> = {};

function measure(peer: Peer, group: string, threads: number, rows: readonly Row[]): void {
  const [program, ...args] = peer.command;
  const names = rows.map(({ name }) => name);
  const lines = execFileSync(program, [...args, group, String(threads), ...names], { encoding: 'utf8' }).trim();
  const [version, ...times] = lines.split('\n').map((line) => JSON.parse(line));
  versions[peer.name] = version;
  for (const { name, ns } of times) {
    const { raw } = rows.find((row) => row.name === name)!;
    raw[peer.name] = [...(raw[peer.name] ?? []), ns];
  }
}

function runGroup(group: string, trials: readonly Trial[], threads: number): Row[] {
  const rows: Row[] = trials.map(({ name }) => ({ group, name, threads, raw: {} }));
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const peer of round % 2 === 0 ? peers : peers.toReversed()) measure(peer, group, threads, rows);
  }
  return rows;
}

const time = (ns: number): string =>
  ns < 1e3 ? `${ns.toFixed(0)} ns` : ns < 1e6 ? `${(ns / 1e3).toFixed(2)} µs` : `${(ns / 1e6).toFixed(2)} ms`;

function print({ name, threads, raw }: Row, { flops }: Trial): void {
  const ours = median(raw.flambeau!);
  const cells = [name.padEnd(42), `T${threads}`, time(ours).padStart(10)];
  if (raw.torch !== undefined) {
    const theirs = median(raw.torch);
    cells.push(time(theirs).padStart(10), (ours / theirs).toFixed(2).padStart(8));
  }
  if (flops !== undefined) cells.push(`${(flops / ours).toFixed(1).padStart(8)} GFLOP/s`);
  console.log(cells.join('  '));
}

const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim();
console.log(`${cpus()[0]?.model.trim()}, ${cpus().length} cores, Node ${process.version}, commit ${commit}`);
const rows: Row[] = [];
for (const [group, all] of Object.entries(groups)) {
  const trials = all.filter(({ name }) => positionals.every((word) => `${group} ${name}`.includes(word)));
  if (trials.length === 0) continue;
  for (const threads of values.threads.split(',').map(Number)) {
    console.log(`\n${group}, ${threads === 1 ? 'one thread' : `${threads} threads`}`);
    const measured = runGroup(group, trials, threads);
    measured.forEach((row, i) => void print(row, trials[i]!));
    rows.push(...measured);
  }
}
console.log(
  `\n${Object.values(versions)
    .map(({ peer, isa }) => `${peer} (${isa})`)
    .join(', ')}`,
);

mkdirSync(here('./results'), { recursive: true });
const date = new Date().toISOString().slice(0, 10);
const report = { date, commit, cpu: cpus()[0]?.model, node: process.version, versions, rows };
writeFileSync(here(`./results/${date}-${commit}.json`), `${JSON.stringify(report, null, 2)}\n`);

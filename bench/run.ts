// `npm run bench -- [WORD…] [--rounds N] [--threads 1,2]`: our time beside PyTorch's, where a python3 with torch is
// found (FLAMBEAU_BENCH_PYTHON names another). A fresh process for each measurement, the order of the peers reversed
// each round, medians over rounds. Rows whose name holds every WORD are run. Raw values go to bench/results/.
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { median } from './measure.js';
import { type Trial, trials } from './trials.js';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const python = process.env.FLAMBEAU_BENCH_PYTHON ?? 'python3';

interface Measurement {
  readonly ns: number;
  readonly isa: string;
}
type Peer = 'flambeau' | 'torch';

interface Row {
  readonly name: string;
  readonly threads: number;
  readonly flops: number | undefined;
  readonly raw: Readonly<Record<Peer, number[]>>;
}

function measure(peer: Peer, name: string, threads: number): Measurement {
  const [command, args] =
    peer === 'torch'
      ? [python, [here('./peers/torch_peer.py'), name, String(threads)]]
      : [process.execPath, ['--import', 'tsx', here('./ours.ts'), name, String(threads)]];
  return JSON.parse(execFileSync(command, args, { encoding: 'utf8' }));
}

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
  options: { rounds: { type: 'string', default: '3' }, threads: { type: 'string', default: '1,2' } },
});
const peers: Peer[] = hasTorch() ? ['flambeau', 'torch'] : ['flambeau'];
const chosen = trials.filter(({ name }) => positionals.every((word) => name.includes(word)));
const isas = new Map<Peer, string>();

function runRow(trial: Trial, threads: number): Row {
  const raw: Record<Peer, number[]> = { flambeau: [], torch: [] };
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const peer of round % 2 === 0 ? peers : [...peers].reverse()) {
      const { ns, isa } = measure(peer, trial.name, threads);
      raw[peer].push(ns);
      isas.set(peer, isa);
    }
  }
  return { name: trial.name, threads, flops: trial.flops, raw };
}

const time = (ns: number): string =>
  ns < 1e3 ? `${ns.toFixed(0)} ns` : ns < 1e6 ? `${(ns / 1e3).toFixed(2)} µs` : `${(ns / 1e6).toFixed(2)} ms`;

function print({ name, threads, flops, raw }: Row): void {
  const ours = median(raw.flambeau);
  const cells = [name.padEnd(42), `T${threads}`, time(ours).padStart(10)];
  if (raw.torch.length > 0) {
    const theirs = median(raw.torch);
    cells.push(time(theirs).padStart(10), (ours / theirs).toFixed(2).padStart(8));
  }
  if (flops !== undefined) cells.push(`${(flops / ours).toFixed(1).padStart(8)} GFLOP/s`);
  console.log(cells.join('  '));
}

const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim();
console.log(`${cpus()[0]?.model.trim()}, ${cpus().length} cores, Node ${process.version}, commit ${commit}`);
console.log(`${'row'.padEnd(42)}  th  ${'flambeau'.padStart(10)}  ${'torch'.padStart(10)}  ${'ratio'.padStart(8)}`);
const rows: Row[] = [];
for (const trial of chosen) {
  for (const threads of values.threads.split(',').map(Number)) {
    const row = runRow(trial, threads);
    rows.push(row);
    print(row);
  }
}
console.log(`ISA: ${[...isas].map(([peer, isa]) => `${peer} ${isa}`).join(', ')}`);

mkdirSync(here('./results'), { recursive: true });
const date = new Date().toISOString().slice(0, 10);
const file = here(`./results/${date}-${commit}.json`);
const report = { date, commit, cpu: cpus()[0]?.model, node: process.version, isa: Object.fromEntries(isas), rows };
writeFileSync(file, `${JSON.stringify(report, null, 2)}\n`);

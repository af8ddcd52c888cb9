// `npm run bench [WORD…]`: our time of the rows whose group and name hold every WORD; `npm run bench:peers` beside each
// peer's in the same run, and the charts of docs/charts drawn anew. Results are in bench/results/.
//   --rounds N       5 unless given
//   --threads 1,2    thread counts, each measured apart
//   --into FILE      the results to merge into, if not those of the day and commit
import path from 'node:path';
import { readArguments } from './arguments.js';
import { buildPrograms, measureMachine } from './machine.js';
import { findPeers, flambeau } from './peers.js';
import { emptyReport, merge, type Report, resultsFile, writeReport } from './report.js';
import type { Machine } from './roofline.js';
import { runGroup } from './rounds.js';
import { table } from './table.js';
import { chosenGroups } from './trials/index.js';

const { words, rounds, threads: counts, peers: withPeers, into } = readArguments(process.argv.slice(2));
const chosen = chosenGroups(words);
const measured = buildPrograms();
const peers = [flambeau(), ...(withPeers ? findPeers() : [])];
const machines: Machine[] = measured ? counts.map(measureMachine) : [];

let report: Report = { ...emptyReport(), machines };
console.log(`${report.cpu}, ${report.cores} cores, Node ${report.node}, commit ${report.commit}`);
for (const { threads, flops } of machines) {
  const peaks = Object.entries(flops).map(([precision, peak]) => `${precision} ${peak.toFixed(0)}`);
  console.log(`peak of ${threads === 1 ? 'one thread' : `${threads} threads`}, GFLOP/s: ${peaks.join(', ')}`);
}

const file = into ?? resultsFile(report, withPeers ? '' : '-ours');
for (const [group, trials] of chosen) {
  for (const threads of counts) {
    const { rows, versions, problems } = await runGroup(peers, group, trials, threads, rounds, report.commit);
    console.log(`\n${group}, ${threads === 1 ? 'one thread' : `${threads} threads`}`);
    const machine = machines.find((candidate) => candidate.threads === threads);
    for (const line of table(rows, machine)) console.log(line);
    for (const problem of problems) console.error(problem);
    // After each group, so that a run that is interrupted leaves what it has.
    report = merge(report, { ...report, versions, rows });
    writeReport(report, file);
  }
}
const names = Object.values(report.versions).map(({ peer, isa }) => (isa ? `${peer} (${isa})` : peer));
console.log(`\n${names.join(', ')}\n${path.relative('.', file)}`);
if (withPeers) await (await import('./charts.js')).drawCharts(file);

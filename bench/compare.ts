// `npm run bench:compare REF [WORD…]`: the working tree beside a git ref, with this tree's rows: ratio is ours over the
// ref's. Rows that need what the ref does not have yet are listed. Options as in run.ts.
import { readArguments } from './arguments.js';
import { flambeau } from './peers.js';
import type { Row } from './report.js';
import { runGroup } from './rounds.js';
import { median } from './statistics.js';
import { OURS, ratioToBest, table } from './table.js';
import { chosenGroups } from './trials/index.js';
import { checkOut } from './worktree.js';

const {
  words: [ref, ...words],
  rounds,
  threads: counts,
} = readArguments(process.argv.slice(2));
if (ref === undefined) throw new Error('bench:compare: which git ref? npm run bench:compare -- REF [WORD…]');

console.log(`building ${ref} …`);
const tree = checkOut(ref);
process.once('exit', () => tree.remove());
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

const peers = [flambeau(), flambeau(tree.root, ref)];
const all: Row[] = [];
for (const [group, trials] of chosenGroups(words)) {
  for (const threads of counts) {
    const { rows, problems } = await runGroup(peers, group, trials, threads, rounds, ref);
    console.log(`\n${group}, ${threads === 1 ? 'one thread' : `${threads} threads`}`);
    for (const line of table(rows, undefined)) console.log(line);
    for (const problem of problems) console.error(problem);
    all.push(...rows);
  }
}

// Beyond the noise of these rounds: three quarters of them on the same side of 1.
const ratios = all.flatMap((row) => {
  const ratio = ratioToBest(row);
  return ratio === undefined ? [] : [{ ...ratio, text: `${row.name} T${row.threads} (${ratio.value.toFixed(2)})` }];
});
const list = (title: string, chosen: typeof ratios): void =>
  console.log(`${title}: ${chosen.length === 0 ? 'none' : chosen.map(({ text }) => text).join(', ')}`);
console.log(
  `\n${OURS} over ${ref}: median ratio ${median(ratios.map(({ value }) => value)).toFixed(3)} of ${ratios.length} rows`,
);
list(
  'faster',
  ratios.filter(({ value, high }) => value < 0.97 && high < 1),
);
list(
  'slower',
  ratios.filter(({ value, low }) => value > 1.03 && low > 1),
);

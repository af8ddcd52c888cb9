// One group in a fresh process: `tsx bench/ours.ts GROUP THREADS ROW…` prints a line of JSON for each row.
import { isa, noGrad, setNumThreads } from 'flambeau';
import { medianTime } from './measure.js';
import { groups } from './trials/index.js';

const [group = '', threads, ...names] = process.argv.slice(2);
setNumThreads(Number(threads));
console.log(JSON.stringify({ peer: 'flambeau', isa: isa() }));
for (const { name, inference, setup } of groups[group] ?? []) {
  if (!names.includes(name)) continue;
  const measure = (): number => medianTime(setup());
  console.log(JSON.stringify({ name, ns: inference ? noGrad(measure) : measure() }));
}

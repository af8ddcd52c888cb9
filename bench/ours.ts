// One group in a fresh process: `tsx bench/ours.ts GROUP THREADS ROW…` prints who we are, then a line for each row.
import { isa, noGrad, setNumThreads } from 'flambeau';
import { medianTime, timer } from './measure.js';
import type { Trial } from './trials/trial.js';

const [group, threads, ...names] = process.argv.slice(2);
setNumThreads(Number(threads));
console.log(JSON.stringify({ peer: 'flambeau', isa: isa() }));
// Only this group: bench:compare runs today's rows with an older library, which may lack what another group imports.
const { trials }: { trials: readonly Trial[] } = await import(`./trials/${group}.js`);
for (const { name, inference, setup } of trials.filter((trial) => names.includes(trial.name))) {
  const measure = (): Promise<number> => medianTime(timer(setup()));
  try {
    console.log(JSON.stringify({ name, ns: await (inference ? noGrad(measure) : measure()) }));
  } catch (error) {
    console.log(JSON.stringify({ name, error: String(error) }));
  }
}

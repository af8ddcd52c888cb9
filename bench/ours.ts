// One row in a fresh process: `tsx bench/ours.ts NAME THREADS` prints {"isa", "ns"}, the median time of one run.
import { isa, setNumThreads } from 'flambeau';
import { medianTime } from './measure.js';
import { trials } from './trials.js';

const [name, threads] = process.argv.slice(2);
const trial = trials.find((row) => row.name === name);
if (trial === undefined) throw new Error(`no trial ${name}`);
setNumThreads(Number(threads));
console.log(JSON.stringify({ isa: isa(), ns: medianTime(trial.setup()) }));

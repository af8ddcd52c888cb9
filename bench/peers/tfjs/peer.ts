// TensorFlow.js's side, on its WebAssembly backend: `tsx peer.ts GROUP THREADS ROW…`, as bench/ours.ts.
import { medianTime, timer } from '../../measure.js';
import { type TfTrial, tf } from './api.js';

const [group, , ...names] = process.argv.slice(2);
if (!(await tf.setBackend('wasm'))) throw new Error('tfjs: the WebAssembly backend does not start');
await tf.ready();
console.log(JSON.stringify({ peer: `tfjs-wasm ${tf.version.tfjs}`, isa: 'wasm' }));
const { trials }: { trials: Readonly<Record<string, TfTrial>> } = await import(`./${group}.js`);
for (const name of names) {
  const setup = trials[name];
  if (setup === undefined) continue;
  const work = setup();
  // As its guide advises: what a call makes on the way is freed by tidy.
  const ns = await medianTime(timer(() => tf.tidy(work).dispose()));
  console.log(JSON.stringify({ name, ns }));
}

// onnxruntime-node's side: `tsx peer.ts GROUP THREADS ROW…`, as bench/ours.ts.
import { asyncTimer, medianTime } from '../../measure.js';
import { Graph, type OrtTrial, ort } from './graph.js';

const [group, threads, ...names] = process.argv.slice(2);
console.log(JSON.stringify({ peer: `onnxruntime-node ${ort.env.versions.node ?? ''}` }));
const { trials }: { trials: Readonly<Record<string, OrtTrial>> } = await import(`./${group}.js`);
for (const name of names) {
  const build = trials[name];
  if (build === undefined) continue;
  try {
    const graph = new Graph();
    const outputs = [build(graph)].flat();
    const session = await ort.InferenceSession.create(graph.model(...outputs), {
      intraOpNumThreads: Number(threads),
      interOpNumThreads: 1,
      executionMode: 'sequential',
      graphOptimizationLevel: 'all',
    });
    console.log(JSON.stringify({ name, ns: await medianTime(asyncTimer(() => session.run(graph.feeds))) }));
  } catch (error) {
    console.log(JSON.stringify({ name, error: String(error) }));
  }
}

import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { expect, it } from 'vitest';
import { manualSeed, nn, noGrad, randn, tensor } from '../../lib/index.js';

const program = fileURLToPath(new URL('./worker.mjs', import.meta.url));

function answerHere(): number[] {
  manualSeed(7);
  const model = new nn.Sequential(new nn.Linear(10, 50), new nn.ReLU(), new nn.Linear(50, 2));
  return Array.from(noGrad(() => model(randn([4, 10]))).toTypedArray(), Number);
}

it('four workers compute the same at once, each with its own generator', async () => {
  const workers = Array.from({ length: 4 }, () => new Worker(program, { workerData: 'compute' }));
  // Listened for from the start: the first worker may be gone before the last has answered.
  const exits = workers.map((worker) => once(worker, 'exit'));
  const answers = await Promise.all(workers.map(async (worker) => (await once(worker, 'message'))[0] as number[]));
  await Promise.all(exits);
  for (const answer of answers) expect(answer).toEqual(answerHere());
});

it('survives terminate() in the middle of a call', async () => {
  for (let round = 0; round < 8; round++) {
    const worker = new Worker(program, { workerData: 'spin' });
    await once(worker, 'message');
    await new Promise((resolve) => setTimeout(resolve, 5 * round));
    expect(await worker.terminate()).toBe(1);
  }
  expect(tensor([1, 2]).add(1).toArray()).toEqual([2, 3]);
});

it('a tensor is refused by postMessage, in the sender', async () => {
  const worker = new Worker(program, { workerData: 'send' });
  const [message] = await once(worker, 'message');
  await worker.terminate();
  expect(message).toMatch(/its memory stays with its thread; send toTypedArray\(\), shape and dtype instead/);
});

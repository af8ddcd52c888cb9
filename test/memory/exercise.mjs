// Uses every part of the addon once or twice; tools/testMemory.mjs runs it under the address and leak sanitizers.
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import * as flambeau from 'flambeau';

const { arange, autograd, functional: F, nn, noGrad, optim, rand, randn, tensor, tidy, zeros } = flambeau;

function creation() {
  const shared = tensor(new Float32Array(1000), { share: true });
  const doomed = tensor(new Float32Array(1000), { share: true });
  const data = new Float64Array(8);
  const taken = tensor(data, { share: true });
  structuredClone(data.buffer, { transfer: [data.buffer] });
  refused(() => taken.sum());
  doomed.dispose();
  for (const dtype of ['float32', 'float64', 'int32', 'int64', 'uint8', 'bool']) {
    for (const shape of [[], [0], [7], [3, 5], [2, 3, 4]]) rand(shape).mul(9).to(dtype).toArray();
  }
  refused(() => zeros([2 ** 40]));
  refused(() => tensor([[1], [1, 2]]));
  return shared.add(1).sum().item();
}

function views() {
  const x = arange(24, { dtype: 'float32' }).reshape(4, 6);
  const y = x.t().narrow(0, 1, 3).unsqueeze(0).expand(2, 3, 4);
  y.sum([0, 2]).toArray();
  x.narrow(1, 0, 2).copy_(x.narrow(1, 4, 2));
  x.split(2).map((part) => part.contiguous());
  refused(() => flambeau.asStrided(x, [100], [100]));
  return String(y);
}

function indexing() {
  const x = randn([50, 30]);
  const index = arange(10);
  x.indexSelect(1, index).gather(1, zeros([50, 3], { dtype: 'int64' }));
  x.sort(1);
  x.topk(5);
  x.argmax(1);
  flambeau.nonzero(x.gt(0));
  flambeau.maskedSelect(x, x.gt(0));
  refused(() => x.indexSelect(1, tensor([30n])));
  refused(() => x.gather(0, tensor([[-51n]])));
  return flambeau
    .cat([x, x.flip([0])], 1)
    .cumsum(0)
    .softmax(1)
    .norm()
    .item();
}

function random() {
  const generator = new flambeau.Generator().manualSeed(7);
  flambeau.randperm(1000, { generator });
  flambeau.multinomial(rand([3, 10]), 4);
  flambeau.bernoulli(rand([33]));
  for (let i = 0; i < 100; i++) new flambeau.Generator();
  return randn([1001], { generator }).sum().item();
}

function training(Kind, options) {
  const model = new nn.Sequential(new nn.Linear(33, 50), new nn.GELU(), new nn.Dropout(0.1), new nn.Linear(50, 7));
  const optimizer = new Kind(model.parameters(), options);
  const hook = model.registerForwardHook(() => undefined);
  for (let step = 0; step < 20; step++) {
    optimizer.zeroGrad();
    const target = flambeau.randint(0, 7, [16]);
    F.crossEntropy(model(randn([16, 33])), target).backward();
    nn.utils.clipGradNorm_(model.parameters(), 1);
    optimizer.step();
  }
  hook.remove();
  optimizer.loadStateDict(optimizer.stateDict());
  const folder = mkdtempSync(path.join(tmpdir(), 'flambeau-'));
  flambeau.saveSafetensors(path.join(folder, 'x'), model.stateDict());
  model.loadStateDict(flambeau.loadSafetensors(path.join(folder, 'x')));
  rmSync(folder, { recursive: true });
  return noGrad(() => model.eval()(randn([2, 33]))).toArray();
}

function graphs() {
  const x = rand([5, 5], { requiresGrad: true });
  const y = x.matmul(x.t()).add(x).exp().sum();
  const [dx] = autograd.grad(y, x, { createGraph: true });
  dx.pow(2).sum().backward();
  tidy(() => x.mul(2).sum().backward());
  autograd
    .checkpoint((z) => z.sigmoid(), x)
    .sum()
    .backward();
  const spoilt = x.mul(x);
  spoilt.registerHook((g) => g.dispose());
  refused(() => spoilt.sum().backward());
  // Never run backward, only forgotten.
  for (let i = 0; i < 3000; i++) x.mul(x).sum();
  return x.grad.sum().item();
}

function parallel() {
  flambeau.setNumThreads(4);
  const big = randn([300, 400]);
  big.matmul(big.t()).add(1).sum();
  for (let i = 0; i < 60; i++) zeros([1 << 20]);
  flambeau.emptyCache();
  flambeau.setNumThreads(1);
}

/** Whatever is refused must leave nothing behind. */
function refused(run) {
  try {
    run();
  } catch (error) {
    if (error instanceof flambeau.FlambeauError) return;
    throw error;
  }
  throw new Error(`not refused: ${run}`);
}

function everything() {
  creation();
  views();
  indexing();
  random();
  training(optim.SGD, { lr: 0.1, momentum: 0.9 });
  training(optim.AdamW, { lr: 1e-3, amsgrad: true });
  graphs();
  parallel();
}

async function workers() {
  const start = (program) => new Worker(fileURLToPath(import.meta.url), { workerData: program });
  await Promise.all([start('everything'), start('everything')].map((worker) => once(worker, 'exit')));
  for (let delay = 0; delay < 30; delay += 10) {
    const worker = start('spin');
    await once(worker, 'message');
    await new Promise((resolve) => setTimeout(resolve, delay));
    await worker.terminate();
  }
}

if (isMainThread) {
  everything();
  await workers();
  console.log('done');
} else {
  everything();
  if (workerData === 'spin') parentPort.postMessage('started');
  while (workerData === 'spin') rand([100, 100]).matmul(rand([100, 100]));
}

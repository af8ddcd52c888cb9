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
  for (const dtype of ['float32', 'float64', 'bfloat16', 'int32', 'int64', 'uint8', 'int8', 'bool']) {
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

/** A layer forward, backward and once more without a graph, where weights that stay the same are packed. */
function runs(layer, ...inputs) {
  const first = (y) => (Array.isArray(y) ? y[0] : y);
  for (const x of inputs) x.requiresGrad_();
  first(layer(...inputs))
    .pow(2)
    .sum()
    .backward();
  layer.eval();
  return noGrad(() =>
    [1, 2, 3]
      .map(() => first(layer(...inputs)))
      .at(-1)
      .sum()
      .item(),
  );
}

function layers() {
  const image = () => randn([2, 16, 13, 14]);
  for (const [kernelSize, options] of [
    [1, {}],
    [3, { padding: 1 }],
    [3, { stride: 2 }],
    [4, { stride: 2, padding: 1, dtype: 'float64' }],
    [5, { groups: 4, dilation: 2 }],
    [3, { groups: 16, paddingMode: 'reflect', padding: 2 }],
  ]) {
    const { paddingMode, ...transposed } = options;
    const x = () => image().to(options.dtype ?? 'float32');
    runs(new nn.Conv2d(16, 16, kernelSize, options), x());
    runs(new nn.ConvTranspose2d(16, 16, kernelSize, transposed), x());
  }
  runs(new nn.Conv2d(3, 16, 7, { stride: 2, padding: 3 }), randn([2, 3, 33, 35]));
  runs(new nn.Conv1d(5, 7, 3), randn([3, 5, 40]));
  for (const pool of [
    new nn.MaxPool2d(3, { stride: 2, padding: 1 }),
    new nn.AvgPool2d(2, { ceilMode: true }),
    new nn.AdaptiveMaxPool2d([3, 5]),
    new nn.AdaptiveAvgPool2d(4),
  ]) {
    runs(pool, image());
  }
  for (const norm of [new nn.BatchNorm2d(16), new nn.GroupNorm(4, 16), new nn.InstanceNorm2d(16)]) runs(norm, image());
  for (const norm of [new nn.LayerNorm([13, 14]), new nn.RMSNorm(14)]) runs(norm, image());
  for (const Recurrent of [nn.LSTM, nn.GRU, nn.RNN]) {
    runs(new Recurrent(9, 33, { numLayers: 2, bidirectional: true }), randn([70, 3, 9]));
    runs(new Recurrent(9, 33), randn([4, 50, 9]));
  }
  runs(new nn.LSTM(9, 33, { projSize: 5 }), randn([4, 3, 9]));
  for (const batchFirst of [false, true]) {
    runs(new nn.TransformerEncoderLayer(32, 4, { dimFeedforward: 50, batchFirst }), randn([3, 70, 32]));
  }
  const query = randn([2, 4, 37, 16]);
  for (const isCausal of [false, true]) F.scaledDotProductAttention(query, query, query, { isCausal });
  F.scaledDotProductAttention(query, query, query, { attnMask: rand([37, 37]).gt(0.5) });

  const table = new nn.Embedding(50, 20, { paddingIdx: 3 });
  table(flambeau.randint(0, 50, [4, 9]))
    .sum()
    .backward();
  const linear = new nn.Linear(130, 70);
  const quantized = nn.quantized.quantizeDynamic(new nn.Sequential(linear));
  for (const rows of [1, 3, 40]) {
    noGrad(() => [1, 2, 3].map(() => quantized(randn([rows, 130]))));
    runs(new nn.Linear(130, 70), randn([rows, 130]));
    const [a, b] = [randn([rows, 131]).bfloat16(), randn([77, 131]).bfloat16()];
    for (const _ of [1, 2, 3]) F.linear(a, b).add(1).softmax(1).sum([0]).float().toArray();
  }
  for (const loss of [new nn.MSELoss(), new nn.SmoothL1Loss(), new nn.BCEWithLogitsLoss()]) {
    loss(randn([30, 4], { requiresGrad: true }), rand([30, 4])).backward();
  }
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
  layers();
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

// `node loops.mjs NAME`: runs a loop that never yields, prints by how much resident memory grew after the warm-up and how
// many tensors are still alive once garbage was collected.
import { functional as F, memory, nn, noGrad, optim, randn, zeros } from 'flambeau';

const model = new nn.Sequential(new nn.Linear(10, 50), new nn.ReLU(), new nn.Linear(50, 2), new nn.Sigmoid());
const one = randn([1, 10]);
const batch = randn([8, 10]);
const target = randn([8, 2]);
const large = zeros([512, 512]);
const optimizer = new optim.SGD(model.parameters(), { lr: 0.01, momentum: 0.9 });

/** name → [iterations, what one does] */
const loops = {
  forward: [1_000_000, () => noGrad(() => model(one))],
  train: [
    100_000,
    () => {
      optimizer.zeroGrad();
      F.mseLoss(model(batch), target).backward();
      optimizer.step();
    },
  ],
  large: [20_000, () => large.add(1)],
  graphs: [200_000, () => model(one).sum()],
  views: [1_000_000, () => large.narrow(0, 3, 2)],
};

const [iterations, body] = loops[process.argv[2]];
const resident = () => process.memoryUsage.rss() / 2 ** 20;
// The pool keeps 64 MB, and as much garbage may wait for a collection. How much of it does depends on what else the machine
// is doing, so all of it is touched at once.
const kept = Array.from({ length: 64 }, () => large.add(1));
for (const result of kept) result.dispose();
for (let i = 0; i < iterations / 10; i++) body();
const before = resident();
for (let i = 0; i < iterations; i++) body();
const residentMegabytes = resident() - before;

// What is left must be what the program still holds. The core looks after a collection when tensors are made, at those that
// outlived an earlier look in every eighth only. Without options: to Node 20 any mean a minor collection.
for (let look = 0; look < 10; look++) {
  globalThis.gc();
  for (let i = 0; i < 100; i++) zeros([1]).dispose();
}
console.log(JSON.stringify({ residentMegabytes, liveTensors: memory().tensors }));

// `node faults.mjs NAME`: prints the page faults that 1000 repetitions of a step take once memory and V8's code are there.
import { functional as F, nn, noGrad, optim, randint, randn } from 'flambeau';

const model = new nn.Sequential(
  new nn.Linear(784, 512),
  new nn.ReLU(),
  new nn.Linear(512, 512),
  new nn.ReLU(),
  new nn.Linear(512, 10),
);
const x = randn([16, 784]);
const target = randint(0, 10, [16]);
const optimizer = new optim.SGD(model.parameters(), { lr: 0.01, momentum: 0.9 });

const kept = [];
const steps = {
  forward: () => noGrad(() => model(x).dispose()),
  train: () => {
    optimizer.zeroGrad();
    F.crossEntropy(model(x), target).backward();
    optimizer.step();
  },
  // What the bound must catch: memory that is new at each step; what is kept cannot be handed out again.
  'fresh pages': () => kept.push(new Uint8Array(16 * 1024).fill(1)),
};

const step = steps[process.argv[2]];
const faults = () => process.resourceUsage().minorPageFault;
for (let i = 0; i < 1000; i++) step();
// V8 may still compile or resize something in one of the rounds; memory of ours that is not reused faults in each.
const rounds = [1, 2, 3, 4, 5].map(() => {
  const before = faults();
  for (let i = 0; i < 1000; i++) step();
  return faults() - before;
});
console.log(JSON.stringify(Math.min(...rounds)));

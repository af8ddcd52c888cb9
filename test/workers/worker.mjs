import { parentPort, workerData } from 'node:worker_threads';
import { manualSeed, matmul, nn, noGrad, randn, tensor } from 'flambeau';

const programs = {
  compute() {
    for (let i = 0; i < 2000; i++) {
      manualSeed(7);
      const model = new nn.Sequential(new nn.Linear(10, 50), new nn.ReLU(), new nn.Linear(50, 2));
      const answer = noGrad(() => model(randn([4, 10])));
      if (i === 1999) parentPort.postMessage(Array.from(answer.toTypedArray()));
    }
  },
  spin() {
    const a = randn([512, 512]);
    parentPort.postMessage('started');
    for (;;) matmul(a, a);
  },
  send() {
    try {
      parentPort.postMessage({ x: tensor([1, 2]) });
    } catch (error) {
      parentPort.postMessage(error.message);
    }
  },
};

programs[workerData]();

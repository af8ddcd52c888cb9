// Training steps: zeroGrad, forward, loss, backward, optimizer.
import { functional as F, nn, optim, randint, randn } from 'flambeau';
import { step, type Trial } from './trial.js';

export const trials: readonly Trial[] = [
  step('MLP 10-50-2 step, batch 8, SGD', () => {
    const model = new nn.Sequential(new nn.Linear(10, 50), new nn.ReLU(), new nn.Linear(50, 2), new nn.Sigmoid());
    const optimizer = new optim.SGD(model.parameters(), { lr: 0.01 });
    const x = randn([8, 10]);
    const target = randn([8, 2]);
    return () => {
      optimizer.zeroGrad();
      F.mseLoss(model(x), target).backward();
      optimizer.step();
    };
  }),
  step(
    'MLP 784-512-512-10 step, batch 64, Adam',
    () => {
      const model = new nn.Sequential(
        new nn.Linear(784, 512),
        new nn.ReLU(),
        new nn.Linear(512, 512),
        new nn.ReLU(),
        new nn.Linear(512, 10),
      );
      const optimizer = new optim.Adam(model.parameters());
      const x = randn([64, 784]);
      const target = randint(0, 10, [64]);
      return () => {
        optimizer.zeroGrad();
        F.crossEntropy(model(x), target).backward();
        optimizer.step();
      };
    },
    // Three products a layer, but none for the gradient of the input.
    { flops: 2 * 64 * (2 * 784 * 512 + 3 * 512 * 512 + 3 * 512 * 10) },
  ),
];

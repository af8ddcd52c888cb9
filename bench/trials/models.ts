// Whole models, eager, without a graph.
import { nn, randn } from 'flambeau';
import { forward, type Trial } from './trial.js';

const tinyMlp = () => new nn.Sequential(new nn.Linear(10, 50), new nn.ReLU(), new nn.Linear(50, 2), new nn.Sigmoid());

const mlp784 = () =>
  new nn.Sequential(
    new nn.Linear(784, 512),
    new nn.ReLU(),
    new nn.Linear(512, 512),
    new nn.ReLU(),
    new nn.Linear(512, 10),
  );
const MLP_WEIGHTS = 784 * 512 + 512 * 512 + 512 * 10;

export const trials: readonly Trial[] = [
  forward(
    'MLP 10-50-2, batch 1',
    () => {
      const model = tinyMlp();
      const x = randn([1, 10]);
      return () => model(x);
    },
    { flops: 2 * (10 * 50 + 50 * 2), read: 4 * (10 * 50 + 50 * 2) },
  ),
  ...[1, 32, 256].map((batch) =>
    forward(
      `MLP 784-512-512-10, batch ${batch}`,
      () => {
        const model = mlp784();
        const x = randn([batch, 784]);
        return () => model(x);
      },
      { flops: 2 * batch * MLP_WEIGHTS, read: 4 * (MLP_WEIGHTS + batch * 784), written: 4 * batch * 10 },
    ),
  ),
];

// Training steps: zeroGrad, forward, loss, backward, optimizer.
import { functional as F, type nn, optim, randint, randn, type Tensor } from 'flambeau';
import { mlp784, mnistCnn, tinyMlp } from './networks.js';
import { type Costs, step, type Trial } from './trial.js';

interface Network {
  (x: Tensor): Tensor;
  parameters(): Iterable<nn.Parameter>;
}

interface Recipe {
  readonly model: () => Network;
  readonly optimizer: (parameters: Iterable<nn.Parameter>) => optim.SGD | optim.Adam;
  readonly loss: (output: Tensor, target: Tensor) => Tensor;
  readonly x: () => Tensor;
  readonly target: () => Tensor;
}

function row(name: string, recipe: Recipe, costs?: Costs): Trial {
  const setup = (): (() => void) => {
    const model = recipe.model();
    const optimizer = recipe.optimizer(model.parameters());
    const [x, target] = [recipe.x(), recipe.target()];
    return () => {
      optimizer.zeroGrad();
      recipe.loss(model(x), target).backward();
      optimizer.step();
    };
  };
  return step(name, setup, costs);
}

/** Ten classes, 64 samples, cross-entropy, Adam. */
const classifier = (model: () => Network, x: () => Tensor): Recipe => ({
  model,
  optimizer: (parameters) => new optim.Adam(parameters),
  loss: (output, target) => F.crossEntropy(output, target),
  x,
  target: () => randint(0, 10, [64]),
});

// Three products a layer, but none for the gradient of the first input.
const MLP_OPERATIONS = 64 * (2 * 784 * 512 + 3 * 512 * 512 + 3 * 512 * 10);
const CNN_OPERATIONS = 64 * (2 * 32 * 9 * 26 ** 2 + 3 * 64 * 32 * 9 * 24 ** 2 + 3 * 9216 * 128 + 3 * 128 * 10);

export const trials: readonly Trial[] = [
  row('MLP 10-50-2 step, batch 8, SGD', {
    model: tinyMlp,
    optimizer: (parameters) => new optim.SGD(parameters, { lr: 0.01 }),
    loss: (output, target) => F.mseLoss(output, target),
    x: () => randn([8, 10]),
    target: () => randn([8, 2]),
  }),
  row(
    'MLP 784-512-512-10 step, batch 64, Adam',
    classifier(mlp784, () => randn([64, 784])),
    { flops: 2 * MLP_OPERATIONS },
  ),
  row(
    'MNIST CNN step, batch 64, Adam',
    classifier(mnistCnn, () => randn([64, 1, 28, 28])),
    { flops: 2 * CNN_OPERATIONS },
  ),
];

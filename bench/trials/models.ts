// Whole models, eager, without a graph.
import { randn, type Tensor } from 'flambeau';
import { encoder, MINI_LM } from '../../examples/encoder/model.js';
import { mlp784, ResNet18, tinyMlp } from './networks.js';
import { type Costs, forward, type Trial } from './trial.js';

interface Model {
  (x: Tensor): Tensor;
  eval(): unknown;
}

function row(name: string, make: () => Model, shape: readonly number[], costs: Costs): Trial {
  const setup = (): (() => Tensor) => {
    const model = make();
    model.eval();
    const x = randn(shape);
    return () => model(x);
  };
  return forward(name, setup, costs);
}

const TINY_WEIGHTS = 10 * 50 + 50 * 2;
const MLP_WEIGHTS = 784 * 512 + 512 * 512 + 512 * 10;

/** Multiply-adds of the convolutions: the stem, four stages, their shortcuts, and the classifier. */
const RESNET18_OPERATIONS =
  64 * 147 * 112 ** 2 +
  4 * (64 * 576 * 56 ** 2) +
  [128, 256, 512].reduce((sum, width, i) => {
    const area = (28 / 2 ** i) ** 2;
    return sum + area * width * (9 * (width / 2) + 3 * 9 * width + width / 2);
  }, 0) +
  512 * 1000;
const RESNET18_WEIGHTS = 11.7e6;

/** The weights of six layers: four projections and two widenings by 4. */
const ENCODER_WEIGHTS = 6 * 12 * 384 ** 2;

export const trials: readonly Trial[] = [
  row('MLP 10-50-2, batch 1', tinyMlp, [1, 10], { flops: 2 * TINY_WEIGHTS, read: 4 * TINY_WEIGHTS }),
  ...[1, 32, 256].map((batch) =>
    row(`MLP 784-512-512-10, batch ${batch}`, mlp784, [batch, 784], {
      flops: 2 * batch * MLP_WEIGHTS,
      read: 4 * (MLP_WEIGHTS + batch * 784),
      written: 4 * batch * 10,
    }),
  ),
  row('ResNet-18, 1x3x224x224', () => new ResNet18(), [1, 3, 224, 224], {
    flops: 2 * RESNET18_OPERATIONS,
    read: 4 * RESNET18_WEIGHTS,
  }),
  ...[1, 8].map((batch) =>
    row(`encoder 6x384, ${batch}x128`, () => encoder(MINI_LM), [batch, 128, 384], {
      flops: 2 * batch * 128 * (ENCODER_WEIGHTS + 6 * 2 * 128 * 384),
      read: 4 * (ENCODER_WEIGHTS + batch * 128 * 384),
    }),
  ),
];

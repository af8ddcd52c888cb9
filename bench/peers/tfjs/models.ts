import { type TfModel, type TfTrial, tf } from './api.js';

const tinyMlp = (): TfModel =>
  tf.sequential({
    layers: [
      tf.layers.dense({ units: 50, activation: 'relu', inputShape: [10] }),
      tf.layers.dense({ units: 2, activation: 'sigmoid' }),
    ],
  });

const mlp784 = (): TfModel =>
  tf.sequential({
    layers: [
      tf.layers.dense({ units: 512, activation: 'relu', inputShape: [784] }),
      tf.layers.dense({ units: 512, activation: 'relu' }),
      tf.layers.dense({ units: 10 }),
    ],
  });

function row(make: () => TfModel, batch: number, width: number): TfTrial {
  return () => {
    const model = make();
    const x = tf.randomNormal([batch, width]);
    return () => model.predict(x);
  };
}

export const trials: Readonly<Record<string, TfTrial>> = {
  'MLP 10-50-2, batch 1': row(tinyMlp, 1, 10),
  ...Object.fromEntries(
    [1, 32, 256].map((batch): [string, TfTrial] => [`MLP 784-512-512-10, batch ${batch}`, row(mlp784, batch, 784)]),
  ),
};

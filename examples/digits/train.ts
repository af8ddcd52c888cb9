import { SingleBar } from 'cli-progress';
import { functional as F, type nn, noGrad, optim, type Tensor } from 'flambeau';
import { batches, type Split } from './data.js';

const EPOCHS = 20;
export const LEARNING_RATE = 2e-3;
export const BATCH = 32;

/** Anything that maps images [n, 64] to scores [n, 10]. */
export type Classifier = nn.Module & ((images: Tensor) => Tensor);

export function predict(model: Classifier, images: Tensor): Tensor {
  return noGrad(() => model(images).argmax(1));
}

export function accuracy(model: Classifier, { images, labels }: Split): number {
  return predict(model, images).eq(labels).to('float32').mean().item();
}

/** One pass over the training part; returns the mean loss. */
export function trainEpoch(
  model: Classifier,
  optimizer: optim.Optimizer,
  train: Split,
  onBatch: (n: number) => void,
): number {
  let total = 0;
  for (const { images, labels } of batches(train, BATCH)) {
    optimizer.zeroGrad();
    const loss = F.crossEntropy(model(images), labels);
    loss.backward();
    optimizer.step();
    total += loss.item() * images.length;
    onBatch(images.length);
  }
  return total / train.images.length;
}

const percent = (x: number): string => `${(100 * x).toFixed(1)}%`;

/** Trains with Adam, showing a bar and the accuracies after each epoch; returns the accuracy on the test part. */
export function fit(model: Classifier, train: Split, test: Split): number {
  const optimizer = new optim.Adam(model.parameters(), { lr: LEARNING_RATE });
  let tested = 0;
  for (let epoch = 1; epoch <= EPOCHS; epoch++) {
    const bar = new SingleBar({
      format: `  epoch ${String(epoch).padStart(2)}/${EPOCHS} [{bar}]  loss {loss}  train {train}  test {test}`,
      noTTYOutput: true,
      barsize: 24,
    });
    bar.start(train.images.length, 0, { loss: '…', train: '…', test: '…' });
    const loss = trainEpoch(model, optimizer, train, (n) => bar.increment(n));
    tested = accuracy(model, test);
    bar.update({ loss: loss.toFixed(4), train: percent(accuracy(model, train)), test: percent(tested) });
    bar.stop();
  }
  return tested;
}

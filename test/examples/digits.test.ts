import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { batches, loadDigits } from '../../examples/digits/data.js';
import { DigitsNet, makeSequential } from '../../examples/digits/main.js';
import { accuracy, BATCH, type Classifier, LEARNING_RATE, trainEpoch } from '../../examples/digits/train.js';
import { functional as F, manualSeed, optim } from '../../lib/index.js';

const curves: Record<string, number[]> = JSON.parse(readFileSync(new URL('./digits.json', import.meta.url), 'utf8'));

const models: readonly (readonly [string, () => Classifier])[] = [
  ['a Sequential', makeSequential],
  ['a Module over a ModuleList', () => new DigitsNet()],
];

describe.each(models)('digits, as %s', (_name, make) => {
  it.each(Object.keys(curves))('the losses of the first epoch are those of PyTorch, seed %s', (seed) => {
    manualSeed(Number(seed));
    const { train } = loadDigits();
    const model = make();
    const optimizer = new optim.Adam(model.parameters(), { lr: LEARNING_RATE });
    const losses: number[] = [];
    for (const { images, labels } of batches(train, BATCH)) {
      optimizer.zeroGrad();
      const loss = F.crossEntropy(model(images), labels);
      loss.backward();
      optimizer.step();
      losses.push(loss.item());
    }
    const expected = curves[seed]!;
    expect(losses).toHaveLength(expected.length);
    losses.forEach((loss, i) => {
      expect(Math.abs(loss - expected[i]!)).toBeLessThan(1e-4);
    });
  });

  it('reaches 97% on the held-out fifth', () => {
    manualSeed(0);
    const { train, test } = loadDigits();
    const model = make();
    const optimizer = new optim.Adam(model.parameters(), { lr: LEARNING_RATE });
    for (let epoch = 0; epoch < 20; epoch++) trainEpoch(model, optimizer, train, () => {});
    expect(accuracy(model, test)).toBeGreaterThanOrEqual(0.97);
  });
});

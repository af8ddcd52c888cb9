// Real handwritten digits, classified by the same network in two forms: a Sequential, and a Module over a ModuleList.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadSafetensors, manualSeed, nn, noGrad, saveSafetensors, type Tensor } from 'flambeau';
import { loadDigits, type Split } from './data.js';
import { confusionMatrix, drawDigits, largestDifference } from './show.js';
import { type Classifier, fit } from './train.js';

export const makeSequential = () =>
  new nn.Sequential(
    new nn.Linear(64, 128),
    new nn.ReLU(),
    new nn.Linear(128, 64),
    new nn.ReLU(),
    new nn.Linear(64, 10),
  );

export class DigitsNet extends nn.Module {
  layers = new nn.ModuleList([new nn.Linear(64, 128), new nn.Linear(128, 64), new nn.Linear(64, 10)]);

  override forward(x: Tensor): Tensor {
    const [head, ...tail] = this.layers;
    x = head!(x);
    for (const layer of tail) x = layer(x.relu());
    return x;
  }
}

/** Saves the weights, loads them into a fresh model and compares the answers. */
function roundTrip(model: Classifier, fresh: Classifier, test: Split): void {
  const folder = mkdtempSync(join(tmpdir(), 'flambeau-digits-'));
  const path = join(folder, 'digits.safetensors');
  try {
    saveSafetensors(path, model.stateDict());
    fresh.loadStateDict(loadSafetensors(path));
    const difference = noGrad(() => largestDifference(model(test.images), fresh(test.images)));
    console.log(`\nsaved to safetensors and loaded into a fresh model: largest difference of the scores ${difference}`);
    if (difference !== 0) throw new Error('the loaded model gives other answers');
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function run(title: string, make: () => Classifier): void {
  console.log(`\n${title}`);
  manualSeed(0);
  const { train, test } = loadDigits();
  const model = make();
  console.log(String(model));
  const tested = fit(model, train, test);
  console.log(`\n${confusionMatrix(model, test)}\n\n${drawDigits(model, test, 5)}`);
  roundTrip(model, make(), test);
  console.log(`accuracy on ${test.images.length} digits it never saw: ${(100 * tested).toFixed(1)}%`);
}

export function digits(): void {
  run('Digits, as a Sequential', makeSequential);
  run('Digits, as a Module over a ModuleList', () => new DigitsNet());
}

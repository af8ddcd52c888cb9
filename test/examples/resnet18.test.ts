import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { ResNet18 } from '../../examples/resnet18/model.js';
import { functional as F, loadSafetensors, manualSeed, noGrad, randn, type Tensor, tensor } from '../../lib/index.js';

interface Fixture {
  readonly printed: string;
  readonly evaluation: number[][];
  readonly training: number[][];
  readonly runningMean: number[];
  readonly runningVar: number[];
  readonly gradients: Readonly<Record<string, number>>;
  readonly full: number[];
}

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const fixture: Fixture = JSON.parse(readFileSync(here('./resnet18.json'), 'utf8'));

function narrow(): { model: ResNet18; x: Tensor } {
  const model = new ResNet18({ width: 4, classes: 10 });
  const { missingKeys, unexpectedKeys } = model.loadStateDict(loadSafetensors(here('./resnet18.safetensors')));
  expect([...missingKeys, ...unexpectedKeys]).toEqual([]);
  manualSeed(1);
  return { model, x: randn([4, 3, 64, 64]) };
}

function expectClose(actual: unknown, expected: unknown): void {
  const flat = (value: unknown): number[] => [value].flat(9) as number[];
  const wanted = flat(expected);
  expect(flat(actual)).toHaveLength(wanted.length);
  flat(actual).forEach((value, i) => {
    expect(Math.abs(value - wanted[i]!)).toBeLessThan(1e-4 * Math.max(1, Math.abs(wanted[i]!)));
  });
}

describe('ResNet-18 with weights made by PyTorch', () => {
  it('loads them under their names, prints alike, and gives the same scores', () => {
    const { model, x } = narrow();
    expect(String(model)).toBe(fixture.printed);
    model.eval();
    expectClose(noGrad(() => model(x)).toArray(), fixture.evaluation);
    expectClose(model(x).toArray(), fixture.evaluation); // recording a graph
  });

  it('has the same outputs, statistics and gradients in training', () => {
    const { model, x } = narrow();
    const scores = model(x);
    expectClose(scores.toArray(), fixture.training);
    expectClose(model.getBuffer('layer4.1.bn2.running_mean').toArray(), fixture.runningMean);
    expectClose(model.getBuffer('layer2.0.downsample.1.running_var').toArray(), fixture.runningVar);
    F.crossEntropy(scores, tensor([1, 7, 0, 3], { dtype: 'int64' })).backward();
    for (const [name, parameter] of model.namedParameters()) {
      const values = Float64Array.from(parameter.grad!.toTypedArray() as Float32Array);
      const sum = values.reduce((total, v, i) => total + v * ((i % 7) + 1), 0) / values.length;
      expectClose(sum, fixture.gradients[name]);
    }
  });

  it('the same seed gives the full model the same weights', () => {
    manualSeed(0);
    const model = new ResNet18().eval();
    const scores = noGrad(() => model(randn([1, 3, 224, 224]))).toArray() as number[][];
    expectClose(scores[0]!.slice(0, 16), fixture.full);
  });
});

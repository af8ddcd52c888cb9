import { nn, optim, tensor, zeros } from 'flambeau';
import { describe, expect, it } from 'vitest';

const { StepLR, MultiStepLR, ExponentialLR, CosineAnnealingLR, LambdaLR, LinearLR, ReduceLROnPlateau } =
  optim.lrScheduler;
const sgd = (): optim.SGD => new optim.SGD([new nn.Parameter(zeros([1]))], { lr: 0.1 });

// Computed by PyTorch 2.13.
const ROWS: [string, (o: optim.SGD) => optim.lrScheduler.LRScheduler, number[]][] = [
  ['StepLR', (o) => new StepLR(o, 3, { gamma: 0.5 }), [0.1, 0.1, 0.1, 0.05, 0.05, 0.05, 0.025, 0.025]],
  [
    'MultiStepLR',
    (o) => new MultiStepLR(o, [2, 5]),
    [
      0.1, 0.1, 0.010000000000000002, 0.010000000000000002, 0.010000000000000002, 0.0010000000000000002,
      0.0010000000000000002, 0.0010000000000000002,
    ],
  ],
  [
    'ExponentialLR',
    (o) => new ExponentialLR(o, 0.9),
    [
      0.1, 0.09000000000000001, 0.08100000000000002, 0.07290000000000002, 0.06561000000000002, 0.05904900000000002,
      0.05314410000000002, 0.04782969000000002,
    ],
  ],
  [
    'CosineAnnealingLR',
    (o) => new CosineAnnealingLR(o, 5, { etaMin: 0.01 }),
    [
      0.1, 0.09140576474687263, 0.06890576474687263, 0.04109423525312736, 0.018594235253127367, 0.01,
      0.018594235253127367, 0.04109423525312739,
    ],
  ],
  [
    'LambdaLR',
    (o) => new LambdaLR(o, (epoch) => 1 / (epoch + 1)),
    [0.1, 0.05, 0.03333333333333333, 0.025, 0.020000000000000004, 0.016666666666666666, 0.014285714285714285, 0.0125],
  ],
  [
    'LinearLR',
    (o) => new LinearLR(o, 0.5, { endFactor: 1, totalIters: 4 }),
    [0.05, 0.0625, 0.075, 0.08750000000000001, 0.1, 0.1, 0.1, 0.1],
  ],
];

describe('schedulers give PyTorch’s learning rates', () => {
  for (const [name, make, expected] of ROWS) {
    it(name, () => {
      const optimizer = sgd();
      const scheduler = make(optimizer);
      const rates: number[] = [];
      for (let i = 0; i < 8; i++) {
        rates.push(optimizer.paramGroups[0]!.lr);
        optimizer.step();
        scheduler.step();
      }
      rates.forEach((rate, i) => void expect(rate).toBeCloseTo(expected[i]!, 15));
      expect(scheduler.getLastLr()).toEqual([optimizer.paramGroups[0]!.lr]);
    });
  }

  it('ReduceLROnPlateau', () => {
    const follow = (values: number[], options: optim.lrScheduler.PlateauOptions): number[] => {
      const optimizer = sgd();
      const scheduler = new ReduceLROnPlateau(optimizer, options);
      return values.map((value, i) => {
        scheduler.step(i === 0 ? tensor(value) : value);
        return scheduler.getLastLr()[0]!;
      });
    };
    expect(follow([5, 4, 4, 4, 4, 3, 3, 3, 3, 3, 3], { patience: 2 })).toEqual([
      0.1, 0.1, 0.1, 0.1, 0.010000000000000002, 0.010000000000000002, 0.010000000000000002, 0.010000000000000002,
      0.0010000000000000002, 0.0010000000000000002, 0.0010000000000000002,
    ]);
    const options = {
      mode: 'max',
      patience: 1,
      factor: 0.5,
      cooldown: 2,
      threshold: 0.01,
      thresholdMode: 'abs',
      minLr: 0.02,
    } as const;
    expect(follow([1, 2, 2, 2, 1, 3, 3, 3, 3, 3, 3, 3], options)).toEqual([
      0.1, 0.1, 0.1, 0.05, 0.05, 0.05, 0.05, 0.025, 0.025, 0.025, 0.025, 0.02,
    ]);
  });
});

it('a scheduler goes on where it was saved', () => {
  const [a, b] = [sgd(), sgd()];
  const first = new StepLR(a, 2);
  for (let i = 0; i < 3; i++) first.step();
  const second = new StepLR(b, 2);
  second.loadStateDict(first.stateDict());
  b.loadStateDict(a.stateDict());
  expect(b.stateDict().param_groups[0]!.initial_lr).toBe(0.1);
  first.step();
  second.step();
  expect(second.getLastLr()).toEqual(first.getLastLr());
  expect(() => second.loadStateDict({ last_epoch: 1, base_lrs: [] })).toThrow('expected base_lrs of 1 groups');
  expect(() => second.loadStateDict({ last_epoch: 1, base_lrs: ['0.1' as never] })).toThrow(
    'a base lr must be a number',
  );
  expect(second.lastEpoch).toBe(4);
});

it('ReduceLROnPlateau goes on where it was saved', () => {
  const metrics = [5, 4, 4, 4, 4, 3, 3, 3, 3, 3];
  const [whole, resumed] = [sgd(), sgd()];
  const options = { patience: 1, cooldown: 2 };
  const first = new ReduceLROnPlateau(whole, options);
  for (const metric of metrics.slice(0, 5)) first.step(metric);
  const second = new ReduceLROnPlateau(resumed, options);
  const state = first.stateDict();
  expect(state).toEqual({ last_epoch: 5, best: 4, num_bad_epochs: 0, cooldown_counter: 1 });
  second.loadStateDict(state);
  resumed.loadStateDict(whole.stateDict());
  for (const metric of metrics.slice(5)) {
    first.step(metric);
    second.step(metric);
    expect(second.getLastLr()).toEqual(first.getLastLr());
  }
  expect(() => second.loadStateDict({ ...state, best: '4' as never })).toThrow('best must be a number, got "4"');
  expect(() => second.loadStateDict(null as never)).toThrow('ReduceLROnPlateau.loadStateDict: expected an object');
});

it('bad settings are refused', () => {
  expect(() => new StepLR(3 as never, 1)).toThrow('StepLR: expected an Optimizer, got 3');
  expect(() => new StepLR(sgd(), 0)).toThrow('stepSize must be positive');
  expect(() => new ReduceLROnPlateau(sgd(), { factor: 1 })).toThrow('Factor should be < 1.0');
  expect(() => new LambdaLR(sgd(), [])).toThrow('Expected 1 lr_lambdas');
  expect(() => new LambdaLR(sgd(), [3 as never])).toThrow('LambdaLR: a lambda must be a function, got 3');
  expect(() => new LambdaLR(sgd(), () => '1' as never)).toThrow("LambdaLR: a lambda's result must be a number");
  expect(() => new ReduceLROnPlateau(sgd(), { minLr: 'a' as never })).toThrow('minLr must be a number, got "a"');
});

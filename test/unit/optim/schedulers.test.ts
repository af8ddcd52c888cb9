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

// Computed by PyTorch 2.13, with initial_lr 0.2 and lr 0.1.
const RESUMED: [string, (o: optim.SGD) => optim.lrScheduler.LRScheduler, number[]][] = [
  ['StepLR', (o) => new StepLR(o, 3, { gamma: 0.5, lastEpoch: 2 }), [0.05, 0.05, 0.05, 0.025, 0.025]],
  ['MultiStepLR', (o) => new MultiStepLR(o, [2, 4], { lastEpoch: 2 }), [0.1, 0.01, 0.01, 0.01, 0.01]],
  ['ExponentialLR', (o) => new ExponentialLR(o, 0.9, { lastEpoch: 2 }), [0.1, 0.09, 0.081, 0.0729, 0.06561]],
  [
    'CosineAnnealingLR',
    (o) => new CosineAnnealingLR(o, 5, { etaMin: 0.01, lastEpoch: 2 }),
    [0.1, 0.034875388202501904, 0.01, 0.02814338553437999, 0.07564338553438],
  ],
  [
    'LambdaLR',
    (o) => new LambdaLR(o, (epoch) => 1 / (epoch + 1), { lastEpoch: 2 }),
    [0.05, 0.04, 0.03333333333333333, 0.02857142857142857, 0.025],
  ],
  [
    'LinearLR',
    (o) => new LinearLR(o, 0.5, { totalIters: 4, lastEpoch: 2 }),
    [0.1, 0.11428571428571428, 0.11428571428571428, 0.11428571428571428, 0.11428571428571428],
  ],
];

describe('lastEpoch takes a run up again, as in PyTorch', () => {
  for (const [name, make, expected] of RESUMED) {
    it(name, () => {
      const optimizer = sgd();
      expect(() => make(optimizer)).toThrow("param 'initialLr' is not specified in paramGroups[0]");
      optimizer.paramGroups[0]!.initialLr = 0.2;
      const scheduler = make(optimizer);
      for (const rate of expected) {
        expect(optimizer.paramGroups[0]!.lr).toBeCloseTo(rate, 15);
        scheduler.step();
      }
    });
  }
});

describe('groups that were added to the optimizer later', () => {
  const grown = (make: (o: optim.SGD) => { step(): void } | optim.lrScheduler.ReduceLROnPlateau): number[] => {
    const optimizer = sgd();
    const scheduler = make(optimizer);
    const step = (): void => (scheduler instanceof ReduceLROnPlateau ? scheduler.step(1) : scheduler.step());
    step();
    optimizer.addParamGroup({ params: new nn.Parameter(zeros([1])), lr: 1 });
    for (let i = 0; i < 2; i++) step();
    return optimizer.paramGroups.map(({ lr }) => lr);
  };

  it('are scheduled too, from the learning rate that they were added with', () => {
    expect(grown((o) => new LambdaLR(o, (epoch) => 1 / (epoch + 1)))).toEqual([0.025, 0.25]);
    expect(grown((o) => new StepLR(o, 3, { gamma: 0.5 }))).toEqual([0.05, 0.5]);
    expect(grown((o) => new ReduceLROnPlateau(o, { patience: 0, factor: 0.5 }))).toEqual([0.025, 0.25]);
    const [first, added] = grown((o) => new CosineAnnealingLR(o, 2));
    expect(first).toBeCloseTo(0.05);
    expect(added).toBeCloseTo(0.5);
  });

  it('need a function, or a minLr, of their own where there is one for each group', () => {
    expect(() => grown((o) => new LambdaLR(o, [() => 1]))).toThrow('LambdaLR: Expected 2 lr_lambdas, but got an array');
    expect(() => grown((o) => new ReduceLROnPlateau(o, { minLr: [0] }))).toThrow('expected 2 values of minLr');
  });
});

describe('a learning rate that is no number is refused, and nothing has changed', () => {
  class Silent extends optim.lrScheduler.LRScheduler {
    protected override nextLr({ group }: optim.lrScheduler.LrContext): number {
      return group === 0 ? 5 : (undefined as never);
    }
  }

  it('from a subclass', () => {
    const optimizer = sgd();
    optimizer.addParamGroup({ params: new nn.Parameter(zeros([1])) });
    const scheduler = new Silent(optimizer);
    expect(() => scheduler.step()).toThrow("Silent: nextLr's result for group 1 must be a number, got undefined");
    expect([scheduler.lastEpoch, ...scheduler.getLastLr()]).toEqual([-1, 0.1, 0.1]);
  });

  const lambdas: [string, unknown, string][] = [
    ['nothing', () => {}, "LambdaLR: the result of group 0's lambda must be a number, got undefined"],
    ['null', () => null, 'must be a number, got null'],
    ['NaN', () => Number.NaN, 'must be a number, got NaN'],
    ['a string', () => '1', 'must be a number, got "1"'],
    ['a promise', () => Promise.resolve(1), 'LambdaLR: the lambda of group 0 returned a promise'],
  ];
  for (const [what, lambda, message] of lambdas) {
    it(`from a lambda that gives ${what}`, () => {
      expect(() => new LambdaLR(sgd(), lambda as never)).toThrow(message);
    });
  }

  it('from an async lambda', () => {
    expect(() => new LambdaLR(sgd(), (async () => 1) as never)).toThrow('LambdaLR: a lambda must not be async');
  });

  it('from a group', () => {
    const optimizer = sgd();
    const [step, plateau] = [new StepLR(optimizer, 1), new ReduceLROnPlateau(optimizer)];
    optimizer.paramGroups[0]!.lr = undefined as never;
    expect(() => step.step()).toThrow('StepLR: the learning rate of group 0 must be a number, got undefined');
    expect(() => plateau.step(1)).toThrow('the learning rate of group 0 must be a number, got undefined');
    expect(() => new StepLR(optimizer, 1)).toThrow('the learning rate of group 0 must be a number, got undefined');
    expect([step.lastEpoch, plateau.lastEpoch]).toEqual([0, 0]);
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
  expect(() => new ReduceLROnPlateau(sgd(), { minLr: 'a' as never })).toThrow('minLr must be a number, got "a"');
});

import { type DType, manualSeed, nn, noGrad, ones, randn, type Tensor, tensor } from 'flambeau';
import { describe, expect, it } from 'vitest';

// Without a graph a Linear and the activation after it are one product: the numbers are those of the two layers.

const ACTIVATIONS: Record<string, () => nn.Module> = {
  ReLU: () => new nn.ReLU(),
  'ReLU in place': () => new nn.ReLU({ inplace: true }),
  Sigmoid: () => new nn.Sigmoid(),
  Tanh: () => new nn.Tanh(),
  GELU: () => new nn.GELU(),
  'GELU by tanh': () => new nn.GELU({ approximate: 'tanh' }),
  SiLU: () => new nn.SiLU(),
  'SiLU in place': () => new nn.SiLU({ inplace: true }),
  'LeakyReLU, which products do not have': () => new nn.LeakyReLU(),
};

type Floating = Extract<DType, 'float32' | 'float64' | 'bfloat16'>;
type Call = (x: Tensor) => Tensor;

const bits = (x: Tensor): unknown => x.to('float64').toArray();

describe('a Linear and its activation', () => {
  for (const [name, make] of Object.entries(ACTIVATIONS)) {
    it.each<[Floating, number[]]>([
      ['float32', [1, 37]],
      ['float32', [5, 37]],
      ['float32', [2, 60, 37]],
      ['float32', [300, 37]],
      ['float32', [0, 37]],
      ['float64', [33, 37]],
      ['bfloat16', [33, 37]],
    ])(`${name}: %s %j`, (dtype, shape) => {
      manualSeed(0);
      const layer = new nn.Linear(37, 51, { dtype });
      const activation = make();
      const x = randn(shape).mul(4).to(dtype);
      if (x.numel > 0) x.select(0, 0).narrow(-1, 3, 1).fill_(Number.POSITIVE_INFINITY);
      noGrad(() => {
        const apart = (activation as unknown as Call)((layer as unknown as Call)(x));
        const model = new nn.Sequential(layer, activation as nn.ReLU) as unknown as Call;
        // The second call reads the weight's packed panels.
        for (let i = 0; i < 3; i++) expect(bits(model(x))).toEqual(bits(apart));
      });
    });
  }

  it('are two calls for hooks on either', () => {
    const [linear, relu] = [new nn.Linear(2, 1), new nn.ReLU()];
    nn.init.constant_(linear.weight, -1);
    nn.init.constant_(linear.bias!, 0);
    const model = new nn.Sequential(linear, relu);
    const seen: unknown[] = [];
    const first = linear.registerForwardHook(
      (_module, _inputs, output) => void seen.push((output as Tensor).toArray()),
    );
    noGrad(() => model(ones([1, 2])));
    first.remove();
    relu.registerForwardPreHook((_module, [input]) => void seen.push((input as Tensor).toArray()));
    noGrad(() => model(ones([1, 2])));
    expect(seen).toEqual([[[-2]], [[-2]]]);
  });

  it('are two calls for a forward of the program', () => {
    class Doubled extends nn.Linear {
      override forward(x: Tensor): Tensor {
        return super.forward(x).mul(2);
      }
    }
    class Shifted extends nn.ReLU {
      override forward(x: Tensor): Tensor {
        return super.forward(x).add(1);
      }
    }
    for (const [linear, relu] of [
      [new Doubled(2, 1, { bias: false }), new nn.ReLU()],
      [new nn.Linear(2, 1, { bias: false }), new Shifted()],
    ] as const) {
      nn.init.constant_(linear.weight, 1);
      expect(noGrad(() => new nn.Sequential(linear, relu)(ones([1, 2]))).toArray()).toEqual([
        [linear instanceof Doubled ? 4 : 3],
      ]);
    }
  });

  it('fail as the Linear does', () => {
    const model = new nn.Sequential(new nn.Linear(2, 1), new nn.ReLU());
    const message = (call: () => unknown): string => {
      try {
        call();
      } catch (error) {
        return (error as Error).message;
      }
      return '';
    };
    for (const x of [ones([1, 3]), tensor([[1, 2]], { dtype: 'int32' }), null as unknown as Tensor]) {
      const recorded = message(() => model(x));
      expect(recorded).toMatch(/^Sequential\.0: /);
      expect(message(() => noGrad(() => model(x)))).toBe(recorded);
    }
  });

  it('leave an input that is not theirs alone', () => {
    const x = randn([3, 2]);
    const before = x.toArray();
    noGrad(() => new nn.Sequential(new nn.Linear(2, 4), new nn.ReLU({ inplace: true }))(x));
    expect(x.toArray()).toEqual(before);
  });

  it.each(['relu', 'gelu'] as const)('in an encoder layer, %s', (activation) => {
    manualSeed(1);
    const layer = new nn.TransformerEncoderLayer(32, 4, { dimFeedforward: 64, activation, batchFirst: true }).eval();
    const x = randn([2, 9, 32]);
    expect(noGrad(() => layer(x)).toArray()).toEqual(layer(x).toArray());
  });
});

import { type DType, manualSeed, nn, noGrad, ones, randn, type Tensor, tensor } from 'flambeau';
import { describe, expect, it } from 'vitest';

// Without a graph a convolution and the activation after it are one pass: the numbers are those of the two layers.

const ACTIVATIONS: Record<string, () => nn.Module> = {
  ReLU: () => new nn.ReLU(),
  Sigmoid: () => new nn.Sigmoid(),
  Tanh: () => new nn.Tanh(),
  GELU: () => new nn.GELU(),
  'GELU by tanh': () => new nn.GELU({ approximate: 'tanh' }),
  'SiLU in place': () => new nn.SiLU({ inplace: true }),
};

type Floating = Extract<DType, 'float32' | 'float64' | 'bfloat16'>;
type Call = (x: Tensor) => Tensor;
type Row = [name: string, dtype: Floating, shape: number[], make: (options: { dtype: Floating }) => nn.Module];

const LAYERS: Row[] = [
  ['3×3 by transforms', 'float32', [2, 16, 20, 21], (o) => new nn.Conv2d(16, 24, 3, { padding: 1, ...o })],
  ['3×3 with a stride', 'float32', [1, 20, 29, 35], (o) => new nn.Conv2d(20, 24, 3, { stride: 2, padding: 1, ...o })],
  ['1×1', 'float32', [2, 16, 17, 18], (o) => new nn.Conv2d(16, 33, 1, o)],
  ['1×1 without bias', 'float64', [2, 16, 17, 18], (o) => new nn.Conv2d(16, 33, 1, { bias: false, ...o })],
  ['depthwise', 'float32', [2, 8, 14, 15], (o) => new nn.Conv2d(8, 8, 3, { groups: 8, padding: 'same', ...o })],
  ['without a batch', 'float32', [3, 12, 13], (o) => new nn.Conv2d(3, 5, [2, 3], { dilation: 2, ...o })],
  [
    'around the edge',
    'float32',
    [1, 3, 8, 9],
    (o) => new nn.Conv2d(3, 5, 3, { padding: 1, paddingMode: 'circular', ...o }),
  ],
  ['one axis', 'float32', [2, 4, 30], (o) => new nn.Conv1d(4, 6, 5, { padding: 2, paddingMode: 'reflect', ...o })],
  ['no images', 'float64', [0, 3, 8, 9], (o) => new nn.Conv2d(3, 5, 3, o)],
  ['bfloat16', 'bfloat16', [2, 3, 8, 9], (o) => new nn.Conv2d(3, 5, 3, o)],
];

const bits = (x: Tensor): unknown => x.to('float64').toArray();

describe('a convolution and its activation', () => {
  for (const [name, dtype, shape, make] of LAYERS) {
    it.each(Object.keys(ACTIVATIONS))(`${name}: %s`, (kind) => {
      manualSeed(0);
      const layer = make({ dtype });
      const activation = ACTIVATIONS[kind]!();
      const x = randn(shape).mul(4).to(dtype);
      if (x.numel > 0) x.select(-1, 3).select(-1, 2).fill_(Number.POSITIVE_INFINITY);
      noGrad(() => {
        const apart = (activation as unknown as Call)((layer as unknown as Call)(x));
        const model = new nn.Sequential(layer as nn.Conv2d, activation as nn.ReLU) as unknown as Call;
        // The second call reads the weight's packed panels.
        for (let i = 0; i < 3; i++) expect(bits(model(x))).toEqual(bits(apart));
      });
    });
  }

  it('are two calls for hooks and for a forward of the program', () => {
    const [conv, relu] = [new nn.Conv1d(1, 1, 1), new nn.ReLU()];
    nn.init.constant_(conv.weight, -1);
    nn.init.constant_(conv.bias!, 0);
    const seen: unknown[] = [];
    conv.registerForwardHook((_module, _inputs, output) => void seen.push((output as Tensor).toArray()));
    noGrad(() => new nn.Sequential(conv, relu)(ones([1, 1, 2])));
    expect(seen).toEqual([[[[-1, -1]]]]);
    class Doubled extends nn.Conv1d {
      override forward(x: Tensor): Tensor {
        return super.forward(x).mul(-2);
      }
    }
    const doubled = new Doubled(1, 1, 1, { bias: false });
    nn.init.constant_(doubled.weight, -1);
    expect(noGrad(() => new nn.Sequential(doubled, relu)(ones([1, 1, 2]))).toArray()).toEqual([[[2, 2]]]);
  });

  it('fail as the convolution does', () => {
    const model = new nn.Sequential(new nn.Conv2d(2, 3, 3), new nn.ReLU());
    const message = (call: () => unknown): string => {
      try {
        call();
      } catch (error) {
        return (error as Error).message;
      }
      return '';
    };
    for (const x of [ones([1, 3, 5, 5]), ones([1, 2, 2, 2]), tensor([[[1]]], { dtype: 'int32' }), ones([2])]) {
      const recorded = message(() => model(x));
      expect(recorded).toMatch(/^Sequential\.0: /);
      expect(message(() => noGrad(() => model(x)))).toBe(recorded);
    }
  });
});

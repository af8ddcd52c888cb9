import { functional as F, full, nn, type Tensor, tensor, zeros } from 'flambeau';
import { describe, expect, it, test, vi } from 'vitest';

// A layer hands each of its settings on to the function that it is made of.

const [x, y] = [tensor([[0.1, 0.7, 0.4], [0.9, 0.2, 0.6]]), tensor([[0.3, 0.3, 0.5], [0.2, 0.8, 0.1]])]; // biome-ignore format: rows
const classes = tensor([2, 0], { dtype: 'int64' });
const weight = tensor([0.5, 2, 3]);
const row = x.reshape(1, 2, 3);
const image = tensor(Float32Array.from({ length: 32 }, (_, i) => Math.sin(i))).reshape(1, 2, 4, 4);

type Case = readonly [name: string, layer: Tensor, expected: Tensor, preset: Tensor];

const losses = (['sum', 'none'] as const).flatMap((reduction): Case[] => [
  [`MSELoss ${reduction}`, new nn.MSELoss({ reduction })(x, y), F.mseLoss(x, y, { reduction }), F.mseLoss(x, y)],
  [`L1Loss ${reduction}`, new nn.L1Loss({ reduction })(x, y), F.l1Loss(x, y, { reduction }), F.l1Loss(x, y)],
  [
    `HuberLoss ${reduction}`,
    new nn.HuberLoss({ reduction, delta: 0.1 })(x, y),
    F.huberLoss(x, y, { reduction, delta: 0.1 }),
    F.huberLoss(x, y, { reduction }),
  ],
  [
    `SmoothL1Loss ${reduction}`,
    new nn.SmoothL1Loss({ reduction, beta: 0.1 })(x, y),
    F.smoothL1Loss(x, y, { reduction, beta: 0.1 }),
    F.smoothL1Loss(x, y, { reduction }),
  ],
  [
    `BCELoss ${reduction}`,
    new nn.BCELoss({ reduction, weight })(x, y),
    F.binaryCrossEntropy(x, y, { reduction, weight }),
    F.binaryCrossEntropy(x, y, { reduction }),
  ],
  [
    `BCEWithLogitsLoss ${reduction}`,
    new nn.BCEWithLogitsLoss({ reduction, weight, posWeight: y })(x, y),
    F.binaryCrossEntropyWithLogits(x, y, { reduction, weight, posWeight: y }),
    F.binaryCrossEntropyWithLogits(x, y, { reduction, weight }),
  ],
  [
    `NLLLoss ${reduction}`,
    new nn.NLLLoss({ reduction, weight, ignoreIndex: 0 })(x, classes),
    F.nllLoss(x, classes, { reduction, weight, ignoreIndex: 0 }),
    F.nllLoss(x, classes, { reduction, weight }),
  ],
  [
    `CrossEntropyLoss ${reduction}`,
    new nn.CrossEntropyLoss({ reduction, weight, ignoreIndex: 0, labelSmoothing: 0.3 })(x, classes),
    F.crossEntropy(x, classes, { reduction, weight, ignoreIndex: 0, labelSmoothing: 0.3 }),
    F.crossEntropy(x, classes, { reduction, weight, labelSmoothing: 0.3 }),
  ],
]);

const others: Case[] = [
  ['ELU', new nn.ELU(0.3)(x.neg()), F.elu(x.neg(), 0.3), F.elu(x.neg())],
  ['GELU', new nn.GELU({ approximate: 'tanh' })(x), F.gelu(x, { approximate: 'tanh' }), F.gelu(x)],
  ['Hardtanh', new nn.Hardtanh(0.3, { maxVal: 0.5 })(x), F.hardtanh(x, 0.3, 0.5), F.hardtanh(x)],
  ['LeakyReLU', new nn.LeakyReLU(0.3)(x.neg()), F.leakyRelu(x.neg(), 0.3), F.leakyRelu(x.neg())],
  [
    'Softplus',
    new nn.Softplus(3, { threshold: 1 })(x),
    F.softplus(x, { beta: 3, threshold: 1 }),
    F.softplus(x, { beta: 3 }),
  ],
  ['Softmax', new nn.Softmax(0)(x), F.softmax(x, 0), F.softmax(x, 1)],
  ['LogSoftmax', new nn.LogSoftmax(0)(x), F.logSoftmax(x, 0), F.logSoftmax(x, 1)],
  ['LayerNorm', new nn.LayerNorm(3, { eps: 0.5 })(x), F.layerNorm(x, [3], { eps: 0.5 }), F.layerNorm(x, [3])],
  ['RMSNorm', new nn.RMSNorm(3, { eps: 0.5 })(x), F.rmsNorm(x, [3], { eps: 0.5 }), F.rmsNorm(x, [3])],
  ['GroupNorm', new nn.GroupNorm(1, 2, { eps: 0.5 })(row), F.groupNorm(row, 1, { eps: 0.5 }), F.groupNorm(row, 2)],
  [
    'AvgPool2d',
    new nn.AvgPool2d(2, { stride: 1, padding: 1, countIncludePad: false })(image),
    F.avgPool2d(image, 2, { stride: 1, padding: 1, countIncludePad: false }),
    F.avgPool2d(image, 2, { stride: 1, padding: 1 }),
  ],
  [
    'AvgPool1d',
    new nn.AvgPool1d(2, { stride: 1, padding: 1, ceilMode: true, countIncludePad: false })(row),
    F.avgPool1d(row, 2, { stride: 1, padding: 1, ceilMode: true, countIncludePad: false }),
    F.avgPool1d(row, 2, { stride: 1, padding: 1 }),
  ],
  [
    'MaxPool2d',
    new nn.MaxPool2d(2, { stride: 1, padding: 1, dilation: 2 })(image),
    F.maxPool2d(image, 2, { stride: 1, padding: 1, dilation: 2 }),
    F.maxPool2d(image, 2, { stride: 1, padding: 1 }),
  ],
  [
    'Unfold',
    new nn.Unfold(2, { stride: 2, padding: 1, dilation: 2 })(image),
    F.unfold(image, 2, { stride: 2, padding: 1, dilation: 2 }),
    F.unfold(image, 2, { stride: 2, padding: 1 }),
  ],
];

describe('the settings of a layer reach its function', () => {
  it.each([...losses, ...others])('%s', (_, layer, expected, preset) => {
    expect(layer.toArray()).toEqual(expected.toArray());
    expect(layer.toArray(), 'what is set makes no difference here').not.toEqual(preset.toArray());
  });
});

test('a loss of two shapes warns, one of equal shapes does not', () => {
  const emitWarning = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
  for (const loss of [F.mseLoss, F.l1Loss, F.huberLoss, F.smoothL1Loss]) {
    loss(x, y);
    expect(emitWarning).not.toHaveBeenCalled();
    loss(x, y.narrow(0, 0, 1));
    expect(emitWarning).toHaveBeenCalledExactlyOnceWith(
      expect.stringMatching(/target \[1, 3\] differs from input \[2, 3\] in shape/),
    );
    emitWarning.mockClear();
  }
  emitWarning.mockRestore();
});

describe('InstanceNorm', () => {
  it('with its own statistics uses them in evaluation mode alone', () => {
    const norm = new nn.InstanceNorm2d(2, { trackRunningStats: true, affine: true, eps: 0 });
    expect(norm(image).toArray()).toEqual(F.instanceNorm(image, { eps: 0 }).toArray());
    norm.running_mean!.fill_(1);
    norm.running_var!.fill_(4);
    const expected = image.sub(1).div(2);
    const found = norm.eval()(image);
    expect(found.sub(expected).abs().max().item()).toBeLessThan(1e-6);
    expect(new nn.InstanceNorm2d(2).eval()(image).toArray()).toEqual(F.instanceNorm(image).toArray());
  });

  it('with weights refuses another number of channels; without, none matters', () => {
    expect(() => new nn.InstanceNorm2d(3, { affine: true })(image)).toThrow(
      "expected input's size at dim=1 to match numFeatures (3), but got: 2",
    );
    expect(new nn.InstanceNorm2d(3)(image).shape).toEqual([1, 2, 4, 4]);
  });
});

describe('MultiheadAttention refuses', () => {
  const attention = new nn.MultiheadAttention(4, 2, { kdim: 3, vdim: 5 });
  it.each<[string, number[], number[], number[], string]>([
    ['the width of a query', [3, 2, 5], [6, 2, 3], [6, 2, 5], 'query must have 4 features, got shape [3, 2, 5]'],
    ['the width of a key', [3, 2, 4], [6, 2, 4], [6, 2, 5], 'key must have 3 features, got shape [6, 2, 4]'],
    ['the width of a value', [3, 2, 4], [6, 2, 3], [6, 2, 4], 'value must have 5 features, got shape [6, 2, 4]'],
    ['two batches', [3, 1, 4], [6, 2, 3], [6, 2, 5], 'do not go together'],
    ['two lengths', [3, 2, 4], [6, 2, 3], [7, 2, 5], 'do not go together'],
  ])('%s', (_, q, k, v, message) => {
    expect(() => attention(zeros(q), zeros(k), zeros(v))).toThrow(message);
  });

  it('no key that is longer than an unbatched query', () => {
    expect(attention(zeros([3, 4]), zeros([6, 3]), zeros([6, 5]))[0].shape).toEqual([3, 4]);
  });
});

test('no label is smoothed by less than nothing', () => {
  expect(() => F.crossEntropy(x, classes, { labelSmoothing: -0.1 })).toThrow('must be between 0 and 1, got -0.1');
});

test('losses are named in the graph as in PyTorch', () => {
  const logits = full([2, 3], 1, { requiresGrad: true });
  expect(F.crossEntropy(logits, classes).gradFn!.name).toBe('NllLossBackward0');
  expect(F.crossEntropy(logits, classes, { labelSmoothing: 0.1 }).gradFn!.name).toBe('AddBackward0');
});

test('what a list of parameters holds beside them is printed by its type', () => {
  const list = new nn.ParameterList<unknown>([zeros([2]), null, 'text', undefined] as never);
  expect(String(list).match(/Object of type: \w+/g)).toEqual([
    'Object of type: null',
    'Object of type: string',
    'Object of type: undefined',
  ]);
});

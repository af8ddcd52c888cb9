import {
  functional as F,
  FlambeauError,
  manualSeed,
  nn,
  noGrad,
  ones,
  randn,
  type Tensor,
  tensor,
  zeros,
} from 'flambeau';
import { describe, expect, it } from 'vitest';

/** What each layer prints, and the names in its state dict, as PyTorch 2.13 has them. */
const LAYERS: readonly [nn.Module, string, string[]][] = [
  [new nn.LayerNorm(5), 'LayerNorm((5,), eps=1e-05, elementwise_affine=True, bias=True)', ['weight', 'bias']],
  [
    new nn.LayerNorm([3, 4], { eps: 1e-3, elementwiseAffine: false }),
    'LayerNorm((3, 4), eps=0.001, elementwise_affine=False, bias=False)',
    [],
  ],
  [new nn.LayerNorm(3, { bias: false }), 'LayerNorm((3,), eps=1e-05, elementwise_affine=True, bias=False)', ['weight']],
  [new nn.RMSNorm(4), 'RMSNorm((4,), eps=None, elementwise_affine=True)', ['weight']],
  [
    new nn.RMSNorm([2, 3], { eps: 1e-6, elementwiseAffine: false }),
    'RMSNorm((2, 3), eps=1e-06, elementwise_affine=False)',
    [],
  ],
  [
    new nn.BatchNorm1d(3),
    'BatchNorm1d(3, eps=1e-05, momentum=0.1, affine=True, bias=True, track_running_stats=True)',
    ['weight', 'bias', 'running_mean', 'running_var', 'num_batches_tracked'],
  ],
  [
    new nn.BatchNorm2d(4, { momentum: null, affine: false, trackRunningStats: false }),
    'BatchNorm2d(4, eps=1e-05, momentum=None, affine=False, bias=False, track_running_stats=False)',
    [],
  ],
  [new nn.GroupNorm(2, 4), 'GroupNorm(2, 4, eps=1e-05, affine=True, bias=True)', ['weight', 'bias']],
  [new nn.GroupNorm(2, 4, { affine: false }), 'GroupNorm(2, 4, eps=1e-05, affine=False, bias=False)', []],
  [
    new nn.InstanceNorm1d(3),
    'InstanceNorm1d(3, eps=1e-05, momentum=0.1, affine=False, bias=False, track_running_stats=False)',
    [],
  ],
  [
    new nn.InstanceNorm2d(3, { affine: true, trackRunningStats: true }),
    'InstanceNorm2d(3, eps=1e-05, momentum=0.1, affine=True, bias=True, track_running_stats=True)',
    ['weight', 'bias', 'running_mean', 'running_var', 'num_batches_tracked'],
  ],
  [new nn.MaxPool1d(2), 'MaxPool1d(kernel_size=2, stride=2, padding=0, dilation=1, ceil_mode=False)', []],
  [
    new nn.MaxPool2d([3, 2], { stride: 2, padding: 1, dilation: 2, ceilMode: true, returnIndices: true }),
    'MaxPool2d(kernel_size=(3, 2), stride=2, padding=1, dilation=2, ceil_mode=True)',
    [],
  ],
  [new nn.AvgPool1d(2), 'AvgPool1d(kernel_size=(2,), stride=(2,), padding=(0,))', []],
  [new nn.AvgPool2d(3, { stride: 2 }), 'AvgPool2d(kernel_size=3, stride=2, padding=0)', []],
  [
    new nn.AvgPool2d([3, 2], { padding: [1, 0], divisorOverride: 3 }),
    'AvgPool2d(kernel_size=(3, 2), stride=(3, 2), padding=(1, 0))',
    [],
  ],
  [new nn.AdaptiveAvgPool1d(3), 'AdaptiveAvgPool1d(output_size=3)', []],
  [new nn.AdaptiveAvgPool2d([1, null]), 'AdaptiveAvgPool2d(output_size=(1, None))', []],
  [new nn.AdaptiveMaxPool1d(2), 'AdaptiveMaxPool1d(output_size=2)', []],
  [new nn.AdaptiveMaxPool2d([2, 3]), 'AdaptiveMaxPool2d(output_size=(2, 3))', []],
  [new nn.Unfold(2, { stride: [2, 1] }), 'Unfold(kernel_size=2, dilation=1, padding=0, stride=(2, 1))', []],
  [
    new nn.Fold([4, 5], [2, 1], { padding: 1 }),
    'Fold(output_size=(4, 5), kernel_size=(2, 1), dilation=1, padding=1, stride=1)',
    [],
  ],
];

describe('layers of normalisation and pooling', () => {
  it.each(LAYERS.map(([layer, text, keys]) => [text, layer, keys] as const))('%s', (text, layer, keys) => {
    expect(String(layer)).toBe(text);
    expect([...layer.stateDict().keys()]).toEqual(keys);
  });

  it('norms begin as the identity of normalised values', () => {
    const norm = new nn.BatchNorm2d(2);
    expect(norm.weight?.toArray()).toEqual([1, 1]);
    expect(norm.bias?.toArray()).toEqual([0, 0]);
    expect(norm.runningMean?.toArray()).toEqual([0, 0]);
    expect(norm.runningVar?.toArray()).toEqual([1, 1]);
    expect(norm.numBatchesTracked?.dtype).toBe('int64');
    expect(norm.numBatchesTracked?.item()).toBe(0);
    expect(new nn.LayerNorm([2, 3], { dtype: 'float64' }).weight?.dtype).toBe('float64');
  });

  it('no layer draws random numbers', () => {
    manualSeed(0);
    const expected = randn([2]).toArray();
    manualSeed(0);
    for (const make of [() => new nn.LayerNorm(4), () => new nn.BatchNorm1d(4), () => new nn.GroupNorm(1, 4)]) make();
    expect(randn([2]).toArray()).toEqual(expected);
  });
});

const X = [
  [1, 2],
  [3, 6],
  [5, 10],
];

describe('batch norm', () => {
  it('training moves the running statistics, evaluation uses them', () => {
    const norm = new nn.BatchNorm1d(2, { dtype: 'float64' });
    const x = tensor(X, { dtype: 'float64' });
    norm(x);
    // 0.9 · old + 0.1 · batch's, the variance unbiased.
    expect(norm.running_mean?.toArray()).toEqual([0.30000000000000004, 0.6000000000000001]);
    const [a, b] = norm.running_var!.toArray() as [number, number];
    expect(a).toBeCloseTo(0.9 + 0.1 * 4, 12);
    expect(b).toBeCloseTo(0.9 + 0.1 * 16, 12);
    expect(norm.num_batches_tracked?.item()).toBe(1);
    norm.eval();
    const y = norm(x).toArray() as number[][];
    expect(y[0]![0]).toBeCloseTo((1 - 0.3) / Math.sqrt(1.3 + 1e-5), 12);
    expect(norm.num_batches_tracked?.item()).toBe(1);
  });

  it('without momentum the running statistics are the plain average', () => {
    const norm = new nn.BatchNorm1d(1, { momentum: null, dtype: 'float64' });
    for (const mean of [1, 2, 6]) norm(tensor([[mean - 1], [mean + 1]], { dtype: 'float64' }));
    expect((norm.running_mean!.toArray() as number[])[0]).toBeCloseTo(3, 12);
  });

  it('statistics that are not tracked do not change, and evaluation uses the batch’s', () => {
    const norm = new nn.BatchNorm1d(2, { trackRunningStats: false });
    const x = tensor(X);
    const y = norm(x).toArray();
    expect(norm.eval()(x).toArray()).toEqual(y);
    expect(norm.running_mean).toBeNull();
  });

  it('resetRunningStats forgets', () => {
    const norm = new nn.BatchNorm1d(2);
    norm(tensor(X));
    norm.resetRunningStats();
    expect(norm.running_mean?.toArray()).toEqual([0, 0]);
    expect(norm.num_batches_tracked?.item()).toBe(0);
  });

  it('a state dict without num_batches_tracked, which old files lack, loads', () => {
    const norm = new nn.Sequential(new nn.BatchNorm1d(2));
    const state = norm.stateDict();
    state.delete('0.num_batches_tracked');
    expect(norm.loadStateDict(state).missingKeys).toEqual([]);
    state.delete('0.running_mean');
    expect(() => norm.loadStateDict(state)).toThrow(/Missing key\(s\).*0\.running_mean/);
  });

  it('refuses inputs of another rank and a frozen statistic', () => {
    expect(() => new nn.BatchNorm2d(3)(zeros([2, 3, 4]))).toThrow(/expected 4D input \(got 3D input, \[2, 3, 4\]\)/);
    expect(() => new nn.BatchNorm1d(3)(zeros([2, 3, 4, 5]))).toThrow(/expected 2D or 3D input/);
    expect(() => F.batchNorm(ones([2, 3]), zeros([1]).expand(3), ones([3]), { training: true })).toThrow(
      /more than one element of the written-to tensor/,
    );
  });

  it('converts with its module, but for the count', () => {
    const norm = new nn.BatchNorm1d(2).to('float64');
    expect(norm.running_mean?.dtype).toBe('float64');
    expect(norm.num_batches_tracked?.dtype).toBe('int64');
  });
});

describe('a large mean costs no digits', () => {
  const values = Array.from({ length: 512 }, (_, i) => 4096 + ((i * 37) % 64) / 64);
  const mean = values.reduce((a, b) => a + b) / values.length;
  const variance = values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length;
  const expected = values.map((v) => (v - mean) / Math.sqrt(variance + 1e-5));

  it.each([
    ['layerNorm', (x: Tensor) => F.layerNorm(x, [512]), [1, 512]],
    ['groupNorm', (x: Tensor) => F.groupNorm(x, 1), [1, 4, 128]],
    ['batchNorm', (x: Tensor) => F.batchNorm(x, null, null, { training: true }), [2, 1, 256]],
    ['batchNorm of features', (x: Tensor) => F.batchNorm(x, null, null, { training: true }), [512, 1]],
  ] as const)('%s', (_name, run, shape) => {
    const y = noGrad(() => run(tensor(values).reshape(...shape))).toTypedArray();
    // The mean is kept in float32: half an ulp of 4096 is 2.4e-4, over σ = 0.29.
    expected.forEach((e, i) => void expect(Math.abs(Number(y[i]) - e)).toBeLessThan(1e-3));
  });
});

describe('bad options and inputs', () => {
  it.each([
    [() => new nn.LayerNorm([]), /LayerNorm: normalizedShape must name at least one dimension/],
    [() => new nn.LayerNorm(-1), /LayerNorm: sizes must be non-negative/],
    [() => new nn.LayerNorm(4, { elementwise_affine: true } as never), /did you mean elementwiseAffine/],
    [() => new nn.GroupNorm(2, 3), /GroupNorm: numChannels \(3\) must be divisible by numGroups \(2\)/],
    [() => new nn.BatchNorm2d(-3), /BatchNorm2d: numFeatures must not be negative/],
    [() => new nn.BatchNorm2d(3, { affine: 1 } as never), /BatchNorm2d: affine must be a boolean/],
    [() => F.layerNorm(ones([2]), 2 as never), /layerNorm: normalizedShape must be an array/],
    [() => F.layerNorm(ones([2]), [2], { weight: ones([2], { dtype: 'float64' }) }), /weight must be float32/],
    [() => F.maxPool2d(ones([1, 4, 4]), [2, 2, 2] as never), /kernelSize must be an integer or 2 of them/],
    [() => F.maxPool2d(ones([1, 4, 4]), 1.5), /kernelSize must be an integer/],
    [() => F.maxPool2d(ones([1, 4, 4]), 2, { stride: 2 ** 40 }), /stride must be greater than zero and below 2\^31/],
    [() => F.avgPool2d(ones([1, 4, 4]), 2, { ceil_mode: true } as never), /did you mean ceilMode/],
    [() => F.maxPool2d(ones([1, 4, 4], { dtype: 'int64' }), 2), /maxPool2d: input must be float32/],
  ])('%s', (run, message) => {
    expect(run).toThrow(message);
    expect(run).toThrow(FlambeauError);
  });
});

describe('max pooling', () => {
  it('gives indices with the values where they are asked for', () => {
    const [y, at] = F.maxPool2d(
      tensor([
        [
          [1, 5, 2, 2],
          [4, 3, 2, 2],
        ],
      ]),
      2,
      { returnIndices: true },
    );
    expect(y.toArray()).toEqual([[[5, 2]]]);
    expect(at.dtype).toBe('int64');
    expect(at.toArray()).toEqual([[[1, 2]]]);
    const layer = new nn.MaxPool1d(2, { returnIndices: true });
    expect(layer(tensor([[1, 2]])).map((t) => t.toArray())).toEqual([[[2]], [[1]]]);
  });
});

describe('bfloat16 is computed in float32 and rounded once', () => {
  const x = tensor([
    [
      [1, 2.5, -3, 4],
      [0.5, 7, -1, 2],
    ],
    [
      [3, 1, 2, -2],
      [5, 0, 1, 1],
    ],
  ]);
  const half = x.bfloat16();
  it.each([
    ['layerNorm', (t: Tensor) => F.layerNorm(t, [4])],
    ['rmsNorm', (t: Tensor) => F.rmsNorm(t, [4], { eps: 1e-5 })],
    ['batchNorm', (t: Tensor) => F.batchNorm(t, null, null, { training: true })],
    ['groupNorm', (t: Tensor) => F.groupNorm(t, 2)],
    ['instanceNorm', (t: Tensor) => F.instanceNorm(t)],
    ['maxPool1d', (t: Tensor) => F.maxPool1d(t, 2)],
    ['avgPool2d', (t: Tensor) => F.avgPool2d(t, 2)],
    ['adaptiveAvgPool2d', (t: Tensor) => F.adaptiveAvgPool2d(t, 1)],
  ] as const)('%s', (_name, run) => {
    const y = run(half);
    expect(y.dtype).toBe('bfloat16');
    expect(y.toArray()).toEqual(run(x).bfloat16().toArray());
    const leaf = half.clone().requiresGrad_();
    run(leaf).sum().backward();
    expect(leaf.grad?.dtype).toBe('bfloat16');
  });

  it('batchNorm moves running statistics of bfloat16', () => {
    const norm = new nn.BatchNorm1d(2, { dtype: 'bfloat16' });
    norm(half);
    const expected = new nn.BatchNorm1d(2);
    expected(x);
    expect(norm.running_mean?.toArray()).toEqual(expected.running_mean?.bfloat16().toArray());
  });

  it('embedding', () => {
    const table = new nn.Embedding(4, 2, { dtype: 'bfloat16' });
    const y = table(tensor([1, 1, 3], { dtype: 'int64' }));
    expect(y.dtype).toBe('bfloat16');
    y.sum().backward();
    expect(table.weight.grad?.toArray()).toEqual([
      [0, 0],
      [2, 2],
      [0, 0],
      [1, 1],
    ]);
  });
});

import { arange, functional as F, manualSeed, memory, nn, ones, type Tensor, tensor, zeros } from 'flambeau';
import { describe, expect, it } from 'vitest';
import { codeOf } from '../../thrown.js';

const first = (x: Tensor, n: number): number[] => [...(x.flatten().narrow(0, 0, n).toTypedArray() as Float32Array)];

describe('convolutional layers', () => {
  // Numbers and printed forms are PyTorch's.
  const layers: [
    () => nn.Conv1d | nn.Conv2d | nn.ConvTranspose1d | nn.ConvTranspose2d,
    string,
    number[],
    number[] | null,
  ][] = [
    [
      () => new nn.Conv2d(3, 4, 3),
      'Conv2d(3, 4, kernel_size=(3, 3), stride=(1, 1))',
      [-0.00144084, 0.10323862, -0.15839511, -0.14163153],
      [-0.01060392, 0.02889543, -0.07881414],
    ],
    [
      () => new nn.Conv1d(4, 6, 5, { groups: 2, bias: false }),
      'Conv1d(4, 6, kernel_size=(5,), stride=(1,), groups=2, bias=False)',
      [-0.00236754, 0.16963835, -0.26026973, -0.23272435],
      null,
    ],
    [
      () => new nn.ConvTranspose2d(4, 6, 3, { groups: 2 }),
      'ConvTranspose2d(4, 6, kernel_size=(3, 3), stride=(1, 1), groups=2)',
      [-0.00144084, 0.10323862, -0.15839511, -0.14163153],
      [-0.01060392, 0.02889543, -0.07881414],
    ],
    [
      () => new nn.ConvTranspose1d(3, 2, 4),
      'ConvTranspose1d(3, 2, kernel_size=(4,), stride=(1,))',
      [-0.00264699, 0.18966144, -0.29099038, -0.26019374],
      [-0.05698692, 0.03741093],
    ],
  ];
  it.each(layers)('%s draw PyTorch’s weights and print as there', (make, text, weight, bias) => {
    manualSeed(0);
    const layer = make();
    expect(String(layer)).toBe(text);
    first(layer.weight, 4).forEach((value, i) => void expect(value).toBeCloseTo(weight[i]!, 7));
    if (bias === null) expect(layer.bias).toBeNull();
    else first(layer.bias!, bias.length).forEach((value, i) => void expect(value).toBeCloseTo(bias[i]!, 7));
    expect([...layer.stateDict().keys()]).toEqual(bias === null ? ['weight'] : ['weight', 'bias']);
  });

  it('print every option that differs from its default', () => {
    const printed: [nn.Module, string][] = [
      [
        new nn.Conv2d(3, 64, 7, { stride: 2, padding: 3, bias: false }),
        'Conv2d(3, 64, kernel_size=(7, 7), stride=(2, 2), padding=(3, 3), bias=False)',
      ],
      [
        new nn.Conv2d(4, 8, [3, 5], { padding: 'same', paddingMode: 'circular', dilation: 2, groups: 4 }),
        'Conv2d(4, 8, kernel_size=(3, 5), stride=(1, 1), padding=same, dilation=(2, 2), groups=4, padding_mode=circular)',
      ],
      [new nn.Conv1d(4, 6, 5, { stride: 2, padding: 2 }), 'Conv1d(4, 6, kernel_size=(5,), stride=(2,), padding=(2,))'],
      [
        new nn.ConvTranspose2d(4, 6, 3, { stride: 2, padding: 1, outputPadding: 1 }),
        'ConvTranspose2d(4, 6, kernel_size=(3, 3), stride=(2, 2), padding=(1, 1), output_padding=(1, 1))',
      ],
      [
        new nn.ConvTranspose1d(4, 2, 3, { dilation: 3, bias: false }),
        'ConvTranspose1d(4, 2, kernel_size=(3,), stride=(1,), dilation=(3,), bias=False)',
      ],
      [new nn.Conv2d(1, 1, 1, { padding: 'valid' }), 'Conv2d(1, 1, kernel_size=(1, 1), stride=(1, 1), padding=valid)'],
    ];
    for (const [layer, text] of printed) expect(String(layer)).toBe(text);
  });

  // Sums of the output, plain and weighted with 0, 1, 2, …, computed by PyTorch 2.13 in float64.
  it.each([
    ['reflect', 'same', [1, 3, 5, 6], -12.284770623629594, -1405.9364221838894],
    ['reflect', [2, 1], [1, 3, 6, 6], -16.528116338946973, -1990.631281199462],
    ['replicate', 'same', [1, 3, 5, 6], -9.669743947607056, -1374.2210679622794],
    ['replicate', [2, 1], [1, 3, 6, 6], -11.770394608072884, -1924.108635653761],
    ['circular', 'same', [1, 3, 5, 6], -17.420349181967175, -1470.1463985394473],
    ['circular', [2, 1], [1, 3, 6, 6], -24.71244376473176, -2137.0301267306304],
  ] as const)('pad with mode %s and padding %s', (paddingMode, padding, shape, sum, weighted) => {
    manualSeed(1);
    const layer = new nn.Conv2d(2, 3, [4, 3], { padding, paddingMode, dtype: 'float64' });
    const x = arange(60, { dtype: 'float64' }).reshape(1, 2, 5, 6).div(30);
    const y = layer(x);
    expect(y.shape).toEqual(shape);
    expect(y.sum().item()).toBeCloseTo(sum, 9);
    expect(
      y
        .mul(arange(y.numel, { dtype: 'float64' }).reshape(y.shape))
        .sum()
        .item(),
    ).toBeCloseTo(weighted, 7);
  });

  it('choose the size of a transposed output', () => {
    const layer = new nn.ConvTranspose2d(3, 2, 3, { stride: 2 });
    expect(layer(zeros([1, 3, 5, 5])).shape).toEqual([1, 2, 11, 11]);
    expect(layer(zeros([1, 3, 5, 5]), { outputSize: [12, 11] }).shape).toEqual([1, 2, 12, 11]);
    expect(layer(zeros([1, 3, 5, 5]), { outputSize: [1, 2, 12, 12] }).shape).toEqual([1, 2, 12, 12]);
    expect(layer(zeros([3, 5, 5]), { outputSize: [2, 12, 12] }).shape).toEqual([2, 12, 12]);
    expect(() => layer(zeros([1, 3, 5, 5]), { outputSize: [20, 20] })).toThrow(
      /requested an output size of \[20, 20\], but valid sizes range from \[11, 11\] to \[12, 12\]/,
    );
    expect(() => layer(zeros([1, 3, 5, 5]), { outputSize: [12] })).toThrow(/must have 2 or 4 elements, got 1/);
  });

  it('compute bfloat16 in float32', () => {
    manualSeed(3);
    const layer = new nn.Conv2d(3, 4, 3, { dtype: 'bfloat16' });
    const x = arange(75, { dtype: 'float32' }).reshape(1, 3, 5, 5).div(75);
    const y = layer(x.to('bfloat16'));
    expect(y.dtype).toBe('bfloat16');
    const wide = F.conv2d(x.to('bfloat16').to('float32'), layer.weight.to('float32'), layer.bias!.to('float32'));
    expect(y.to('float32').toArray()).toEqual(wide.to('bfloat16').to('float32').toArray());
    y.sum().backward();
    expect(layer.weight.grad!.dtype).toBe('bfloat16');
  });

  it('refuse bad settings', () => {
    const refused: [() => unknown, RegExp][] = [
      [() => new nn.Conv2d(3, 2, 3, { groups: 2 }), /^Conv2d: inChannels must be divisible by groups/],
      [() => new nn.Conv2d(4, 3, 3, { groups: 2 }), /^Conv2d: outChannels must be divisible by groups/],
      [() => new nn.Conv2d(4, 3, 3, { groups: 0 }), /^Conv2d: groups must be a positive integer/],
      [() => new nn.Conv2d(4, 3, 3, { padding: 'same', stride: 2 }), /^Conv2d: padding='same' is not supported/],
      [() => new nn.Conv2d(4, 3, 3, { padding: 'x' as 'same' }), /^Conv2d: Invalid padding string "x"/],
      [() => new nn.Conv2d(4, 3, 3, { paddingMode: 'x' as 'zeros' }), /^Conv2d: paddingMode must be one of/],
      [() => new nn.ConvTranspose2d(4, 3, 3, { paddingMode: 'reflect' as 'zeros' }), /^ConvTranspose2d: paddingMode/],
      [() => new nn.Conv2d(4, 3, 3, { outputPadding: 1 } as never), /^Conv2d: unknown option outputPadding/],
      [() => new nn.Conv2d(4, 3, 3, { bias: 0 as never }), /^Conv2d: bias must be a boolean/],
      [() => new nn.Conv2d(4, 3, 0), /^Conv2d: non-positive kernelSize/],
      [() => new nn.Conv2d(4, 3, [3, 3, 3] as never), /^Conv2d: expected kernelSize to be a single integer/],
      [() => new nn.Conv1d(1.5, 3, 3), /^Conv1d: inChannels must be an integer/],
      [() => new nn.Conv1d(1, 3, 3, { dtype: 'int32' as never }), /^Conv1d: dtype must be float32, float64/],
      [() => F.conv2d(zeros([1, 1, 3, 3]), zeros([1, 1, 0, 1])), /^conv2d: kernel size should be greater than zero/],
      [() => F.conv2d(zeros([1, 1, 3, 3]), zeros([1, 1, 1, 1], { dtype: 'float64' })), /^conv2d: expected one dtype/],
      [() => F.conv2d(ones([1, 1, 3, 3], { dtype: 'int32' }), ones([1, 1, 1, 1])), /^conv2d: input must be float32/],
      [() => F.conv2d(zeros([1, 1, 3, 3]), zeros([1, 1, 1, 1]), 3 as never), /^conv2d: bias must be a Tensor/],
      [() => F.conv2d(zeros([1, 1, 3, 3]), zeros([1, 1, 1, 1]), null, { strid: 2 } as never), /unknown option strid/],
    ];
    for (const [run, message] of refused) expect(run).toThrow(message);
  });
});

describe('hostile sizes of convolutions', () => {
  const x = ones([1, 1, 5, 5]);
  const w = ones([1, 1, 3, 3]);
  it('are refused', () => {
    const huge = Number.MAX_SAFE_INTEGER;
    expect(codeOf(() => F.conv2d(x, w, null, { padding: huge }))).toBe('SIZE_OVERFLOW');
    expect(codeOf(() => F.conv2d(x, w, null, { dilation: huge }))).toBe('SIZE_OVERFLOW');
    expect(codeOf(() => F.convTranspose2d(x, w, null, { stride: huge }))).toBe('SIZE_OVERFLOW');
    expect(codeOf(() => F.conv2d(x, w, null, { padding: 2 ** 40 }))).toMatch(/SIZE_OVERFLOW|OUT_OF_MEMORY/);
    expect(codeOf(() => F.convTranspose2d(x, w, null, { stride: 2 ** 30 }))).toMatch(/SIZE_OVERFLOW|OUT_OF_MEMORY/);
    expect(codeOf(() => F.pad(x, [2 ** 52, 0]))).toBe('SIZE_OVERFLOW');
    expect(codeOf(() => F.conv2d(x, w, null, { stride: 1.5 }))).toBe('WRONG_TYPE');
    expect(codeOf(() => F.conv2d(x, w, null, { stride: '2' as never }))).toBe('WRONG_TYPE');
  });

  it('cost no more than their result', () => {
    const far = F.conv2d(x, w, null, { dilation: 1e9, padding: 1e9 });
    expect(far.shape).toEqual([1, 1, 5, 5]);
    expect(far.sum().item()).toBe(25);
    const stride = F.conv2d(x, w, null, { stride: 1e12 });
    expect(stride.toArray()).toEqual([[[[9]]]]);
    expect(
      F.convTranspose1d(ones([1, 1, 2]), ones([1, 1, 1]), tensor([1]), { stride: 1e6 })
        .sum()
        .item(),
    ).toBe(1000003);
  });

  it('leave nothing behind', () => {
    const before = memory().tensors;
    for (let i = 0; i < 5; i++) codeOf(() => F.conv2d(x, w, null, { padding: 2 ** 40 }));
    expect(memory().tensors).toBe(before);
  });
});

import { describe, expect, test } from 'vitest';
import {
  isa,
  manualSeed,
  nn,
  noGrad,
  randn,
  setNumThreads,
  type Tensor,
  tensor,
  zeros,
} from '../../../../lib/index.js';
import { messageOf } from '../../thrown.js';

// The weights, scales and results are those of torch.ao.quantization.quantize_dynamic in PyTorch 2.13 for the layer and
// the input that the seed gives.

const { Linear } = nn.quantized.dynamic;

const LEVELS = [
  [-1, 72, -110, -98, -51, 36],
  [-3, 106, -12, 35, -40, -26],
  [-128, -88, -55, 5, 53, 80],
  [-90, -58, 48, 111, -27, 100],
];
const RESULT = [
  [-0.1351739913225174, 0.35098034143447876, 0.02713153325021267, 0.042917292565107346],
  [0.6027812361717224, 0.12170685827732086, 0.09361723065376282, -0.22699300944805145],
  [-1.3358840942382812, 0.8835873007774353, -0.41434311866760254, 0.7478100061416626],
];
const CHANNEL_SCALES = [0.0026353474240750074, 0.002538790460675955, 0.0030589757952839136, 0.002658858662471175];
const CHANNEL_RESULT = [
  [-0.13312813639640808, 0.35162580013275146, 0.02713153325021267, 0.044720012694597244],
  [0.6070358753204346, 0.12222608178853989, 0.09361723065376282, -0.22447572648525238],
  [-1.3341079950332642, 0.8957391977310181, -0.41434311866760254, 0.7485373020172119],
];

function example() {
  manualSeed(0);
  return { layer: new nn.Linear(6, 4), x: randn([3, 6]) };
}

function expectClose(y: Tensor, expected: readonly (readonly number[])[]): void {
  const flat = expected.flat();
  y.toTypedArray().forEach((value, i) => {
    expect(Math.abs(Number(value) - flat[i]!)).toBeLessThan(3e-7);
  });
}

describe('nn.quantized.dynamic.Linear', () => {
  test("has PyTorch's numbers", () => {
    const { layer, x } = example();
    const quantized = Linear.fromFloat(layer);
    expect(quantized.weight.toArray()).toEqual(LEVELS);
    expect(quantized.weight_scale.item()).toBe(0.0030589757952839136);
    expectClose(quantized(x), RESULT);
    const perChannel = Linear.fromFloat(layer, { perChannel: true });
    expect(perChannel.weight_scale.toArray()).toEqual(CHANNEL_SCALES);
    expectClose(perChannel(x), CHANNEL_RESULT);
  });

  test('prints as PyTorch', () => {
    const { layer } = example();
    const inside = 'in_features=6, out_features=4, dtype=torch.qint8, qscheme=torch.';
    expect(String(Linear.fromFloat(layer))).toBe(`DynamicQuantizedLinear(${inside}per_tensor_affine)`);
    expect(String(Linear.fromFloat(layer, { perChannel: true }))).toBe(
      `DynamicQuantizedLinear(${inside}per_channel_affine)`,
    );
  });

  test('a state dict goes round', () => {
    const { layer, x } = example();
    const quantized = Linear.fromFloat(layer);
    const before = quantized(x);
    expect([...quantized.stateDict().keys()]).toEqual(['weight', 'weight_scale', 'bias']);
    const fresh = new Linear(6, 4);
    expect(fresh(x).toArray()).toEqual(zeros([3, 4]).toArray());
    fresh.loadStateDict(quantized.stateDict());
    expect(fresh(x).toArray()).toEqual(before.toArray());
    // The packed weight follows the values: used twice, changed, used again.
    fresh(x);
    fresh.loadStateDict(new Linear(6, 4).stateDict());
    expect(fresh(x).toArray()).toEqual(zeros([3, 4]).toArray());
  });

  test('takes batches of any depth, strides and sizes, with any number of threads', () => {
    manualSeed(1);
    const quantized = Linear.fromFloat(new nn.Linear(70, 33, { bias: false }));
    const x = randn([5, 7, 70]);
    const y = quantized(x);
    expect(y.shape).toEqual([5, 7, 33]);
    expect(quantized(x.reshape(35, 70)).toArray()).toEqual(y.reshape(35, 33).toArray());
    expect(quantized(x.reshape(35, 70).t().contiguous().t()).toArray()).toEqual(y.reshape(35, 33).toArray());
    expect(quantized(zeros([0, 70])).shape).toEqual([0, 33]);
    setNumThreads(1);
    expect(quantized(x).toArray()).toEqual(y.toArray());
    setNumThreads(2);
  });

  test('is near the float layer', () => {
    manualSeed(2);
    const layer = new nn.Linear(300, 50);
    const x = randn([20, 300]);
    const exact = noGrad(() => layer(x));
    const error = (options?: object): number => {
      const y = Linear.fromFloat(layer, options)(x);
      return y.sub(exact).norm().item() / exact.norm().item();
    };
    expect(error()).toBeLessThan(0.025);
    expect(error({ perChannel: true })).toBeLessThan(0.025);
    const { weight, weight_scale, bias } = Linear.fromFloat(layer);
    const full = nn.quantized.functional.linearDynamic(x, weight, weight_scale, bias, { reduceRange: false });
    expect(full.sub(exact).norm().item() / exact.norm().item()).toBeLessThan(0.015);
    expect(isa()).not.toBe('');
  });

  test('of zeros and of tiny numbers', () => {
    const { layer } = example();
    const bias = layer.bias!.detach().toArray();
    const quantized = Linear.fromFloat(layer);
    expect(quantized(zeros([1, 6])).toArray()).toEqual([bias]);
    expect(quantized(zeros([1, 6]).add(1e-7)).toArray()).toEqual([bias]);
  });

  test('refuses what it cannot compute', () => {
    const { layer, x } = example();
    const quantized = Linear.fromFloat(layer);
    expect(messageOf(() => quantized(x.mul(Number.NaN)))).toMatch(/linearDynamic: finite inputs were expected/);
    expect(messageOf(() => quantized(x.mul(Infinity)))).toMatch(/linearDynamic: finite inputs were expected/);
    expect(messageOf(() => quantized(randn([6])))).toMatch(
      /input must be \[..., 6\] of two or more dimensions, got \[6\]/,
    );
    expect(messageOf(() => quantized(randn([2, 5])))).toMatch(/got \[2, 5\]/);
    expect(messageOf(() => quantized(x.double()))).toMatch(/input must be float32, got float64/);
    expect(messageOf(() => quantized(randn([2, 6], { requiresGrad: true })))).toMatch(/cannot be trained/);
    const linear = nn.quantized.functional.linearDynamic;
    const weight = zeros([4, 6], { dtype: 'int8' });
    expect(messageOf(() => linear(x, weight, tensor([1, 2])))).toBe(
      'linearDynamic: weightScale must be [] or [4], got [2]',
    );
    expect(messageOf(() => linear(x, weight, tensor(1), zeros([3])))).toBe(
      'linearDynamic: bias must have shape [4], got [3]',
    );
    expect(messageOf(() => linear(x, zeros([6], { dtype: 'int8' }), tensor(1)))).toBe(
      'linearDynamic: weight must be a matrix, got [6]',
    );
    expect(messageOf(() => linear(x, weight, tensor(1), null, { reduceRange: 1 as never }))).toMatch(
      /must be a boolean/,
    );
    expect(messageOf(() => linear(zeros([1, 70000]), zeros([1, 70000], { dtype: 'int8' }), tensor(1)))).toMatch(
      /at most 65793 input features/,
    );
    expect(messageOf(() => Linear.fromFloat(new nn.ReLU() as never))).toMatch(/expected an nn.Linear/);
    expect(messageOf(() => new Linear(-1, 2))).toMatch(/inFeatures must not be negative/);
  });
});

describe('nn.quantized.quantizeDynamic', () => {
  test('replaces the linear layers of a model, and only them', () => {
    const { layer, x } = example();
    const model = new nn.Sequential(layer, new nn.ReLU());
    const expected = Linear.fromFloat(layer)(x).relu().toArray();
    expect(nn.quantized.quantizeDynamic(model)).toBe(model);
    expect(String(model)).toBe(
      'Sequential(\n  (0): DynamicQuantizedLinear(in_features=6, out_features=4, dtype=torch.qint8, ' +
        'qscheme=torch.per_tensor_affine)\n  (1): ReLU()\n)',
    );
    expect(model(x).toArray()).toEqual(expected);
    expect([...model.parameters()]).toEqual([]);
  });

  test('a layer used twice stays one; a single layer comes back quantised; a custom model works', () => {
    class Net extends nn.Module {
      first = new nn.Linear(4, 4);
      again = this.first;
      override forward(x: Tensor): Tensor {
        return this.again(this.first(x));
      }
    }
    const net = nn.quantized.quantizeDynamic(new Net());
    expect(net.first).toBe(net.again);
    expect(net(zeros([1, 4])).shape).toEqual([1, 4]);
    expect(nn.quantized.quantizeDynamic(new nn.Linear(2, 3)).extraRepr()).toMatch(/qint8/);
    expect(messageOf(() => nn.quantized.quantizeDynamic({} as never))).toMatch(/expected a module/);
  });
});

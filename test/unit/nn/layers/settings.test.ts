import { FlambeauError, nn, randn } from 'flambeau';
import { describe, expect, it } from 'vitest';

const LAYERS: Record<string, () => nn.Module> = {
  AdaptiveAvgPool1d: () => new nn.AdaptiveAvgPool1d(2),
  AdaptiveAvgPool2d: () => new nn.AdaptiveAvgPool2d([2, 3]),
  AdaptiveMaxPool1d: () => new nn.AdaptiveMaxPool1d(2),
  AdaptiveMaxPool2d: () => new nn.AdaptiveMaxPool2d(2),
  AvgPool1d: () => new nn.AvgPool1d(2),
  AvgPool2d: () => new nn.AvgPool2d(2, { divisorOverride: 3 }),
  BCELoss: () => new nn.BCELoss(),
  BCEWithLogitsLoss: () => new nn.BCEWithLogitsLoss(),
  BatchNorm1d: () => new nn.BatchNorm1d(4),
  BatchNorm2d: () => new nn.BatchNorm2d(4),
  Conv1d: () => new nn.Conv1d(4, 4, 3),
  Conv2d: () => new nn.Conv2d(4, 4, 3, { padding: 'same' }),
  ConvTranspose1d: () => new nn.ConvTranspose1d(4, 4, 3),
  ConvTranspose2d: () => new nn.ConvTranspose2d(4, 4, 3),
  CrossEntropyLoss: () => new nn.CrossEntropyLoss(),
  Dropout: () => new nn.Dropout(),
  ELU: () => new nn.ELU(),
  Embedding: () => new nn.Embedding(5, 3, { paddingIdx: 1, maxNorm: 1 }),
  Flatten: () => new nn.Flatten(),
  Fold: () => new nn.Fold([4, 4], 2),
  GELU: () => new nn.GELU(),
  GRU: () => new nn.GRU(4, 3),
  GRUCell: () => new nn.GRUCell(4, 3),
  GroupNorm: () => new nn.GroupNorm(2, 4),
  Hardtanh: () => new nn.Hardtanh(),
  HuberLoss: () => new nn.HuberLoss(),
  Identity: () => new nn.Identity(),
  InstanceNorm1d: () => new nn.InstanceNorm1d(4),
  InstanceNorm2d: () => new nn.InstanceNorm2d(4),
  L1Loss: () => new nn.L1Loss(),
  LSTM: () => new nn.LSTM(4, 3),
  LSTMCell: () => new nn.LSTMCell(4, 3),
  LayerNorm: () => new nn.LayerNorm(4),
  LeakyReLU: () => new nn.LeakyReLU(),
  Linear: () => new nn.Linear(4, 3),
  LogSigmoid: () => new nn.LogSigmoid(),
  LogSoftmax: () => new nn.LogSoftmax(-1),
  MSELoss: () => new nn.MSELoss(),
  MaxPool1d: () => new nn.MaxPool1d(2),
  MaxPool2d: () => new nn.MaxPool2d(2),
  MultiheadAttention: () => new nn.MultiheadAttention(4, 2),
  NLLLoss: () => new nn.NLLLoss(),
  RMSNorm: () => new nn.RMSNorm(4, { eps: 1e-6 }),
  RNN: () => new nn.RNN(4, 3),
  RNNCell: () => new nn.RNNCell(4, 3),
  ReLU: () => new nn.ReLU(),
  SiLU: () => new nn.SiLU(),
  Sigmoid: () => new nn.Sigmoid(),
  SmoothL1Loss: () => new nn.SmoothL1Loss(),
  Softmax: () => new nn.Softmax(-1),
  Softplus: () => new nn.Softplus(),
  Tanh: () => new nn.Tanh(),
  TransformerEncoder: () => new nn.TransformerEncoder(new nn.TransformerEncoderLayer(4, 2), 2),
  TransformerEncoderLayer: () => new nn.TransformerEncoderLayer(4, 2),
  Unflatten: () => new nn.Unflatten(1, [2, 2]),
  Unfold: () => new nn.Unfold(2, { stride: 2 }),
};

type Writable<T> = { -readonly [K in keyof T]: T[K] };

const CONTAINERS = new Set(['Module', 'ModuleDict', 'ModuleList', 'ParameterDict', 'ParameterList', 'Sequential']);

const isSetting = (value: unknown): boolean =>
  ['number', 'boolean', 'string'].includes(typeof value) || (Array.isArray(value) && typeof value[0] === 'number');

describe('every setting of every layer', () => {
  it('is covered', () => {
    const layers = Object.entries(nn).filter(
      ([name, value]) => typeof value === 'function' && value.prototype instanceof nn.Module && !CONTAINERS.has(name),
    );
    expect(Object.keys(LAYERS).sort()).toEqual(layers.map(([name]) => name).sort());
  });

  for (const [name, make] of Object.entries(LAYERS)) {
    it(`${name} refuses values of another kind where they are assigned`, () => {
      const layer = make() as unknown as Record<string, unknown>;
      const settings = Object.keys(layer).filter((key) => isSetting(layer[key]));
      expect(settings).toContain('training');
      for (const key of settings) {
        const before = layer[key];
        // What is no number or flag by itself, such as a size, is checked by the op that takes it.
        const bad = typeof before === 'number' || typeof before === 'boolean' ? ['0.5', {}, Promise.resolve(1)] : [];
        for (const value of [undefined, Number.NaN, ...bad]) {
          const assign = () => {
            layer[key] = value;
          };
          expect(assign, `${key} = ${String(value)}`).toThrow(FlambeauError);
          expect(assign).toThrow(`${name}: ${key} must be `);
        }
        expect(() => delete layer[key], `delete ${key}`).toThrow(`${key} must be `);
        expect(layer[key]).toBe(before);
        layer[key] = before;
      }
    });
  }
});

it('a setting may be changed to what PyTorch takes', () => {
  const norm = new nn.BatchNorm1d(4) as Writable<nn.BatchNorm1d>;
  norm.momentum = null;
  norm.forward(randn([3, 4]));
  const dropout = new nn.Dropout(0.5);
  dropout.p = 0;
  expect(dropout.toString()).toBe('Dropout(p=0.0, inplace=False)');
});

it('the message names the layer, the setting and what came', () => {
  const norm = new nn.BatchNorm2d(4) as Writable<nn.BatchNorm2d>;
  expect(() => {
    norm.momentum = undefined as never;
  }).toThrow('BatchNorm2d: momentum must be a number or null, got undefined');
  expect(() => {
    norm.eps = '1e-5' as never;
  }).toThrow('BatchNorm2d: eps must be a number, got "1e-5"');
  expect(() => {
    (new nn.RNN(2, 2) as Writable<nn.RNN>).nonlinearity = 'sigmoid' as never;
  }).toThrow('RNN: nonlinearity must be one of "tanh", "relu", got "sigmoid"');
});

it('holds for layers derived from ours, whose own properties are free', () => {
  class Mine extends nn.LayerNorm {
    calls: number | null = 0;
    override eps = 1e-3;
  }
  const mine = new Mine(4) as Writable<Mine>;
  mine.calls = null;
  expect(() => {
    mine.eps = '1' as never;
  }).toThrow('Mine: eps must be a number, got "1"');
  expect(() => Object.defineProperty(mine, 'eps', { value: Number.NaN })).toThrow('eps must be a number, got NaN');
});

import path from 'node:path';
import {
  autograd,
  functional as F,
  fromTypedArray,
  loadSafetensors,
  manualSeed,
  memory,
  nn,
  noGrad,
  ones,
  randn,
  type Tensor,
  tensor,
  zeros,
} from 'flambeau';
import { describe, expect, it } from 'vitest';
import { encoder } from '../../../../examples/encoder/model.js';
import { codeOf } from '../../thrown.js';

// Numbers computed by PyTorch 2.13 from the same seeds.

const first4 = (x: Tensor): number[] => Array.from(x.contiguous().toTypedArray().slice(0, 4) as Float32Array);
const near = (values: number[]): unknown[] => values.map((value) => expect.closeTo(value, 5));
const printed = (module: nn.Module): string => String(module);

const OUT = '(out_proj): NonDynamicallyQuantizableLinear(in_features=8, out_features=8, bias=True)';

describe('MultiheadAttention', () => {
  it('draws the weights that PyTorch draws', () => {
    manualSeed(0);
    const m = new nn.MultiheadAttention(8, 2);
    expect([...m.stateDict().keys()]).toEqual(['in_proj_weight', 'in_proj_bias', 'out_proj.weight', 'out_proj.bias']);
    expect(first4(m.in_proj_weight!).slice(0, 3)).toEqual(near([0.170178, 0.358772, 0.376811]));
    expect(first4(m.out_proj.weight).slice(0, 3)).toEqual(near([-0.002647, 0.189661, -0.29099]));
    expect(first4(m.out_proj.bias!)).toEqual([0, 0, 0, 0]);
    manualSeed(0);
    const other = new nn.MultiheadAttention(8, 2, { kdim: 6, vdim: 5, addBiasKv: true });
    expect([...other.stateDict()].map(([name, x]) => `${name} ${x.shape}`)).toEqual([
      'q_proj_weight 8,8',
      'k_proj_weight 8,6',
      'v_proj_weight 8,5',
      'in_proj_bias 24',
      'bias_k 1,1,8',
      'bias_v 1,1,8',
      'out_proj.weight 8,8',
      'out_proj.bias 8',
    ]);
    expect(first4(other.bias_k!).slice(0, 3)).toEqual(near([-0.197729, -0.042323, -0.057822]));
  });

  it('prints as PyTorch', () => {
    expect(printed(new nn.MultiheadAttention(8, 2))).toBe(`MultiheadAttention(\n  ${OUT}\n)`);
  });

  it('drops the weights that PyTorch drops', () => {
    manualSeed(0);
    const layer = new nn.TransformerEncoderLayer(8, 2, { dimFeedforward: 16, dropout: 0.5, batchFirst: true });
    new nn.LayerNorm(8);
    const x = randn([2, 3, 8]);
    manualSeed(0);
    const m = new nn.MultiheadAttention(8, 2, { dropout: 0.5, batchFirst: true });
    for (const needWeights of [true, false]) {
      manualSeed(1);
      const [y, weights] = m(x, x, x, { needWeights });
      expect(first4(y)).toEqual(near([-0.287652, -0.446187, 0.271957, -0.358981]));
      if (needWeights) expect(first4(weights!).slice(0, 3)).toEqual(near([0.520766, 0.423295, 0.746817]));
      else expect(weights).toBeNull();
    }
    expect(layer.training).toBe(true);
  });

  it('gives zeros to a query that sees nothing, NaN with the weights', () => {
    const m = new nn.MultiheadAttention(8, 2);
    const x = randn([3, 2, 8]);
    const attnMask = ones([3, 3]).gt(0);
    expect(first4(m(x, x, x, { attnMask, needWeights: false })[0])).toEqual([0, 0, 0, 0]);
    expect(first4(m(x, x, x, { attnMask })[0])).toEqual([Number.NaN, Number.NaN, Number.NaN, Number.NaN]);
  });

  it('reads the parameters of out_proj without calling it', () => {
    const m = new nn.MultiheadAttention(8, 2);
    const x = randn([3, 2, 8]);
    let calls = 0;
    m.out_proj.registerForwardPreHook(() => void calls++);
    m.out_proj.registerForwardHook(() => void calls++);
    for (const needWeights of [true, false]) {
      m(x, x, x, { needWeights })[0].sum().backward();
      noGrad(() => m(x, x, x, { needWeights }));
    }
    expect(calls).toBe(0);
    expect(m.out_proj.weight.grad).not.toBeNull();
  });

  it('refuses bad options and shapes', () => {
    expect(codeOf(() => new nn.MultiheadAttention(8, 3))).toBe('BAD_ARGUMENT');
    expect(codeOf(() => new nn.MultiheadAttention(0, 3))).toBe('BAD_ARGUMENT');
    expect(codeOf(() => new nn.MultiheadAttention(8, 0))).toBe('BAD_ARGUMENT');
    expect(codeOf(() => new nn.MultiheadAttention(8, 2, { dropout: 2 }))).toBe('OUT_OF_RANGE');
    expect(codeOf(() => new nn.MultiheadAttention(8, 2, { batch_first: true } as never))).toBe('BAD_ARGUMENT');
    expect(codeOf(() => new nn.MultiheadAttention(8, 2, { batchFirst: 1 } as never))).toBe('WRONG_TYPE');
    const m = new nn.MultiheadAttention(8, 2);
    const x = randn([3, 2, 8]);
    expect(codeOf(() => m(x, x, x, { isCausal: true }))).toBe('BAD_ARGUMENT');
    expect(codeOf(() => m(x.select(0, 0).select(0, 0), x, x))).toBe('SHAPE_MISMATCH');
    expect(codeOf(() => m(x, x.select(1, 0), x.select(1, 0)))).toBe('SHAPE_MISMATCH');
    expect(codeOf(() => m(randn([3, 2, 7]), x, x))).toBe('SHAPE_MISMATCH');
    expect(codeOf(() => m(x, x.narrow(0, 0, 2), x))).toBe('SHAPE_MISMATCH');
    expect(codeOf(() => m(x, x, x, { attnMask: zeros([2, 2]) }))).toBe('SHAPE_MISMATCH');
    expect(codeOf(() => m(x, x, x, { attnMask: zeros([2, 3, 3]) }))).toBe('SHAPE_MISMATCH');
    expect(codeOf(() => m(x, x, x, { keyPaddingMask: zeros([3, 2]) }))).toBe('SHAPE_MISMATCH');
    expect(codeOf(() => m(x, x, x, { attnMask: zeros([3, 3], { dtype: 'int64' }) }))).toBe('DTYPE_MISMATCH');
    expect(codeOf(() => m(x.to('float64'), x, x))).toBe('DTYPE_MISMATCH');
  });
});

describe('scaledDotProductAttention', () => {
  it('lies in memory as its query', () => {
    const x = randn([2, 5, 3, 4]);
    const q = x.permute(0, 2, 1, 3);
    const y = F.scaledDotProductAttention(q, q, q);
    expect(y.strides).toEqual(q.strides);
    expect(y.permute(0, 2, 1, 3).isContiguous()).toBe(true);
    const dense = q.contiguous();
    expect(F.scaledDotProductAttention(dense, dense, dense).isContiguous()).toBe(true);
  });

  it('computes bfloat16 in float32', () => {
    const q = randn([1, 2, 4, 8]).to('bfloat16');
    const y = F.scaledDotProductAttention(q, q, q);
    const wide = q.to('float32');
    expect(y.dtype).toBe('bfloat16');
    expect(first4(y)).toEqual(first4(F.scaledDotProductAttention(wide, wide, wide).to('bfloat16')));
  });

  it('drops weights in expectation', () => {
    manualSeed(0);
    const q = randn([1, 64, 8]);
    const v = ones([1, 64, 4]);
    const y = F.scaledDotProductAttention(q, q, v, { dropoutP: 0.5 });
    expect(y.mean().item()).toBeCloseTo(1, 0);
    expect(first4(F.scaledDotProductAttention(q, q, v, { dropoutP: 1 }))).toEqual([0, 0, 0, 0]);
  });

  it('is disturbed by no mode', () => {
    const x = randn([1, 3, 4], { requiresGrad: true });
    expect(noGrad(() => F.scaledDotProductAttention(x, x, x)).requiresGrad).toBe(false);
    const y = F.scaledDotProductAttention(x, x, x);
    y.sum().backward(undefined, { retainGraph: true });
    const [dx] = autograd.grad(y.sum(), x);
    expect(first4(dx!)).toEqual(first4(x.grad!));
  });

  it('refuses sizes that cannot be packed', () => {
    const endless = zeros([1, 1]).expand(2 ** 43, 64);
    expect(codeOf(() => F.scaledDotProductAttention(zeros([1, 64]), endless, endless))).toBe('OUT_OF_MEMORY');
  });
});

describe('TransformerEncoderLayer', () => {
  const hidden = ones([3, 3]).triu(1).gt(0);

  it.each([
    [{}, [0.892483, 0.648988, -0.239268, -2.155903], 95.99903],
    [{ normFirst: true, activation: 'gelu' }, [0.304683, 0.007807, -0.851303, -2.614619], 131.44081],
    [{ batchFirst: true, bias: false }, [-0.390348, 2.048185, -0.952058, -0.2487], 95.999],
  ] as const)('computes what PyTorch computes: %o', (options, expected, total) => {
    manualSeed(0);
    const layer = new nn.TransformerEncoderLayer(8, 2, { dimFeedforward: 16, dropout: 0, ...options });
    const x = randn([3, 4, 8]);
    const y = layer(x, { srcMask: 'batchFirst' in options ? null : hidden });
    expect(first4(y.select(0, 1).select(0, 1))).toEqual(near([...expected]));
    expect(y.square().sum().item()).toBeCloseTo(total, 3);
  });

  it('prints and names its parameters as PyTorch', () => {
    const layer = new nn.TransformerEncoderLayer(8, 2, { dimFeedforward: 16 });
    expect(printed(layer)).toBe(
      [
        'TransformerEncoderLayer(',
        '  (self_attn): MultiheadAttention(',
        `    ${OUT}`,
        '  )',
        '  (linear1): Linear(in_features=8, out_features=16, bias=True)',
        '  (dropout): Dropout(p=0.1, inplace=False)',
        '  (linear2): Linear(in_features=16, out_features=8, bias=True)',
        '  (norm1): LayerNorm((8,), eps=1e-05, elementwise_affine=True, bias=True)',
        '  (norm2): LayerNorm((8,), eps=1e-05, elementwise_affine=True, bias=True)',
        '  (dropout1): Dropout(p=0.1, inplace=False)',
        '  (dropout2): Dropout(p=0.1, inplace=False)',
        ')',
      ].join('\n'),
    );
    expect([...layer.stateDict().keys()].slice(0, 6)).toEqual([
      'self_attn.in_proj_weight',
      'self_attn.in_proj_bias',
      'self_attn.out_proj.weight',
      'self_attn.out_proj.bias',
      'linear1.weight',
      'linear1.bias',
    ]);
    expect(printed(new nn.TransformerEncoderLayer(8, 2, { activation: new nn.GELU() }))).toContain(
      "  (activation): GELU(approximate='none')\n)",
    );
    expect(codeOf(() => new nn.TransformerEncoderLayer(8, 2, { activation: 'tanh' as never }))).toBe('BAD_ARGUMENT');
  });
});

describe('memory without a graph', () => {
  it.each([false, true])('frees what only the layer saw, normFirst %s', (normFirst) => {
    const layer = new nn.TransformerEncoderLayer(8, 2, { dimFeedforward: 16, batchFirst: true, normFirst }).eval();
    const x = randn([2, 3, 8]);
    const expected = first4(layer(x));
    expect(first4(noGrad(() => layer(x)))).toEqual(expected);
    let seen: Tensor | null = null;
    layer.linear1.registerForwardHook((_m, _inputs, y) => {
      seen = y;
    });
    expect(first4(noGrad(() => layer(x)))).toEqual(expected);
    expect(seen!.isDisposed).toBe(false);
    for (const name of ['norm1', 'norm2', 'dropout1'] as const) Object.assign(layer, { [name]: new nn.Identity() });
    expect(noGrad(() => layer(x)).shape).toEqual([2, 3, 8]);
    expect(x.isDisposed).toBe(false);
  });
});

describe('MultiheadAttention without a graph', () => {
  it.each([
    ['itself', {}, (x: Tensor) => [x, x, x], { needWeights: false }],
    ['itself, with weights', {}, (x: Tensor) => [x, x, x], {}],
    ['another sequence', {}, (x: Tensor) => [x, randn([2, 5, 8]), randn([2, 5, 8])], { needWeights: false }],
    ['another, more keys', { addBiasKv: true, addZeroAttn: true }, (x: Tensor) => [x, x, randn([2, 3, 8])], {}],
    ['a mask', {}, (x: Tensor) => [x, x, x], { attnMask: zeros([3, 3]), keyPaddingMask: zeros([2, 3]) }],
  ] as const)('frees all but what it returns: %s', (_name, settings, inputs, options) => {
    const layer = new nn.MultiheadAttention(8, 2, { batchFirst: true, ...settings }).eval();
    const [query, key, value] = inputs(randn([2, 3, 8])) as [Tensor, Tensor, Tensor];
    const [expected, weights] = layer.forward(query, key, value, options);
    const before = memory().tensors;
    const [y] = noGrad(() => layer.forward(query, key, value, options));
    expect(memory().tensors).toBe(before + (weights === null ? 1 : 2));
    expect(first4(y)).toEqual(first4(expected));
    for (const x of [query, key, value]) expect(x.isDisposed).toBe(false);
  });

  it('leaves its inputs alone where one sequence is the whole batch', () => {
    const layer = new nn.MultiheadAttention(8, 2).eval();
    const x = randn([3, 8]);
    const before = memory().tensors;
    expect(noGrad(() => layer.forward(x, x, x))[0].shape).toEqual([3, 8]);
    expect(memory().tensors).toBeLessThanOrEqual(before + 2);
    expect(x.isDisposed).toBe(false);
  });
});

describe('TransformerEncoder without a graph', () => {
  const make = (): nn.TransformerEncoder => {
    const layer = new nn.TransformerEncoderLayer(8, 2, { dimFeedforward: 16, batchFirst: true });
    return new nn.TransformerEncoder(layer, 3, { norm: new nn.LayerNorm(8) }).eval();
  };

  it('frees what one layer hands to the next, but not its input', () => {
    const [model, x] = [make(), randn([2, 3, 8])];
    const expected = first4(model(x));
    const before = memory().tensors;
    const y = noGrad(() => model(x));
    expect(memory().tensors).toBe(before + 1);
    expect(first4(y)).toEqual(expected);
    expect(x.isDisposed).toBe(false);
  });

  it('leaves what a hook or a function saw', () => {
    const [model, x] = [make(), randn([2, 3, 8])];
    const expected = first4(model(x));
    const seen: Tensor[] = [];
    model.layers[1]!.registerForwardHook((_m, [input], output) => {
      seen.push(input as Tensor, output as Tensor);
    });
    expect(first4(noGrad(() => model(x)))).toEqual(expected);
    expect(seen.map((each) => each.isDisposed)).toEqual([false, false]);
    (model.norm as nn.LayerNorm).registerForwardPreHook((_m, [input]) => {
      seen.push(input as Tensor);
    });
    noGrad(() => model(x));
    expect(seen.at(-1)!.isDisposed).toBe(false);
  });
});

describe('TransformerEncoder', () => {
  it('copies its layer without drawing', () => {
    manualSeed(0);
    const layer = new nn.TransformerEncoderLayer(8, 2, { dimFeedforward: 16, dropout: 0.5, batchFirst: true });
    const model = new nn.TransformerEncoder(layer, 2, { norm: new nn.LayerNorm(8) });
    const x = randn([2, 3, 8]);
    const srcKeyPaddingMask = tensor([
      [false, false, true],
      [false, false, false],
    ]);
    manualSeed(7);
    expect(first4(model(x, { srcKeyPaddingMask }).select(0, 1).select(0, 1))).toEqual(
      near([-0.621001, 1.471211, -1.184435, 0.473286]),
    );
    model.eval();
    expect(first4(model(x, { srcKeyPaddingMask }).select(0, 0).select(0, 1))).toEqual(
      near([-0.149489, 0.814103, 0.612952, -1.500053]),
    );
    expect([...model.namedChildren()].map(([name]) => name)).toEqual(['layers', 'norm']);
    expect(printed(model)).toContain('    (0-1): 2 x TransformerEncoderLayer(');
    expect(model.layers[0]!.linear1.weight).not.toBe(model.layers[1]!.linear1.weight);
    expect(codeOf(() => new nn.TransformerEncoder(new nn.Linear(2, 2) as never, 2))).toBe('WRONG_TYPE');
  });

  it('takes weights made by PyTorch and agrees with it, forward and gradient', () => {
    const saved = loadSafetensors(path.join(import.meta.dirname, '../../../fixtures/encoder.safetensors'));
    const part = (prefix: string): [string, Tensor][] =>
      [...saved].filter(([name]) => name.startsWith(prefix)).map(([name, x]) => [name.slice(prefix.length), x]);
    const model = encoder({ dModel: 24, heads: 4, feedForward: 64, layers: 2 });
    model.loadStateDict(new Map(part('model.')));
    const x = saved.get('x')!.requiresGrad_();
    const y = model(x);
    y.square().sum().backward();
    const difference = (a: Tensor, b: Tensor): number => a.sub(b).abs().max().item();
    expect(difference(y, saved.get('y')!)).toBeLessThan(1e-5);
    expect(difference(x.grad!, saved.get('dx')!)).toBeLessThan(1e-4);
    const grads = new Map(part('grad.'));
    for (const [name, parameter] of model.namedParameters()) {
      expect(difference(parameter.grad!, grads.get(name)!), name).toBeLessThan(1e-4);
    }
  });
});

describe('hostile handles', () => {
  it('takes no view of another length for a result', () => {
    const q = fromTypedArray(new Float32Array(24), [2, 3, 4]);
    const y = F.scaledDotProductAttention(q, q, q);
    y.dispose();
    expect(codeOf(() => F.scaledDotProductAttention(y, q, q))).toBe('DISPOSED');
  });
});

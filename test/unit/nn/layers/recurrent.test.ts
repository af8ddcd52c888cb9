import { manualSeed, nn, randn, setNumThreads, type Tensor, zeros } from 'flambeau';
import { describe, expect, it } from 'vitest';
import { codeOf } from '../../thrown.js';

// Numbers computed by PyTorch 2.13 from the same seeds.

const first4 = (x: Tensor): number[] => Array.from(x.contiguous().toTypedArray().slice(0, 4) as Float32Array);
const near = (values: number[]): unknown[] => values.map((value) => expect.closeTo(value, 5));

describe('recurrent layers', () => {
  it('draw what PyTorch draws, dropout included', () => {
    manualSeed(0);
    const lstm = new nn.LSTM(3, 4, { numLayers: 2, dropout: 0.5 });
    const x = randn([4, 2, 3]);
    manualSeed(2);
    expect(first4(lstm(x)[0].select(0, 1).select(0, 1))).toEqual(near([0.064023, -0.237033, -0.037388, 0.110742]));
    expect(first4(lstm.getParameter('weight_ih_l0'))).toEqual(near([-0.003743, 0.268222, -0.411523, -0.36797]));
    expect(first4(lstm.getParameter('bias_hh_l1'))).toEqual(near([-0.114338, -0.022236, -0.304522, 0.1691]));
    manualSeed(0);
    const cell = new nn.GRUCell(3, 4);
    expect(first4(cell.getParameter('bias_hh'))).toEqual(near([0.249658, 0.104651, -0.390042, -0.28791]));
  });

  it('print and name their parameters as PyTorch', () => {
    const all = {
      numLayers: 2,
      bias: false,
      batchFirst: true,
      dropout: 0.5,
      bidirectional: true,
      projSize: 2,
    };
    expect(String(new nn.LSTM(3, 4))).toBe('LSTM(3, 4)');
    expect(String(new nn.LSTM(3, 4, all))).toBe(
      'LSTM(3, 4, proj_size=2, num_layers=2, bias=False, batch_first=True, dropout=0.5, bidirectional=True)',
    );
    expect(String(new nn.GRU(3, 4, { numLayers: 2 }))).toBe('GRU(3, 4, num_layers=2)');
    expect(String(new nn.RNN(3, 4, { nonlinearity: 'relu' }))).toBe('RNN(3, 4)');
    expect(String(new nn.LSTMCell(3, 4))).toBe('LSTMCell(3, 4)');
    expect(String(new nn.GRUCell(3, 4, { bias: false }))).toBe('GRUCell(3, 4, bias=False)');
    expect(String(new nn.RNNCell(3, 4, { nonlinearity: 'relu' }))).toBe('RNNCell(3, 4, nonlinearity=relu)');
    expect([...new nn.LSTM(3, 4, all).stateDict().keys()].slice(0, 6)).toEqual([
      'weight_ih_l0',
      'weight_hh_l0',
      'weight_hr_l0',
      'weight_ih_l0_reverse',
      'weight_hh_l0_reverse',
      'weight_hr_l0_reverse',
    ]);
    expect([...new nn.GRU(3, 4).stateDict().keys()]).toEqual([
      'weight_ih_l0',
      'weight_hh_l0',
      'bias_ih_l0',
      'bias_hh_l0',
    ]);
  });

  it('refuse bad options and shapes', () => {
    expect(codeOf(() => new nn.LSTM(3, 0))).toBe('BAD_ARGUMENT');
    expect(codeOf(() => new nn.LSTM(0, 4))).toBe('BAD_ARGUMENT');
    expect(codeOf(() => new nn.LSTM(3.5, 4))).toBe('WRONG_TYPE');
    expect(codeOf(() => new nn.LSTM(3, 4, { numLayers: 0 }))).toBe('BAD_ARGUMENT');
    expect(codeOf(() => new nn.LSTM(3, 4, { numLayers: 2, dropout: 2 }))).toBe('OUT_OF_RANGE');
    expect(codeOf(() => new nn.LSTM(3, 4, { projSize: 4 }))).toBe('BAD_ARGUMENT');
    expect(codeOf(() => new nn.LSTM(3, 4, { projSize: -1 }))).toBe('BAD_ARGUMENT');
    expect(codeOf(() => new nn.GRU(3, 4, { projSize: 2 } as never))).toBe('BAD_ARGUMENT');
    expect(codeOf(() => new nn.RNN(3, 4, { nonlinearity: 'gelu' as never }))).toBe('BAD_ARGUMENT');
    expect(codeOf(() => new nn.LSTM(3, 4, { bias: 1 as never }))).toBe('WRONG_TYPE');
    expect(codeOf(() => new nn.LSTM(3, 4, { hiddenSize: 4 } as never))).toBe('BAD_ARGUMENT');
    const lstm = new nn.LSTM(3, 4);
    const x = randn([5, 2, 3]);
    const state = zeros([1, 2, 4]);
    expect(codeOf(() => lstm(x.select(0, 0).select(0, 0)))).toBe('SHAPE_MISMATCH');
    expect(codeOf(() => lstm(randn([5, 2, 4])))).toBe('SHAPE_MISMATCH');
    expect(codeOf(() => lstm(x.unsqueeze(0)))).toBe('SHAPE_MISMATCH');
    expect(codeOf(() => lstm(x.narrow(0, 0, 0)))).toBe('SHAPE_MISMATCH');
    expect(codeOf(() => lstm(x.to('float64')))).toBe('DTYPE_MISMATCH');
    expect(codeOf(() => lstm(x, state as never))).toBe('WRONG_TYPE');
    expect(codeOf(() => lstm(x, [zeros([1, 2, 5]), state]))).toBe('SHAPE_MISMATCH');
    expect(codeOf(() => lstm(x, [zeros([2, 4]), zeros([2, 4])]))).toBe('SHAPE_MISMATCH');
    expect(codeOf(() => lstm(x.select(1, 0), [state, state]))).toBe('SHAPE_MISMATCH');
    expect(codeOf(() => lstm(x, [state, state.to('float64')]))).toBe('DTYPE_MISMATCH');
    const cell = new nn.GRUCell(3, 4);
    expect(codeOf(() => cell(x))).toBe('SHAPE_MISMATCH');
    expect(codeOf(() => cell(randn([2, 4])))).toBe('SHAPE_MISMATCH');
    expect(codeOf(() => cell(randn([2, 3]), zeros([3, 4])))).toBe('SHAPE_MISMATCH');
  });

  it('take an empty batch', () => {
    const [y, [h]] = new nn.LSTM(3, 4)(zeros([5, 0, 3]));
    expect(y.shape).toEqual([5, 0, 4]);
    expect(h.shape).toEqual([1, 0, 4]);
  });

  it('do not depend on the number of threads', () => {
    const results = [1, 2, 5].map((threads) => {
      setNumThreads(threads);
      manualSeed(0);
      const lstm = new nn.LSTM(64, 160, { batchFirst: true });
      return [1, 3, 9].map((batch) => {
        const x = randn([batch, 20, 64], { requiresGrad: true });
        const [y] = lstm(x);
        y.square().sum().backward();
        const all = [y, x.grad!, ...[...lstm.parameters()].map((parameter) => parameter.grad!)];
        const values = all.map((t) => [...(t.contiguous().toTypedArray() as Float32Array)]);
        lstm.zeroGrad();
        return values;
      });
    });
    setNumThreads(2);
    expect(results[1]).toEqual(results[0]);
    expect(results[2]).toEqual(results[0]);
  });
});

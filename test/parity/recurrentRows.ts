import { nn, type Tensor } from '../../lib/index.js';
import { type Row, row } from './row.js';
import { type Input, t } from './samples.js';
import { seeded, seededTorch } from './seeded.js';

// Outputs and the gradients of all parameters, of layers made from one seed (seeded.ts).

const flat = (results: readonly unknown[]): Tensor[] => results.flat(2) as Tensor[];

type Net = nn.Module & (nn.LSTM | nn.GRU | nn.RNN);

/** Python: the output and the states of m, one after the other. */
const CALL = '(lambda r: [r[0], *(r[1] if isinstance(r[1], tuple) else [r[1]])])';

// Not contiguous, which keeps the rows out of gradcheck: gradients among the outputs have no graph here.
const x = (...shape: number[]): Input => t(shape, 'inside', 'strided');

function net(name: string, make: string, create: () => Net, samples: readonly Input[][]): Row {
  const call = (m: Net, [input, ...states]: Tensor[]): Tensor[] =>
    flat(
      m instanceof nn.LSTM
        ? m(input!, states.length === 0 ? null : [states[0]!, states[1]!])
        : m(input!, states[0] ?? null),
    );
  const [first] = samples;
  const states = first!.length === 3 ? ', (b, c)' : first!.length === 2 ? ', b' : '';
  return row(name, seededTorch(make, `${CALL}(m(a${states}))`), seeded<Net>(create, call), samples, {
    tolerance: [1e-4, 1e-9],
  });
}

const lstms: readonly Row[] = [
  net('LSTM', 'LSTM(3, 4)', () => new nn.LSTM(3, 4), [[x(5, 2, 3)], [x(1, 1, 3)], [x(4, 3)], [x(3, 6, 3)]]),
  net('LSTM from states', 'LSTM(3, 5)', () => new nn.LSTM(3, 5), [
    [x(4, 2, 3), x(1, 2, 5), x(1, 2, 5)],
    [x(2, 3), x(1, 5), x(1, 5)],
  ]),
  net(
    'LSTM bidirectional',
    'LSTM(3, 4, num_layers=2, bidirectional=True, batch_first=True)',
    () => new nn.LSTM(3, 4, { numLayers: 2, bidirectional: true, batchFirst: true }),
    [[x(2, 4, 3), x(4, 2, 4), x(4, 2, 4)]],
  ),
  net('LSTM without bias', 'LSTM(2, 3, bias=False)', () => new nn.LSTM(2, 3, { bias: false }), [[x(3, 2, 2)]]),
  net(
    'LSTM projected',
    'LSTM(3, 5, proj_size=2, num_layers=2)',
    () => new nn.LSTM(3, 5, { projSize: 2, numLayers: 2 }),
    [[x(4, 2, 3), x(2, 2, 2), x(2, 2, 5)]],
  ),
  net('LSTM wide', 'LSTM(9, 37)', () => new nn.LSTM(9, 37), [[x(3, 2, 9)], [x(2, 7, 9)]]),
];

const others: readonly Row[] = [
  net('GRU', 'GRU(3, 4)', () => new nn.GRU(3, 4), [[x(5, 2, 3)], [x(1, 1, 3)], [x(4, 3)], [x(3, 6, 3)]]),
  net('GRU from a state', 'GRU(3, 5)', () => new nn.GRU(3, 5), [
    [x(4, 2, 3), x(1, 2, 5)],
    [x(2, 3), x(1, 5)],
  ]),
  net(
    'GRU bidirectional',
    'GRU(3, 4, num_layers=2, bidirectional=True, batch_first=True)',
    () => new nn.GRU(3, 4, { numLayers: 2, bidirectional: true, batchFirst: true }),
    [[x(2, 4, 3), x(4, 2, 4)]],
  ),
  net('GRU without bias', 'GRU(2, 3, bias=False)', () => new nn.GRU(2, 3, { bias: false }), [[x(3, 2, 2)]]),
  net('GRU wide', 'GRU(9, 37)', () => new nn.GRU(9, 37), [[x(3, 2, 9)], [x(2, 7, 9)]]),
  net('RNN', 'RNN(3, 4)', () => new nn.RNN(3, 4), [[x(5, 2, 3)], [x(4, 3)]]),
  net('RNN relu', 'RNN(3, 4, nonlinearity="relu")', () => new nn.RNN(3, 4, { nonlinearity: 'relu' }), [
    [x(5, 2, 3), x(1, 2, 4)],
  ]),
  net(
    'RNN bidirectional without bias',
    'RNN(3, 4, num_layers=3, bidirectional=True, bias=False)',
    () => new nn.RNN(3, 4, { numLayers: 3, bidirectional: true, bias: false }),
    [[x(3, 2, 3)]],
  ),
];

const cells: readonly Row[] = [
  row(
    'LSTMCell',
    seededTorch('LSTMCell(3, 4)', 'm(a, (b, c))'),
    seeded(
      () => new nn.LSTMCell(3, 4),
      (m, [a, b, c]) => m(a!, [b!, c!]),
    ),
    [
      [x(2, 3), x(2, 4), x(2, 4)],
      [x(3), x(4), x(4)],
    ],
    { tolerance: [1e-4, 1e-9] },
  ),
  row(
    'GRUCell',
    seededTorch('GRUCell(3, 4)', '[m(a, b)]'),
    seeded(
      () => new nn.GRUCell(3, 4),
      (m, [a, b]) => [m(a!, b!)],
    ),
    [
      [x(2, 3), x(2, 4)],
      [x(3), x(4)],
    ],
    { tolerance: [1e-4, 1e-9] },
  ),
  row(
    'RNNCell',
    seededTorch('RNNCell(3, 4, nonlinearity="relu", bias=False)', '[m(a, b)]'),
    seeded(
      () => new nn.RNNCell(3, 4, { nonlinearity: 'relu', bias: false }),
      (m, [a, b]) => [m(a!, b!)],
    ),
    [
      [x(2, 3), x(2, 4)],
      [x(3), x(4)],
    ],
  ),
];

export const recurrent: readonly Row[] = [...lstms, ...others, ...cells];

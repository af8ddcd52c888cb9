// Calls everything that takes sizes with sizes that nobody means, and prints what became of each call. A process of its
// own, whose memory is limited: what is about to fill it must be refused.
import * as flambeau from 'flambeau';

const { nn, functional: F, ones, zeros, tensor, FlambeauError } = flambeau;

const layer = () => new nn.TransformerEncoderLayer(4, 2, { dimFeedforward: 4 });
const long = (n) => ones([1]).expand(n);

/** How each module is made, each function with the size in another place. */
const MODULES = {
  AdaptiveAvgPool1d: [(n) => [n]],
  AdaptiveAvgPool2d: [(n) => [n], (n) => [[null, n]]],
  AdaptiveMaxPool1d: [(n) => [n]],
  AdaptiveMaxPool2d: [(n) => [n], (n) => [[1, n]]],
  AvgPool1d: [(n) => [n], (n) => [2, { stride: n }], (n) => [2, { padding: n }]],
  AvgPool2d: [(n) => [n], (n) => [[1, n]], (n) => [2, { stride: n }], (n) => [2, { padding: n }]],
  BatchNorm1d: [(n) => [n], (n) => [n, { affine: false }], (n) => [n, { trackRunningStats: false }]],
  BatchNorm2d: [(n) => [n]],
  Conv1d: [
    (n) => [n, 1, 1],
    (n) => [1, n, 1],
    (n) => [1, 1, n],
    (n) => [1, 1, 1, { stride: n }],
    (n) => [1, 1, 1, { padding: n }],
    (n) => [1, 1, 1, { dilation: n }],
    (n) => [n, n, 1, { groups: n }],
  ],
  Conv2d: [
    (n) => [n, 1, 1],
    (n) => [1, n, 1],
    (n) => [1, 1, n],
    (n) => [1, 1, [1, n]],
    (n) => [n, n, 1, { groups: n }],
  ],
  ConvTranspose1d: [(n) => [n, 1, 1], (n) => [1, n, 1], (n) => [1, 1, n], (n) => [1, 1, 1, { outputPadding: n }]],
  ConvTranspose2d: [(n) => [n, 1, 1], (n) => [1, n, 1], (n) => [1, 1, n]],
  Embedding: [(n) => [n, 1], (n) => [1, n], (n) => [n, n]],
  Fold: [(n) => [n, 1], (n) => [4, [1, n]], (n) => [4, 2, { padding: n }]],
  GRU: [(n) => [n, 1], (n) => [1, n], (n) => [1, 1, { numLayers: n }]],
  GRUCell: [(n) => [n, 1], (n) => [1, n]],
  GroupNorm: [(n) => [1, n], (n) => [n, n]],
  InstanceNorm1d: [(n) => [n], (n) => [n, { affine: true }], (n) => [n, { trackRunningStats: true }]],
  InstanceNorm2d: [(n) => [n]],
  LSTM: [
    (n) => [n, 1],
    (n) => [1, n],
    (n) => [1, 1, { numLayers: n }],
    (n) => [1, 4, { numLayers: n, bidirectional: true, bias: false, projSize: 2 }],
    (n) => [1, 4, { projSize: n }],
  ],
  LSTMCell: [(n) => [n, 1], (n) => [1, n]],
  LayerNorm: [(n) => [n], (n) => [[2, n]], (n) => [[n, n]]],
  Linear: [(n) => [n, 1], (n) => [1, n], (n) => [n, n]],
  MaxPool1d: [(n) => [n], (n) => [2, { stride: n }], (n) => [2, { padding: n }], (n) => [2, { dilation: n }]],
  MaxPool2d: [(n) => [n], (n) => [[n, 1]], (n) => [2, { stride: n }]],
  MultiheadAttention: [(n) => [n, 1], (n) => [4, n], (n) => [4, 2, { kdim: n }], (n) => [4, 2, { vdim: n }]],
  RMSNorm: [(n) => [n], (n) => [[2, n]]],
  RNN: [(n) => [n, 1], (n) => [1, n], (n) => [1, 1, { numLayers: n }]],
  RNNCell: [(n) => [n, 1], (n) => [1, n]],
  TransformerEncoder: [(n) => [layer(), n]],
  TransformerEncoderLayer: [(n) => [n, 1], (n) => [4, n], (n) => [4, 2, { dimFeedforward: n }]],
  Unfold: [(n) => [n], (n) => [2, { stride: n }], (n) => [2, { dilation: [n, 1] }]],
};

/** Modules whose arguments are no sizes. */
const SIZELESS =
  'BCELoss BCEWithLogitsLoss CrossEntropyLoss Dropout ELU Flatten GELU Hardtanh HuberLoss Identity L1Loss LeakyReLU ' +
  'LogSigmoid LogSoftmax MSELoss Module ModuleDict ModuleList NLLLoss ParameterDict ParameterList ReLU Sequential SiLU ' +
  'Sigmoid SmoothL1Loss Softmax Softplus Tanh Unflatten';

const FUNCTIONS = {
  zeros: (n) => zeros([n]),
  ones: (n) => ones([n]),
  empty: (n) => flambeau.empty([n]),
  full: (n) => flambeau.full([n], 1),
  rand: (n) => flambeau.rand([n]),
  randn: (n) => flambeau.randn([n]),
  randint: (n) => flambeau.randint(0, 5, [n]),
  normal: (n) => flambeau.normal(0, 1, [n]),
  eye: (n) => flambeau.eye(n),
  linspace: (n) => flambeau.linspace(0, 1, n),
  randperm: (n) => flambeau.randperm(n),
  multinomial: (n) => ones([4]).multinomial(n, { replacement: true }),
  repeat: (n) => ones([4]).repeat(n),
  repeatInterleave: (n) => ones([4]).repeatInterleave(n),
  narrow: (n) => ones([4]).narrow(0, 0, n),
  topk: (n) => ones([4]).topk(n),
  adaptiveAvgPool2d: (n) => F.adaptiveAvgPool2d(ones([1, 1, 4, 4]), n),
  adaptiveMaxPool1d: (n) => F.adaptiveMaxPool1d(ones([1, 1, 4]), n),
  conv1d: (n) => F.conv1d(ones([1, 1, 4]), ones([1, 1, 1]), null, { padding: n }),
  convTranspose1d: (n) => F.convTranspose1d(ones([1, 1, 4]), ones([1, 1, 1]), null, { stride: n }),
  asStrided: (n) => flambeau.asStrided(ones([4]), [n], [0]).clone(),
  'quantized Linear in': (n) => new nn.quantized.dynamic.Linear(n, 1),
  'quantized Linear out': (n) => new nn.quantized.dynamic.Linear(1, n),
  'Sequential.repeat': (n) => new nn.Sequential(new nn.ReLU()).repeat(n),
};

/** As FUNCTIONS, where −1 has a meaning. */
const FROM_MINUS_ONE = {
  oneHot: (n) => flambeau.oneHot(tensor([0], { dtype: 'int64' }), n),
  unflatten: (n) => ones([4]).unflatten(0, [n, 3]),
  'clone of a long view': (n) => long(n).clone(),
  'parts of a long view': (n) => (n === -1 ? [] : long(n).split(1)),
  'rows of a long view': (n) => (n === -1 ? [] : long(n).unbind()),
  'a long view twice': (n) => flambeau.cat([long(n), long(n)]),
};

const NO_SIZE = [2 ** 53, Number.NaN, 1.5, Infinity];
const TOO_LARGE = [2 ** 31, 2 ** 40];

const outcomes = [];
function attempt(name, call, values) {
  for (const value of values) {
    let outcome = 'made';
    try {
      call(value);
    } catch (error) {
      outcome = error instanceof FlambeauError ? error.code : String(error);
    }
    outcomes.push([`${name}, ${value}`, outcome, TOO_LARGE.includes(value)]);
  }
}

for (const [name, calls] of Object.entries(MODULES)) {
  calls.forEach(
    (args, i) => void attempt(`${name} ${i}`, (n) => new nn[name](...args(n)), [...NO_SIZE, -1, ...TOO_LARGE]),
  );
}
for (const [name, call] of Object.entries(FUNCTIONS)) attempt(name, call, [...NO_SIZE, -1, ...TOO_LARGE]);
for (const [name, call] of Object.entries(FROM_MINUS_ONE)) attempt(name, call, [...NO_SIZE, ...TOO_LARGE]);

const listed = new Set([...Object.keys(MODULES), ...SIZELESS.split(' ')]);
const modules = Object.keys(nn).filter((name) => nn[name].prototype instanceof nn.Module || name === 'Module');
console.log(JSON.stringify({ outcomes, unlisted: modules.filter((name) => !listed.has(name)) }));

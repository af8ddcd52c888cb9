import { manualSeed, nn, ones, type Tensor, tensor, zeros } from 'flambeau';
import { describe, expect, it } from 'vitest';

/** Elementwise comparison of nested arrays. */
function expectClose(got: unknown, expected: unknown, digits = 12): void {
  const flat = (value: unknown): number[] => [value].flat(9) as number[];
  expect(flat(got)).toHaveLength(flat(expected).length);
  flat(got).forEach((value, i) => void expect(value).toBeCloseTo(flat(expected)[i]!, digits));
}

// Outputs, and gradients of the weighted sum, computed by PyTorch 2.13 in float64.
const ACTIVATIONS: [string, nn.Layer, number[][], number[][]][] = [
  [
    'ReLU',
    new nn.ReLU(),
    [
      [0.0, 0.0, 0.0],
      [0.6000000000000001, 1.8, 3.0],
    ],
    [
      [0.0, 0.0, 0.0],
      [4.0, 5.0, 6.0],
    ],
  ],
  [
    'Sigmoid',
    new nn.Sigmoid(),
    [
      [0.04742587317756678, 0.14185106490048777, 0.35434369377420455],
      [0.6456563062257954, 0.8581489350995123, 0.9525741268224334],
    ],
    [
      [0.04517665973091214, 0.24345868057417072, 0.6863527213699718],
      [0.9151369618266293, 0.6086467014354267, 0.27105995838547203],
    ],
  ],
  [
    'Tanh',
    new nn.Tanh(),
    [
      [-0.9950547536867305, -0.9468060128462683, -0.5370495669980353],
      [0.5370495669980353, 0.9468060128462683, 0.9950547536867305],
    ],
    [
      [0.009866037165440166, 0.20711674807630404, 2.1347332877616685],
      [2.8463110503488913, 0.5177918701907601, 0.059196222992641],
    ],
  ],
  [
    'GELU',
    new nn.GELU(),
    [
      [-0.00404969409489031, -0.06467457440326639, -0.16455187065004415],
      [0.4354481293499559, 1.7353254255967336, 2.99595030590511],
    ],
    [
      [-0.01194564720418392, -0.21235993165736738, 0.2229550680449812],
      [3.702726575940025, 5.530899829143419, 6.071673883225103],
    ],
  ],
  [
    'GELU tanh',
    new nn.GELU({ approximate: 'tanh' }),
    [
      [-0.0036373920817729943, -0.0647404731540702, -0.1645848007691852],
      [0.4354151992308149, 1.7352595268459299, 2.996362607918227],
    ],
    [
      [-0.011584166630969648, -0.21383026309418735, 0.22352540000255045],
      [3.7019661333299325, 5.534575657735469, 6.069504999785817],
    ],
  ],
  [
    'SiLU',
    new nn.SiLU(),
    [
      [-0.14227761953270035, -0.255331916820878, -0.21260621626452275],
      [0.38739378373547734, 1.5446680831791222, 2.8577223804672998],
    ],
    [
      [-0.08810410601516962, -0.1545234952325318, 0.6512194485006304],
      [3.1317074019991593, 5.386308738081329, 6.528624636091016],
    ],
  ],
  [
    'LeakyReLU',
    new nn.LeakyReLU(0.1),
    [
      [-0.30000000000000004, -0.18000000000000002, -0.06000000000000001],
      [0.6000000000000001, 1.8, 3.0],
    ],
    [
      [0.1, 0.2, 0.30000000000000004],
      [4.0, 5.0, 6.0],
    ],
  ],
  [
    'ELU',
    new nn.ELU(0.5),
    [
      [-0.475106465816068, -0.4173505558892067, -0.2255941819529868],
      [0.6000000000000001, 1.8, 3.0],
    ],
    [
      [0.024893534183931972, 0.16529888822158653, 0.8232174541410395],
      [4.0, 5.0, 6.0],
    ],
  ],
  [
    'Hardtanh',
    new nn.Hardtanh(-1, { maxVal: 2 }),
    [
      [-1.0, -1.0, -0.6000000000000001],
      [0.6000000000000001, 1.8, 2.0],
    ],
    [
      [0.0, 0.0, 3.0],
      [4.0, 5.0, 0.0],
    ],
  ],
  [
    'Softplus',
    new nn.Softplus(2, { threshold: 3 }),
    [
      [0.0012378425688652247, 0.013478546504104029, 0.13164123366901556],
      [0.7316412336690157, 1.8, 3.0],
    ],
    [
      [0.0024726231566347748, 0.0531939871537317, 0.694425649502947],
      [3.0740991339960706, 5.0, 6.0],
    ],
  ],
  [
    'LogSigmoid',
    new nn.LogSigmoid(),
    [
      [-3.048587351573742, -1.952977610526074, -1.0374879504858856],
      [-0.4374879504858856, -0.15297761052607414, -0.04858735157374206],
    ],
    [
      [0.9525741268224333, 1.7162978701990244, 1.9369689186773864],
      [1.417374775096818, 0.709255324502439, 0.2845552390654007],
    ],
  ],
  [
    'Softmax',
    new nn.Softmax(-1),
    [
      [0.06517505598226614, 0.21638880630702367, 0.7184361377107101],
      [0.06517505598226614, 0.21638880630702367, 0.7184361377107101],
    ],
    [
      [-0.10775138355495321, -0.14135838568205306, 0.2491097692370062],
      [-0.10775138355495321, -0.14135838568205306, 0.2491097692370062],
    ],
  ],
  [
    'Softmax null',
    new nn.Softmax(),
    [
      [0.06517505598226614, 0.21638880630702367, 0.7184361377107101],
      [0.06517505598226614, 0.21638880630702367, 0.7184361377107101],
    ],
    [
      [-0.10775138355495321, -0.14135838568205306, 0.2491097692370062],
      [-0.10775138355495321, -0.14135838568205306, 0.2491097692370062],
    ],
  ],
  [
    'LogSoftmax',
    new nn.LogSoftmax(0),
    [
      [-3.6269570930082082, -3.6269570930082082, -3.6269570930082082],
      [-0.02695709300820814, -0.02695709300820814, -0.02695709300820814],
    ],
    [
      [0.8670150321156708, 1.813821044961939, 2.7606270578082075],
      [-0.8670150321156702, -1.8138210449619383, -2.7606270578082066],
    ],
  ],
];

describe('activations', () => {
  for (const [name, layer, output, gradient] of ACTIVATIONS) {
    it(name, () => {
      const x = tensor(
        [
          [-3, -1.8, -0.6],
          [0.6, 1.8, 3],
        ],
        { dtype: 'float64', requiresGrad: true },
      );
      const y = layer(x);
      expectClose(y.toArray(), output);
      y.mul(
        tensor(
          [
            [1, 2, 3],
            [4, 5, 6],
          ],
          { dtype: 'float64' },
        ),
      )
        .sum()
        .backward();
      expectClose(x.grad!.toArray(), gradient);
      expect([...layer.parameters()]).toEqual([]);
    });
  }

  const inplace: [string, nn.Layer, nn.Layer][] = [
    ['ReLU', new nn.ReLU({ inplace: true }), new nn.ReLU()],
    ['SiLU', new nn.SiLU({ inplace: true }), new nn.SiLU()],
    ['LeakyReLU', new nn.LeakyReLU(0.2, { inplace: true }), new nn.LeakyReLU(0.2)],
    ['ELU', new nn.ELU(2, { inplace: true }), new nn.ELU(2)],
    ['Hardtanh', new nn.Hardtanh(-1, { inplace: true }), new nn.Hardtanh(-1)],
  ];
  for (const [name, writing, plain] of inplace) {
    it(`${name} in place writes into its input`, () => {
      const values = [-3, -0.5, 0.5, 3];
      const x = tensor(values);
      expect(writing(x)).toBe(x);
      expect(x.toArray()).toEqual(plain(tensor(values)).toArray());
      const leaf = tensor(values, { requiresGrad: true });
      const other = tensor(values, { requiresGrad: true });
      writing(leaf.mul(1)).sum().backward();
      plain(other).sum().backward();
      expect(leaf.grad!.toArray()).toEqual(other.grad!.toArray());
    });
  }

  it('refuse bad settings', () => {
    expect(() => new nn.GELU({ approximate: 'erf' as never })).toThrow(
      "GELU: approximate must be one of 'none', 'tanh'",
    );
    expect(() => new nn.Softmax('a' as never)).toThrow('Softmax: dim must be an integer');
    expect(() => new nn.Hardtanh(1, { maxVal: 1 })).toThrow('maxVal must be greater than minVal');
    expect(() => new nn.ReLU({ inPlace: true } as never)).toThrow('unknown option inPlace; did you mean inplace?');
  });
});

describe('Linear', () => {
  it('draws weight, then bias, as PyTorch does', () => {
    manualSeed(1);
    const layer = new nn.Linear(3, 2);
    expectClose(
      layer.weight.toArray(),
      [
        [0.2974873483181, -0.2548298239707947, -0.11192598193883896],
        [0.2709902822971344, -0.5435388088226318, 0.3462469279766083],
      ],
      7,
    );
    expectClose(layer.bias!.toArray(), [-0.11877556145191193, 0.2937234044075012], 7);
    manualSeed(3);
    expectClose(new nn.Linear(2, 2, { bias: false, dtype: 'float64' }).weight.toArray(), [
      [-0.6588705083095063, -0.301594863679339],
      [0.3859600156437821, -0.459722603951305],
    ]);
    layer.resetParameters();
    expect(layer.weight.isLeaf && layer.weight.requiresGrad).toBe(true);
  });

  it('takes any leading dimensions, and none', () => {
    const layer = new nn.Linear(3, 2);
    expect(layer(ones([4, 5, 3])).shape).toEqual([4, 5, 2]);
    expect(layer(ones([3])).shape).toEqual([2]);
    layer(zeros([0, 3]))
      .sum()
      .backward();
    expect(layer.weight.grad!.toArray()).toEqual([
      [0, 0, 0],
      [0, 0, 0],
    ]);
    expect(new nn.Linear(0, 2)(ones([4, 0])).shape).toEqual([4, 2]);
  });

  it('refuses bad settings', () => {
    expect(() => new nn.Linear(2.5, 1)).toThrow('Linear: inFeatures must be an integer, got 2.5');
    expect(() => new nn.Linear(2, -1)).toThrow('Linear: outFeatures must not be negative, got -1');
    expect(() => new nn.Linear(2, Number.NaN)).toThrow('outFeatures');
    expect(() => new nn.Linear(2, 1, { dtype: 'int32' as never })).toThrow(
      'Linear: dtype must be float32, float64 or bfloat16, got int32',
    );
  });
});

describe('shape layers', () => {
  it('Identity, Flatten and Unflatten', () => {
    const x = ones([2, 3, 4]);
    expect(new nn.Identity(54, { unused: true })(x)).toBe(x);
    expect(new nn.Flatten()(x).shape).toEqual([2, 12]);
    expect(new nn.Flatten(0, { endDim: 1 })(x).shape).toEqual([6, 4]);
    expect(new nn.Unflatten(2, [2, -1])(x).shape).toEqual([2, 3, 2, 2]);
  });
});

describe('Dropout', () => {
  it('drops what PyTorch drops, in training only', () => {
    manualSeed(0);
    const dropout = new nn.Dropout();
    expect(dropout(ones([8])).toArray()).toEqual([0, 0, 2, 0, 0, 0, 2, 2]);
    const x = ones([8]);
    dropout.eval();
    expect(dropout(x)).toBe(x);
    const writing = new nn.Dropout(0.5, { inplace: true });
    expect(writing(x)).toBe(x);
  });

  it('refuses what is no probability', () => {
    expect(() => new nn.Dropout(1.5)).toThrow('dropout probability has to be between 0 and 1, but got 1.5');
    expect(() => new nn.Dropout(Number.NaN)).toThrow('has to be between 0 and 1');
  });
});

describe('losses', () => {
  const input = tensor(
    [
      [0.1, 0.7, -0.3],
      [1.2, -0.4, 0.5],
    ],
    { dtype: 'float64' },
  );
  const classes = tensor([2, 0], { dtype: 'int64' });
  const target = tensor(
    [
      [0, 1, 0.5],
      [1, 0.2, 0.3],
    ],
    { dtype: 'float64' },
  );
  const weight = tensor([0.2, 0.3, 0.5], { dtype: 'float64' });
  type Loss = nn.Module & ((input: Tensor, target: Tensor) => Tensor);
  // Computed by PyTorch 2.13.
  const rows: [string, Loss, Tensor, Tensor, number | number[]][] = [
    ['CrossEntropyLoss', new nn.CrossEntropyLoss(), input, classes, 1.0901675540377287],
    [
      'CrossEntropyLoss weighted and smoothed',
      new nn.CrossEntropyLoss({ weight, labelSmoothing: 0.1, reduction: 'none' }),
      input,
      classes,
      [0.7851234793119094, 0.14067675862417434],
    ],
    [
      'CrossEntropyLoss with ignored targets',
      new nn.CrossEntropyLoss({ ignoreIndex: 2, reduction: 'sum' }),
      input,
      classes,
      0.5297348060508172,
    ],
    ['NLLLoss', new nn.NLLLoss({ weight }), input, classes, -0.1285714285714286],
    ['MSELoss', new nn.MSELoss(), input, target, 0.19666666666666674],
    ['L1Loss', new nn.L1Loss({ reduction: 'sum' }), input, target, 2.2],
    ['BCELoss', new nn.BCELoss({ weight }), input.sigmoid(), target, 0.21076872169871008],
    ['BCEWithLogitsLoss', new nn.BCEWithLogitsLoss({ posWeight: weight }), input, target, 0.4378223258625433],
    ['SmoothL1Loss', new nn.SmoothL1Loss({ beta: 0.5 }), input, target, 0.18000000000000005],
    ['HuberLoss', new nn.HuberLoss({ delta: 0.3 }), input, target, 0.07],
  ];
  for (const [name, loss, x, y, expected] of rows) {
    it(name, () => expectClose(loss(x, y).toArray(), expected));
  }

  it('save their weights under PyTorch’s names', () => {
    expect([...new nn.CrossEntropyLoss({ weight }).stateDict().keys()]).toEqual(['weight']);
    expect([...new nn.BCEWithLogitsLoss({ posWeight: weight }).stateDict().keys()]).toEqual(['pos_weight']);
    expect(new nn.BCEWithLogitsLoss().posWeight).toBeNull();
  });

  it('refuse bad settings', () => {
    expect(() => new nn.MSELoss({ reduction: 'median' as never })).toThrow(/reduction must be one of/);
    expect(() => new nn.CrossEntropyLoss({ weight: 3 as never })).toThrow("cannot assign 3 object to buffer 'weight'");
  });
});

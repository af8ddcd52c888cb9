import { FlambeauError, nn, noGrad, ones, optim, type Tensor, tensor, tidy, zeros } from 'flambeau';
import { describe, expect, it } from 'vitest';

type Build = (params: Tensor[], options: object) => optim.Optimizer;
const OPTIMIZERS: Record<string, Build> = {
  SGD: (params, options) => new optim.SGD(params, options),
  Adam: (params, options) => new optim.Adam(params, options),
  AdamW: (params, options) => new optim.AdamW(params, options),
};

/** A step of a small problem in which q gets its first gradient at the third step. */
function step(optimizer: optim.Optimizer, p: Tensor, q: Tensor, i: number): void {
  optimizer.zeroGrad();
  let loss = p
    .mul(p)
    .mul(tensor([1, 0.5, 0.1], { dtype: p.dtype }))
    .sum();
  if (i >= 2) loss = loss.add(q.mul(q).mul(q).sum()).add(p.sum().mul(q).sum());
  loss.backward();
  optimizer.step();
}

const parameters = (dtype: 'float32' | 'float64'): [Tensor, Tensor] => [
  new nn.Parameter(tensor([1, -2, 3], { dtype })),
  new nn.Parameter(tensor([[0.5]], { dtype })),
];

// Computed by PyTorch 2.13 in float64.
const ROWS: [string, object, number[]][] = [
  ['SGD', { lr: 0.1 }, [0.22997146168913113, -1.1103532164676688, 2.595549156398891, -0.29158388348232833]],
  [
    'SGD',
    { lr: 0.1, momentum: 0.9 },
    [-0.7514152568105437, 0.42713196262465664, 1.874781042364816, -1.4254709811985418],
  ],
  [
    'SGD',
    { lr: 0.1, momentum: 0.9, dampening: 0.5, weightDecay: 0.01 },
    [-0.5491540776012959, -0.2186185740343345, 2.2360693401770297, -0.9098467993375935],
  ],
  [
    'SGD',
    { lr: 0.1, momentum: 0.9, nesterov: true },
    [-0.13612593190054603, 0.724873739284335, 1.9743119564820533, -2.7569532313645335],
  ],
  [
    'SGD',
    { lr: 0.01, weightDecay: 0.1, maximize: true },
    [1.1418181349983663, -2.0885120116951494, 3.039742034219448, 0.6146976026589981],
  ],
  ['Adam', { lr: 0.1 }, [0.40673995973421173, -1.416476237626301, 2.40523317702936, 0.10592069616971386]],
  [
    'Adam',
    { lr: 0.05, betas: [0.8, 0.9], eps: 0.0001, weightDecay: 0.1 },
    [0.7003193276344792, -1.7060265320888552, 2.6997811352750984, 0.30127579605346905],
  ],
  [
    'Adam',
    { lr: 0.1, amsgrad: true },
    [0.40673995973421173, -1.416476237626301, 2.40523317702936, 0.10592069616971386],
  ],
  [
    'Adam',
    { lr: 0.1, maximize: true },
    [1.6027336662038834, -2.594554748933784, 3.595728677303611, 0.9010728953833727],
  ],
  ['AdamW', { lr: 0.1 }, [0.40238398386620744, -1.4061928375860508, 2.3888050367037077, 0.10460852049521509]],
  [
    'Adam',
    { lr: 0.1, weightDecay: 0.2, amsgrad: true, decoupledWeightDecay: true },
    [0.3245638118702411, -1.2212926744521693, 2.0926574238847824, 0.08075754644744623],
  ],
  [
    'AdamW',
    { lr: 0.1, weightDecay: 0.2, amsgrad: true },
    [0.3245638118702411, -1.2212926744521693, 2.0926574238847824, 0.08075754644744623],
  ],
];

describe('six steps give PyTorch’s numbers', () => {
  for (const dtype of ['float64', 'float32'] as const) {
    for (const [name, options, expected] of ROWS) {
      it(`${name} ${JSON.stringify(options)} in ${dtype}`, () => {
        const [p, q] = parameters(dtype);
        const optimizer = OPTIMIZERS[name]!([p, q], options);
        for (let i = 0; i < 6; i++) step(optimizer, p, q, i);
        const got = [...p.toTypedArray(), ...q.toTypedArray()].map(Number);
        got.forEach((value, i) => void expect(value).toBeCloseTo(expected[i]!, dtype === 'float64' ? 12 : 5));
      });
    }
  }

  it('for transposed parameters too', () => {
    const values = [
      [1, 2, 3],
      [4, 5, 6],
    ];
    const plain = new nn.Parameter(tensor(values));
    const turned = new nn.Parameter(tensor(values).t());
    const optimizer = new optim.Adam([plain, turned], { lr: 0.1 });
    for (let i = 0; i < 3; i++) {
      optimizer.zeroGrad();
      plain.mul(plain).sum().add(turned.mul(turned).sum()).backward();
      optimizer.step();
    }
    expect(turned.t().toArray()).toEqual(plain.toArray());
  });
});

describe('a step', () => {
  it('counts as an in-place change of the parameters it updates, and of no other', () => {
    const [p, q] = parameters('float32');
    const optimizer = new optim.SGD([p, q], { lr: 0.1 });
    const y = p.mul(p);
    step(optimizer, p, q, 0);
    expect([p._version, q._version]).toEqual([1, 0]);
    expect(q.toArray()).toEqual([[0.5]]);
    expect(() => y.sum().backward()).toThrow(/modified by an inplace operation/);
  });

  it('runs a closure under grad mode and returns its result', () => {
    const p = new nn.Parameter(ones([1]));
    const optimizer = new optim.SGD([p], { lr: 0.5 });
    const loss = noGrad(() =>
      optimizer.step(() => {
        optimizer.zeroGrad();
        const value = p.mul(2).sum();
        value.backward();
        return value;
      }),
    );
    expect(loss.item()).toBe(2);
    expect(p.toArray()).toEqual([0]);
    expect(() => optimizer.step(3 as never)).toThrow('closure must be a function');
  });

  it('keeps its state through tidy', () => {
    const [p, q] = parameters('float64');
    const [a, b] = parameters('float64');
    const tidied = new optim.Adam([p, q], { lr: 0.1, amsgrad: true });
    const plain = new optim.Adam([a, b], { lr: 0.1, amsgrad: true });
    for (let i = 0; i < 4; i++) {
      tidy(() => step(tidied, p, q, i));
      step(plain, a, b, i);
    }
    expect(p.toArray()).toEqual(a.toArray());
    expect(q.toArray()).toEqual(b.toArray());
  });

  describe('checks every group before the first parameter changes', () => {
    const bad: [keyof typeof OPTIMIZERS, object, string][] = [
      ...['SGD', 'Adam', 'AdamW'].flatMap((name): [string, object, string][] => [
        [name, { lr: undefined }, `${name}.step: group 1: learning rate must be a number, got undefined`],
        [name, { lr: '0.1' }, 'learning rate must be a number, got "0.1"'],
        [name, { lr: Number.NaN }, 'Invalid learning rate: NaN'],
        [name, { lr: -1 }, 'Invalid learning rate: -1'],
        [name, { weightDecay: undefined }, 'weight_decay value must be a number, got undefined'],
        [name, { maximize: 'no' }, 'maximize must be a boolean'],
        [name, { params: [3] }, 'a parameter must be a Tensor, got 3'],
        [name, { params: 3 }, 'params must be an array of Tensors, got 3'],
      ]),
      ['SGD', { momentum: undefined }, 'momentum value must be a number, got undefined'],
      ['SGD', { momentum: Number.NaN }, 'Invalid momentum value: NaN'],
      ['SGD', { dampening: Number.NaN }, 'dampening must be a number, got NaN'],
      ['SGD', { nesterov: true }, 'Nesterov momentum requires a momentum'],
      ['Adam', { eps: undefined }, 'epsilon value must be a number, got undefined'],
      ['Adam', { betas: undefined }, 'betas must be two numbers, got undefined'],
      ['Adam', { betas: [0.9, '0.9'] }, 'Invalid beta parameter at index 1: "0.9"'],
      ['Adam', { betas: [0.9] }, 'betas must be two numbers'],
      ['AdamW', { decoupledWeightDecay: 1 }, 'decoupledWeightDecay must be a boolean, got 1'],
    ];
    for (const [name, changes, message] of bad) {
      it(`${name} ${Object.entries(changes).map(([key, value]) => `${key} = ${String(value)}`)}`, () => {
        const params = parameters('float32');
        const optimizer = OPTIMIZERS[name]!(params, { lr: 0.1 });
        optimizer.paramGroups.push({ ...optimizer.paramGroups[0]!, params: [params[1]] });
        optimizer.paramGroups[0]!.params = [params[0]];
        const before = params.map((param) => param.toArray());
        params[0].sum().add(params[1].sum()).backward();
        Object.assign(optimizer.paramGroups[1]!, changes);
        expect(() => optimizer.step()).toThrow(FlambeauError);
        expect(() => optimizer.step()).toThrow(message);
        expect(params.map((param) => param.toArray())).toEqual(before);
        expect(optimizer.state.size).toBe(0);
      });
    }

    it('a gradient that was disposed', () => {
      const [p, q] = parameters('float32');
      const optimizer = new optim.SGD([{ params: p }, { params: q }], { lr: 0.1 });
      p.sum().add(q.sum()).backward();
      q.grad!.dispose();
      expect(() => optimizer.step()).toThrow('SGD.step: group 1: a gradient of shape [1, 1] was disposed');
      expect(p.toArray()).toEqual([1, -2, 3]);
    });
  });

  it('refuses a promise from its closure or a hook', async () => {
    const p = new nn.Parameter(ones([1]));
    const optimizer = new optim.SGD([p], { lr: 0.5 });
    p.sum().backward();
    let ran = false;
    const closure = async (): Promise<void> => {
      ran = true;
    };
    expect(() => optimizer.step(closure)).toThrow('SGD.step: closure must not be async');
    expect(ran).toBe(false);
    expect(() => optimizer.step(() => Promise.resolve(1))).toThrow('SGD.step: the closure returned a promise');
    expect(() => optimizer.registerStepPreHook(async () => {})).toThrow('hook must not be async');
    optimizer.registerStepPreHook(() => Promise.resolve() as never);
    expect(() => optimizer.step()).toThrow('SGD.step: a pre-hook returned a promise');
    expect(p.toArray()).toEqual([1]);
  });

  it('runs its hooks', () => {
    const p = new nn.Parameter(ones([1]));
    const optimizer = new optim.SGD([p]);
    const calls: string[] = [];
    const pre = optimizer.registerStepPreHook((o) => void calls.push(`pre ${o === optimizer}`));
    optimizer.registerStepPostHook(() => void calls.push('post'));
    optimizer.step();
    pre.remove();
    optimizer.step();
    expect(calls).toEqual(['pre true', 'post', 'post']);
  });

  it('refuses a gradient of another dtype', () => {
    const p = new nn.Parameter(ones([1]));
    const m = new nn.Module();
    m.registerParameter('p', p);
    p.sum().backward();
    m.to('float64');
    expect(p.grad!.dtype).toBe('float64');
    const optimizer = new optim.SGD([p], { lr: 1 });
    optimizer.step();
    expect(p.toArray()).toEqual([0]);
  });
});

describe('zeroGrad', () => {
  it('drops gradients, or fills them with zeros in place', () => {
    const p = new nn.Parameter(ones([1]));
    const optimizer = new optim.SGD([p]);
    p.sum().backward();
    const grad = p.grad!;
    optimizer.zeroGrad({ setToNone: false });
    expect(p.grad).toBe(grad);
    expect(grad.toArray()).toEqual([0]);
    optimizer.zeroGrad();
    expect(p.grad).toBeNull();
  });
});

describe('groups', () => {
  it('have settings of their own', () => {
    const [p, q] = parameters('float32');
    const optimizer = new optim.SGD([{ params: p }, { params: [q], lr: 1 }], { lr: 0.1, momentum: 0.9 });
    expect(optimizer.paramGroups.map(({ lr, momentum }) => [lr, momentum])).toEqual([
      [0.1, 0.9],
      [1, 0.9],
    ]);
    const r = new nn.Parameter(ones([1]));
    optimizer.addParamGroup({ params: [r], weightDecay: 0.5 });
    expect(optimizer.paramGroups[2]).toMatchObject({ lr: 0.1, weightDecay: 0.5 });
    expect(optimizer.paramGroups[2]!.params[0]).toBe(r);
  });

  it('may have names', () => {
    const m = new nn.Linear(2, 1);
    const optimizer = new optim.SGD(m.namedParameters());
    expect(optimizer.paramGroups[0]!.paramNames).toEqual(['weight', 'bias']);
    expect(optimizer.stateDict().param_groups[0]!.param_names).toEqual(['weight', 'bias']);
  });

  const p = new nn.Parameter(zeros([1]));
  const bad: [string, () => unknown, string][] = [
    ['nothing', () => new optim.SGD([]), 'SGD: optimizer got an empty parameter list'],
    ['a tensor', () => new optim.SGD(p as never), 'should be an iterable of Tensors or groups, but got a Parameter'],
    ['a module', () => new optim.SGD(new nn.Linear(1, 1) as never), 'pass model.parameters()'],
    ['a Sequential', () => new optim.SGD(new nn.Sequential(new nn.Linear(1, 1)) as never), 'pass model.parameters()'],
    ['a number', () => new optim.SGD([3] as never), 'can only optimize Tensors, but one of the params is 3'],
    ['a non-leaf', () => new optim.SGD([p.mul(2)]), "can't optimize a non-leaf Tensor"],
    [
      'one parameter twice',
      () => new optim.SGD([{ params: p }, { params: p }]),
      'some parameters appear in more than one parameter group',
    ],
    ['a negative lr', () => new optim.SGD([p], { lr: -1 }), 'Invalid learning rate: -1'],
    ['a negative lr of a group', () => new optim.Adam([{ params: p, lr: -1 }]), 'Adam: Invalid learning rate: -1'],
    ['a negative momentum', () => new optim.SGD([p], { momentum: -1 }), 'Invalid momentum value: -1'],
    [
      'nesterov alone',
      () => new optim.SGD([p], { nesterov: true }),
      'Nesterov momentum requires a momentum and zero dampening',
    ],
    ['a beta of 1', () => new optim.AdamW([p], { betas: [1, 0.9] }), 'AdamW: Invalid beta parameter at index 0: 1'],
    ['a misspelt option', () => new optim.Adam([p], { weight_decay: 1 } as never), 'did you mean weightDecay?'],
  ];
  for (const [what, make, message] of bad) {
    it(`refuse ${what}`, () => {
      expect(make).toThrow(FlambeauError);
      expect(make).toThrow(message);
    });
  }
});

describe('stateDict', () => {
  it('has PyTorch’s format', () => {
    const [p, q] = parameters('float32');
    const optimizer = new optim.Adam([p, q], { lr: 0.1, amsgrad: true });
    step(optimizer, p, q, 0);
    const { state, param_groups } = optimizer.stateDict();
    expect(Object.keys(state)).toEqual(['0']);
    expect(Object.keys(state[0]!)).toEqual(['step', 'exp_avg', 'exp_avg_sq', 'max_exp_avg_sq']);
    expect(param_groups).toEqual([
      {
        lr: 0.1,
        betas: [0.9, 0.999],
        eps: 1e-8,
        weight_decay: 0,
        amsgrad: true,
        maximize: false,
        decoupled_weight_decay: false,
        params: [0, 1],
      },
    ]);
  });

  for (const [name, options] of [
    ['SGD', { lr: 0.1, momentum: 0.9 }],
    ['Adam', { lr: 0.1, amsgrad: true }],
  ] as const) {
    it(`${name} goes on where it was saved`, () => {
      const [p, q] = parameters('float64');
      const first = OPTIMIZERS[name]!([p, q], options);
      for (let i = 0; i < 4; i++) step(first, p, q, i);
      const [a, b] = [new nn.Parameter(p.detach().clone()), new nn.Parameter(q.detach().clone())];
      const second = OPTIMIZERS[name]!([a, b], {});
      second.loadStateDict(first.stateDict());
      for (let i = 4; i < 6; i++) {
        step(first, p, q, i);
        step(second, a, b, i);
      }
      expect(a.toArray()).toEqual(p.toArray());
      expect(b.toArray()).toEqual(q.toArray());
      expect(second.paramGroups[0]).toMatchObject(options);
    });
  }

  it('takes PyTorch’s, with a tensor as step and settings of its own', () => {
    const p = new nn.Parameter(ones([2]));
    const optimizer = new optim.Adam([p]);
    optimizer.loadStateDict({
      state: { 0: { step: tensor(3), exp_avg: ones([2]), exp_avg_sq: ones([2], { dtype: 'float64' }) } },
      param_groups: [
        {
          lr: 0.5,
          betas: [0.8, 0.9],
          eps: 1e-8,
          weight_decay: 0,
          amsgrad: false,
          maximize: false,
          foreach: null,
          fused: null,
          params: [0],
        },
      ],
    });
    expect(optimizer.state.get(p)!.step).toBe(3);
    expect((optimizer.state.get(p)!.exp_avg_sq as Tensor).dtype).toBe('float32');
    expect(optimizer.paramGroups[0]).toMatchObject({ lr: 0.5, betas: [0.8, 0.9] });
    expect(optimizer.paramGroups[0]).not.toHaveProperty('foreach');
  });

  it('AdamW stays decoupled when Adam saved its state', () => {
    const p = new nn.Parameter(ones([2]));
    const optimizer = new optim.AdamW([p]);
    optimizer.loadStateDict(new optim.Adam([p], { weightDecay: 0.1 }).stateDict());
    expect(optimizer.paramGroups[0]).toMatchObject({ weightDecay: 0.1, decoupledWeightDecay: true });
  });

  it('is checked before anything changes', () => {
    const p = new nn.Parameter(ones([2]));
    const optimizer = new optim.Adam([p], { lr: 0.1 });
    const group = { lr: 0.5, params: [0] };
    const bad: [object, string][] = [
      [{ state: {}, param_groups: [] }, 'a different number of parameter groups'],
      [{ state: {}, param_groups: [{ ...group, params: [0, 1] }] }, "doesn't match the size of optimizer's group"],
      [{ state: { 0: { exp_avg: ones([3]) } }, param_groups: [group] }, 'exp_avg has shape [3], the parameter [2]'],
      [{ state: { 0: { exp_avg: ones([2]) } }, param_groups: [group] }, 'step must be a count, got undefined'],
      [{ state: { 0: { step: 1, exp_avg: ones([2]) } }, param_groups: [group] }, 'exp_avg_sq must be a Tensor'],
      [{ state: { 0: { step: 1, exp_avg: 5 } }, param_groups: [group] }, 'exp_avg must be a Tensor, got 5'],
      [{ state: { 0: null }, param_groups: [group] }, 'state of parameter 0: expected an object, got null'],
      [{ state: null, param_groups: [group] }, 'expected an object of state and param_groups'],
      [{ state: {}, param_groups: [null] }, "doesn't match the size of optimizer's group"],
      [{ state: {}, param_groups: [{ ...group, lr: -1 }] }, 'Invalid learning rate'],
      [{ state: {}, param_groups: [{ ...group, lr: null }] }, 'learning rate must be a number, got null'],
      [{ state: {}, param_groups: [{ ...group, initial_lr: '1' }] }, 'initial learning rate must be a number, got "1"'],
      [{}, 'expected an object of state and param_groups'],
    ];
    for (const [dict, message] of bad) expect(() => optimizer.loadStateDict(dict as never)).toThrow(message);
    expect(optimizer.paramGroups[0]!.lr).toBe(0.1);
    expect(optimizer.state.size).toBe(0);
  });
});

it('prints its groups with the names and values of PyTorch', () => {
  const optimizer = new optim.Adam([zeros([1], { requiresGrad: true })], { lr: 1e-4, weightDecay: 0.1 });
  expect(String(optimizer)).toBe(
    `Adam (
Parameter Group 0
    amsgrad: False
    betas: (0.9, 0.999)
    decoupled_weight_decay: False
    eps: 1e-08
    lr: 0.0001
    maximize: False
    weight_decay: 0.1
)`,
  );
});

import { inspect } from 'node:util';
import { nn, ones, zeros } from 'flambeau';
import { describe, expect, it } from 'vitest';

// Every expectation was printed by PyTorch 2.13.

describe('modules print as in PyTorch', () => {
  const rows: [nn.Module, string][] = [
    [new nn.Sequential(), 'Sequential()'],
    [new nn.ModuleList(), 'ModuleList()'],
    [new nn.ParameterList(), 'ParameterList()'],
    [new nn.Linear(1, 1), 'Linear(in_features=1, out_features=1, bias=True)'],
    [new nn.Linear(3, 2, { bias: false }), 'Linear(in_features=3, out_features=2, bias=False)'],
    [new nn.Identity(), 'Identity()'],
    [new nn.Flatten(), 'Flatten(start_dim=1, end_dim=-1)'],
    [new nn.Unflatten(1, [2, 3]), 'Unflatten(dim=1, unflattened_size=(2, 3))'],
    [new nn.ReLU(), 'ReLU()'],
    [new nn.ReLU({ inplace: true }), 'ReLU(inplace=True)'],
    [new nn.SiLU({ inplace: true }), 'SiLU(inplace=True)'],
    [new nn.GELU(), "GELU(approximate='none')"],
    [new nn.GELU({ approximate: 'tanh' }), "GELU(approximate='tanh')"],
    [new nn.LeakyReLU(), 'LeakyReLU(negative_slope=0.01)'],
    [new nn.LeakyReLU(1e-5, { inplace: true }), 'LeakyReLU(negative_slope=1e-05, inplace=True)'],
    [new nn.ELU(1, { inplace: true }), 'ELU(alpha=1.0, inplace=True)'],
    [new nn.Softplus(), 'Softplus(beta=1.0, threshold=20.0)'],
    [new nn.Hardtanh(), 'Hardtanh(min_val=-1.0, max_val=1.0)'],
    [new nn.Softmax(-1), 'Softmax(dim=-1)'],
    [new nn.Softmax(), 'Softmax(dim=None)'],
    [new nn.LogSoftmax(1), 'LogSoftmax(dim=1)'],
    [new nn.Dropout(0.1), 'Dropout(p=0.1, inplace=False)'],
    [new nn.CrossEntropyLoss(), 'CrossEntropyLoss()'],
    [
      new nn.ModuleList([new nn.Linear(1, 1), new nn.Linear(1, 1), new nn.ReLU(), new nn.Linear(1, 1)]),
      'ModuleList(\n  (0-1): 2 x Linear(in_features=1, out_features=1, bias=True)\n  (2): ReLU()\n' +
        '  (3): Linear(in_features=1, out_features=1, bias=True)\n)',
    ],
    [
      new nn.Sequential(new nn.Linear(1, 1), new nn.Linear(1, 1)),
      'Sequential(\n  (0): Linear(in_features=1, out_features=1, bias=True)\n' +
        '  (1): Linear(in_features=1, out_features=1, bias=True)\n)',
    ],
    [
      new nn.Sequential(
        new nn.ParameterList<unknown>([zeros([2, 3]), zeros([])]),
        new nn.ModuleList([new nn.Sequential(new nn.ReLU()), new nn.Sequential(new nn.ReLU())]),
      ),
      'Sequential(\n  (0): ParameterList(\n      (0): Parameter containing: [torch.float32 of size 2x3]\n' +
        '      (1): Parameter containing: [torch.float32 of size ]\n  )\n  (1): ModuleList(\n    (0-1): 2 x Sequential(\n' +
        '      (0): ReLU()\n    )\n  )\n)',
    ],
    [
      new nn.ParameterDict({ a: zeros([2]) }),
      'ParameterDict(  (a): Parameter containing: [torch.FloatTensor of size 2])',
    ],
    [new nn.ModuleDict({ x: new nn.ReLU() }), 'ModuleDict(\n  (x): ReLU()\n)'],
  ];
  for (const [module, text] of rows) {
    it(text.split('\n')[0]!, () => {
      expect(String(module)).toBe(text);
      expect(inspect(module)).toBe(text);
    });
  }
});

describe('extra representation', () => {
  class Extra extends nn.Module {
    constructor(
      readonly extra: string,
      withChildren: boolean,
    ) {
      super();
      if (!withChildren) return;
      this.registerModule('a', new nn.ReLU());
      this.registerModule('c', null);
    }
    override extraRepr(): string {
      return this.extra;
    }
  }

  it('stays inside the brackets only as one line without children', () => {
    expect(String(new Extra('one', false))).toBe('Extra(one)');
    expect(String(new Extra('one', true))).toBe('Extra(\n  one\n  (a): ReLU()\n  (c): None\n)');
    expect(String(new Extra('l1\nl2', false))).toBe('Extra(\n  l1\n  l2\n)');
    expect(String(new Extra('l1\nl2', true))).toBe('Extra(\n  l1\n  l2\n  (a): ReLU()\n  (c): None\n)');
  });

  it('prints the subclass’s name, also inside another value', () => {
    class Net extends nn.Module {
      layers = new nn.Sequential(new nn.ReLU());
    }
    expect(inspect({ model: new Net() })).toContain('Net(\n');
    expect(`${new Net()}`).toBe('Net(\n  (layers): Sequential(\n    (0): ReLU()\n  )\n)');
    expect(`${ones([1])}`).toBe('tensor([1.])');
  });
});

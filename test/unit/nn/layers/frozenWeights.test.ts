import { nn, noGrad, ones, optim, rand, randn, type Tensor, tensor, zeros } from 'flambeau';
import { describe, expect, it } from 'vitest';

const ROWS = 40;
const INPUTS = 30;
const OUTPUTS = 50;

type Write = (weight: Tensor) => void;

// Every kind of way in which a weight's values change.
const WRITES: Record<string, Write> = {
  mul_: (w) => void w.mul_(2),
  'add_ of a tensor': (w) => void w.add_(ones([OUTPUTS, INPUTS])),
  'an in-place op without a kernel of its own': (w) => void w.lerp_(ones([OUTPUTS, INPUTS]), 0.5),
  fill_: (w) => void w.fill_(3),
  zero_: (w) => void w.zero_(),
  copy_: (w) => void w.copy_(ones([OUTPUTS, INPUTS])),
  maskedFill_: (w) => void w.maskedFill_(w.gt(0), 7),
  uniform_: (w) => void nn.init.uniform_(w),
  'nn.init.eye_': (w) => void nn.init.eye_(w),
  'the data of it': (w) => void w.data.mul_(3),
  'assigned data': (w) => {
    w.data = ones([OUTPUTS, INPUTS]);
  },
  'a detached view': (w) => void w.detach().neg_(),
  'a reshaped view': (w) => void w.view([-1]).add_(1),
  'a transposed view': (w) => void w.t().mul_(3),
  'one row': (w) => void w.select(0, 3).fill_(9),
  'one element': (w) => void w.narrow(0, 1, 1).narrow(1, 2, 1).fill_(100),
  SGD: (w) => step(w, (params) => new optim.SGD(params, { lr: 0.1, momentum: 0.9 })),
  Adam: (w) => step(w, (params) => new optim.Adam(params)),
  AdamW: (w) => step(w, (params) => new optim.AdamW(params, { amsgrad: true })),
};

function step(weight: Tensor, make: (params: Tensor[]) => optim.Optimizer): void {
  weight.grad = ones(weight.shape);
  const optimizer = make([weight]);
  optimizer.step();
}

// linear() keeps packed panels of a weight from its second use on; matmul() never does, and computes the same bits.
function expectFresh(layer: nn.Linear, x: Tensor): void {
  const expected = x.matmul(layer.weight.t()).toArray();
  for (let use = 0; use < 3; use++) expect(layer.forward(x).toArray()).toEqual(expected);
}

describe('the packed panels of a frozen weight', () => {
  it.each(Object.keys(WRITES))('follow a write through %s', (route) => {
    noGrad(() => {
      const layer = new nn.Linear(INPUTS, OUTPUTS, { bias: false });
      const x = randn([ROWS, INPUTS]);
      expectFresh(layer, x);
      const before = layer.forward(x).toArray();
      WRITES[route]!(layer.weight);
      expectFresh(layer, x);
      expect(layer.forward(x).toArray()).not.toEqual(before);
    });
  });

  it('are not kept of memory that JavaScript may write to', () => {
    noGrad(() => {
      const values = new Float32Array(OUTPUTS * INPUTS).fill(1);
      const layer = new nn.Linear(INPUTS, OUTPUTS, { bias: false });
      layer.weight.data = tensor(values, { share: true }).view([OUTPUTS, INPUTS]);
      const x = randn([ROWS, INPUTS]);
      expectFresh(layer, x);
      values.fill(2);
      expectFresh(layer, x);
    });
  });

  it('follow a state dict', () => {
    noGrad(() => {
      const layer = new nn.Linear(INPUTS, OUTPUTS, { bias: false });
      const x = rand([ROWS, INPUTS]);
      expectFresh(layer, x);
      layer.loadStateDict({ weight: zeros([OUTPUTS, INPUTS]) });
      expectFresh(layer, x);
    });
  });
});

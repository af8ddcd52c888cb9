// Checked by tsc in `npm run check`: every @ts-expect-error must be an error, and every other line must not.
import { functional as F, nn, optim, type Tensor } from 'flambeau';
import { expectTypeOf } from 'vitest';

declare const x: Tensor;
declare const n: number;

// ─── widths ───

const mlp = new nn.Sequential(new nn.Linear(10, 50), new nn.ReLU(), new nn.Linear(50, 2), new nn.Sigmoid());

// @ts-expect-error: layer 2 takes 51 features, but the layers before it give 50
new nn.Sequential(new nn.Linear(10, 50), new nn.ReLU(), new nn.Linear(51, 2));
// @ts-expect-error: layer 1 takes 3
new nn.Sequential(new nn.Linear(1, 2), new nn.Linear(3, 4), new nn.Linear(4, 5));
// @ts-expect-error: layer 4 takes 9
new nn.Sequential(new nn.Dropout(0.1), new nn.GELU(), new nn.Linear(1, 8), new nn.Softmax(-1), new nn.Linear(9, 1));
// @ts-expect-error: a nested Sequential takes 3, the layer before it gives 2
new nn.Sequential(new nn.Linear(1, 2), new nn.Sequential(new nn.Tanh(), new nn.Linear(3, 4)));
// @ts-expect-error: mlp gives 2
new nn.Sequential(mlp, new nn.Linear(3, 1));
// @ts-expect-error: a Sequential of width-preserving layers preserves the width
new nn.Sequential(mlp, new nn.Sequential(new nn.ReLU(), new nn.Identity()), new nn.Linear(3, 1));
new nn.Sequential([
  ['a', new nn.Linear(1, 2)],
  // @ts-expect-error: entries are checked in their order
  ['b', new nn.Linear(3, 4)],
]);

new nn.Sequential(mlp, new nn.Linear(2, 1));
new nn.Sequential(new nn.Sequential(new nn.ReLU()), new nn.Linear(7, 1));
new nn.Sequential([
  ['a', new nn.Linear(1, 2)],
  ['b', new nn.Linear(2, 4)],
]);
// A plain number is known at run time only, and fits everything.
new nn.Sequential(new nn.Linear(10, n), new nn.Linear(20, 3));
new nn.Sequential(new nn.Linear(10, 20), new nn.Linear(n, 3), new nn.Linear(3, n), new nn.Linear(99, 1));
// Of other modules nothing is known.
new nn.Sequential(new nn.Linear(10, 20), new nn.Flatten(), new nn.Linear(77, 1));
declare const layers: nn.Layer[];
new nn.Sequential(...layers);
new nn.Sequential(new nn.Linear(10, 20), ...layers, new nn.Linear(77, 1));
// @ts-expect-error: what comes before the spread is checked
new nn.Sequential(new nn.Linear(10, 20), new nn.Linear(21, 20), ...layers);

// A module of one's own may tell its widths.
class Block extends nn.Module {
  declare readonly [nn.WIDTHS]: nn.Maps<64, 32>;
  override forward(input: Tensor): Tensor {
    return input;
  }
}
new nn.Sequential(new nn.Linear(10, 64), new Block(), new nn.Linear(32, 1));
// @ts-expect-error: Block takes 64
new nn.Sequential(new nn.Linear(10, 63), new Block());
// @ts-expect-error: a class is no layer
new nn.Sequential(nn.ReLU);

// Channels are counted apart from features: a Linear sees the last dimension.
new nn.Sequential(
  new nn.Conv2d(3, 16, 3),
  new nn.ReLU(),
  new nn.Conv2d(16, 32, 3),
  new nn.Flatten(),
  new nn.Linear(9, 1),
);
new nn.Sequential(new nn.Conv1d(3, 16, 3), new nn.Linear(10, 16), new nn.ConvTranspose1d(16, 4, 2));
new nn.Sequential(new nn.Sequential(new nn.Conv2d(3, 16, 3), new nn.ReLU()), new nn.Conv2d(16, 8, 3));
new nn.Sequential(new nn.Conv2d(3, n, 3), new nn.Conv2d(16, 8, 3));
// @ts-expect-error: layer 2 takes 32 channels, but the layers before it give 16
new nn.Sequential(new nn.Conv2d(3, 16, 3), new nn.ReLU(), new nn.Conv2d(32, 8, 3));
// @ts-expect-error: the nested layers give 16 channels
new nn.Sequential(new nn.Sequential(new nn.Conv2d(3, 16, 3), new nn.ReLU()), new nn.ConvTranspose2d(17, 8, 3));
expectTypeOf(new nn.Conv2d(3, 16, 3).outChannels).toEqualTypeOf<16>();

// ─── elements ───

expectTypeOf(mlp[0]).toEqualTypeOf<nn.Linear<10, 50>>();
expectTypeOf(mlp[0].outFeatures).toEqualTypeOf<50>();
expectTypeOf(mlp[1]).toEqualTypeOf<nn.ReLU>();
expectTypeOf(mlp.at(2)).toEqualTypeOf<nn.Linear<50, 2>>();
expectTypeOf(mlp.at(-1)).toEqualTypeOf<nn.Sigmoid>();
expectTypeOf(mlp.length).toEqualTypeOf<4>();
expectTypeOf(new nn.Sequential({ a: new nn.Linear(1, 2), b: new nn.ReLU() }).a.inFeatures).toEqualTypeOf<1>();
expectTypeOf(mlp.slice(1)).toEqualTypeOf<nn.Sequential>();
expectTypeOf(mlp.append(new nn.ReLU())).toEqualTypeOf<typeof mlp>();
for (const layer of mlp) expectTypeOf(layer(x)).toEqualTypeOf<Tensor>();

// ─── calls ───

expectTypeOf(mlp(x)).toEqualTypeOf<Tensor>();
// @ts-expect-error: a Tensor is needed
mlp(3);
// @ts-expect-error: one argument only
mlp(x, x);

class Gated extends nn.Module {
  layers = new nn.ModuleList([new nn.Linear(2, 2), new nn.ReLU()]);
  gates = new nn.ModuleDict({ soft: new nn.Sigmoid(), hard: new nn.Hardtanh() });
  override forward(input: Tensor, gate: 'soft' | 'hard', scale = 1): { y: Tensor; scale: number } {
    let y = input;
    for (const layer of this.layers) y = layer(y);
    return { y: this.gates.get(gate)(y), scale };
  }
}
const gated = new Gated();
expectTypeOf(gated(x, 'soft')).toEqualTypeOf<{ y: Tensor; scale: number }>();
expectTypeOf(gated(x, 'soft', 2).scale).toEqualTypeOf<number>();
// @ts-expect-error: no such gate
gated(x, 'firm');
// @ts-expect-error: the gate is required
gated(x);
expectTypeOf(new nn.CrossEntropyLoss()(x, x)).toEqualTypeOf<Tensor>();
// @ts-expect-error: a ModuleList cannot be called
new nn.ModuleList([new nn.ReLU()])(x);

const trainable: nn.Layer[] = [new nn.Linear(1, 2), mlp, new nn.Sequential(new nn.ReLU())];
expectTypeOf(trainable[0]!(x)).toEqualTypeOf<Tensor>();
const anyModule: nn.Module = gated;
anyModule.train();
// @ts-expect-error: no such method, since modules have no index signature
anyModule.trian();

const plain: nn.Sequential = mlp;
expectTypeOf(plain(x)).toEqualTypeOf<Tensor>();
const keeping: nn.Sequential = new nn.Sequential(new nn.ReLU());
expectTypeOf(keeping.at(0)(x)).toEqualTypeOf<Tensor>();
const dictionary: nn.ModuleDict = new nn.ModuleDict([['a', new nn.ReLU()]]);
expectTypeOf(dictionary.get('a')(x)).toEqualTypeOf<Tensor>();

class Fixed extends nn.Sequential {
  constructor() {
    super(new nn.Linear(2, 3), new nn.ReLU());
  }
}
expectTypeOf(new Fixed()(x)).toEqualTypeOf<Tensor>();

// ─── listings, hooks, optimizers ───

expectTypeOf([...mlp.parameters()]).toEqualTypeOf<nn.Parameter[]>();
expectTypeOf([...mlp.namedParameters()]).toEqualTypeOf<[string, nn.Parameter][]>();
expectTypeOf(mlp.stateDict()).toEqualTypeOf<Map<string, Tensor>>();
gated.registerForwardHook((module, inputs, output) => {
  expectTypeOf(module).toEqualTypeOf<Gated>();
  expectTypeOf(inputs[0]).toEqualTypeOf<Tensor>();
  expectTypeOf(output.y).toEqualTypeOf<Tensor>();
});
for (const module of mlp.modules()) {
  module.registerForwardHook((_module, inputs) => expectTypeOf(inputs).toEqualTypeOf<readonly unknown[]>());
}
new optim.Adam(mlp.parameters(), { lr: 1e-3, betas: [0.9, 0.99] });
new optim.SGD(mlp.namedParameters(), { momentum: 0.9 });
new optim.SGD([{ params: mlp[0].parameters(), lr: 1 }, { params: mlp[2].parameters() }], { lr: 0.1 });
// @ts-expect-error: PyTorch's name in camelCase is weightDecay
new optim.Adam(mlp.parameters(), { weight_decay: 1 });
// @ts-expect-error: parameters() is meant
new optim.SGD(mlp);
new nn.Linear(1, 2, { bias: false });
// @ts-expect-error: options come in an object
new nn.Linear(1, 2, false);
new optim.lrScheduler.StepLR(new optim.SGD(mlp.parameters()), 10);

// ─── norms, pooling, embedding ───

// @ts-expect-error: layer 1 takes 51
new nn.Sequential(new nn.Linear(10, 50), new nn.LayerNorm(51));
// @ts-expect-error: norms keep the width
new nn.Sequential(new nn.Linear(10, 50), new nn.LayerNorm(50), new nn.BatchNorm1d(50), new nn.Linear(51, 2));
// @ts-expect-error: layer 1 takes 17
new nn.Sequential(new nn.Embedding(100, 16), new nn.Linear(17, 2));
new nn.Sequential(new nn.Linear(10, 50), new nn.LayerNorm([3, 50]), new nn.RMSNorm(50), new nn.GroupNorm(1, 50));
new nn.Sequential(new nn.Embedding(100, 16), new nn.RMSNorm(16), new nn.Linear(16, 2));
expectTypeOf(new nn.MaxPool2d(2)(x)).toEqualTypeOf<Tensor>();
expectTypeOf(new nn.MaxPool2d(2, { stride: 1 })(x)).toEqualTypeOf<Tensor>();
expectTypeOf(new nn.MaxPool2d(2, { returnIndices: true })(x)).toEqualTypeOf<[values: Tensor, indices: Tensor]>();
expectTypeOf(F.maxPool2d(x, 2)).toEqualTypeOf<Tensor>();
expectTypeOf(F.maxPool2d(x, 2, { stride: 1 })).toEqualTypeOf<Tensor>();
expectTypeOf(F.maxPool2d(x, 2, { returnIndices: false })).toEqualTypeOf<Tensor>();
expectTypeOf(F.adaptiveMaxPool1d(x, 2, { returnIndices: true })).toEqualTypeOf<[values: Tensor, indices: Tensor]>();

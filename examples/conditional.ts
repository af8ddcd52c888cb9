// Program 3: a ModuleList whose tail runs on a condition, which no Sequential can do.
import { manualSeed, nn, noGrad, randn, type Tensor } from 'flambeau';

class Conditional extends nn.Module {
  layers = new nn.ModuleList([
    new nn.Linear(10, 50),
    new nn.ReLU(),
    new nn.Linear(50, 2),
    new nn.Sigmoid(),
    // The input of the fifth layer is two wide: a Linear(10, 100) here would fail, and the error would name layers.4.
    new nn.Linear(2, 100),
  ]);

  override forward(x: Tensor, { withTail }: { withTail: boolean }): Tensor {
    const run = withTail ? this.layers : this.layers.slice(0, -1);
    for (const layer of run) x = layer(x);
    return x;
  }
}

export function conditional(): void {
  manualSeed(0);
  const model = new Conditional();
  const x = randn([1, 10]);
  noGrad(() => {
    console.log('without its tail:', model(x, { withTail: false }).shape);
    console.log('with its tail:   ', model(x, { withTail: true }).shape);
  });
}

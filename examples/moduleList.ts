// Program 2: the same network over a ModuleList. The list registers the layers; the parent's forward runs them.
import { manualSeed, nn, randn, type Tensor } from 'flambeau';

class Net extends nn.Module {
  layers = new nn.ModuleList([new nn.Linear(10, 50), new nn.ReLU(), new nn.Linear(50, 2), new nn.Sigmoid()]);

  override forward(x: Tensor): Tensor {
    for (const layer of this.layers) x = layer(x);
    return x;
  }
}

export function moduleList(): void {
  manualSeed(0);
  const model = new Net();
  const x = randn([1, 10]);
  console.log(model);
  console.log('output:', model(x));
  console.log('registered:', [...model.namedParameters()].map(([name]) => name).join(', '));
}

// Program 1: a Sequential runs its layers itself, in order.
import { manualSeed, nn, randn } from 'flambeau';

export function sequential(): void {
  manualSeed(0);
  const model = new nn.Sequential(new nn.Linear(10, 50), new nn.ReLU(), new nn.Linear(50, 2), new nn.Sigmoid());
  const x = randn([1, 10]);
  console.log(model);
  console.log('output:', model(x));
}

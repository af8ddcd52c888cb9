// Recurrent layers over 64 steps of 128 features, 256 of state.
import { nn, randn } from 'flambeau';
import { backward, forward, type Trial } from './trial.js';

const STEPS = 64;
const INPUTS = 128;
const WIDTH = 256;

function rows(name: 'LSTM' | 'GRU', gates: number, batch: number): Trial[] {
  const layer = (): nn.LSTM | nn.GRU => new nn[name](INPUTS, WIDTH);
  const weights = gates * WIDTH * (INPUTS + WIDTH);
  const flops = 2 * STEPS * batch * weights;
  const read = 4 * (weights + STEPS * batch * INPUTS);
  const written = 4 * STEPS * batch * WIDTH;
  const label = `${name} 128-256, 64 steps, batch ${batch}`;
  return [
    forward(
      label,
      () => {
        const model = layer();
        const x = randn([STEPS, batch, INPUTS]);
        return () => model(x).flat();
      },
      { flops, read, written },
    ),
    backward(
      label,
      () => {
        const model = layer();
        const x = randn([STEPS, batch, INPUTS], { requiresGrad: true });
        return { output: model(x)[0], inputs: [x, ...model.parameters()] };
      },
      { flops: 2 * flops, read: read + written, written: read },
    ),
  ];
}

export const trials: readonly Trial[] = [
  ...rows('LSTM', 4, 1),
  ...rows('LSTM', 4, 32),
  ...rows('GRU', 3, 1),
  ...rows('GRU', 3, 32),
];

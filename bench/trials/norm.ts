// Softmax and the normalisations: one pass over memory where it can be.
import { functional as F, randint, randn, type Tensor } from 'flambeau';
import { backward, type Costs, forward, type Trial } from './trial.js';

/** `rows` lines of `width`, normalised along the line: read once, written once; backward reads output and gradient. */
function alongRows(
  name: string,
  rows: number,
  width: number,
  apply: (x: Tensor) => Tensor,
  series?: Costs['series'],
): Trial[] {
  const bytes = 4 * rows * width;
  const label = `${name} ${rows}x${width}`;
  return [
    forward(
      label,
      () => {
        const x = randn([rows, width]);
        return () => apply(x);
      },
      { read: bytes, written: bytes, series },
    ),
    backward(
      label,
      () => {
        const x = randn([rows, width], { requiresGrad: true });
        return { output: apply(x), inputs: [x] };
      },
      { read: 2 * bytes, written: bytes },
    ),
  ];
}

function crossEntropy(): Trial[] {
  const [rows, classes] = [1024, 1000];
  const bytes = 4 * rows * classes;
  const name = `crossEntropy ${rows}x${classes}`;
  return [
    forward(
      name,
      () => {
        const x = randn([rows, classes]);
        const target = randint(0, classes, [rows]);
        return () => F.crossEntropy(x, target);
      },
      { read: bytes },
    ),
    backward(
      name,
      () => {
        const x = randn([rows, classes], { requiresGrad: true });
        return { output: F.crossEntropy(x, randint(0, classes, [rows])), inputs: [x] };
      },
      { read: bytes, written: bytes },
    ),
  ];
}

/** A norm of x with its parameters. Forward reads x and writes y; backward reads x and y's gradient and writes x's. */
function normalisation(
  name: string,
  shape: readonly number[],
  parameters: readonly (readonly number[])[],
  apply: (x: Tensor, ...parameters: Tensor[]) => Tensor,
): Trial[] {
  const bytes = 4 * shape.reduce((a, b) => a * b, 1);
  const operands = (requiresGrad: boolean): [Tensor, ...Tensor[]] => [
    randn(shape, { requiresGrad }),
    ...parameters.map((size) => randn(size, { requiresGrad })),
  ];
  return [
    forward(
      name,
      () => {
        const inputs = operands(false);
        return () => apply(...inputs);
      },
      { read: bytes, written: bytes },
    ),
    backward(
      name,
      () => {
        const inputs = operands(true);
        return { output: apply(...inputs), inputs };
      },
      { read: 2 * bytes, written: bytes },
    ),
  ];
}

const LINE = [1024] as const;
const layerNorm = (x: Tensor, weight?: Tensor, bias?: Tensor): Tensor => F.layerNorm(x, LINE, { weight, bias });
const CHANNELS = [64] as const;
const IMAGES = [8, 64, 56, 56] as const;

export const trials: readonly Trial[] = [
  ...alongRows('softmax', 1024, 1024, (x) => x.softmax(-1)),
  ...[1, 16, 256, 4096, 16384].map(
    (rows) => alongRows('softmax', rows, 256, (x) => x.softmax(-1), { name: 'softmax: rows of 256', size: rows })[0]!,
  ),
  ...alongRows('softmax', 4096, 1024, (x) => x.softmax(-1)),
  ...alongRows('logSoftmax', 1024, 1024, (x) => x.logSoftmax(-1)),
  ...crossEntropy(),
  ...normalisation('layerNorm 1024x1024', [1024, 1024], [LINE, LINE], layerNorm),
  ...normalisation('layerNorm 4096x1024', [4096, 1024], [LINE, LINE], layerNorm),
  ...normalisation('rmsNorm 1024x1024', [1024, 1024], [LINE], (x, weight) => F.rmsNorm(x, LINE, { weight })),
  ...normalisation('groupNorm 8x64x56x56', IMAGES, [CHANNELS, CHANNELS], (x, weight, bias) =>
    F.groupNorm(x, 32, { weight, bias }),
  ),
  ...normalisation('batchNorm 8x64x56x56, training', IMAGES, [CHANNELS, CHANNELS], (x, weight, bias) =>
    F.batchNorm(x, null, null, { weight, bias, training: true }),
  ),
];

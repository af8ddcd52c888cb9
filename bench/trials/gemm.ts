// Matrix products: squares, odd shapes, the four transpositions, matrix-vector.
import { matmul, nn, randn, type Tensor } from 'flambeau';
import { type Costs, forward, type Precision, type Product, type Trial } from './trial.js';

const BYTES = { float32: 4, float64: 8 } as const;
type Floating = keyof typeof BYTES;

function costs(product: Product & { precision: Floating }): Costs {
  const { m, k, n, precision } = product;
  const size = BYTES[precision];
  return { flops: 2 * m * k * n, read: size * (m * k + k * n), written: size * m * n, precision, product };
}

interface Details {
  readonly dtype?: Floating;
  /** BLAS's: N or T for each operand. */
  readonly layout?: string;
  readonly series?: Costs['series'];
}

/** [m, k] × [k, n]; a transposed operand is a view of its transpose. */
function product(name: string, m: number, k: number, n: number, details: Details = {}): Trial {
  const { dtype = 'float32', layout = 'NN', series } = details;
  const operand = (rows: number, columns: number, transposed: boolean): Tensor =>
    transposed ? randn([columns, rows], { dtype }).transpose(0, 1) : randn([rows, columns], { dtype });
  return forward(
    name,
    () => {
      const a = operand(m, k, layout[0] === 'T');
      const b = operand(k, n, layout[1] === 'T');
      return () => matmul(a, b);
    },
    { ...costs({ m, k, n, layout, precision: dtype }), series },
  );
}

const SQUARES = [32, 64, 128, 256, 512, 1024, 2048];
const ODD: readonly (readonly [number, number, number])[] = [
  [333, 777, 555],
  [1000, 3, 1000],
  [17, 4096, 17],
];
const short = (precision: Precision): string => (precision === 'float64' ? 'f64' : 'f32');

function ofType(dtype: Floating): Trial[] {
  return [
    ...SQUARES.map((n) => {
      const name = `gemm ${short(dtype)}`;
      return product(`${name} ${n}`, n, n, n, { dtype, series: { name, size: n } });
    }),
    ...ODD.map(([m, k, n]) => product(`gemm ${short(dtype)} ${m}x${k}x${n}`, m, k, n, { dtype })),
  ];
}

function matrixVector(m: number, k: number, transposed: boolean): Trial {
  return forward(
    `gemv ${m}x${k}${transposed ? ' transposed' : ''}`,
    () => {
      const a = transposed ? randn([k, m]).transpose(0, 1) : randn([m, k]);
      const x = randn([k]);
      return () => matmul(a, x);
    },
    costs({ m, k, n: 1, layout: transposed ? 'TN' : 'NN', precision: 'float32' }),
  );
}

function linear(batch: number): Trial {
  const width = 512;
  const name = `linear ${width}-${width}, batch`;
  return forward(
    `${name} ${batch}`,
    () => {
      const layer = new nn.Linear(width, width);
      const x = randn([batch, width]);
      return () => layer(x);
    },
    {
      flops: 2 * batch * width * width,
      read: 4 * (batch + width + 1) * width,
      written: 4 * batch * width,
      series: { name: 'linear 512-512: batch', size: batch },
    },
  );
}

export const trials: readonly Trial[] = [
  ...ofType('float32'),
  ...['NT', 'TN', 'TT'].map((layout) => product(`gemm f32 512 ${layout}`, 512, 512, 512, { layout })),
  ...ofType('float64'),
  matrixVector(768, 3072, false),
  matrixVector(768, 3072, true),
  matrixVector(4096, 4096, false),
  matrixVector(4096, 4096, true),
  ...[1, 4, 16, 64, 256, 1024].map(linear),
  forward(
    'bmm 64x128x64x128',
    () => {
      const a = randn([64, 128, 64]);
      const b = randn([64, 64, 128]);
      return () => matmul(a, b);
    },
    { flops: 2 * 64 * 128 * 64 * 128, read: 4 * 2 * 64 * 128 * 64, written: 4 * 64 * 128 * 128 },
  ),
];

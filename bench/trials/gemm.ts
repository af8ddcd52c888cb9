// Matrix products: squares, odd shapes, the four transpositions, matrix-vector.
import { matmul, randn, type Tensor } from 'flambeau';
import { type Costs, forward, type Precision, type Trial } from './trial.js';

const BYTES = { float32: 4, float64: 8 } as const;
type Floating = keyof typeof BYTES;

function costs(m: number, k: number, n: number, precision: Floating): Costs {
  const size = BYTES[precision];
  return { flops: 2 * m * k * n, read: size * (m * k + k * n), written: size * m * n, precision };
}

/** [m, k] × [k, n]; a transposed operand is a view of its transpose. `layout` is BLAS's: N or T for each. */
function product(name: string, m: number, k: number, n: number, dtype: Floating = 'float32', layout = 'NN'): Trial {
  const operand = (rows: number, columns: number, transposed: boolean): Tensor =>
    transposed ? randn([columns, rows], { dtype }).transpose(0, 1) : randn([rows, columns], { dtype });
  return forward(
    name,
    () => {
      const a = operand(m, k, layout[0] === 'T');
      const b = operand(k, n, layout[1] === 'T');
      return () => matmul(a, b);
    },
    costs(m, k, n, dtype),
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
    ...SQUARES.map((n) => product(`gemm ${short(dtype)} ${n}`, n, n, n, dtype)),
    ...ODD.map(([m, k, n]) => product(`gemm ${short(dtype)} ${m}x${k}x${n}`, m, k, n, dtype)),
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
    costs(m, k, 1, 'float32'),
  );
}

export const trials: readonly Trial[] = [
  ...ofType('float32'),
  ...['NT', 'TN', 'TT'].map((layout) => product(`gemm f32 512 ${layout}`, 512, 512, 512, 'float32', layout)),
  ...ofType('float64'),
  matrixVector(768, 3072, false),
  matrixVector(768, 3072, true),
  matrixVector(4096, 4096, false),
  matrixVector(4096, 4096, true),
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

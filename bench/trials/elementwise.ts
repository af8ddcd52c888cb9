// One pass over memory: at 1M elements, and one op at many sizes.
import { functional as F, rand, randn, type Tensor } from 'flambeau';
import { backward, type Costs, forward, type Trial } from './trial.js';

const MILLION = 1 << 20;

function binary(op: 'add' | 'mul', n: number, label: string, series?: Costs['series']): Trial {
  return forward(
    `${op} ${label}`,
    () => {
      const a = randn([n]);
      const b = randn([n]);
      return () => a[op](b);
    },
    { flops: n, read: 8 * n, written: 4 * n, series },
  );
}

type Unary = 'exp' | 'log' | 'tanh' | 'erf' | 'sigmoid' | 'gelu' | 'silu' | 'relu';

function unary(op: Unary): Trial[] {
  const n = MILLION;
  const operand = (): Tensor => (op === 'log' ? randn([n]).abs() : randn([n]));
  return [
    forward(
      `${op} 1M`,
      () => {
        const x = operand();
        return () => x[op]();
      },
      { read: 4 * n, written: 4 * n },
    ),
    backward(
      `${op} 1M`,
      () => {
        const x = operand().requiresGrad_();
        return { output: x[op](), inputs: [x] };
      },
      { read: 8 * n, written: 4 * n },
    ),
  ];
}

export const trials: readonly Trial[] = [
  ...[4, 64, 1024, 16384, 262144, 4194304, 16777216].map((n) =>
    binary('add', n, `${n} elements`, { name: 'add: elements', size: n }),
  ),
  binary('add', MILLION, '1M'),
  binary('mul', MILLION, '1M'),
  forward(
    'add 1024x1024 + row',
    () => {
      const a = randn([1024, 1024]);
      const row = randn([1024]);
      return () => a.add(row);
    },
    { flops: MILLION, read: 4 * MILLION, written: 4 * MILLION },
  ),
  forward(
    'exp 1M float64',
    () => {
      const x = randn([MILLION], { dtype: 'float64' });
      return () => x.exp();
    },
    { read: 8 * MILLION, written: 8 * MILLION },
  ),
  forward(
    'pow 1M',
    () => {
      const x = rand([MILLION]);
      const y = randn([MILLION]);
      return () => x.pow(y);
    },
    { read: 8 * MILLION, written: 4 * MILLION },
  ),
  forward(
    'dropout 1M',
    () => {
      const x = randn([MILLION]);
      return () => F.dropout(x, { p: 0.1 });
    },
    { read: 4 * MILLION, written: 4 * MILLION },
  ),
  forward('randn 1M', () => () => randn([MILLION]), { written: 4 * MILLION }),
  ...(['exp', 'log', 'tanh', 'erf', 'sigmoid', 'gelu', 'silu', 'relu'] as const).flatMap(unary),
];

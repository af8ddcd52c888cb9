// What forgetting costs: results that nobody disposes of, beside the same results freed at once.
import { randn, type Tensor } from 'flambeau';
import { freedAndLeft, type Trial } from './trial.js';

const MILLION = 1 << 20;

const add = (n: number): Trial[] =>
  freedAndLeft(
    `add ${n === MILLION ? '1M' : n}`,
    () => {
      const a = randn([n]);
      const b = randn([n]);
      return () => a.add(b);
    },
    { flops: n, read: 8 * n, written: 4 * n },
  );

/** Three passes whose first two results nobody keeps. */
const chain = (n: number, label: string): Trial[] =>
  freedAndLeft(
    `add, mul, relu ${label}`,
    () => {
      const a = randn([n]);
      const b = randn([n]);
      return (): Tensor[] => {
        const sum = a.add(b);
        const product = sum.mul(b);
        return [sum, product, product.relu()];
      };
    },
    { flops: 3 * n, read: 20 * n, written: 12 * n },
  );

export const trials: readonly Trial[] = [
  ...[4, 1024, 4096, 16384, 65536, 262144, MILLION].flatMap(add),
  ...freedAndLeft(
    'softmax 1M',
    () => {
      const x = randn([1024, 1024]);
      return () => x.softmax(-1);
    },
    { read: 4 * MILLION, written: 4 * MILLION },
  ),
  ...chain(16384, '16384'),
  ...chain(MILLION, '1M'),
];

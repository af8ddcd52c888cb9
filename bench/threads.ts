// `npm run bench:threads`: what waking the pool's threads costs, and what they are worth at sizes around those from which
// they are woken. Each row's two times are interleaved; a ratio below 1 says that more threads were slower than one.
import { execFileSync } from 'node:child_process';
import { functional as F, getNumThreads, matmul, noGrad, randn, setNumThreads, type Tensor } from 'flambeau';
import { buildPrograms, program } from './machine.js';
import { median } from './statistics.js';

const SAMPLES = 61;
const SAMPLE_NS = 1e6;

type Work = () => Tensor;

const unary = (f: (x: Tensor) => Tensor) => (n: number) => {
  const x = randn([n]);
  return () => f(x);
};

/** The sizes and what one run at each is. */
const ROWS: Record<string, readonly [sizes: readonly number[], setup: (n: number) => Work]> = {
  'add: elements': [[8, 16, 32, 64, 128, 512].map((k) => k * 1024), unary((x) => x.add(x))],
  'exp: elements': [[1, 2, 4, 8, 16, 64].map((k) => k * 1024), unary((x) => x.exp())],
  'sum: elements': [[8, 16, 32, 64, 128, 512].map((k) => k * 1024), unary((x) => x.sum())],
  'softmax: rows of 256': [
    [8, 16, 32, 64, 128, 512],
    (n) => {
      const x = randn([n, 256]);
      return () => F.softmax(x, -1);
    },
  ],
  'layer norm: rows of 384': [
    [8, 16, 32, 64, 128, 512],
    (n) => {
      const x = randn([n, 384]);
      return () => F.layerNorm(x, [384]);
    },
  ],
  'matmul n×n×n: n': [
    [64, 80, 96, 100, 104, 128, 160, 256],
    (n) => {
      const [a, b] = [randn([n, n]), randn([n, n])];
      return () => matmul(a, b);
    },
  ],
  'linear 512 → 512: rows': [
    [1, 2, 4, 8, 16, 32, 128],
    (n) => {
      const [x, weight, bias] = [randn([n, 512]), randn([512, 512]), randn([512])];
      return () => F.linear(x, weight, bias);
    },
  ],
  'linear n → n, one row: n': [
    [128, 256, 320, 352, 384, 448, 512, 1024],
    (n) => {
      const [x, weight, bias] = [randn([1, n]), randn([n, n]), randn([n])];
      return () => F.linear(x, weight, bias);
    },
  ],
  'attention, 12 heads of 64: length': [
    [4, 8, 16, 32, 64, 128],
    (n) => {
      const [q, k, v] = [0, 1, 2].map(() => randn([1, 12, n, 64])) as [Tensor, Tensor, Tensor];
      return () => F.scaledDotProductAttention(q, k, v);
    },
  ],
};

function time(work: Work, runs: number): number {
  const begin = process.hrtime.bigint();
  for (let i = 0; i < runs; i++) work().dispose();
  return Number(process.hrtime.bigint() - begin) / runs;
}

const many = getNumThreads();
if (buildPrograms()) {
  const cost = execFileSync(program('wakeup'), [String(many)], { encoding: 'utf8' });
  console.log(`A loop's cost beside its work, in ns: ${cost}`);
}
console.log(`| Work | Size | 1 thread, µs | ${many} threads, µs | Ratio |\n| --- | ---: | ---: | ---: | ---: |`);
for (const [name, [sizes, setup]] of Object.entries(ROWS)) {
  for (const size of sizes) {
    noGrad(() => {
      const work = setup(size);
      for (let i = 0; i < 200; i++) work().dispose();
      const runs = Math.max(1, Math.round(SAMPLE_NS / time(work, 10)));
      const samples: [number[], number[]] = [[], []];
      for (let i = 0; i < SAMPLES; i++) {
        for (const [at, threads] of [1, many].entries()) {
          setNumThreads(threads);
          time(work, 1);
          samples[at]!.push(time(work, runs));
        }
      }
      const [one, all] = samples.map(median) as [number, number];
      const microseconds = (ns: number): string => (ns / 1000).toFixed(2);
      console.log(`| ${name} | ${size} | ${microseconds(one)} | ${microseconds(all)} | ${(one / all).toFixed(2)} |`);
    });
  }
}

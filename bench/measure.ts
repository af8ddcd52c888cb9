import { median } from './statistics.js';

const MIN_SAMPLES = 5;
const MAX_SAMPLES = 41;
const SAMPLE_NS = 4e6;
const BUDGET_NS = 100e6;
const WARM_UP_NS = 80e6;
// A JavaScript engine compiles what has run often: short work is warmed up by count, within limits.
const WARM_UP_RUNS = 10_000;
const MOST_WARM_UP_NS = 500e6;

/** Nanoseconds of so many runs in a row. */
export type Timer = (runs: number) => number | Promise<number>;

export const timer =
  (work: () => void): Timer =>
  (runs) => {
    const begin = process.hrtime.bigint();
    for (let i = 0; i < runs; i++) work();
    return Number(process.hrtime.bigint() - begin);
  };

export const asyncTimer =
  (work: () => Promise<unknown>): Timer =>
  async (runs) => {
    const begin = process.hrtime.bigint();
    for (let i = 0; i < runs; i++) await work();
    return Number(process.hrtime.bigint() - begin);
  };

/**
 * Nanoseconds of one run: the median over samples of about 4 ms (or one run), after a warm-up. The peers in other
 * languages measure in the same way.
 */
export async function medianTime(timeOf: Timer): Promise<number> {
  let runs = 1;
  for (let warm = 0, done = 0; warm < WARM_UP_NS || (done < WARM_UP_RUNS && warm < MOST_WARM_UP_NS); ) {
    const elapsed = await timeOf(runs);
    warm += elapsed;
    done += runs;
    runs = Math.max(1, Math.round((runs * SAMPLE_NS) / Math.max(elapsed, 1)));
  }
  const samples: number[] = [];
  for (let spent = 0; samples.length < MIN_SAMPLES || (samples.length < MAX_SAMPLES && spent < BUDGET_NS); ) {
    const elapsed = await timeOf(runs);
    spent += elapsed;
    samples.push(elapsed / runs);
  }
  return median(samples);
}

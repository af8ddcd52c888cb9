const MIN_SAMPLES = 5;
const MAX_SAMPLES = 41;
const SAMPLE_NS = 4e6;
const BUDGET_NS = 200e6;
const WARM_UP_NS = 150e6;

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

function timeOf(work: () => void, runs: number): number {
  const begin = process.hrtime.bigint();
  for (let i = 0; i < runs; i++) work();
  return Number(process.hrtime.bigint() - begin);
}

/**
 * Nanoseconds of one run: the median over samples of about 4 ms (or one run), after a warm-up. Every peer's runner does
 * the same.
 */
export function medianTime(work: () => void): number {
  let runs = 1;
  for (let warm = 0; warm < WARM_UP_NS; ) {
    const elapsed = timeOf(work, runs);
    warm += elapsed;
    runs = Math.max(1, Math.round((runs * SAMPLE_NS) / Math.max(elapsed, 1)));
  }
  const samples: number[] = [];
  for (let spent = 0; samples.length < MIN_SAMPLES || (samples.length < MAX_SAMPLES && spent < BUDGET_NS); ) {
    const elapsed = timeOf(work, runs);
    spent += elapsed;
    samples.push(elapsed / runs);
  }
  return median(samples);
}

/** The value below which a share of the values lies, between neighbours in proportion. */
export function quantile(values: readonly number[], share: number): number {
  if (values.length === 0) return Number.NaN;
  const sorted = [...values].sort((a, b) => a - b);
  const position = (sorted.length - 1) * share;
  const below = Math.floor(position);
  const low = sorted[below]!;
  const high = sorted[Math.min(below + 1, sorted.length - 1)]!;
  return low + (high - low) * (position - below);
}

export const median = (values: readonly number[]): number => quantile(values, 0.5);

export interface Ratio {
  /** Median over median. */
  readonly value: number;
  /** Quartiles of the ratios within each round. */
  readonly low: number;
  readonly high: number;
}

/** Of two peers measured in the same rounds. */
export function ratioOf(ours: readonly number[], theirs: readonly number[]): Ratio {
  const rounds = Math.min(ours.length, theirs.length);
  const each = Array.from({ length: rounds }, (_, i) => ours[i]! / theirs[i]!);
  return { value: median(ours) / median(theirs), low: quantile(each, 0.25), high: quantile(each, 0.75) };
}

import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { randperm, type Tensor, tensor } from 'flambeau';

export interface Split {
  /** [n, 64], pixels scaled to 0…1. */
  readonly images: Tensor;
  /** [n], int64. */
  readonly labels: Tensor;
}

const PIXELS = 64;

/** The 1,797 digits in a random order (the default generator's), four fifths to train on and one to test on. */
export function loadDigits(): { train: Split; test: Split } {
  const csv = gunzipSync(readFileSync(new URL('../data/digits.csv.gz', import.meta.url))).toString('utf8');
  const rows = csv
    .trim()
    .split('\n')
    .map((line) => line.split(',').map(Number));
  const images = tensor(rows.map((row) => row.slice(0, PIXELS))).div(16);
  const labels = tensor(
    rows.map((row) => row[PIXELS]!),
    { dtype: 'int64' },
  );
  const order = randperm(rows.length);
  const cut = Math.floor(rows.length * 0.8);
  const pick = (from: number, to: number): Split => {
    const chosen = order.slice(0, from, to);
    return { images: images.indexSelect(0, chosen), labels: labels.indexSelect(0, chosen) };
  };
  return { train: pick(0, cut), test: pick(cut, rows.length) };
}

/** The split in batches, in a new random order. */
export function* batches({ images, labels }: Split, size: number): Generator<Split> {
  const order = randperm(images.length);
  for (let from = 0; from < images.length; from += size) {
    const chosen = order.slice(0, from, from + size);
    yield { images: images.indexSelect(0, chosen), labels: labels.indexSelect(0, chosen) };
  }
}

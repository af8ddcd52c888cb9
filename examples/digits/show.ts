import type { Tensor } from 'flambeau';
import type { Split } from './data.js';
import { type Classifier, predict } from './train.js';

const SHADES = ' .:-=+*#%@';
const SIDE = 8;

/** Rows are the true digits, columns the predicted ones. */
export function confusionMatrix(model: Classifier, test: Split): string {
  const counts = Array.from({ length: 10 }, () => new Array<number>(10).fill(0));
  const predicted = predict(model, test.images).toArray() as number[];
  const labels = test.labels.toArray() as number[];
  labels.forEach((label, i) => {
    counts[label]![predicted[i]!]!++;
  });
  const cell = (value: number | string): string => String(value).padStart(4);
  const header = `  true\\predicted${[...counts.keys()].map(cell).join('')}`;
  const rows = counts.map(
    (row, label) => `${cell(label).padStart(16)}${row.map((n) => cell(n === 0 ? '·' : n)).join('')}`,
  );
  return [header, ...rows].join('\n');
}

/** A few digits side by side, drawn in the terminal, with what the model says they are. */
export function drawDigits(model: Classifier, test: Split, count: number): string {
  const images = test.images.narrow(0, 0, count);
  const pixels = images.toArray() as number[][];
  const predicted = predict(model, images).toArray() as number[];
  const labels = test.labels.narrow(0, 0, count).toArray() as number[];
  const lines: string[] = [];
  for (let row = 0; row < SIDE; row++) {
    lines.push(pixels.map((image) => `  ${drawRow(image.slice(row * SIDE, (row + 1) * SIDE))}`).join(''));
  }
  const captions = predicted.map((digit, i) => `  predicted ${digit}, is ${labels[i]}`.padEnd(2 + 2 * SIDE));
  return [...lines, captions.join('')].join('\n');
}

const drawRow = (pixels: readonly number[]): string =>
  pixels.map((value) => SHADES[Math.round(value * (SHADES.length - 1))]!.repeat(2)).join('');

/** The largest difference between two tensors of one shape. */
export function largestDifference(a: Tensor, b: Tensor): number {
  return a.sub(b).abs().max().item();
}

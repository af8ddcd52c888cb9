// Scaled dot product attention of 12 heads of 64 features, one sequence; a causal mask halves the work.
import { functional as F } from 'flambeau';
import { both, type Trial } from './trial.js';

const HEADS = 12;
const WIDTH = 64;

function rows(length: number, isCausal: boolean): Trial[] {
  const shape = [1, HEADS, length, WIDTH];
  const bytes = 4 * HEADS * length * WIDTH;
  const flops = (4 * HEADS * length ** 2 * WIDTH) / (isCausal ? 2 : 1);
  const name = `attention 12x${length}x64${isCausal ? ' causal' : ''}`;
  const series = isCausal ? undefined : { name: 'attention, 12 heads of 64: length', size: length };
  return both(name, [shape, shape, shape], (q, k, v) => F.scaledDotProductAttention(q!, k!, v!, { isCausal }), {
    forward: { flops, read: 3 * bytes, written: bytes, series },
    // The scores again, and two products for each of the forward's.
    backward: { flops: 2.5 * flops, read: 5 * bytes, written: 3 * bytes },
  });
}

export const trials: readonly Trial[] = [64, 128, 256, 512, 1024, 2048].flatMap((length) => [
  ...rows(length, false),
  ...rows(length, true),
]);

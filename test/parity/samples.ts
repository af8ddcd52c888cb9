import { type DType, fromTypedArray, type Tensor } from './library.js';

// The inputs of the parity rows, as data: make_fixtures.py builds the same tensors from the same specs and seeds.

/** How elements are drawn. All values are multiples of 1/256, so that float32 holds them exactly. */
export type Kind =
  | 'any' // [−4, 4]
  | 'positive' // (0, 4)
  | 'unit' // (0, 1)
  | 'inside' // (−1, 1)
  | 'above' // (1, 5)
  | 'distinct' // different from each other, in [−4, 4)
  | 'ties' // −1, 0 or 1
  | 'factors' // [−4, 4], every fifth 0
  | 'special' // NaN, the infinities, zeros of both signs and ordinary numbers in turn
  | 'index' // integers in [0, below)
  | 'mask'; // 0 or 1

/** How the tensor lies in memory; strides differ from row-major order in all but the first. */
export type Layout = 'contiguous' | 'transposed' | 'strided' | 'expanded';

export interface Input {
  readonly shape: readonly number[];
  readonly kind: Kind;
  readonly layout: Layout;
  /** null is the dtype under test. */
  readonly dtype: DType | null;
  readonly grad: boolean;
  /** For 'index'. */
  readonly below: number;
}

export interface Sample {
  readonly inputs: readonly Input[];
  /** How far PyTorch's results are compared: values, gradients, gradients of gradients. */
  readonly depth: 0 | 1 | 2;
}

/** An input of the dtype under test that requires grad. */
export function t(shape: readonly number[], kind: Kind = 'any', layout: Layout = 'contiguous'): Input {
  return { shape, kind, layout, dtype: null, grad: true, below: 0 };
}

/** An input that does not require grad. */
export const fixed = (input: Input): Input => ({ ...input, grad: false });

export const of = (dtype: DType, shape: readonly number[], kind: Kind = 'any'): Input => ({
  ...fixed(t(shape, kind)),
  dtype,
});

export const index = (shape: readonly number[], below: number): Input => ({ ...of('int64', shape, 'index'), below });

export const mask = (shape: readonly number[]): Input => of('bool', shape, 'mask');

/** mulberry32, by Tommy Ettinger (public domain): 32 random bits a step. */
export function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 15), z | 1);
    z ^= z + Math.imul(z ^ (z >>> 7), z | 61);
    return (z ^ (z >>> 14)) >>> 0;
  };
}

/** FNV-1a: the seed of a row's sample's input. */
export function seedOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193) >>> 0;
  return hash;
}

const SPECIAL = [Number.NaN, 1, Infinity, -2.5, -Infinity, 0, 0.5, -0, 3, -1, 100, -100];

export function draw(input: Input, n: number, seed: number): Float64Array {
  const next = generator(seed);
  const values = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    const r = next();
    switch (input.kind) {
      case 'any':
        values[i] = ((r % 2049) - 1024) / 256;
        break;
      case 'positive':
        values[i] = ((r % 1000) + 16) / 256;
        break;
      case 'unit':
        values[i] = ((r % 255) + 1) / 256;
        break;
      case 'inside':
        values[i] = ((r % 511) - 255) / 256;
        break;
      case 'above':
        values[i] = ((r % 1000) + 272) / 256;
        break;
      case 'distinct':
        values[i] = ((i * 37 + (seed % 64)) % 64) / 8 - 4 + (r % 8) / 256 + Math.floor(i / 64) * 8;
        break;
      case 'ties':
        values[i] = (r % 3) - 1;
        break;
      case 'factors':
        values[i] = r % 5 === 0 ? 0 : ((r % 2049) - 1024) / 256;
        break;
      case 'special':
        values[i] = SPECIAL[i % SPECIAL.length]!;
        break;
      case 'index':
        values[i] = r % input.below;
        break;
      case 'mask':
        values[i] = r % 2;
        break;
    }
  }
  return values;
}

/** The shape in memory of which `layout` makes a tensor of the input's shape. */
function storedShape({ shape, layout }: Input): number[] {
  switch (layout) {
    case 'contiguous':
      return [...shape];
    case 'transposed':
      return [...shape].reverse();
    case 'strided':
      return shape.map((n, i) => (i === shape.length - 1 ? 2 * n : n));
    case 'expanded':
      return shape.map((n, i) => (i === 0 ? 1 : n));
  }
}

/** The leaf and the view of it that the row reads. */
export function build(input: Input, dtype: DType, seed: number): { leaf: Tensor; value: Tensor } {
  const shape = storedShape(input);
  const data = draw(
    input,
    shape.reduce((a, b) => a * b, 1),
    seed,
  );
  const leaf = fromTypedArray(data, shape, { dtype: input.dtype ?? dtype, requiresGrad: input.grad });
  switch (input.layout) {
    case 'contiguous':
      return { leaf, value: leaf };
    case 'transposed':
      return { leaf, value: leaf.permute(shape.map((_, i) => shape.length - 1 - i)) };
    case 'strided':
      return { leaf, value: leaf.slice(shape.length - 1, 0, Number.POSITIVE_INFINITY, 2) };
    case 'expanded':
      return { leaf, value: leaf.expand(input.shape) };
  }
}

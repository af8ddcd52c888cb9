import type { DType } from './dtype.js';
import { addon, put, scratch } from './runtime.js';
import type { Shape } from './shape.js';
import { handleOf, makeTensor, type Tensor } from './tensor.js';

// As raw.ts, for the kernels that move elements by index. Index tensors are int64; native code checks every value
// before it writes.

function produce(shape: Shape, dtype: DType, call: (out: Tensor) => number): Tensor {
  const out = makeTensor(shape, dtype);
  out._handle = call(out);
  return out;
}

function producePair(
  shape: Shape,
  dtypes: readonly [DType, DType],
  call: (first: Tensor, second: Tensor) => number,
  secondShape: Shape = shape,
): [Tensor, Tensor] {
  const first = makeTensor(shape, dtypes[0]);
  const second = makeTensor(secondShape, dtypes[1]);
  first._handle = call(first, second);
  second._handle = scratch[0]!;
  return [first, second];
}

const resized = (shape: Shape, dim: number, size: number): number[] => shape.map((n, i) => (i === dim ? size : n));

/** index is one-dimensional. */
export function rawIndexSelect(x: Tensor, dim: number, index: Tensor): Tensor {
  return produce(resized(x.shape, dim, index.numel), x.dtype, (out) =>
    addon.indexSelect(handleOf('indexSelect', x), dim, handleOf('indexSelect', index), out),
  );
}

/** The rows of weight [n, width] at index [...], as [..., width]. */
export function rawEmbedding(weight: Tensor, index: Tensor): Tensor {
  return produce([...index.shape, weight.shape[1]!], weight.dtype, (out) =>
    addon.embedding(handleOf('embedding', weight), handleOf('embedding', index), out),
  );
}

/** target[index[i]] += source[i] along `dim`, in place. */
export function rawIndexAdd(target: Tensor, dim: number, index: Tensor, source: Tensor): void {
  addon.indexAdd(handleOf('indexAdd', target), dim, handleOf('indexAdd', index), handleOf('indexAdd', source));
}

export function rawGather(x: Tensor, dim: number, index: Tensor): Tensor {
  return produce(index.shape, x.dtype, (out) =>
    addon.gather(handleOf('gather', x), dim, handleOf('gather', index), out),
  );
}

export function rawScatter(target: Tensor, dim: number, index: Tensor, source: Tensor): void {
  addon.scatter(handleOf('scatter', target), dim, handleOf('scatter', index), handleOf('scatter', source));
}

export function rawScatterAdd(target: Tensor, dim: number, index: Tensor, source: Tensor): void {
  addon.scatterAdd(handleOf('scatterAdd', target), dim, handleOf('scatterAdd', index), handleOf('scatterAdd', source));
}

/** Tensors of one dtype whose shapes agree but along `dim`. */
export function rawConcat(tensors: readonly Tensor[], dim: number): Tensor {
  const size = tensors.reduce((n, x) => n + x.shape[dim]!, 0);
  const first = tensors[0]!;
  const handles = Float64Array.from(tensors, (x) => handleOf('cat', x));
  return produce(resized(first.shape, dim, size), first.dtype, (out) => addon.concat(handles, dim, out));
}

export function rawTriangle(x: Tensor, diagonal: number, upper: boolean): Tensor {
  const op = upper ? 'triu' : 'tril';
  return produce(x.shape, x.dtype, (out) => addon.triangle(handleOf(op, x), diagonal, upper, out));
}

/** Stable; NaN is the largest value. */
export function rawSort(x: Tensor, dim: number, descending: boolean): [Tensor, Tensor] {
  return producePair(x.shape, [x.dtype, 'int64'], (values, indices) =>
    addon.sort(handleOf('sort', x), dim, descending, values, indices),
  );
}

export function rawTopk(x: Tensor, dim: number, k: number, largest: boolean): [Tensor, Tensor] {
  return producePair(resized(x.shape, dim, k), [x.dtype, 'int64'], (values, indices) =>
    addon.topk(handleOf('topk', x), dim, k, largest, values, indices),
  );
}

/** The indices of the non-zero elements, [count, rank]. */
export function rawNonzero(x: Tensor): Tensor {
  const shape = [0, x.shape.length];
  return produce(shape, 'int64', (out) => {
    const handle = addon.nonzero(handleOf('nonzero', x), out);
    shape[0] = scratch[0]!;
    return handle;
  });
}

export function rawFlip(x: Tensor, dims: readonly number[]): Tensor {
  return produce(x.shape, x.dtype, (out) => addon.flip(handleOf('flip', x), put(dims), out));
}

/** −weight[target] · x[target] by row of x [n, classes], and each row's weight; 0 where target is ignoreIndex. */
export function rawNll(x: Tensor, target: Tensor, weight: Tensor | null, ignoreIndex: number): [Tensor, Tensor] {
  return producePair([x.shape[0]!], [x.dtype, x.dtype], (losses, weights) =>
    addon.nll(
      handleOf('nllLoss', x),
      handleOf('nllLoss', target),
      weight === null ? 0 : handleOf('nllLoss', weight),
      ignoreIndex,
      losses,
      weights,
    ),
  );
}

export function rawNllBackward(
  g: Tensor,
  target: Tensor,
  weights: Tensor,
  classes: number,
  ignoreIndex: number,
): Tensor {
  return produce([target.shape[0]!, classes], g.dtype, (out) =>
    addon.nllBackward(
      handleOf('nllLoss', g),
      handleOf('nllLoss', target),
      handleOf('nllLoss', weights),
      classes,
      ignoreIndex,
      out,
    ),
  );
}

/** What the cross entropy of logits and its gradient depend on besides tensors. */
export interface CrossEntropySettings {
  readonly ignoreIndex: number;
  readonly smoothing: number;
  readonly reduction: 'none' | 'mean' | 'sum';
}

/** The codes of native/tensor/drivers.h's LossReduction. */
const REDUCTIONS = { none: 0, mean: 1, sum: 2 } as const;

/** The loss of logits x [n, classes], and what its gradient needs of the forward. */
export function rawCrossEntropy(
  x: Tensor,
  target: Tensor,
  weight: Tensor | null,
  settings: CrossEntropySettings,
): [Tensor, Tensor] {
  const { ignoreIndex, smoothing, reduction } = settings;
  const rows = x.shape[0]!;
  return producePair(
    reduction === 'none' ? [rows] : [],
    [x.dtype, x.dtype === 'bfloat16' ? 'float32' : x.dtype],
    (loss, stats) =>
      addon.crossEntropy(
        handleOf('crossEntropy', x),
        handleOf('crossEntropy', target),
        weight === null ? 0 : handleOf('crossEntropy', weight),
        ignoreIndex,
        smoothing,
        REDUCTIONS[reduction],
        loss,
        stats,
      ),
    [2 * rows + 1],
  );
}

export function rawCrossEntropyBackward(
  g: Tensor,
  x: Tensor,
  target: Tensor,
  weight: Tensor | null,
  stats: Tensor,
  settings: CrossEntropySettings,
): Tensor {
  const { ignoreIndex, smoothing } = settings;
  return produce(x.shape, x.dtype, (out) =>
    addon.crossEntropyBackward(
      handleOf('crossEntropy', g),
      handleOf('crossEntropy', x),
      handleOf('crossEntropy', target),
      weight === null ? 0 : handleOf('crossEntropy', weight),
      handleOf('crossEntropy', stats),
      ignoreIndex,
      smoothing,
      out,
    ),
  );
}

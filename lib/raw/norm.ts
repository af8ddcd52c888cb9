import { codesOf } from '../tensor/codes.js';
import { addon } from '../tensor/runtime.js';
import { handleOf, makeTensor, type Tensor } from '../tensor/tensor.js';
import { rawEmpty } from './create.js';

// As raw.ts, for the normalisations: their forwards leave what backward needs in `statistics`, when that is given, and
// their backwards make the gradients that are wanted.

const ROW_NORMS = codesOf('rowNorm', ['layerNorm', 'rmsNorm']);

const handleOrNone = (op: string, x: Tensor | null): number => (x === null ? 0 : handleOf(op, x));

/** Means and 1/√(variance + eps) of what was normalised; RMS norm has no means. */
export interface Statistics {
  mean: Tensor | null;
  rstd: Tensor | null;
}

/** Empty statistics of `n` rows, channels or groups. */
export function newStatistics(x: Tensor, n: number, centred = true): Statistics {
  return { mean: centred ? rawEmpty([n], x.dtype) : null, rstd: rawEmpty([n], x.dtype) };
}

/** Layer norm over the last `axes` dimensions, or RMS norm. */
export function rawRowNorm(
  rms: boolean,
  x: Tensor,
  weight: Tensor | null,
  bias: Tensor | null,
  axes: number,
  eps: number,
  statistics: Statistics | null,
): Tensor {
  const op = rms ? 'rmsNorm' : 'layerNorm';
  const out = makeTensor(x._shape, x.dtype);
  out._handle = addon.rowNorm(
    ROW_NORMS[op],
    handleOf(op, x),
    handleOrNone(op, weight),
    handleOrNone(op, bias),
    axes,
    eps,
    handleOrNone(op, statistics?.mean ?? null),
    handleOrNone(op, statistics?.rstd ?? null),
    out,
  );
  return out;
}

/** The gradients of x, weight and bias; null for those that `needs` has no use for. */
export type NormGradients = readonly [x: Tensor | null, weight: Tensor | null, bias: Tensor | null];
export type NormNeeds = readonly [x: boolean, weight: boolean, bias: boolean];

function emptyGradients(x: Tensor, parameterShape: readonly number[], needs: NormNeeds): NormGradients {
  const parameter = (needed: boolean): Tensor | null => (needed ? rawEmpty(parameterShape, x.dtype) : null);
  return [needs[0] ? rawEmpty(x._shape, x.dtype) : null, parameter(needs[1]), parameter(needs[2])];
}

export function rawRowNormBackward(
  rms: boolean,
  g: Tensor,
  x: Tensor,
  weight: Tensor | null,
  { mean, rstd }: Statistics,
  axes: number,
  needs: NormNeeds,
): NormGradients {
  const op = rms ? 'rmsNormBackward' : 'layerNormBackward';
  const gradients = emptyGradients(x, x._shape.slice(x._shape.length - axes), needs);
  addon.rowNormBackward(
    ROW_NORMS[rms ? 'rmsNorm' : 'layerNorm'],
    handleOf(op, g),
    handleOf(op, x),
    handleOrNone(op, weight),
    handleOrNone(op, mean),
    handleOf(op, rstd!),
    axes,
    handleOrNone(op, gradients[0]),
    handleOrNone(op, gradients[1]),
    handleOrNone(op, gradients[2]),
  );
  return gradients;
}

/** In training the running statistics, where given, move towards x's own by `momentum`. */
export function rawBatchNorm(
  x: Tensor,
  weight: Tensor | null,
  bias: Tensor | null,
  running: readonly [mean: Tensor | null, variance: Tensor | null],
  training: boolean,
  momentum: number,
  eps: number,
  statistics: Statistics | null,
): Tensor {
  const op = 'batchNorm';
  const out = makeTensor(x._shape, x.dtype);
  out._handle = addon.batchNorm(
    handleOf(op, x),
    handleOrNone(op, weight),
    handleOrNone(op, bias),
    handleOrNone(op, running[0]),
    handleOrNone(op, running[1]),
    training,
    momentum,
    eps,
    handleOrNone(op, statistics?.mean ?? null),
    handleOrNone(op, statistics?.rstd ?? null),
    out,
  );
  return out;
}

export function rawBatchNormBackward(
  g: Tensor,
  x: Tensor,
  weight: Tensor | null,
  { mean, rstd }: Statistics,
  training: boolean,
  needs: NormNeeds,
): NormGradients {
  const op = 'batchNormBackward';
  const gradients = emptyGradients(x, [x._shape[1]!], needs);
  addon.batchNormBackward(
    handleOf(op, g),
    handleOf(op, x),
    handleOrNone(op, weight),
    handleOf(op, mean!),
    handleOf(op, rstd!),
    training,
    handleOrNone(op, gradients[0]),
    handleOrNone(op, gradients[1]),
    handleOrNone(op, gradients[2]),
  );
  return gradients;
}

export function rawGroupNorm(
  x: Tensor,
  groups: number,
  weight: Tensor | null,
  bias: Tensor | null,
  eps: number,
  statistics: Statistics | null,
): Tensor {
  const op = 'groupNorm';
  const out = makeTensor(x._shape, x.dtype);
  out._handle = addon.groupNorm(
    handleOf(op, x),
    groups,
    handleOrNone(op, weight),
    handleOrNone(op, bias),
    eps,
    handleOrNone(op, statistics?.mean ?? null),
    handleOrNone(op, statistics?.rstd ?? null),
    out,
  );
  return out;
}

export function rawGroupNormBackward(
  g: Tensor,
  x: Tensor,
  groups: number,
  weight: Tensor | null,
  { mean, rstd }: Statistics,
  needs: NormNeeds,
): NormGradients {
  const op = 'groupNormBackward';
  const gradients = emptyGradients(x, [x._shape[1]!], needs);
  addon.groupNormBackward(
    handleOf(op, g),
    handleOf(op, x),
    groups,
    handleOrNone(op, weight),
    handleOf(op, mean!),
    handleOf(op, rstd!),
    handleOrNone(op, gradients[0]),
    handleOrNone(op, gradients[1]),
    handleOrNone(op, gradients[2]),
  );
  return gradients;
}

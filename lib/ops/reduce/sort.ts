import { defineOp, type Op } from '../../autograd/op.js';
import { rawSort, rawTopk } from '../../raw/sort.js';
import { type AlongAny, isOptions, named, refuseSurplus } from '../../tensor/arguments.js';
import { fail } from '../../tensor/errors.js';
import { checkInteger, checkOptions } from '../../tensor/options.js';
import { normalizeDim } from '../../tensor/shape.js';
import { checkTensor, type Tensor } from '../../tensor/tensor.js';
import { spreadAlong } from '../indexing/selection.js';

function ordering(
  name: string,
  order: (x: Tensor, dim: number, k: number, flag: boolean) => [Tensor, Tensor],
): Op<[x: Tensor, dim: number, k: number, flag: boolean], Tensor[]> {
  return defineOp({
    name,
    forward: (x, dim, k, flag) => order(x, dim, k, flag),
    save: (_args, [, indices]) => [indices!],
    backward: ({ args: [x, dim], saved: [indices] }, g) => [g ? spreadAlong(g, x.shape, dim, indices!) : null],
  });
}

const sortOp = ordering('sort', (x, dim, _k, descending) => rawSort(x, dim, descending));
const topkOp = ordering('topk', (x, dim, k, largest) => rawTopk(x, dim, k, largest));

export interface SortOptions {
  /** From the largest down; false unless given. */
  descending?: boolean;
  /** Whether equal elements keep their order; they do in any case. */
  stable?: boolean;
}

/**
 * [values, indices] sorted along `dim`, the last by default. Stable; NaN counts as the largest.
 *
 * @example
 * const [values, indices] = tensor([3, 1, 2]).sort(); // [1, 2, 3] and [1, 2, 0]
 */
export function sort(x: Tensor, ...args: AlongAny<SortOptions>): [values: Tensor, indices: Tensor];
export function sort(
  x: Tensor,
  dim: number | SortOptions = -1,
  options?: SortOptions,
): [values: Tensor, indices: Tensor] {
  if (arguments.length > 3) refuseSurplus('sort', arguments, 3);
  if (isOptions(dim)) return sort(x, ...named('sort', 'dim', dim, options));
  checkTensor('sort', x);
  const { descending = false } = checkOptions('sort', options, ['descending', 'stable'], undefined, 'dim');
  return sortOp(x, normalizeDim('sort', dim, x._shape.length), 0, descending) as [Tensor, Tensor];
}

/**
 * The indices that sort x along `dim`.
 *
 * @example
 * tensor([3, 1, 2]).argsort().toArray(); // [1, 2, 0]
 */
export function argsort(x: Tensor, ...args: AlongAny<SortOptions>): Tensor;
export function argsort(x: Tensor, dim: number | SortOptions = -1, options?: SortOptions): Tensor {
  if (arguments.length > 3) refuseSurplus('argsort', arguments, 3);
  if (isOptions(dim)) return argsort(x, ...named('argsort', 'dim', dim, options));
  checkTensor('argsort', x);
  const { descending = false } = checkOptions('argsort', options, ['descending', 'stable'], undefined, 'dim');
  return rawSort(x, normalizeDim('argsort', dim, x._shape.length), descending)[1];
}

export interface TopkOptions {
  /** false gives the smallest. */
  largest?: boolean;
  /** Whether they come in order; they do in any case. */
  sorted?: boolean;
}

/**
 * [values, indices] of the k largest along `dim`, the last by default, in order.
 *
 * @example
 * tensor([3, 1, 2]).topk(2)[0].toArray(); // [3, 2]
 * tensor([3, 1, 2]).topk(2)[1].toArray(); // [0, 2]
 */
export function topk(x: Tensor, k: number, ...args: AlongAny<TopkOptions>): [values: Tensor, indices: Tensor];
export function topk(
  x: Tensor,
  k: number,
  dim: number | TopkOptions = -1,
  options?: TopkOptions,
): [values: Tensor, indices: Tensor] {
  if (arguments.length > 4) refuseSurplus('topk', arguments, 4);
  if (isOptions(dim)) return topk(x, k, ...named('topk', 'dim', dim, options));
  checkTensor('topk', x);
  const { largest = true } = checkOptions('topk', options, ['largest', 'sorted'], undefined, 'dim');
  const d = normalizeDim('topk', dim, x._shape.length);
  const size = x._shape[d] ?? 1;
  if (checkInteger('topk', 'k', k) < 0 || k > size)
    fail('OUT_OF_RANGE', `topk: k must be between 0 and ${size}, the size of dimension ${d}, got ${k}`);
  // A scalar is its own top, also of none, as in PyTorch.
  return topkOp(x, d, x._shape.length === 0 ? 1 : k, largest) as [Tensor, Tensor];
}

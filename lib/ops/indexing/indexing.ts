import { defineOp, type Op } from '../../autograd/op.js';
import { rawIndexAdd, rawNonzero, rawScatter, rawScatterAdd } from '../../raw/indexing.js';
import { type Along, type AlongOnly, type DimOption, isOptions, named, refuseSurplus } from '../../tensor/arguments.js';
import { fail } from '../../tensor/errors.js';
import { checkElement } from '../../tensor/nested.js';
import { checkChoice, checkOptions, onlyOption } from '../../tensor/options.js';
import { broadcastShapes, normalizeDim, numelOf, showShape } from '../../tensor/shape.js';
import { checkTensor, Tensor } from '../../tensor/tensor.js';
import { checkFactor, checkOperand, expandTo, type Operand, scalar } from '../broadcast.js';
import { add, mul } from '../elementwise/arithmetic.js';
import { lt } from '../elementwise/compare.js';
import { checkMask, where as choose } from '../elementwise/masking.js';
import { rawClone, reshapeTo, slice } from '../shape/layout.js';
import { checkIndex } from './indices.js';
import { scatterMultiply } from './scatterReduce.js';
import { gatherOp, indexSelectOp } from './selection.js';

export { maskedFill } from '../elementwise/masking.js';

// Reading and writing by index. Indices are int64 (int32 and uint8 are cast); they do not count from the end but in
// `take`.

/**
 * out[i][j] = x[index[i][j]][j] for dim 0, and so on: index has x's rank and, but along `dim`, no larger sizes.
 *
 * @example
 * tensor([[1, 2], [3, 4]]).gather(1, tensor([[0], [1]], { dtype: 'int64' })).toArray(); // [[1], [4]]
 */
export function gather(x: Tensor, ...args: AlongOnly<[index: Tensor]>): Tensor;
export function gather(x: Tensor, dim: number | Tensor, index: Tensor | DimOption): Tensor {
  if (arguments.length > 3) refuseSurplus('gather', arguments, 3);
  if (isOptions(index)) return gather(x, onlyOption('gather', 'dim', index), dim as Tensor);
  checkTensor('gather', x);
  const d = normalizeDim('gather', dim, x._shape.length);
  const at = checkIndex('gather', index);
  if (x._shape.length > 0 && at._shape.length > 0) return gatherOp(x, d, at);
  return reshapeTo(gatherOp(vector(x), d, vector(at)), at._shape);
}

/** A zero-dimensional tensor takes part as a vector of one element. */
const vector = (x: Tensor): Tensor => (x._shape.length === 0 ? reshapeTo(x, [1]) : x);

const scatterOp: Op<[x: Tensor, dim: number, index: Tensor, source: Tensor]> = defineOp({
  name: 'scatter',
  forward: (x, dim, index, source) => {
    const out = rawClone(x);
    rawScatter(out, dim, index, source);
    return out;
  },
  save: ([, , index]) => [index],
  backward: ({ args: [, dim], saved: [index], needs }, g) => [
    needs[0] ? scatterOp(g, dim, index!, expandTo(scalar(0, g.dtype), index!._shape)) : null,
    null,
    needs[2] ? gatherOp(g, dim, index!) : null,
  ],
});

const scatterAddOp: Op<[x: Tensor, dim: number, index: Tensor, source: Tensor]> = defineOp({
  name: 'scatterAdd',
  forward: (x, dim, index, source) => {
    const out = rawClone(x);
    rawScatterAdd(out, dim, index, source);
    return out;
  },
  save: ([, , index]) => [index],
  backward: ({ args: [, dim], saved: [index], needs }, g) => [g, null, needs[2] ? gatherOp(g, dim, index!) : null],
});

/** The part of source that the index walks over. */
function under(op: string, source: Tensor, index: Tensor, x: Tensor): Tensor {
  if (source.dtype !== x.dtype)
    fail(
      'DTYPE_MISMATCH',
      `${op}: expected source to be ${x.dtype} as the input, got ${source.dtype}; cast it with to('${x.dtype}')`,
    );
  if (numelOf(index._shape) === 0) return reshapeTo(expandTo(scalar(0, x.dtype), index._shape), index._shape);
  if (source._shape.length !== index._shape.length || index._shape.some((n, i) => n > source._shape[i]!)) {
    fail(
      'SHAPE_MISMATCH',
      `${op}: expected index ${showShape(index._shape)} to be no larger than source ${showShape(source._shape)}`,
    );
  }
  let part = source;
  index._shape.forEach((n, i) => {
    if (n !== part._shape[i]) part = slice(part, i, 0, n);
  });
  return part;
}

export interface ScatterOptions {
  /** Adds source to what is there, or multiplies it by source, instead of replacing it. */
  reduce?: 'add' | 'multiply';
}

const SCATTERS = { add: scatterAddOp, multiply: scatterMultiply };

/**
 * x with out[index[i][j]][j] = source[i][j] for dim 0, and so on; source is a tensor or a number. Where indices are
 * equal the last one counts; with `reduce` all do.
 *
 * @example
 * zeros([3]).scatter(0, tensor([2, 0], { dtype: 'int64' }), tensor([5, 7])).toArray(); // [7, 0, 5]
 * ones([2]).scatter(0, tensor([1, 1], { dtype: 'int64' }), 3, { reduce: 'multiply' }).toArray(); // [1, 9]
 */
export function scatter(x: Tensor, ...args: Along<[index: Tensor, source: Operand], ScatterOptions>): Tensor;
export function scatter(
  x: Tensor,
  dim: number | Tensor,
  index: Operand,
  source: Operand | ScatterOptions,
  options?: ScatterOptions,
): Tensor {
  if (arguments.length > 5) refuseSurplus('scatter', arguments, 5);
  if (isOptions(source)) {
    const [along, rest] = named('scatter', 'dim', source, options);
    return scatter(x, along, dim as Tensor, index as Operand, rest);
  }
  const { reduce } = checkOptions('scatter', options, ['reduce'], undefined, 'dim');
  if (reduce !== undefined) checkChoice('scatter', 'reduce', reduce, ['add', 'multiply']);
  checkTensor('scatter', x);
  const d = normalizeDim('scatter', dim, x._shape.length);
  const at = vector(checkIndex('scatter', index));
  const values = checkOperand('scatter', source, 'source');
  const out = (reduce === undefined ? scatterOp : SCATTERS[reduce])(
    vector(x),
    d,
    at,
    values instanceof Tensor
      ? under('scatter', vector(values), at, x)
      : expandTo(scalar(checkElement('scatter', 'source', Number(values), x.dtype), x.dtype), at._shape),
  );
  return x._shape.length === 0 ? reshapeTo(out, []) : out;
}

/**
 * As `scatter`, adding to what is there.
 *
 * @example
 * zeros([2]).scatterAdd(0, tensor([1, 1], { dtype: 'int64' }), tensor([5, 7])).toArray(); // [0, 12]
 */
export function scatterAdd(x: Tensor, ...args: AlongOnly<[index: Tensor, source: Tensor]>): Tensor;
export function scatterAdd(x: Tensor, dim: number | Tensor, index: Tensor, source: Tensor | DimOption): Tensor {
  if (arguments.length > 4) refuseSurplus('scatterAdd', arguments, 4);
  if (isOptions(source)) return scatterAdd(x, onlyOption('scatterAdd', 'dim', source), dim as Tensor, index);
  checkTensor('scatterAdd', x);
  const d = normalizeDim('scatterAdd', dim, x._shape.length);
  const at = vector(checkIndex('scatterAdd', index));
  const values = under('scatterAdd', vector(checkTensor('scatterAdd', source, 'source')), at, x);
  const out = scatterAddOp(vector(x), d, at, values);
  return x._shape.length === 0 ? reshapeTo(out, []) : out;
}

function checkList(op: string, index: unknown): Tensor {
  const list = checkIndex(op, index);
  if (list._shape.length > 1)
    fail('SHAPE_MISMATCH', `${op}: index must be a vector, got shape ${showShape(list._shape)}`);
  return list;
}

/**
 * The slices of x along `dim` that a vector of indices names, in its order.
 *
 * @example
 * tensor([[1, 2], [3, 4]]).indexSelect(0, tensor([1, 0], { dtype: 'int64' })).toArray(); // [[3, 4], [1, 2]]
 */
export function indexSelect(x: Tensor, ...args: AlongOnly<[index: Tensor]>): Tensor;
export function indexSelect(x: Tensor, dim: number | Tensor, index: Tensor | DimOption): Tensor {
  if (arguments.length > 3) refuseSurplus('indexSelect', arguments, 3);
  if (isOptions(index)) return indexSelect(x, onlyOption('indexSelect', 'dim', index), dim as Tensor);
  checkTensor('indexSelect', x);
  return indexSelectOp(x, normalizeDim('indexSelect', dim, x._shape.length), checkList('indexSelect', index));
}

const indexAddOp: Op<[x: Tensor, dim: number, index: Tensor, source: Tensor]> = defineOp({
  name: 'indexAdd',
  forward: (x, dim, index, source) => {
    const out = rawClone(x);
    rawIndexAdd(out, dim, index, source);
    return out;
  },
  save: ([, , index]) => [index],
  backward: ({ args: [, dim], saved: [index], needs }, g) => [g, null, needs[2] ? indexSelectOp(g, dim, index!) : null],
});

/**
 * x with alpha · source's slices added at `index` along `dim`.
 *
 * @example
 * zeros([3]).indexAdd(0, tensor([2, 2], { dtype: 'int64' }), tensor([1, 5])).toArray(); // [0, 0, 6]
 */
export function indexAdd(x: Tensor, ...args: Along<[index: Tensor, source: Tensor], { alpha?: number }>): Tensor;
export function indexAdd(
  x: Tensor,
  dim: number | Tensor,
  index: Tensor,
  source: Tensor | { alpha?: number },
  options?: { alpha?: number },
): Tensor {
  if (arguments.length > 5) refuseSurplus('indexAdd', arguments, 5);
  if (isOptions(source)) {
    const [along, rest] = named('indexAdd', 'dim', source, options);
    return indexAdd(x, along, dim as Tensor, index, rest);
  }
  checkTensor('indexAdd', x);
  checkTensor('indexAdd', source, 'source');
  const { alpha = 1 } = checkOptions('indexAdd', options, ['alpha'], undefined, 'dim');
  const list = checkList('indexAdd', index);
  const d = normalizeDim('indexAdd', dim, x._shape.length);
  if (source.dtype !== x.dtype)
    fail(
      'DTYPE_MISMATCH',
      `indexAdd: expected source to be ${x.dtype} as the input, got ${source.dtype}; cast it with to('${x.dtype}')`,
    );
  const factor = checkFactor('indexAdd', 'alpha', alpha, x.dtype);
  return indexAddOp(x, d, list, factor === 1 ? source : mul(source, factor));
}

/**
 * The elements of x where the broadcast bool mask holds, as a vector.
 *
 * @example
 * tensor([1, -2, 3]).maskedSelect(tensor([true, false, true])).toArray(); // [1, 3]
 */
export function maskedSelect(x: Tensor, mask: Tensor): Tensor {
  if (arguments.length > 2) refuseSurplus('maskedSelect', arguments, 2);
  checkTensor('maskedSelect', x);
  checkMask('maskedSelect', mask, 'mask');
  const shape = broadcastShapes('maskedSelect', x._shape, mask._shape);
  const n = [numelOf(shape)];
  const chosen = rawNonzero(reshapeTo(expandTo(mask, shape), n));
  return indexSelectOp(reshapeTo(expandTo(x, shape), n), 0, reshapeTo(chosen, [chosen._shape[0]!]));
}

/**
 * The elements of the flattened x at `index`, in index's shape; negative indices count from the end.
 *
 * @example
 * tensor([[1, 2], [3, 4]]).take(tensor([0, -1], { dtype: 'int64' })).toArray(); // [1, 4]
 */
export function take(x: Tensor, index: Tensor): Tensor {
  if (arguments.length > 2) refuseSurplus('take', arguments, 2);
  const n = numelOf(checkTensor('take', x)._shape);
  const at = checkIndex('take', index);
  const flat = reshapeTo(choose(lt(at, 0), add(at, n), at), [numelOf(at._shape)]);
  return reshapeTo(indexSelectOp(reshapeTo(x, [n]), 0, flat), at._shape);
}

/**
 * The indices of the non-zero elements, one row each: [count, rank], int64.
 *
 * @example
 * tensor([[0, 5], [6, 0]]).nonzero().toArray(); // [[0, 1], [1, 0]]
 * tensor([[0, 5], [6, 0]]).nonzero({ asTuple: true }).length; // 2: rows and columns
 */
export function nonzero(x: Tensor, options?: { readonly asTuple?: false }): Tensor;
export function nonzero(x: Tensor, options: { readonly asTuple: true }): Tensor[];
export function nonzero(x: Tensor, options?: { readonly asTuple?: boolean }): Tensor | Tensor[] {
  if (arguments.length > 2) refuseSurplus('nonzero', arguments, 2);
  const { asTuple = false } = checkOptions('nonzero', options, ['asTuple']);
  checkTensor('nonzero', x);
  if (!asTuple) return rawNonzero(x);
  const all = rawNonzero(x._shape.length === 0 ? reshapeTo(x, [1]) : x);
  const [count, rank] = all._shape as unknown as [number, number];
  return Array.from({ length: rank }, (_, dim) => reshapeTo(slice(all, 1, dim, 1), [count]));
}

/** x where condition holds, other elsewhere. */
export function where(x: Tensor, condition: Tensor, other: Operand): Tensor {
  if (arguments.length > 3) refuseSurplus('where', arguments, 3);
  return choose(condition, x, other);
}

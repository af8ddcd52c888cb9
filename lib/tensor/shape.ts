import { describe, fail } from './errors.js';
import { MAX_RANK } from './runtime.js';

/** Sizes, outermost first; empty for a zero-dimensional tensor. */
export type Shape = readonly number[];

export const showShape = (shape: Shape): string => `[${shape.join(', ')}]`;

export function numelOf(shape: Shape): number {
  let n = 1;
  for (let i = 0; i < shape.length; i++) n *= shape[i]!;
  return n;
}

export function sameShape(a: Shape, b: Shape): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

export function contiguousStrides(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  let step = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    strides[i] = step;
    step *= Math.max(1, shape[i]!);
  }
  return strides;
}

/** PyTorch's broadcasting: aligned from the right, sizes are equal or one of them is 1. */
export function broadcastShapes(op: string, a: Shape, b: Shape): Shape {
  if (sameShape(a, b)) return a;
  const rank = Math.max(a.length, b.length);
  const shape = new Array<number>(rank);
  for (let i = 1; i <= rank; i++) {
    const p = i <= a.length ? a[a.length - i]! : 1;
    const q = i <= b.length ? b[b.length - i]! : 1;
    if (p !== q && p !== 1 && q !== 1) {
      fail(
        'SHAPE_MISMATCH',
        `${op}: shapes do not broadcast, ${showShape(a)} and ${showShape(b)} differ at dimension ${rank - i}`,
      );
    }
    shape[rank - i] = p === 1 ? q : p;
  }
  return shape;
}

/** Dimension `dim` of a tensor of this rank, negative from the end; a zero-dimensional tensor has dimension 0. */
export function normalizeDim(op: string, dim: unknown, rank: number): number {
  if (!Number.isInteger(dim)) fail('WRONG_TYPE', `${op}: dim must be an integer, got ${describe(dim)}`);
  const range = Math.max(rank, 1);
  const d = dim as number;
  if (d < -range || d >= range) {
    fail(
      'INDEX_OUT_OF_RANGE',
      `${op}: Dimension out of range (expected to be in range of [${-range}, ${range - 1}], but got ${d})`,
    );
  }
  return d < 0 ? d + range : d;
}

/** `dim` as a list of distinct dimensions; undefined or null means all. */
export function normalizeDims(op: string, dim: number | readonly number[] | null | undefined, rank: number): number[] {
  if (dim === undefined || dim === null) {
    // A loop: Array.from is slow.
    const all = new Array<number>(rank);
    for (let i = 0; i < rank; i++) all[i] = i;
    return all;
  }
  if (!Array.isArray(dim)) {
    const only = normalizeDim(op, dim, rank);
    return rank === 0 ? [] : [only];
  }
  const dims = dim.map((d) => normalizeDim(op, d, rank));
  if (new Set(dims).size !== dims.length) fail('BAD_ARGUMENT', `${op}: dim appears twice in ${showShape(dim)}`);
  return rank === 0 ? [] : dims;
}

/** Checks sizes given by the user; `rest` is how methods receive them: as numbers or as one array. */
export function checkShape(op: string, rest: readonly unknown[]): number[] {
  const sizes = rest.length === 1 && Array.isArray(rest[0]) ? (rest[0] as unknown[]) : rest;
  if (sizes.length > MAX_RANK) fail('BAD_ARGUMENT', `${op}: at most ${MAX_RANK} dimensions, got ${sizes.length}`);
  let n = 1;
  const shape = new Array<number>(sizes.length);
  for (let i = 0; i < sizes.length; i++) {
    const size = sizes[i];
    if (typeof size !== 'number') fail('WRONG_TYPE', `${op}: a size must be a number, got ${describe(size)}`);
    if (!Number.isSafeInteger(size) || size < 0) {
      fail(
        'BAD_ARGUMENT',
        `${op}: sizes must be non-negative integers, got ${size} in [${sizes.map(describe).join(', ')}]`,
      );
    }
    // Sizes beside one of 0 count too, as in PyTorch: strides and the sizes of results are products of some of them.
    n *= size || 1;
    shape[i] = size;
  }
  if (!(n <= 2 ** 50)) {
    const zeros = shape.includes(0) ? ', counted without its zeros' : '';
    fail('SIZE_OVERFLOW', `${op}: ${showShape(shape)} has more than 2^50 elements${zeros}`);
  }
  return shape;
}

import type { Geometry } from '../../autograd/strided.js';
import { fail } from '../../tensor/errors.js';
import { contiguousStrides, numelOf, type Shape, showShape } from '../../tensor/shape.js';

// What views do to shapes and strides. Dimensions are normalised and sizes checked by the callers in views.ts.

/** Row-major, as if x were contiguous at offset 0. */
export const contiguousGeometry = (shape: Shape): Geometry => ({ shape, strides: contiguousStrides(shape), offset: 0 });

/**
 * The strides that show a tensor of this geometry in another shape of as many elements without moving one; null where
 * that cannot be. Each run of old dimensions without gaps is divided among new ones.
 */
export function viewStrides({ shape, strides }: Geometry, to: Shape): number[] | null {
  if (numelOf(shape) === 0) return sameSizes(shape, to) ? [...strides] : contiguousStrides(to);
  const result = new Array<number>(to.length).fill(1);
  let j = to.length - 1;
  let run = 1;
  let step = strides.length === 0 ? 1 : strides[strides.length - 1]!;
  for (let i = shape.length - 1; i >= 0; i--) {
    run *= shape[i]!;
    const runEnds = i === 0 || (shape[i - 1] !== 1 && strides[i - 1] !== run * step);
    if (!runEnds) continue;
    let filled = 1;
    for (; j >= 0 && (filled < run || to[j] === 1); j--) {
      result[j] = filled * step;
      filled *= to[j]!;
    }
    if (filled !== run) return null;
    if (i > 0) {
      step = strides[i - 1]!;
      run = 1;
    }
  }
  return j < 0 || shape.length === 0 ? result : null;
}

const sameSizes = (a: Shape, b: Shape): boolean => a.length === b.length && a.every((size, i) => size === b[i]);

/** Replaces the -1 in `sizes` by what makes `numel` elements. */
export function inferShape(op: string, sizes: readonly number[], numel: number): number[] {
  const free = sizes.indexOf(-1);
  if (free === -1 && numelOf(sizes) === numel) return [...sizes];
  if (free !== sizes.lastIndexOf(-1))
    fail('BAD_ARGUMENT', `${op}: only one dimension can be inferred, got ${showShape(sizes)}`);
  const known = numelOf(sizes.filter((_, i) => i !== free));
  if (free !== -1 && known === 0) {
    if (numel === 0) {
      const why = 'because the unspecified dimension size -1 can be any value and is ambiguous';
      fail('SHAPE_MISMATCH', `${op}: cannot reshape tensor of 0 elements into shape ${showShape(sizes)} ${why}`);
    }
  } else if (free !== -1 && numel % known === 0) {
    return sizes.map((size, i) => (i === free ? numel / known : size));
  }
  return fail('SHAPE_MISMATCH', `${op}: shape '${showShape(sizes)}' is invalid for input of size ${numel}`);
}

export function permuted({ shape, strides, offset }: Geometry, dims: readonly number[]): Geometry {
  return { shape: dims.map((d) => shape[d]!), strides: dims.map((d) => strides[d]!), offset };
}

/** Every `step`-th of the places [start, end) along `dim`. */
export function sliced(
  { shape, strides, offset }: Geometry,
  dim: number,
  start: number,
  end: number,
  step: number,
): Geometry {
  const size = Math.max(0, Math.ceil((end - start) / step));
  return {
    shape: shape.map((n, i) => (i === dim ? size : n)),
    strides: strides.map((stride, i) => (i === dim ? stride * step : stride)),
    // An empty slice at the end would begin outside of the storage.
    offset: size === 0 ? offset : offset + start * strides[dim]!,
  };
}

export function selected({ shape, strides, offset }: Geometry, dim: number, index: number): Geometry {
  return { shape: shape.toSpliced(dim, 1), strides: strides.toSpliced(dim, 1), offset: offset + index * strides[dim]! };
}

/** The diagonal of dimensions a and b, as the last dimension. */
export function diagonalOf({ shape, strides, offset }: Geometry, shift: number, a: number, b: number): Geometry {
  const rows = shape[a]! - Math.max(0, -shift);
  const columns = shape[b]! - Math.max(0, shift);
  const size = Math.max(0, Math.min(rows, columns));
  const rest = shape.map((_, i) => i).filter((i) => i !== a && i !== b);
  const start = shift >= 0 ? shift * strides[b]! : -shift * strides[a]!;
  return {
    shape: [...rest.map((i) => shape[i]!), size],
    strides: [...rest.map((i) => strides[i]!), strides[a]! + strides[b]!],
    offset: size === 0 ? offset : offset + start,
  };
}

/** Windows of `size` every `step` places along `dim`; the window is the last dimension. */
export function unfolded({ shape, strides, offset }: Geometry, dim: number, size: number, step: number): Geometry {
  const stride = strides[dim] ?? 1;
  return {
    shape: [...shape.map((n, i) => (i === dim ? Math.floor((n - size) / step) + 1 : n)), size],
    strides: [...strides.map((s, i) => (i === dim ? s * step : s)), stride],
    offset,
  };
}

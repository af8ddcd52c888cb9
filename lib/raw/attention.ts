import { addon } from '../tensor/runtime.js';
import { contiguousStrides, type Shape } from '../tensor/shape.js';
import { handleOf, stridesOf, type Tensor } from '../tensor/tensor.js';
import { rawView } from '../tensor/view.js';
import { rawEmpty } from './create.js';

// As raw.ts, for attention. The leading dimensions of all operands agree (broadcast ones have stride 0).

const OP = 'scaledDotProductAttention';

/** An uninitialised tensor of `shape` whose dimensions follow each other in memory as x's do; the last one is dense. */
function emptyInOrderOf(x: Tensor, shape: Shape): Tensor {
  if (x._strides === null) return rawEmpty(shape, x.dtype);
  const lead = stridesOf(x).slice(0, -1);
  // Outermost first; a broadcast dimension stays where it is.
  const order = lead.map((_, i) => i).sort((a, b) => (lead[a] === 0 || lead[b] === 0 ? a - b : lead[b]! - lead[a]!));
  order.push(lead.length);
  if (order.every((dim, i) => dim === i)) return rawEmpty(shape, x.dtype);
  const inMemory = order.map((dim) => shape[dim]!);
  const base = rawEmpty(inMemory, x.dtype);
  const strides = new Array<number>(shape.length);
  contiguousStrides(inMemory).forEach((stride, i) => {
    strides[order[i]!] = stride;
  });
  const out = rawView(base, shape, strides, 0);
  base.dispose();
  return out;
}

const handleOrNone = (x: Tensor | null): number => (x === null ? 0 : handleOf(OP, x));

/** Writes softmax(scale · q kᵀ + mask) v into `out`, and each query's logsumexp into `lse` where that is given. */
export function rawAttentionInto(
  out: Tensor,
  q: Tensor,
  k: Tensor,
  v: Tensor,
  mask: Tensor | null,
  scale: number,
  causal: boolean,
  lse: Tensor | null,
): void {
  addon.attention(
    handleOf(OP, q),
    handleOf(OP, k),
    handleOf(OP, v),
    handleOrNone(mask),
    scale,
    causal,
    handleOf(OP, out),
    handleOrNone(lse),
  );
}

type Rest<F extends (...args: never[]) => unknown> = Parameters<F> extends [unknown, ...infer R] ? R : never;

/** As rawAttentionInto a fresh tensor in q's layout. */
export function rawAttention(...args: Rest<typeof rawAttentionInto>): Tensor {
  const [q, , v] = args;
  const out = emptyInOrderOf(q, [...q._shape.slice(0, -1), v._shape.at(-1)!]);
  rawAttentionInto(out, ...args);
  return out;
}

/** Writes the gradients of q, k and v into `grads`. */
export function rawAttentionBackwardInto(
  grads: readonly [dq: Tensor, dk: Tensor, dv: Tensor],
  g: Tensor,
  q: Tensor,
  k: Tensor,
  v: Tensor,
  mask: Tensor | null,
  out: Tensor,
  lse: Tensor,
  scale: number,
  causal: boolean,
): void {
  addon.attentionBackward(
    handleOf(OP, g),
    handleOf(OP, q),
    handleOf(OP, k),
    handleOf(OP, v),
    handleOrNone(mask),
    handleOf(OP, out),
    handleOf(OP, lse),
    scale,
    causal,
    handleOf(OP, grads[0]),
    handleOf(OP, grads[1]),
    handleOf(OP, grads[2]),
  );
}

/** As rawAttentionBackwardInto fresh tensors, each in its operand's layout. */
export function rawAttentionBackward(
  ...args: Rest<typeof rawAttentionBackwardInto>
): [dq: Tensor, dk: Tensor, dv: Tensor] {
  const [, q, k, v] = args;
  const grads: [Tensor, Tensor, Tensor] = [
    emptyInOrderOf(q, q._shape),
    emptyInOrderOf(k, k._shape),
    emptyInOrderOf(v, v._shape),
  ];
  rawAttentionBackwardInto(grads, ...args);
  return grads;
}

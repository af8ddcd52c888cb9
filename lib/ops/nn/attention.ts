import { anyRequiresGrad, defineOp, type Op, requiresGrad } from '../../autograd/op.js';
import { rawAttention, rawAttentionBackward, rawAttentionBackwardInto, rawAttentionInto } from '../../raw/attention.js';
import { rawEmpty } from '../../raw/create.js';
import { refuseSurplus } from '../../tensor/arguments.js';
import { context } from '../../tensor/context.js';
import { fail } from '../../tensor/errors.js';
import { checkNumber, checkOptions } from '../../tensor/options.js';
import { broadcastShapes, type Shape, sameShape, showShape } from '../../tensor/shape.js';
import { checkTensor, stridesOf, type Tensor } from '../../tensor/tensor.js';
import { rawView } from '../../tensor/view.js';
import { castTo, checkFloating, expandTo, rawExpand, scalar, sumDims } from '../broadcast.js';
import { full } from '../create.js';
import { softmax } from '../elementwise/activation.js';
import { add, mul, sub } from '../elementwise/arithmetic.js';
import { eq } from '../elementwise/compare.js';
import { where } from '../elementwise/masking.js';
import { repeatInterleave } from '../indexing/repeat.js';
import { matmul } from '../matmul/matmul.js';
import { amax } from '../reduce/extrema.js';
import { tril } from '../shape/arrange.js';
import { cat } from '../shape/join.js';
import { reshapeTo, slice, swap, swapLast } from '../shape/layout.js';
import { flatten, unflatten, unsqueeze } from '../shape/views.js';
import { dropout } from './dropout.js';

const OP = 'scaledDotProductAttention';

/** The mask [.., L, S] as what is added to the scores: its own numbers, or −∞ where a boolean one is false. */
export function additive(mask: Tensor, scores: Tensor): Tensor {
  return mask.dtype === 'bool'
    ? where(mask, scalar(0, scores.dtype), scalar(Number.NEGATIVE_INFINITY, scores.dtype))
    : mask;
}

/**
 * softmax(scale · q kᵀ + mask) by differentiable ops, [.., L, S]. The row of a query that sees no key is zero.
 */
function attentionWeights(q: Tensor, k: Tensor, mask: Tensor | null, scale: number, causal: boolean): Tensor {
  let scores = mul(matmul(q, swapLast(k)), scale);
  if (mask !== null) scores = add(scores, additive(mask, scores));
  if (causal) {
    const seen = tril(full([q._shape.at(-2)!, k._shape.at(-2)!], 1)).gt(0);
    scores = add(scores, additive(seen, scores));
  }
  if (mask === null || k._shape.at(-2) === 0) return softmax(scores, -1);
  const blind = eq(amax(scores, -1, { keepdim: true }), Number.NEGATIVE_INFINITY);
  return where(blind, 0, softmax(where(blind, 0, scores), -1));
}

/** Filled by the forward for its own `save`: each query's logsumexp. */
interface Kept {
  lse: Tensor | null;
}

/** Null where nothing is recorded. */
const keptFor = (...operands: readonly Tensor[]): Kept | null =>
  context().grad && anyRequiresGrad(operands) ? { lse: null } : null;

function takeLse(kept: Kept | null): Tensor {
  const { lse } = kept!;
  kept!.lse = null;
  return lse!;
}

/** The gradients by differentiable ops. */
function attentionGradients(
  g: Tensor,
  q: Tensor,
  k: Tensor,
  v: Tensor,
  mask: Tensor | null,
  scale: number,
  causal: boolean,
): [dq: Tensor, dk: Tensor, dv: Tensor] {
  const weights = attentionWeights(q, k, mask, scale, causal);
  const weighted = mul(matmul(g, swapLast(v)), weights);
  const mean = sumDims(weighted, [weights._shape.length - 1], true);
  const dScores = mul(sub(weighted, mul(weights, mean)), scale);
  return [matmul(dScores, k), matmul(swapLast(dScores), q), matmul(swapLast(weights), g)];
}

/** Operands of one dtype and the same leading dimensions. */
const attention: Op<
  [q: Tensor, k: Tensor, v: Tensor, mask: Tensor | null, scale: number, causal: boolean, kept: Kept | null]
> = defineOp({
  name: OP,
  node: 'ScaledDotProductFlashAttentionForCpuBackward0',
  forward: (q, k, v, mask, scale, causal, kept) => {
    if (kept !== null) kept.lse = rawEmpty(q._shape.slice(0, -1), q.dtype);
    return rawAttention(q, k, v, mask, scale, causal, kept?.lse ?? null);
  },
  save: ([q, k, v, mask, , , kept], out) => [q, k, v, mask, out, takeLse(kept)],
  backward: ({ args: [, , , , scale, causal], saved: [q, k, v, mask, out, lse] }, g) => [
    ...(context().grad
      ? attentionGradients(g, q!, k!, v!, mask ?? null, scale, causal)
      : rawAttentionBackward(g, q!, k!, v!, mask ?? null, out!, lse!, scale, causal)),
    null,
  ],
});

/** How the heads of x [d0, d1, parts · heads · depth] are read: d0 or d1 is the batch, and the other the sequence. */
interface Packing {
  readonly heads: number;
  readonly batchFirst: boolean;
}

/** The part-th of `parts` slices of x's last dimension as [batch, heads, length, depth]. */
function rawHeads(x: Tensor, { heads, batchFirst }: Packing, part = 0, parts = 1): Tensor {
  const [d0, d1, width] = x._shape as [number, number, number];
  const [s0, s1, s2] = stridesOf(x) as [number, number, number];
  const depth = width / parts / heads;
  const shape = batchFirst ? [d0, heads, d1, depth] : [d1, heads, d0, depth];
  const strides = batchFirst ? [s0, depth * s2, s1, s2] : [s1, depth * s2, s0, s2];
  return rawView(x, shape, strides, x._offset + (x.numel === 0 ? 0 : (part * s2 * width) / parts));
}

/** As rawHeads, differentiable. */
function headsOf(x: Tensor, packing: Packing, part: number, parts: number): Tensor {
  const [d0, d1, width] = x._shape as [number, number, number];
  const { heads, batchFirst } = packing;
  const own = slice(x, 2, (part * width) / parts, width / parts);
  const split = reshapeTo(own, [d0, d1, heads, width / parts / heads]);
  return batchFirst ? swap(split, 1, 2) : swap(swap(split, 0, 1), 1, 2);
}

/** The inverse of headsOf with one part: [batch, heads, length, depth] → [d0, d1, heads · depth]. */
function joined(x: Tensor, { batchFirst }: Packing): Tensor {
  const split = batchFirst ? swap(x, 1, 2) : swap(swap(x, 1, 2), 0, 1);
  const [d0, d1, heads, depth] = split._shape as [number, number, number, number];
  return reshapeTo(split, [d0, d1, heads * depth]);
}

/**
 * Attention of a sequence to itself, from query, key and value side by side in one tensor: x [d0, d1, 3 · width] →
 * [d0, d1, width]. Neither direction moves anything but the numbers it computes.
 */
const packedAttention: Op<
  [x: Tensor, mask: Tensor | null, packing: Packing, scale: number, causal: boolean, kept: Kept | null]
> = defineOp({
  name: OP,
  node: 'ScaledDotProductFlashAttentionForCpuBackward0',
  forward: (x, mask, packing, scale, causal, kept) => {
    const [q, k, v] = [0, 1, 2].map((part) => rawHeads(x, packing, part, 3)) as [Tensor, Tensor, Tensor];
    const out = rawEmpty([x._shape[0]!, x._shape[1]!, x._shape[2]! / 3], x.dtype);
    const heads = rawHeads(out, packing);
    if (kept !== null) kept.lse = rawEmpty(q._shape.slice(0, -1), x.dtype);
    rawAttentionInto(heads, q, k, v, mask, scale, causal, kept?.lse ?? null);
    for (const view of [q, k, v, heads]) view.dispose();
    return out;
  },
  save: ([x, mask, , , , kept], out) => [x, mask, out, takeLse(kept)],
  backward: ({ args: [, , packing, scale, causal], saved: [x, mask, out, lse] }, g) => {
    if (context().grad) {
      const [q, k, v] = [0, 1, 2].map((part) => headsOf(x!, packing, part, 3)) as [Tensor, Tensor, Tensor];
      const grads = attentionGradients(headsOf(g, packing, 0, 1), q, k, v, mask ?? null, scale, causal);
      return [
        cat(
          grads.map((d) => joined(d, packing)),
          2,
        ),
        null,
      ];
    }
    const dx = rawEmpty(x!._shape, x!.dtype);
    const parts = (of: Tensor): [Tensor, Tensor, Tensor] => [
      rawHeads(of, packing, 0, 3),
      rawHeads(of, packing, 1, 3),
      rawHeads(of, packing, 2, 3),
    ];
    const outHeads = rawHeads(out!, packing);
    rawAttentionBackwardInto(
      parts(dx),
      rawHeads(g, packing),
      ...parts(x!),
      mask ?? null,
      outHeads,
      lse!,
      scale,
      causal,
    );
    dx._versions = null;
    return [dx, null];
  },
});

/** As packedAttention, for nn.MultiheadAttention; the mask broadcasts to [batch, heads, length, length]. */
export function selfAttention(
  x: Tensor,
  mask: Tensor | null,
  heads: number,
  batchFirst: boolean,
  causal: boolean,
): Tensor {
  const [d0, d1, width] = x._shape as [number, number, number];
  const [batch, length] = batchFirst ? [d0, d1] : [d1, d0];
  const wide = mask === null ? null : checkAttentionMask(checkMaskDType(mask, x), [batch, heads, length, length]);
  const scale = 1 / Math.sqrt(width / 3 / heads);
  return packedAttention(x, wide, { heads, batchFirst }, scale, causal, keptFor(x));
}

export interface AttentionOptions {
  /**
   * Broadcasts to [.., L, S]. Booleans say which keys a query sees; numbers, float32 or of the query's dtype, are
   * added to the scores.
   */
  attnMask?: Tensor | null;
  /** The probability that an attention weight is dropped, whether training or not; default 0. */
  dropoutP?: number;
  /** Whether query i sees the keys 0 … i alone; default false. Joins `attnMask` where both are given. */
  isCausal?: boolean;
  /** Multiplies the scores; default 1/√E. */
  scale?: number | null;
  /** Whether key and value may have fewer heads (dimension −3), each serving as many neighbouring query heads. */
  enableGqa?: boolean;
}

function checkOperands(query: Tensor, key: Tensor, value: Tensor): void {
  checkFloating(OP, query, 'query');
  checkTensor(OP, key, 'key');
  checkTensor(OP, value, 'value');
  const shapes = `query ${showShape(query._shape)}, key ${showShape(key._shape)} and value ${showShape(value._shape)}`;
  if (query.dtype !== key.dtype || query.dtype !== value.dtype) {
    fail(
      'DTYPE_MISMATCH',
      `${OP}: query, key and value must have one dtype, got ${query.dtype}, ${key.dtype} and ${value.dtype}; cast them with to('${query.dtype}')`,
    );
  }
  if (query._shape.length < 2 || key._shape.length < 2 || value._shape.length < 2) {
    fail('SHAPE_MISMATCH', `${OP}: query, key and value must be at least 2-dimensional, got ${shapes}`);
  }
  if (query._shape.at(-1) !== key._shape.at(-1)) {
    fail('SHAPE_MISMATCH', `${OP}: query and key must have the same last dimension, got ${shapes}`);
  }
  if (key._shape.at(-2) !== value._shape.at(-2)) {
    fail('SHAPE_MISMATCH', `${OP}: key and value must have the same length (dimension -2), got ${shapes}`);
  }
}

/** A boolean mask, or one of numbers in the dtype that the query is computed in. */
function checkMaskDType(mask: Tensor, query: Tensor): Tensor {
  const { dtype } = checkTensor(OP, mask, 'attnMask');
  if (dtype === 'bool') return mask;
  if (dtype !== 'float32' && dtype !== query.dtype) {
    fail(
      'DTYPE_MISMATCH',
      `${OP}: attnMask must be bool, float32 or of the query's dtype ${query.dtype}, got ${dtype}; cast it with to('${query.dtype}')`,
    );
  }
  return castTo(mask, query.dtype === 'bfloat16' ? 'float32' : query.dtype);
}

/** The mask broadcast to [.., L, S]. */
function checkAttentionMask(mask: Tensor, shape: Shape): Tensor {
  if (!sameShape(broadcastShapes(OP, mask._shape, shape), shape)) {
    fail('SHAPE_MISMATCH', `${OP}: attnMask must broadcast to ${showShape(shape)}, got ${showShape(mask._shape)}`);
  }
  return requiresGrad(mask) ? expandTo(mask, shape) : sameShape(mask._shape, shape) ? mask : rawExpand(mask, shape);
}

/** Heads of query, key and value; the first must be a multiple of the others. */
function checkGroups(query: Tensor, key: Tensor, value: Tensor): readonly [number, number, number] {
  const [heads, keyHeads, valueHeads] = [query, key, value].map((x) => x._shape.at(-3)) as [number, number, number];
  if (heads === undefined || keyHeads === undefined || valueHeads === undefined) {
    fail(
      'SHAPE_MISMATCH',
      `${OP}: enableGqa needs heads (dimension -3), got query of shape ${showShape(query._shape)}`,
    );
  }
  if (keyHeads === 0 || valueHeads === 0 || heads % keyHeads !== 0 || heads % valueHeads !== 0) {
    fail(
      'SHAPE_MISMATCH',
      `${OP}: the number of heads of key and value must divide that of query, got ${keyHeads}, ${valueHeads} and ${heads}`,
    );
  }
  return [heads, keyHeads, valueHeads];
}

function grouped(query: Tensor, key: Tensor, value: Tensor, options: Partial<AttentionOptions>): Tensor {
  const [heads, keyHeads, valueHeads] = checkGroups(query, key, value);
  const rest = { ...options, enableGqa: false };
  if (heads === keyHeads && heads === valueHeads) return scaledDotProductAttention(query, key, value, rest);
  if (keyHeads !== valueHeads) {
    return scaledDotProductAttention(
      query,
      repeatInterleave(key, heads / keyHeads, { dim: -3 }),
      repeatInterleave(value, heads / valueHeads, { dim: -3 }),
      rest,
    );
  }
  // A group of query heads is a dimension along which key and value broadcast.
  const split = (x: Tensor): Tensor => unflatten(x, -3, [keyHeads, heads / keyHeads]);
  const { attnMask: mask = null } = options;
  if (mask !== null && checkTensor(OP, mask, 'attnMask')._shape.length > 2) {
    rest.attnMask = mask._shape.at(-3) === 1 ? unsqueeze(mask, -3) : mask._shape.at(-3) === heads ? split(mask) : mask;
  }
  return flatten(scaledDotProductAttention(split(query), unsqueeze(key, -3), unsqueeze(value, -3), rest), -4, -3);
}

/**
 * softmax(scale · query · keyᵀ + mask) · value, the scores never in memory as a whole.
 *
 * Shapes: query [.., L, E], key [.., S, E], value [.., S, Ev] → [.., L, Ev]; leading dimensions broadcast. The output of
 * a query that sees no key is zero. Only a non-zero `dropoutP`, or a mask that requires grad, makes the L × S scores.
 * bfloat16 is computed in float32. The result lies in memory as query does: for a permuted view of [.., L, heads, E] putting the heads back is free.
 *
 * Vaswani et al., "Attention is all you need" (2017); tiled after Dao, "FlashAttention-2" (2023).
 *
 * @example
 * const [q, k, v] = [randn([1, 12, 128, 64]), randn([1, 12, 128, 64]), randn([1, 12, 128, 64])];
 * F.scaledDotProductAttention(q, k, v, { isCausal: true }).shape; // [1, 12, 128, 64]
 */
export function scaledDotProductAttention(
  query: Tensor,
  key: Tensor,
  value: Tensor,
  options?: AttentionOptions,
): Tensor {
  if (arguments.length > 4) refuseSurplus('scaledDotProductAttention', arguments, 4);
  const known = checkOptions(OP, options, ['attnMask', 'dropoutP', 'isCausal', 'scale', 'enableGqa']);
  const { attnMask = null, dropoutP: chance = 0, isCausal = false, enableGqa = false } = known;
  checkOperands(query, key, value);
  const dropoutP = checkNumber(OP, 'dropoutP', chance);
  if (!(dropoutP >= 0 && dropoutP <= 1)) {
    fail('OUT_OF_RANGE', `${OP}: dropout probability has to be between 0 and 1, but got ${dropoutP}`);
  }
  const scale = checkNumber(OP, 'scale', known.scale ?? 1 / Math.sqrt(query._shape.at(-1)!));
  const given = attnMask === null ? null : checkMaskDType(attnMask, query);
  if (query.dtype === 'bfloat16') {
    const wide = [query, key, value].map((x) => castTo(x, 'float32')) as [Tensor, Tensor, Tensor];
    return castTo(scaledDotProductAttention(...wide, { ...known, attnMask: given }), 'bfloat16');
  }
  if (enableGqa) return grouped(query, key, value, { ...known, attnMask: given });
  const lead = [key, value].reduce<Shape>(
    (shape, x) => broadcastShapes(OP, shape, x._shape.slice(0, -2)),
    query._shape.slice(0, -2),
  );
  const [q, k, v] = [query, key, value].map((x) => expandTo(x, [...lead, ...x._shape.slice(-2)])) as [
    Tensor,
    Tensor,
    Tensor,
  ];
  const mask = given === null ? null : checkAttentionMask(given, [...q._shape.slice(0, -1), k._shape.at(-2)!]);
  if (dropoutP > 0 || (mask !== null && requiresGrad(mask))) {
    return matmul(dropout(attentionWeights(q, k, mask, scale, isCausal), { p: dropoutP }), v);
  }
  return attention(q, k, v, mask, scale, isCausal, keptFor(q, k, v));
}

import { requiresGrad } from '../../autograd/op.js';
import { softmax } from '../../ops/elementwise/activation.js';
import { add, mul } from '../../ops/elementwise/arithmetic.js';
import { logicalAnd, logicalNot } from '../../ops/elementwise/compare.js';
import { linear } from '../../ops/matmul/linear.js';
import { matmul } from '../../ops/matmul/matmul.js';
import { additive, scaledDotProductAttention, selfAttention } from '../../ops/nn/attention.js';
import { dropout as dropoutOp } from '../../ops/nn/dropout.js';
import { mean } from '../../ops/reduce/reduce.js';
import { cat } from '../../ops/shape/join.js';
import { narrow } from '../../ops/shape/slices.js';
import { expand, permute, reshape, squeeze, transpose, unsqueeze } from '../../ops/shape/views.js';
import { rawFull } from '../../raw/create.js';
import { refuseSurplus } from '../../tensor/arguments.js';
import { context } from '../../tensor/context.js';
import { isFloating } from '../../tensor/dtype.js';
import { fail } from '../../tensor/errors.js';
import { tidy } from '../../tensor/memory.js';
import { checkNumber, checkOptions } from '../../tensor/options.js';
import { type Shape, sameShape, showShape } from '../../tensor/shape.js';
import { checkTensor, type Tensor } from '../../tensor/tensor.js';
import { constant_, xavierNormal_, xavierUniform_ } from '../init/init.js';
import { Module } from '../module/module.js';
import { newParameter, type Parameter } from '../module/parameter.js';
import { declareSettings } from '../module/settings.js';
import { markBuiltIn } from '../module/state.js';
import { checkParameterDType, checkWidth, Linear } from './linear.js';

/** PyTorch's name for a Linear that its dynamic quantisation leaves alone; nothing else sets it apart. */
export class NonDynamicallyQuantizableLinear extends Linear {}

export interface MultiheadAttentionOptions {
  /** The probability that an attention weight is dropped in training; default 0. */
  readonly dropout?: number;
  /** Whether the projections add a learned bias; default true. */
  readonly bias?: boolean;
  /** Whether to append a learned key and value to every sequence; default false. */
  readonly addBiasKv?: boolean;
  /** Whether to append a key and a value of zeros to every sequence; default false. */
  readonly addZeroAttn?: boolean;
  /** Features of the keys; default embedDim. */
  readonly kdim?: number | null;
  /** Features of the values; default embedDim. */
  readonly vdim?: number | null;
  /** Whether the batch is dimension 0 of all sequences instead of dimension 1; default false. */
  readonly batchFirst?: boolean;
  readonly dtype?: 'float32' | 'float64';
}

export interface MultiheadAttentionForwardOptions {
  /** [N, S] ([S] unbatched): true hides a key from all queries; numbers are added to the scores. */
  readonly keyPaddingMask?: Tensor | null;
  /** Whether to return the attention weights too, which makes all L × S of them; default true. */
  readonly needWeights?: boolean;
  /** [L, S] or [N · numHeads, L, S]: true hides a key from a query; numbers are added to the scores. */
  readonly attnMask?: Tensor | null;
  /** Whether the weights are averaged over the heads; default true. */
  readonly averageAttnWeights?: boolean;
  /** A hint that attnMask, which must be given, is the causal one; default false. */
  readonly isCausal?: boolean;
}

const OP = 'MultiheadAttention';

/** A mask that hides where it is true as one that shows where it is true; one of numbers as it is. */
function visible(mask: Tensor, argument: string): Tensor {
  checkTensor(OP, mask, argument);
  if (mask.dtype === 'bool') return logicalNot(mask);
  if (!isFloating(mask.dtype)) {
    fail('DTYPE_MISMATCH', `${OP}: only bool and floating types of ${argument} are supported, got ${mask.dtype}`);
  }
  return mask;
}

function merged(a: Tensor | null, b: Tensor | null, like: Tensor): Tensor | null {
  if (a === null || b === null) return a ?? b;
  return a.dtype === 'bool' && b.dtype === 'bool' ? logicalAnd(a, b) : add(additive(a, like), additive(b, like));
}

/**
 * Attention of `numHeads` heads of embedDim / numHeads features each between projections of query, key and value, and a
 * projection of their outputs (Vaswani et al., "Attention is all you need", 2017).
 *
 * Shapes: query [L, N, embedDim], key [S, N, kdim], value [S, N, vdim] → output [L, N, embedDim] and weights [N, L, S]
 * ([N, numHeads, L, S] when they are not averaged) or null; with `batchFirst` [N, L, …] and [N, S, …]; without N for one
 * sequence. Initialisation: input projections Xavier uniform, their bias and that of the output 0, bias_k and bias_v
 * Xavier normal. Without `needWeights` the scores are never in memory as a whole.
 *
 * @example
 * const attention = new nn.MultiheadAttention(64, 8, { batchFirst: true });
 * const x = randn([2, 10, 64]);
 * const [y] = attention(x, x, x, { needWeights: false });
 * y.shape; // [2, 10, 64]
 */
export class MultiheadAttention extends Module {
  readonly embedDim: number;
  readonly numHeads: number;
  readonly headDim: number;
  readonly kdim: number;
  readonly vdim: number;
  /** The probability that an attention weight is dropped in training. */
  dropout: number;
  readonly batchFirst: boolean;
  readonly addZeroAttn: boolean;
  declare q_proj_weight: Parameter | null;
  declare k_proj_weight: Parameter | null;
  declare v_proj_weight: Parameter | null;
  declare in_proj_weight: Parameter | null;
  declare in_proj_bias: Parameter | null;
  declare bias_k: Parameter | null;
  declare bias_v: Parameter | null;
  declare out_proj: NonDynamicallyQuantizableLinear;

  constructor(embedDim: number, numHeads: number, options: MultiheadAttentionOptions = {}) {
    if (arguments.length > 3) refuseSurplus('MultiheadAttention', arguments, 3);
    super();
    const known = checkOptions(OP, options, [
      'dropout',
      'bias',
      'addBiasKv',
      'addZeroAttn',
      'kdim',
      'vdim',
      'batchFirst',
      'dtype',
    ]);
    const { dropout: chance = 0, bias = true, addBiasKv = false, addZeroAttn = false, batchFirst = false } = known;
    checkWidth(OP, 'embedDim', embedDim);
    checkWidth(OP, 'numHeads', numHeads);
    if (embedDim === 0 || numHeads === 0) {
      fail('BAD_ARGUMENT', `${OP}: embedDim and numHeads must be greater than 0, got ${embedDim} and ${numHeads}`);
    }
    if (embedDim % numHeads !== 0) {
      fail('BAD_ARGUMENT', `${OP}: embedDim must be divisible by numHeads, got ${embedDim} and ${numHeads}`);
    }
    const dropout = checkNumber(OP, 'dropout', chance);
    if (!(dropout >= 0 && dropout <= 1)) {
      fail('OUT_OF_RANGE', `${OP}: dropout probability has to be between 0 and 1, but got ${dropout}`);
    }
    const kdim = known.kdim ?? embedDim;
    const vdim = known.vdim ?? embedDim;
    checkWidth(OP, 'kdim', kdim);
    checkWidth(OP, 'vdim', vdim);
    const dtype = checkParameterDType(OP, known.dtype);
    this.embedDim = embedDim;
    this.numHeads = numHeads;
    this.headDim = embedDim / numHeads;
    this.kdim = kdim;
    this.vdim = vdim;
    this.dropout = dropout;
    this.batchFirst = batchFirst;
    this.addZeroAttn = addZeroAttn;
    const same = kdim === embedDim && vdim === embedDim;
    const weight = (name: string, shape: Shape | null): void =>
      this.registerParameter(name, shape === null ? null : newParameter(shape, dtype));
    weight('in_proj_weight', same ? [3 * embedDim, embedDim] : null);
    weight('q_proj_weight', same ? null : [embedDim, embedDim]);
    weight('k_proj_weight', same ? null : [embedDim, kdim]);
    weight('v_proj_weight', same ? null : [embedDim, vdim]);
    weight('in_proj_bias', bias ? [3 * embedDim] : null);
    this.registerModule(
      'out_proj',
      new NonDynamicallyQuantizableLinear(embedDim, embedDim, { bias, dtype: dtype as 'float32' | 'float64' }),
    );
    weight('bias_k', addBiasKv ? [1, 1, embedDim] : null);
    weight('bias_v', addBiasKv ? [1, 1, embedDim] : null);
    this.resetParameters();
  }

  /** Draws the input projections and the appended key and value anew, and zeroes the biases. */
  resetParameters(): void {
    if (arguments.length > 0) refuseSurplus('resetParameters', arguments, 0);
    for (const weight of [this.in_proj_weight, this.q_proj_weight, this.k_proj_weight, this.v_proj_weight]) {
      if (weight !== null) xavierUniform_(weight);
    }
    if (this.in_proj_bias !== null) {
      constant_(this.in_proj_bias, 0);
      constant_(this.out_proj.bias!, 0);
    }
    for (const extra of [this.bias_k, this.bias_v]) if (extra !== null) xavierNormal_(extra);
  }

  override forward(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    options: MultiheadAttentionForwardOptions = {},
  ): [output: Tensor, weights: Tensor | null] {
    if (arguments.length > 4) refuseSurplus('MultiheadAttention.forward', arguments, 4);
    // Without a graph nobody needs what lies between input and output.
    const run = () => this.attend(query, key, value, options);
    return context().grad ? run() : tidy(run);
  }

  private attend(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    options: MultiheadAttentionForwardOptions,
  ): [output: Tensor, weights: Tensor | null] {
    const known = checkOptions(OP, options, [
      'keyPaddingMask',
      'needWeights',
      'attnMask',
      'averageAttnWeights',
      'isCausal',
    ]);
    const { needWeights = true, averageAttnWeights = true, isCausal = false } = known;
    const batched = this.checkInputs(query, key, value);
    const batchDim = this.batchFirst ? 0 : 1;
    const [q, k, v] = batched ? [query, key, value] : this.batchesOfOne(query, key, value);
    const [length, batch] = [q._shape[1 - batchDim]!, q._shape[batchDim]!];
    const padding = this.paddingMask(known.keyPaddingMask ?? null, batched, batch, k._shape[1 - batchDim]!);
    let mask = this.scoreMask(known.attnMask ?? null, batch, length, k._shape[1 - batchDim]!);
    if (isCausal && mask === null) {
      fail('BAD_ARGUMENT', `${OP}: attnMask is needed where isCausal is set: isCausal is but a hint of what it holds`);
    }
    const causal = isCausal && padding === null && !needWeights;
    if (causal) mask = null;
    const p = this.training ? this.dropout : 0;

    if (q === k && k === v && this.in_proj_weight !== null && this.takesPackedPath(needWeights, p, mask, padding)) {
      const packed = linear(q, this.in_proj_weight, this.in_proj_bias);
      const attended = selfAttention(packed, merged(mask, padding, packed), this.numHeads, this.batchFirst, causal);
      return [this.output(attended, batched, p), null];
    }
    const [queries, projectedKeys, projectedValues] = this.project(q, k, v);
    const keys = this.extended(projectedKeys, this.bias_k);
    const values = this.extended(projectedValues, this.bias_v);
    const extra = keys._shape[1 - batchDim]! - k._shape[1 - batchDim]!;
    const shown = merged(this.padded(mask, extra), this.padded(padding, extra), queries);
    const [heads, keyHeads, valueHeads] = [queries, keys, values].map((x) => this.heads(x)) as [Tensor, Tensor, Tensor];
    if (!needWeights) {
      const attended = scaledDotProductAttention(heads, keyHeads, valueHeads, {
        attnMask: shown,
        dropoutP: p,
        isCausal: causal,
      });
      return [this.output(this.joined(attended, p), batched, p), null];
    }
    let scores = matmul(mul(heads, Math.sqrt(1 / this.headDim)), transpose(keyHeads, -2, -1));
    if (shown !== null) scores = add(scores, additive(shown, scores));
    const weights = dropoutOp(softmax(scores, -1), { p });
    const returned = averageAttnWeights ? mean(weights, 1) : weights;
    return [
      this.output(this.joined(matmul(weights, valueHeads), p), batched, p),
      batched ? returned : squeeze(returned, 0),
    ];
  }

  private takesPackedPath(needWeights: boolean, p: number, ...masks: readonly (Tensor | null)[]): boolean {
    const plain = this.bias_k === null && this.bias_v === null && !this.addZeroAttn;
    return plain && !needWeights && p === 0 && !masks.some((mask) => mask !== null && requiresGrad(mask));
  }

  /** Whether there is a batch dimension. */
  private checkInputs(query: Tensor, key: Tensor, value: Tensor): boolean {
    checkTensor(OP, query, 'query');
    checkTensor(OP, key, 'key');
    checkTensor(OP, value, 'value');
    const shapes = `query ${showShape(query._shape)}, key ${showShape(key._shape)} and value ${showShape(value._shape)}`;
    const rank = query.ndim;
    if (rank !== 2 && rank !== 3) {
      fail('SHAPE_MISMATCH', `${OP}: query should be unbatched 2D or batched 3D tensor, got ${shapes}`);
    }
    if (key.ndim !== rank || value.ndim !== rank) {
      fail('SHAPE_MISMATCH', `${OP}: key and value must have as many dimensions as query, got ${shapes}`);
    }
    const widths = [this.embedDim, this.kdim, this.vdim];
    [query, key, value].forEach((x, i) => {
      if (x._shape.at(-1) !== widths[i]) {
        const name = ['query', 'key', 'value'][i];
        fail('SHAPE_MISMATCH', `${OP}: ${name} must have ${widths[i]} features, got shape ${showShape(x._shape)}`);
      }
    });
    const batchDim = this.batchFirst ? 0 : 1;
    const batchesDiffer = rank === 3 && query._shape[batchDim] !== key._shape[batchDim];
    if (batchesDiffer || !sameShape(key._shape.slice(0, -1), value._shape.slice(0, -1))) {
      fail('SHAPE_MISMATCH', `${OP}: key's and value's sequence and batch sizes do not go together, got ${shapes}`);
    }
    return rank === 3;
  }

  private batchesOfOne(query: Tensor, key: Tensor, value: Tensor): [Tensor, Tensor, Tensor] {
    const batchDim = this.batchFirst ? 0 : 1;
    const q = unsqueeze(query, batchDim);
    const k = key === query ? q : unsqueeze(key, batchDim);
    return [q, k, value === key ? k : unsqueeze(value, batchDim)];
  }

  /** As [N, 1, 1, S]. */
  private paddingMask(mask: Tensor | null, batched: boolean, batch: number, keys: number): Tensor | null {
    if (mask === null) return null;
    const shown = visible(mask, 'keyPaddingMask');
    const expected = batched ? [batch, keys] : [keys];
    if (!sameShape(shown._shape, expected)) {
      fail(
        'SHAPE_MISMATCH',
        `${OP}: keyPaddingMask must have shape ${showShape(expected)}, got ${showShape(mask._shape)}`,
      );
    }
    return reshape(shown, [batch, 1, 1, keys]);
  }

  /** As [L, S] or [N, numHeads, L, S]. */
  private scoreMask(mask: Tensor | null, batch: number, length: number, keys: number): Tensor | null {
    if (mask === null) return null;
    const shown = visible(mask, 'attnMask');
    if (sameShape(shown._shape, [length, keys])) return shown;
    const perHead = [batch * this.numHeads, length, keys];
    if (!sameShape(shown._shape, perHead)) {
      fail(
        'SHAPE_MISMATCH',
        `${OP}: attnMask must have shape ${showShape([length, keys])} or ${showShape(perHead)}, got ${showShape(mask._shape)}`,
      );
    }
    return reshape(shown, [batch, this.numHeads, length, keys]);
  }

  private project(query: Tensor, key: Tensor, value: Tensor): [Tensor, Tensor, Tensor] {
    const { embedDim, in_proj_bias: bias } = this;
    const part = (x: Tensor, i: number, n = 1): Tensor => narrow(x, 0, i * embedDim, n * embedDim);
    const biasPart = (i: number, n = 1): Tensor | null => (bias === null ? null : part(bias, i, n));
    if (this.in_proj_weight === null) {
      return [
        linear(query, this.q_proj_weight!, biasPart(0)),
        linear(key, this.k_proj_weight!, biasPart(1)),
        linear(value, this.v_proj_weight!, biasPart(2)),
      ];
    }
    const weight = this.in_proj_weight;
    return [
      linear(query, part(weight, 0), biasPart(0)),
      linear(key, part(weight, 1), biasPart(1)),
      linear(value, part(weight, 2), biasPart(2)),
    ];
  }

  /** Keys or values with what the options append to every sequence. */
  private extended(x: Tensor, bias: Tensor | null): Tensor {
    const lengthDim = this.batchFirst ? 1 : 0;
    const one = x._shape.map((size, i) => (i === lengthDim ? 1 : size));
    const parts = [x];
    if (bias !== null) parts.push(expand(bias, one));
    if (this.addZeroAttn) parts.push(rawFull(one, 0, x.dtype));
    return parts.length === 1 ? x : cat(parts, lengthDim);
  }

  /** A mask that shows `extra` keys more, the appended ones. */
  private padded(mask: Tensor | null, extra: number): Tensor | null {
    if (mask === null || extra === 0) return mask;
    const shape = [...mask._shape.slice(0, -1), extra];
    return cat([mask, rawFull(shape, mask.dtype === 'bool' ? 1 : 0, mask.dtype)], -1);
  }

  /** [.., E] → [N, numHeads, length, headDim]. */
  private heads(x: Tensor): Tensor {
    const [d0, d1] = x._shape as [number, number];
    return permute(reshape(x, [d0, d1, this.numHeads, this.headDim]), this.batchFirst ? [0, 2, 1, 3] : [1, 2, 0, 3]);
  }

  /**
   * Whether the output lies in memory as [L, N, E] whatever its shape, as PyTorch's does: a dropout that follows draws in
   * the order of memory. Without dropout here it is not worth a copy.
   */
  private isTimeMajor(p: number): boolean {
    return this.batchFirst && p > 0;
  }

  private joined(x: Tensor, p: number): Tensor {
    const split = permute(x, this.batchFirst && !this.isTimeMajor(p) ? [0, 2, 1, 3] : [2, 0, 1, 3]);
    const [d0, d1] = split._shape as [number, number];
    return reshape(split, [d0, d1, this.embedDim]);
  }

  private output(attended: Tensor, batched: boolean, p: number): Tensor {
    const { weight, bias } = this.out_proj;
    const projected = linear(attended, weight, bias);
    const y = this.isTimeMajor(p) ? transpose(projected, 0, 1) : projected;
    return batched ? y : squeeze(y, this.batchFirst ? 0 : 1);
  }
}

declareSettings(MultiheadAttention, {
  embedDim: 'number',
  numHeads: 'number',
  headDim: 'number',
  kdim: 'number',
  vdim: 'number',
  dropout: 'number',
  batchFirst: 'flag',
  addZeroAttn: 'flag',
});
markBuiltIn(NonDynamicallyQuantizableLinear, MultiheadAttention);

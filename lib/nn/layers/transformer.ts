import { gelu, relu } from '../../ops/elementwise/activation.js';
import { add } from '../../ops/elementwise/arithmetic.js';
import { refuseSurplus } from '../../tensor/arguments.js';
import { checkFits } from '../../tensor/capacity.js';
import { context } from '../../tensor/context.js';
import { DTYPES } from '../../tensor/dtype.js';
import { describe, fail } from '../../tensor/errors.js';
import { defaultGenerator } from '../../tensor/generator.js';
import { checkOptions } from '../../tensor/options.js';
import type { Tensor } from '../../tensor/tensor.js';
import { ModuleList } from '../containers/moduleList.js';
import type { Layer } from '../module/module.js';
import { Module } from '../module/module.js';
import { declareSettings } from '../module/settings.js';
import { isModule, type ModuleState, markBuiltIn, runsAlone, stateOf } from '../module/state.js';
import { Dropout } from './dropout.js';
import { checkWidth, Linear } from './linear.js';
import { MultiheadAttention } from './multiheadAttention.js';
import { LayerNorm } from './normalization.js';
import { callActivated, takesActivation } from './productActivation.js';

/** What a feed-forward block applies between its two layers. */
export type TransformerActivation = 'relu' | 'gelu' | ((x: Tensor) => Tensor);

export interface TransformerEncoderLayerOptions {
  /** Features between the two linear layers; default 2048. */
  readonly dimFeedforward?: number;
  /** The probability that an element is dropped in training; default 0.1. */
  readonly dropout?: number;
  /** Default 'relu'. A module is registered as `activation`. */
  readonly activation?: TransformerActivation;
  /** Added to the variance by the norms; default 1e-5. */
  readonly layerNormEps?: number;
  /** Whether sequences are [N, S, E] instead of [S, N, E]; default false. */
  readonly batchFirst?: boolean;
  /** Whether each block normalises its input instead of the sum of its input and output; default false. */
  readonly normFirst?: boolean;
  /** Whether the linear layers and the norms have a bias; default true. */
  readonly bias?: boolean;
  readonly dtype?: 'float32' | 'float64';
}

const OPTIONS = [
  'dimFeedforward',
  'dropout',
  'activation',
  'layerNormEps',
  'batchFirst',
  'normFirst',
  'bias',
  'dtype',
] as const;

export interface TransformerEncoderLayerForwardOptions {
  /** [S, S] or [N · nhead, S, S], as MultiheadAttention's attnMask. */
  readonly srcMask?: Tensor | null;
  /** [N, S], as MultiheadAttention's keyPaddingMask. */
  readonly srcKeyPaddingMask?: Tensor | null;
  /** A hint that srcMask, which must be given, is the causal one; default false. */
  readonly isCausal?: boolean;
}

/** What a layer was made of; outside of it, so that an activation that is a module is registered under one name. */
const MADE = new WeakMap<
  ModuleState,
  { readonly run: (x: Tensor) => Tensor; readonly options: TransformerEncoderLayerOptions }
>();

type Free = (...tensors: readonly Tensor[]) => void;
const keep: Free = () => {};
const dispose: Free = (...tensors) => {
  for (const x of tensors) x.dispose();
};

function activationOf(op: string, activation: unknown): (x: Tensor) => Tensor {
  if (activation === 'relu') return relu;
  if (activation === 'gelu') return (x) => gelu(x);
  if (typeof activation === 'function') return activation as (x: Tensor) => Tensor;
  return fail('BAD_ARGUMENT', `${op}: activation should be 'relu', 'gelu' or a function, got ${describe(activation)}`);
}

/** Whether calling the module runs nothing but built-in layers' own forwards, its children's among them. */
function allRunAlone(module: Module): boolean {
  const state = stateOf(module);
  return runsAlone(state) && [...state.children.values()].every((child) => child === null || allRunAlone(child));
}

/** The children whose ways with their inputs are known: in the place of one may stand a layer that gives its input back. */
const KINDS = [
  ['self_attn', MultiheadAttention],
  ['linear1', Linear],
  ['dropout', Dropout],
  ['linear2', Linear],
  ['norm1', LayerNorm],
  ['norm2', LayerNorm],
  ['dropout1', Dropout],
  ['dropout2', Dropout],
] as const;

/**
 * Self-attention and a feed-forward block, each with a residual connection and a layer norm (Vaswani et al., "Attention
 * is all you need", 2017). Shapes: src [S, N, dModel] → the same; with `batchFirst` [N, S, dModel]; without N for one
 * sequence. Children, in order: self_attn, linear1, dropout, linear2, norm1, norm2, dropout1, dropout2.
 *
 * @example
 * const layer = new nn.TransformerEncoderLayer(64, 8, { dimFeedforward: 256, batchFirst: true });
 * layer(randn([2, 10, 64])).shape; // [2, 10, 64]
 */
export class TransformerEncoderLayer extends Module {
  readonly normFirst: boolean;
  declare readonly self_attn: MultiheadAttention;
  declare readonly linear1: Linear;
  declare readonly dropout: Dropout;
  declare readonly linear2: Linear;
  declare readonly norm1: LayerNorm;
  declare readonly norm2: LayerNorm;
  declare readonly dropout1: Dropout;
  declare readonly dropout2: Dropout;

  constructor(dModel: number, nhead: number, options: TransformerEncoderLayerOptions = {}) {
    if (arguments.length > 3) refuseSurplus('TransformerEncoderLayer', arguments, 3);
    super();
    const op = 'TransformerEncoderLayer';
    const known = checkOptions(op, options, OPTIONS);
    const { dimFeedforward = 2048, dropout = 0.1, activation = 'relu', layerNormEps: eps = 1e-5 } = known;
    const { batchFirst = false, normFirst = false, bias = true, dtype } = known;
    checkWidth(op, 'dimFeedforward', dimFeedforward);
    const run = activationOf(op, activation);
    this.normFirst = normFirst;
    MADE.set(stateOf(this), { run, options: { ...known } });
    this.registerModule('self_attn', new MultiheadAttention(dModel, nhead, { dropout, bias, batchFirst, dtype }));
    this.registerModule('linear1', new Linear(dModel, dimFeedforward, { bias, dtype }));
    this.registerModule('dropout', new Dropout(dropout));
    this.registerModule('linear2', new Linear(dimFeedforward, dModel, { bias, dtype }));
    this.registerModule('norm1', new LayerNorm(dModel, { eps, bias, dtype }));
    this.registerModule('norm2', new LayerNorm(dModel, { eps, bias, dtype }));
    this.registerModule('dropout1', new Dropout(dropout));
    this.registerModule('dropout2', new Dropout(dropout));
    if (isModule(activation)) this.registerModule('activation', activation);
  }

  override forward(src: Tensor, options: TransformerEncoderLayerForwardOptions = {}): Tensor {
    if (arguments.length > 2) refuseSurplus('TransformerEncoderLayer.forward', arguments, 2);
    const known = checkOptions('TransformerEncoderLayer', options, ['srcMask', 'srcKeyPaddingMask', 'isCausal']);
    const free = this._keepsNothing() ? dispose : keep;
    if (this.normFirst) {
      const inner = this.norm1(src);
      const attended = this.attend(inner, known);
      const x = add(src, attended);
      const normed = this.norm2(x);
      const fed = this.feedForward(normed, free);
      const out = add(x, fed);
      free(inner, attended, x, normed, fed);
      return out;
    }
    const attended = this.attend(src, known);
    const sum = add(src, attended);
    const x = this.norm1(sum);
    free(attended, sum);
    const fed = this.feedForward(x, free);
    const total = add(x, fed);
    const out = this.norm2(total);
    free(x, fed, total);
    return out;
  }

  /**
   * @internal Whether nobody will need what one child hands to the next: no graph, and no hook or function that may have
   * kept it.
   */
  _keepsNothing(): boolean {
    const { options } = MADE.get(stateOf(this))!;
    if (context().grad || typeof options.activation === 'function') return false;
    return KINDS.every(([name, kind]) => {
      const child = stateOf(this).children.get(name);
      return child instanceof kind && allRunAlone(child);
    });
  }

  private attend(x: Tensor, options: TransformerEncoderLayerForwardOptions): Tensor {
    const { srcMask = null, srcKeyPaddingMask = null, isCausal = false } = options;
    const [y] = this.self_attn(x, x, x, {
      attnMask: srcMask,
      keyPaddingMask: srcKeyPaddingMask,
      needWeights: false,
      isCausal,
    });
    return this.dropout1(y);
  }

  private feedForward(x: Tensor, free: Free): Tensor {
    const { run, options } = MADE.get(stateOf(this))!;
    const linear1 = stateOf(this.linear1).raw as Linear;
    const { activation = 'relu' } = options;
    let active: Tensor;
    if (free === dispose && typeof activation === 'string' && takesActivation(linear1)) {
      active = callActivated(linear1, x, activation);
    } else {
      const wide = this.linear1(x);
      active = run(wide);
      free(wide);
    }
    const dropped = this.dropout(active);
    const out = this.dropout2(this.linear2(dropped));
    free(active, dropped);
    return out;
  }

  /** @internal A layer made with the same options, with parameters of its own that are equal to this one's. */
  _copy(): TransformerEncoderLayer {
    const { embedDim, numHeads } = this.self_attn;
    if (this.constructor !== TransformerEncoderLayer) {
      fail(
        'WRONG_TYPE',
        'TransformerEncoder: encoderLayer must be a TransformerEncoderLayer itself, not of a subclass',
      );
    }
    const { options } = MADE.get(stateOf(this))!;
    const { activation } = options;
    if (isModule(activation) && [...activation.parameters()].length > 0) {
      fail('BAD_ARGUMENT', 'TransformerEncoder: an activation with parameters cannot be copied for each layer');
    }
    const dtype = this.linear1.weight.dtype as 'float32' | 'float64';
    // A copy draws no random numbers.
    const before = defaultGenerator.clone();
    const copy = new TransformerEncoderLayer(embedDim, numHeads, { ...options, dtype });
    defaultGenerator.setState(before);
    copy.loadStateDict(this.stateDict());
    const flags = [...this.parameters()].map((parameter) => parameter.requiresGrad);
    [...copy.parameters()].forEach((parameter, i) => void parameter.requiresGrad_(flags[i]!));
    return copy.train(this.training);
  }
}

export interface TransformerEncoderOptions {
  /** Applied to the last layer's output; default none. */
  readonly norm?: Layer | null;
}

export interface TransformerEncoderForwardOptions {
  /** As TransformerEncoderLayer's srcMask. */
  readonly mask?: Tensor | null;
  readonly srcKeyPaddingMask?: Tensor | null;
  readonly isCausal?: boolean;
}

/**
 * `numLayers` copies of an encoder layer, each reading the one before. Shapes as for the layer. The copies start equal
 * and are trained apart.
 *
 * @example
 * const layer = new nn.TransformerEncoderLayer(64, 8, { batchFirst: true });
 * const encoder = new nn.TransformerEncoder(layer, 6);
 * encoder.eval()(randn([2, 10, 64])).shape; // [2, 10, 64]
 */
export class TransformerEncoder extends Module {
  readonly numLayers: number;
  declare readonly layers: ModuleList<TransformerEncoderLayer>;
  declare readonly norm: Layer | null;

  constructor(encoderLayer: TransformerEncoderLayer, numLayers: number, options: TransformerEncoderOptions = {}) {
    if (arguments.length > 3) refuseSurplus('TransformerEncoder', arguments, 3);
    super();
    const { norm = null } = checkOptions('TransformerEncoder', options, ['norm']);
    checkWidth('TransformerEncoder', 'numLayers', numLayers);
    if (!isModule(encoderLayer) || !(encoderLayer instanceof TransformerEncoderLayer)) {
      fail(
        'WRONG_TYPE',
        `TransformerEncoder: encoderLayer must be a TransformerEncoderLayer, got ${describe(encoderLayer)}`,
      );
    }
    const parameters = [...encoderLayer.parameters()];
    checkFits('TransformerEncoder', numLayers, 'layers', {
      tensors: numLayers * parameters.length,
      modules: numLayers * [...encoderLayer.modules()].length,
      bytes: numLayers * parameters.reduce((sum, { numel, dtype }) => sum + numel * DTYPES[dtype].bytes, 0),
    });
    this.numLayers = numLayers;
    this.registerModule('layers', new ModuleList(Array.from({ length: numLayers }, () => encoderLayer._copy())));
    if (norm === null) this.norm = null;
    else this.registerModule('norm', norm);
  }

  override forward(src: Tensor, options: TransformerEncoderForwardOptions = {}): Tensor {
    if (arguments.length > 2) refuseSurplus('TransformerEncoder.forward', arguments, 2);
    const known = checkOptions('TransformerEncoder', options, ['mask', 'srcKeyPaddingMask', 'isCausal']);
    const { mask = null, srcKeyPaddingMask = null, isCausal = false } = known;
    let x = src;
    let isOurs = false; // made by a layer that keeps nothing
    for (const layer of this.layers) {
      const keepsNothing =
        runsAlone(stateOf(layer)) && layer instanceof TransformerEncoderLayer && layer._keepsNothing();
      const y = layer(x, { srcMask: mask, srcKeyPaddingMask, isCausal });
      if (isOurs && keepsNothing) x.dispose();
      x = y;
      isOurs = keepsNothing;
    }
    if (this.norm === null) return x;
    const y = this.norm(x);
    if (isOurs && runsAlone(stateOf(this.norm)) && this.norm instanceof LayerNorm) x.dispose();
    return y;
  }
}

declareSettings(TransformerEncoderLayer, { normFirst: 'flag' });
declareSettings(TransformerEncoder, { numLayers: 'number' });
markBuiltIn(TransformerEncoderLayer, TransformerEncoder);

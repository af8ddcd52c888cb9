import { dropout as dropoutOp } from '../../ops/nn/dropout.js';
import { initialState, type RecurrentCell, recurrentLayer } from '../../ops/nn/recurrent.js';
import { cat, stack } from '../../ops/shape/join.js';
import { select } from '../../ops/shape/slices.js';
import { squeeze, transpose, unsqueeze } from '../../ops/shape/views.js';
import { GATES } from '../../raw/recurrent.js';
import { refuseSurplus } from '../../tensor/arguments.js';
import { checkFits } from '../../tensor/capacity.js';
import { DTYPES, type DType } from '../../tensor/dtype.js';
import { fail } from '../../tensor/errors.js';
import { checkChoice, checkInteger, checkNumber, checkOptions } from '../../tensor/options.js';
import { pythonBool, pythonFloat } from '../../tensor/python.js';
import { type Shape, sameShape, showShape } from '../../tensor/shape.js';
import { checkTensor, type Tensor } from '../../tensor/tensor.js';
import { Module } from '../module/module.js';
import { newParameter } from '../module/parameter.js';
import { declareSettings } from '../module/settings.js';
import { classNameOf, markBuiltIn } from '../module/state.js';
import { checkParameterDType } from './linear.js';
import { checkDTypes, checkPositive, checkStatePair, resetUniform, weightsOf } from './recurrentWeights.js';

export interface RecurrentOptions {
  /** How many layers are stacked, each reading the one below; default 1. */
  readonly numLayers?: number;
  /** Whether the gates add learned biases; default true. */
  readonly bias?: boolean;
  /** Whether input and output are [N, L, …] instead of [L, N, …]; default false. */
  readonly batchFirst?: boolean;
  /** The probability that an output of a layer other than the last is dropped in training; default 0. */
  readonly dropout?: number;
  /** Whether each layer runs in both directions, its outputs side by side; default false. */
  readonly bidirectional?: boolean;
  readonly dtype?: 'float32' | 'float64';
}

export interface LSTMOptions extends RecurrentOptions {
  /** The features to which each hidden state is projected; default 0: not at all. */
  readonly projSize?: number;
}

export interface RNNOptions extends RecurrentOptions {
  /** Default 'tanh'. */
  readonly nonlinearity?: 'tanh' | 'relu';
}

const OPTIONS = ['numLayers', 'bias', 'batchFirst', 'dropout', 'bidirectional', 'dtype'] as const;

/** What nn.LSTM, nn.GRU and nn.RNN share: PyTorch's RNNBase. */
abstract class RNNBase extends Module {
  readonly inputSize: number;
  readonly hiddenSize: number;
  readonly numLayers: number;
  readonly bias: boolean;
  readonly batchFirst: boolean;
  dropout: number;
  readonly bidirectional: boolean;
  readonly projSize: number;
  protected abstract readonly cell: RecurrentCell;

  constructor(
    op: string,
    gates: number,
    inputSize: number,
    hiddenSize: number,
    options: RecurrentOptions,
    projSize: number,
  ) {
    super();
    const { bias = true, batchFirst = false, bidirectional = false } = options;
    const dropout = checkNumber(op, 'dropout', options.dropout === undefined ? 0 : options.dropout);
    this.inputSize = checkPositive(op, 'inputSize', inputSize);
    this.hiddenSize = checkPositive(op, 'hiddenSize', hiddenSize);
    this.numLayers = checkPositive(op, 'numLayers', options.numLayers ?? 1);
    this.bias = bias;
    this.batchFirst = batchFirst;
    if (!(dropout >= 0 && dropout <= 1)) {
      fail('OUT_OF_RANGE', `${op}: dropout should be a number in range [0, 1], got ${dropout}`);
    }
    if (dropout > 0 && this.numLayers === 1) {
      process.emitWarning(
        `${op}: dropout option adds dropout after all but last recurrent layer, so non-zero dropout expects numLayers greater than 1, but got dropout=${dropout} and numLayers=1`,
      );
    }
    this.dropout = dropout;
    this.bidirectional = bidirectional;
    if (checkInteger(op, 'projSize', projSize) < 0 || projSize >= hiddenSize) {
      fail('BAD_ARGUMENT', `${op}: projSize must be zero or a positive integer below hiddenSize, got ${projSize}`);
    }
    this.projSize = projSize;
    this.addParameters(gates, checkParameterDType(op, options.dtype));
    this.resetParameters();
  }

  private addParameters(gates: number, dtype: DType): void {
    const features = this.projSize || this.hiddenSize;
    const rows = gates * this.hiddenSize;
    this.checkParametersFit(rows, features, dtype);
    for (let layer = 0; layer < this.numLayers; layer++) {
      const inputs = layer === 0 ? this.inputSize : features * this.suffixes(0).length;
      for (const suffix of this.suffixes(layer)) {
        const add = (name: string, shape: Shape): void =>
          this.registerParameter(`${name}${suffix}`, newParameter(shape, dtype));
        add('weight_ih', [rows, inputs]);
        add('weight_hh', [rows, features]);
        if (this.bias) {
          add('bias_ih', [rows]);
          add('bias_hh', [rows]);
        }
        if (this.projSize > 0) add('weight_hr', [this.projSize, this.hiddenSize]);
      }
    }
  }

  /** Before the first layer is made: too many would fill the heap one by one. */
  private checkParametersFit(rows: number, features: number, dtype: DType): void {
    const { numLayers, bias, projSize } = this;
    const directions = numLayers * this.suffixes(0).length;
    const inputs = this.inputSize + (numLayers - 1) * features * this.suffixes(0).length;
    const elements =
      rows * inputs * this.suffixes(0).length +
      directions * (rows * features + (bias ? 2 * rows : 0) + projSize * this.hiddenSize);
    checkFits(classNameOf(this), numLayers, 'layers', {
      tensors: directions * (2 + (bias ? 2 : 0) + (projSize > 0 ? 1 : 0)),
      bytes: elements * DTYPES[dtype].bytes,
    });
  }

  /** How the names of a layer's parameters end, one for each direction. */
  private suffixes(layer: number): readonly string[] {
    return this.bidirectional ? [`_l${layer}`, `_l${layer}_reverse`] : [`_l${layer}`];
  }

  /** Draws all parameters anew. */
  resetParameters(): void {
    if (arguments.length > 0) refuseSurplus('resetParameters', arguments, 0);
    resetUniform(this, this.hiddenSize);
  }

  /** The states of all steps and, for each kind of state, the last ones of all layers. */
  protected run(input: Tensor, states: readonly (Tensor | null)[]): { output: Tensor; last: Tensor[] } {
    const op = classNameOf(this);
    const batched = this.checkInput(op, input);
    const batchDim = this.batchFirst ? 0 : 1;
    const sequences = batched ? input : unsqueeze(input, batchDim);
    let x = this.batchFirst ? transpose(sequences, 0, 1) : sequences;
    const widths = [this.projSize || this.hiddenSize, this.hiddenSize];
    const given = states.map((state, kind) => this.checkState(op, state, batched, x._shape[1]!, widths[kind]!));
    const weights = Array.from({ length: this.numLayers }, (_, layer) =>
      this.suffixes(layer).map((suffix) => weightsOf(this, suffix)),
    );
    checkDTypes(
      op,
      input,
      weights[0]![0]!.weightIh,
      given.filter((state) => state !== null),
    );
    const last: Tensor[][] = states.map(() => []);
    weights.forEach((directions, layer) => {
      const outputs = directions.map((weight, direction) => {
        const [hidden, cellState] = given.map((state, kind) =>
          state === null
            ? initialState([x._shape[1]!, widths[kind]!], x)
            : select(state, 0, layer * directions.length + direction),
        ) as [Tensor, Tensor?];
        const [y, ...ends] = recurrentLayer(this.cell, x, hidden, cellState ?? null, weight, direction === 1);
        ends.forEach((end, kind) => void last[kind]!.push(end!));
        return y;
      });
      x = outputs.length === 1 ? outputs[0]! : cat(outputs, 2);
      if (layer < this.numLayers - 1) x = dropoutOp(x, { p: this.dropout, training: this.training });
    });
    const output = this.batchFirst ? transpose(x, 0, 1) : x;
    const stacked = last.map((ends) => (ends.length === 1 ? unsqueeze(ends[0]!, 0) : stack(ends)));
    return batched
      ? { output, last: stacked }
      : { output: squeeze(output, batchDim), last: stacked.map((state) => squeeze(state, 1)) };
  }

  /** Whether there is a batch dimension. */
  private checkInput(op: string, input: Tensor): boolean {
    const { _shape: shape } = checkTensor(op, input);
    if (shape.length !== 2 && shape.length !== 3) {
      fail('SHAPE_MISMATCH', `${op}: Expected input to be 2D or 3D, got shape ${showShape(shape)}`);
    }
    if (shape.at(-1) !== this.inputSize) {
      fail('SHAPE_MISMATCH', `${op}: input must have ${this.inputSize} features, got shape ${showShape(shape)}`);
    }
    const batched = shape.length === 3;
    if (shape[batched && this.batchFirst ? 1 : 0] === 0) {
      fail('SHAPE_MISMATCH', `${op}: Expected sequence length to be larger than 0, got shape ${showShape(shape)}`);
    }
    return batched;
  }

  /** A state as [layers · directions, N, features]. */
  private checkState(op: string, state: Tensor | null, batched: boolean, batch: number, width: number): Tensor | null {
    if (state === null) return null;
    const layers = this.numLayers * (this.bidirectional ? 2 : 1);
    const expected = batched ? [layers, batch, width] : [layers, width];
    if (!sameShape(checkTensor(op, state, 'hx')._shape, expected)) {
      fail('SHAPE_MISMATCH', `${op}: Expected hidden size ${showShape(expected)}, got ${showShape(state._shape)}`);
    }
    return batched ? state : unsqueeze(state, 1);
  }

  override extraRepr(): string {
    const parts = [`${this.inputSize}, ${this.hiddenSize}`];
    if (this.projSize !== 0) parts.push(`proj_size=${this.projSize}`);
    if (this.numLayers !== 1) parts.push(`num_layers=${this.numLayers}`);
    if (!this.bias) parts.push(`bias=${pythonBool(this.bias)}`);
    if (this.batchFirst) parts.push(`batch_first=${pythonBool(this.batchFirst)}`);
    if (this.dropout !== 0) parts.push(`dropout=${pythonFloat(this.dropout)}`);
    if (this.bidirectional) parts.push(`bidirectional=${pythonBool(this.bidirectional)}`);
    return parts.join(', ');
  }
}

/**
 * Long short-term memory (Hochreiter & Schmidhuber, 1997): i, f, o = σ(W x + U h + b), g = tanh(W x + U h + b),
 * c ← f c + i g, h ← o tanh(c), over all steps of a sequence.
 *
 * Shapes: input [L, N, inputSize], h [layers · directions, N, P], c [layers · directions, N, hiddenSize] → output
 * [L, N, directions · P], h, c; P is projSize or hiddenSize; with `batchFirst` input and output are [N, L, …]; without N
 * for one sequence. Parameters: weight_ih_l0 [4 · hiddenSize, inputSize], weight_hh_l0, bias_ih_l0, bias_hh_l0,
 * weight_hr_l0 with a projection, the gates in the order i, f, g, o; initialised uniform in ±1/√hiddenSize. A packed
 * sequence is not supported.
 *
 * @example
 * const lstm = new nn.LSTM(10, 20, { numLayers: 2, batchFirst: true });
 * const [output, [h, c]] = lstm(randn([3, 5, 10]));
 * output.shape; // [3, 5, 20]
 */
export class LSTM extends RNNBase {
  protected override readonly cell: RecurrentCell = 'lstm';

  constructor(inputSize: number, hiddenSize: number, options: LSTMOptions = {}) {
    if (arguments.length > 3) refuseSurplus('LSTM', arguments, 3);
    const known = checkOptions('LSTM', options, [...OPTIONS, 'projSize']);
    super('LSTM', GATES.lstm, inputSize, hiddenSize, known, known.projSize ?? 0);
  }

  override forward(
    input: Tensor,
    hx?: readonly [h: Tensor, c: Tensor] | null,
  ): [output: Tensor, [h: Tensor, c: Tensor]] {
    if (arguments.length > 2) refuseSurplus('LSTM.forward', arguments, 2);
    const { output, last } = this.run(input, checkStatePair('LSTM', hx));
    return [output, last as [Tensor, Tensor]];
  }
}

/**
 * Gated recurrent units (Cho et al., arXiv:1406.1078): r, z = σ(W x + b + U h + b'), n = tanh(W x + b + r (U h + b')),
 * h ← (1 − z) n + z h, over all steps of a sequence.
 *
 * Shapes, parameters and initialisation as for LSTM, with three gates in the order r, z, n, one state and no projection.
 *
 * @example
 * const gru = new nn.GRU(10, 20, { bidirectional: true });
 * const [output, h] = gru(randn([5, 3, 10]));
 * output.shape; // [5, 3, 40]
 */
export class GRU extends RNNBase {
  protected override readonly cell: RecurrentCell = 'gru';

  constructor(inputSize: number, hiddenSize: number, options: RecurrentOptions = {}) {
    if (arguments.length > 3) refuseSurplus('GRU', arguments, 3);
    super('GRU', GATES.gru, inputSize, hiddenSize, checkOptions('GRU', options, OPTIONS), 0);
  }

  override forward(input: Tensor, hx: Tensor | null = null): [output: Tensor, h: Tensor] {
    if (arguments.length > 2) refuseSurplus('GRU.forward', arguments, 2);
    const { output, last } = this.run(input, [hx]);
    return [output, last[0]!];
  }
}

/**
 * The plain recurrent network of Elman (1990): h ← tanh(W x + b + U h + b'), or relu, over all steps of a sequence.
 *
 * Shapes, parameters and initialisation as for LSTM, with one gate, one state and no projection.
 *
 * @example
 * const rnn = new nn.RNN(10, 20, { nonlinearity: 'relu' });
 * const [output, h] = rnn(randn([5, 3, 10]));
 * h.shape; // [1, 3, 20]
 */
export class RNN extends RNNBase {
  readonly nonlinearity: 'tanh' | 'relu';

  constructor(inputSize: number, hiddenSize: number, options: RNNOptions = {}) {
    if (arguments.length > 3) refuseSurplus('RNN', arguments, 3);
    const known = checkOptions('RNN', options, [...OPTIONS, 'nonlinearity']);
    const nonlinearity = checkChoice('RNN', 'nonlinearity', known.nonlinearity ?? 'tanh', ['tanh', 'relu']);
    super('RNN', 1, inputSize, hiddenSize, known, 0);
    this.nonlinearity = nonlinearity;
  }

  protected override get cell(): RecurrentCell {
    return this.nonlinearity === 'tanh' ? 'rnnTanh' : 'rnnRelu';
  }

  override forward(input: Tensor, hx: Tensor | null = null): [output: Tensor, h: Tensor] {
    if (arguments.length > 2) refuseSurplus('RNN.forward', arguments, 2);
    const { output, last } = this.run(input, [hx]);
    return [output, last[0]!];
  }
}

declareSettings(RNNBase, {
  cell: 'given',
  inputSize: 'number',
  hiddenSize: 'number',
  numLayers: 'number',
  bias: 'flag',
  batchFirst: 'flag',
  dropout: 'number',
  bidirectional: 'flag',
  projSize: 'number',
});
declareSettings(RNN, { nonlinearity: ['tanh', 'relu'] });
markBuiltIn(LSTM, GRU, RNN);

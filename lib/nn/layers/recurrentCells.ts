import { initialState, type RecurrentCell, recurrentLayer } from '../../ops/nn/recurrent.js';
import { squeeze, unsqueeze } from '../../ops/shape/views.js';
import { GATES } from '../../raw/recurrent.js';
import { refuseSurplus } from '../../tensor/arguments.js';
import { fail } from '../../tensor/errors.js';
import { checkChoice, checkOptions } from '../../tensor/options.js';
import { pythonBool } from '../../tensor/python.js';
import { sameShape, showShape } from '../../tensor/shape.js';
import { checkTensor, type Tensor } from '../../tensor/tensor.js';
import { Module } from '../module/module.js';
import { newParameter } from '../module/parameter.js';
import { declareSettings } from '../module/settings.js';
import { classNameOf, markBuiltIn } from '../module/state.js';
import { checkParameterDType } from './linear.js';
import { checkDTypes, checkPositive, checkStatePair, resetUniform, weightsOf } from './recurrentWeights.js';

export interface RecurrentCellOptions {
  /** Whether the gates add learned biases; default true. */
  readonly bias?: boolean;
  readonly dtype?: 'float32' | 'float64';
}

export interface RNNCellOptions extends RecurrentCellOptions {
  /** Default 'tanh'. */
  readonly nonlinearity?: 'tanh' | 'relu';
}

/** PyTorch's RNNCellBase: one step. */
abstract class RNNCellBase extends Module {
  readonly inputSize: number;
  readonly hiddenSize: number;
  readonly bias: boolean;

  constructor(op: string, gates: number, inputSize: number, hiddenSize: number, options: RecurrentCellOptions) {
    super();
    const { bias = true } = options;
    this.inputSize = checkPositive(op, 'inputSize', inputSize);
    this.hiddenSize = checkPositive(op, 'hiddenSize', hiddenSize);
    this.bias = bias;
    const dtype = checkParameterDType(op, options.dtype);
    this.registerParameter('weight_ih', newParameter([gates * hiddenSize, inputSize], dtype));
    this.registerParameter('weight_hh', newParameter([gates * hiddenSize, hiddenSize], dtype));
    this.registerParameter('bias_ih', bias ? newParameter([gates * hiddenSize], dtype) : null);
    this.registerParameter('bias_hh', bias ? newParameter([gates * hiddenSize], dtype) : null);
    this.resetParameters();
  }

  /** Draws all parameters anew. */
  resetParameters(): void {
    if (arguments.length > 0) refuseSurplus('resetParameters', arguments, 0);
    resetUniform(this, this.hiddenSize);
  }

  protected step(cell: RecurrentCell, input: Tensor, states: readonly (Tensor | null)[]): Tensor[] {
    const op = classNameOf(this);
    const { _shape: shape } = checkTensor(op, input);
    if (shape.length !== 1 && shape.length !== 2) {
      fail('SHAPE_MISMATCH', `${op}: Expected input to be 1D or 2D, got shape ${showShape(shape)}`);
    }
    if (shape.at(-1) !== this.inputSize) {
      fail('SHAPE_MISMATCH', `${op}: input must have ${this.inputSize} features, got shape ${showShape(shape)}`);
    }
    const weights = weightsOf(this, '');
    const expected = [...shape.slice(0, -1), this.hiddenSize];
    states.forEach((state) => {
      if (state !== null && !sameShape(checkTensor(op, state, 'hx')._shape, expected)) {
        fail('SHAPE_MISMATCH', `${op}: Expected hidden size ${showShape(expected)}, got ${showShape(state._shape)}`);
      }
    });
    checkDTypes(
      op,
      input,
      weights.weightIh,
      states.filter((state) => state !== null),
    );
    const batched = shape.length === 2;
    const [hidden, cellState] = states.map((state) => {
      const given = state ?? initialState(expected, input);
      return batched ? given : unsqueeze(given, 0);
    }) as [Tensor, Tensor?];
    const x = unsqueeze(batched ? input : unsqueeze(input, 0), 0);
    const [, ...ends] = recurrentLayer(cell, x, hidden, cellState ?? null, weights, false);
    return ends.map((end) => (batched ? end! : squeeze(end!, 0)));
  }

  override extraRepr(): string {
    return `${this.inputSize}, ${this.hiddenSize}${this.bias ? '' : `, bias=${pythonBool(this.bias)}`}`;
  }
}

/**
 * One step of an LSTM: input [N, inputSize], h and c [N, hiddenSize] → the next h and c; without N for one sequence.
 * Parameters weight_ih, weight_hh, bias_ih, bias_hh, initialised uniform in ±1/√hiddenSize.
 *
 * @example
 * const cell = new nn.LSTMCell(10, 20);
 * const [h, c] = cell(randn([3, 10]));
 * h.shape; // [3, 20]
 */
export class LSTMCell extends RNNCellBase {
  constructor(inputSize: number, hiddenSize: number, options: RecurrentCellOptions = {}) {
    if (arguments.length > 3) refuseSurplus('LSTMCell', arguments, 3);
    super('LSTMCell', GATES.lstm, inputSize, hiddenSize, checkOptions('LSTMCell', options, ['bias', 'dtype']));
  }

  override forward(input: Tensor, hx?: readonly [h: Tensor, c: Tensor] | null): [h: Tensor, c: Tensor] {
    if (arguments.length > 2) refuseSurplus('LSTMCell.forward', arguments, 2);
    return this.step('lstm', input, checkStatePair('LSTMCell', hx)) as [Tensor, Tensor];
  }
}

/**
 * One step of a GRU: input [N, inputSize], h [N, hiddenSize] → the next h. Parameters as for LSTMCell.
 *
 * @example
 * new nn.GRUCell(10, 20)(randn([3, 10])).shape; // [3, 20]
 */
export class GRUCell extends RNNCellBase {
  constructor(inputSize: number, hiddenSize: number, options: RecurrentCellOptions = {}) {
    if (arguments.length > 3) refuseSurplus('GRUCell', arguments, 3);
    super('GRUCell', GATES.gru, inputSize, hiddenSize, checkOptions('GRUCell', options, ['bias', 'dtype']));
  }

  override forward(input: Tensor, hx: Tensor | null = null): Tensor {
    if (arguments.length > 2) refuseSurplus('GRUCell.forward', arguments, 2);
    return this.step('gru', input, [hx])[0]!;
  }
}

/**
 * One step of an RNN: input [N, inputSize], h [N, hiddenSize] → the next h. Parameters as for LSTMCell.
 *
 * @example
 * new nn.RNNCell(10, 20)(randn([3, 10])).shape; // [3, 20]
 */
export class RNNCell extends RNNCellBase {
  readonly nonlinearity: 'tanh' | 'relu';

  constructor(inputSize: number, hiddenSize: number, options: RNNCellOptions = {}) {
    if (arguments.length > 3) refuseSurplus('RNNCell', arguments, 3);
    const known = checkOptions('RNNCell', options, ['bias', 'dtype', 'nonlinearity']);
    const nonlinearity = checkChoice('RNNCell', 'nonlinearity', known.nonlinearity ?? 'tanh', ['tanh', 'relu']);
    super('RNNCell', 1, inputSize, hiddenSize, known);
    this.nonlinearity = nonlinearity;
  }

  override forward(input: Tensor, hx: Tensor | null = null): Tensor {
    if (arguments.length > 2) refuseSurplus('RNNCell.forward', arguments, 2);
    return this.step(this.nonlinearity === 'tanh' ? 'rnnTanh' : 'rnnRelu', input, [hx])[0]!;
  }

  override extraRepr(): string {
    return `${super.extraRepr()}${this.nonlinearity === 'tanh' ? '' : `, nonlinearity=${this.nonlinearity}`}`;
  }
}

declareSettings(RNNCellBase, { inputSize: 'number', hiddenSize: 'number', bias: 'flag' });
declareSettings(RNNCell, { nonlinearity: ['tanh', 'relu'] });
markBuiltIn(LSTMCell, GRUCell, RNNCell);

import { codesOf } from '../tensor/codes.js';
import { addon } from '../tensor/runtime.js';
import { handleOf, type Tensor } from '../tensor/tensor.js';
import { rawEmpty } from './create.js';

// As raw.ts, for one layer and direction of a recurrent network. All tensors are contiguous and of one dtype.

const CELLS = codesOf('recurrentCell', ['lstm', 'gru', 'rnnTanh', 'rnnRelu']);

export type RecurrentCell = keyof typeof CELLS;

/** How many gates of the hidden width a cell has. */
export const GATES: Readonly<Record<RecurrentCell, number>> = { lstm: 4, gru: 3, rnnTanh: 1, rnnRelu: 1 };

/** What a recurrence reads and what it leaves for backward; native/drivers/recurrent.h says what is what. */
export interface Recurrence {
  readonly cell: RecurrentCell;
  readonly reverse: boolean;
  readonly gates: Tensor;
  readonly weight: Tensor;
  readonly bias: Tensor | null;
  readonly hidden: Tensor;
  readonly cellState: Tensor | null;
  readonly projection: Tensor | null;
  readonly output: Tensor;
  readonly cells: Tensor | null;
  readonly raw: Tensor | null;
}

const handle = (x: Tensor | null): number => (x === null ? 0 : handleOf('recurrent', x));

type Operands = Parameters<typeof addon.recurrent>;

const operandsOf = (r: Recurrence): Operands => [
  CELLS[r.cell],
  r.reverse,
  handle(r.gates),
  handle(r.weight),
  handle(r.bias),
  handle(r.hidden),
  handle(r.cellState),
  handle(r.projection),
  handle(r.output),
  handle(r.cells),
  handle(r.raw),
];

/** Fills output, cells and raw, and activates the gates. */
export function rawRecurrent(r: Recurrence): void {
  addon.recurrent(...operandsOf(r));
}

export interface RecurrenceGradients {
  /** Of the input's part of the gates. */
  readonly gates: Tensor;
  /** Of the state's part; the same tensor where the two are added. */
  readonly recurrent: Tensor;
  readonly hidden: Tensor;
  readonly cellState: Tensor | null;
  /** Of every state, where there is a projection. */
  readonly projected: Tensor | null;
}

/** From the gradients of the output, of the last state and of the last cell. */
export function rawRecurrentBackward(
  r: Recurrence,
  output: Tensor | null,
  hidden: Tensor | null,
  cellState: Tensor | null,
): RecurrenceGradients {
  const like = (x: Tensor): Tensor => rawEmpty(x._shape, x.dtype);
  const gates = like(r.gates);
  const grads = {
    gates,
    recurrent: r.cell === 'gru' ? like(r.gates) : gates,
    hidden: like(r.hidden),
    cellState: r.cellState === null ? null : like(r.cellState),
    projected: r.projection === null ? null : like(r.output),
  };
  addon.recurrentBackward(
    ...operandsOf(r),
    handle(output),
    handle(hidden),
    handle(cellState),
    handle(gates),
    handle(r.cell === 'gru' ? grads.recurrent : null),
    handle(grads.hidden),
    handle(grads.cellState),
    handle(grads.projected),
  );
  return grads;
}

import { grad } from '../../autograd/backward.js';
import { anyRequiresGrad, defineOp, type Gradient, type Op } from '../../autograd/op.js';
import { rawCast, rawContiguous } from '../../raw/copy.js';
import { rawEmpty, rawFull } from '../../raw/create.js';
import { binaryKernel } from '../../raw/elementwise.js';
import { rawConcat } from '../../raw/indexing.js';
import { rawLinear, rawMatmul } from '../../raw/matmul.js';
import { GATES, type Recurrence, type RecurrentCell, rawRecurrent, rawRecurrentBackward } from '../../raw/recurrent.js';
import { reduceKernel } from '../../raw/reduce.js';
import { context } from '../../tensor/context.js';
import { numelOf, type Shape } from '../../tensor/shape.js';
import type { Tensor } from '../../tensor/tensor.js';
import { rawAlias, rawReshape } from '../../tensor/view.js';
import { relu } from '../elementwise/activation.js';
import { add, mul, sub } from '../elementwise/arithmetic.js';
import { sigmoid, tanh } from '../elementwise/unary.js';
import { linear } from '../matmul/linear.js';
import { stack } from '../shape/join.js';
import { rawSlice, rawSwap } from '../shape/layout.js';
import { chunk, select } from '../shape/slices.js';

export type { RecurrentCell };

const addRaw = binaryKernel('add');
const sumRaw = reduceKernel('sum');

/** The parameters of one layer in one direction, as nn.LSTM and its kin name them. */
export interface RecurrentWeights {
  /** [G · H, I] */
  readonly weightIh: Tensor;
  /** [G · H, P] */
  readonly weightHh: Tensor;
  readonly biasIh: Tensor | null;
  readonly biasHh: Tensor | null;
  /** [P, H], where the state is projected. */
  readonly weightHr: Tensor | null;
}

/** x [T, B, I] through the gates' input weights, then step by step; the state before the first step [B, P]. */
type LayerArgs = [
  x: Tensor,
  hidden: Tensor,
  cellState: Tensor | null,
  weightIh: Tensor,
  weightHh: Tensor,
  biasIh: Tensor | null,
  biasHh: Tensor | null,
  weightHr: Tensor | null,
  cell: RecurrentCell,
  reverse: boolean,
  kept: Kept | null,
];

/** Filled by the forward for its own `save`; null where nothing is recorded. */
interface Kept {
  gates: Tensor | null;
  cells: Tensor | null;
  raw: Tensor | null;
}

/** x [T, B, n] as [T · B, n]. */
const rows = (x: Tensor): Tensor => rawReshape(x, [numelOf(x._shape.slice(0, -1)), x._shape.at(-1)!]);

/** A copy of step `t` of x [T, B, n]. */
function stepOf(x: Tensor, t: number): Tensor {
  const view = rawSlice(x, 0, t, 1);
  const copy = rawCast(view, x.dtype);
  view.dispose();
  const out = rawReshape(copy, x._shape.slice(1));
  copy.dispose();
  out._versions = null;
  return out;
}

function runLayer(
  ...[x, hidden, cellState, weightIh, weightHh, biasIh, biasHh, weightHr, cell, reverse]: LayerArgs
): Recurrence {
  const [steps, batch] = x._shape as [number, number, number];
  const width = weightIh._shape[0]! / GATES[cell];
  const features = weightHh._shape[1]!;
  const summed = cell !== 'gru' && biasIh !== null && biasHh !== null;
  const flat = rows(rawContiguous(x));
  const bias = summed ? addRaw(biasIh, biasHh) : biasIh;
  const gates = rawLinear(flat, weightIh, bias);
  if (summed) bias!.dispose();
  const result: Recurrence = {
    cell,
    reverse,
    gates: rawReshape(gates, [steps, batch, weightIh._shape[0]!]),
    weight: rawContiguous(weightHh),
    bias: cell === 'gru' ? (biasHh ?? rawFull([weightHh._shape[0]!], 0, x.dtype)) : null,
    hidden: rawContiguous(hidden),
    cellState: cellState === null ? null : rawContiguous(cellState),
    projection: weightHr === null ? null : rawContiguous(weightHr),
    output: rawEmpty([steps, batch, features], x.dtype),
    cells: GATES[cell] > 1 ? rawEmpty([steps, batch, width], x.dtype) : null,
    raw: weightHr === null ? null : rawEmpty([steps, batch, width], x.dtype),
  };
  gates.dispose();
  rawRecurrent(result);
  return result;
}

const identity: Op<[x: Tensor]> = defineOp({ name: 'alias', forward: (x) => rawAlias(x), backward: (_ctx, g) => [g] });

/** One step by differentiable ops: the sums of the gates' parts → the state and what else is handed on. */
function composedStep(
  cell: RecurrentCell,
  fromInput: Tensor,
  fromState: Tensor,
  hidden: Tensor,
  cellState: Tensor | null,
): [hidden: Tensor, cellState: Tensor | null] {
  if (cell === 'gru') {
    const [r, z, n] = chunk(fromInput, 3, { dim: -1 }) as [Tensor, Tensor, Tensor];
    const [rh, zh, nh] = chunk(fromState, 3, { dim: -1 }) as [Tensor, Tensor, Tensor];
    const candidate = tanh(add(n, mul(sigmoid(add(r, rh)), nh)));
    return [add(candidate, mul(sub(hidden, candidate), sigmoid(add(z, zh)))), null];
  }
  const sums = add(fromInput, fromState);
  if (cell !== 'lstm') return [cell === 'rnnTanh' ? tanh(sums) : relu(sums), null];
  const [i, f, g, o] = chunk(sums, 4, { dim: -1 }) as [Tensor, Tensor, Tensor, Tensor];
  const c = add(mul(sigmoid(f), cellState!), mul(sigmoid(i), tanh(g)));
  return [mul(sigmoid(o), tanh(c)), c];
}

/** The layer by differentiable ops: what is differentiated again. */
function composedLayer(
  ...[x, h0, c0, weightIh, weightHh, biasIh, biasHh, weightHr, cell, reverse]: LayerArgs
): Tensor[] {
  const steps = x._shape[0]!;
  const gates = linear(x, weightIh, biasIh);
  const outputs = new Array<Tensor>(steps);
  let hidden = h0;
  let cellState = c0;
  for (let i = 0; i < steps; i++) {
    const t = reverse ? steps - 1 - i : i;
    [hidden, cellState] = composedStep(cell, select(gates, 0, t), linear(hidden, weightHh, biasHh), hidden, cellState);
    if (weightHr !== null) hidden = linear(hidden, weightHr);
    outputs[t] = hidden;
  }
  return cellState === null ? [stack(outputs), hidden] : [stack(outputs), hidden, cellState];
}

/** The gradients of the tensors among the arguments by differentiable ops. */
function composedGradients(args: LayerArgs, needs: readonly boolean[], grads: readonly Gradient[]): Gradient[] {
  const tensors: Tensor[] = [];
  const again = args.map((arg, i) => {
    if (arg === null || i > 7) return arg;
    tensors.push(identity(arg as Tensor));
    return tensors.at(-1)!;
  }) as LayerArgs;
  const outputs = composedLayer(...again).filter((_, i) => grads[i]);
  const wanted = tensors.filter((_, i) => needs[i]);
  const found = grad(outputs, wanted, {
    gradOutputs: grads.filter((g) => g !== null),
    createGraph: true,
    allowUnused: true,
  });
  let next = 0;
  return tensors.map((_, i) => (needs[i] ? (found[next++] ?? null) : null));
}

/** As composedGradients through the native backward. */
function nativeGradients(
  args: LayerArgs,
  r: Recurrence,
  needs: readonly boolean[],
  [dy, dh, dc]: readonly Gradient[],
): Gradient[] {
  const [x, h0, c0, weightIh, , biasIh, biasHh, weightHr] = args;
  const dense = (g: Gradient | undefined): Tensor | null => (g ? rawContiguous(g) : null);
  const d = rawRecurrentBackward(r, dense(dy), dense(dh), dense(dc));
  const dGates = rows(d.gates);
  const dRecurrent = r.cell === 'gru' ? rows(d.recurrent) : dGates;
  const steps = x._shape[0]!;
  const states = (): Tensor => {
    const first = rawReshape(r.hidden, [1, ...h0._shape]);
    const rest = rawSlice(r.output, 0, r.reverse ? 1 : 0, steps - 1);
    return rows(rawConcat(r.reverse ? [rest, first] : [first, rest], 0));
  };
  const bias = (g: Tensor): Tensor => sumRaw(g, [0]);
  const dBiasIh = biasIh === null ? null : bias(dGates);
  const all: (() => Gradient)[] = [() => rawReshape(rawMatmul(dGates, weightIh), x._shape), () => d.hidden];
  if (c0 !== null) all.push(() => d.cellState);
  all.push(
    () => rawMatmul(rawSwap(dGates, 0, 1), rows(rawContiguous(x))),
    () => rawMatmul(rawSwap(dRecurrent, 0, 1), states()),
  );
  if (biasIh !== null) all.push(() => dBiasIh);
  if (biasHh !== null) all.push(() => (r.cell === 'gru' || dBiasIh === null ? bias(dRecurrent) : dBiasIh));
  if (weightHr !== null) all.push(() => rawMatmul(rawSwap(rows(d.projected!), 0, 1), rows(r.raw!)));
  return all.map((compute, i) => (needs[i] ? compute() : null));
}

const layerOp: Op<LayerArgs, Tensor[]> = defineOp({
  name: 'recurrentLayer',
  node: 'MkldnnRnnLayerBackward0',
  forward: (...args) => {
    const r = runLayer(...args);
    const [x, , , , , , , , , reverse, kept] = args;
    const last = reverse ? 0 : x._shape[0]! - 1;
    const out = [r.output, stepOf(r.output, last)];
    if (r.cell === 'lstm') out.push(stepOf(r.cells!, last));
    if (kept === null) for (const rest of [r.gates, r.cells, r.raw]) rest?.dispose();
    else Object.assign(kept, { gates: r.gates, cells: r.cells, raw: r.raw });
    return out;
  },
  save: (args, [y]) => {
    const kept = args[10]!;
    const { gates, cells, raw } = kept;
    kept.gates = kept.cells = kept.raw = null;
    return [...(args.slice(0, 8) as (Tensor | null)[]), y!, gates, cells, raw];
  },
  backward: ({ args, saved, needs }, ...grads) => {
    const [cell, reverse] = args.slice(8) as [RecurrentCell, boolean];
    const [x, h0, c0, weightIh, weightHh, biasIh, biasHh, weightHr, output, gates, cells, raw] = saved.map(
      (t) => t ?? null,
    );
    const given = [x, h0, c0, weightIh, weightHh, biasIh, biasHh, weightHr, cell, reverse, null] as LayerArgs;
    if (context().grad) return composedGradients(given, needs, grads);
    const recurrence: Recurrence = {
      cell,
      reverse,
      gates: gates!,
      weight: rawContiguous(weightHh!),
      bias: cell === 'gru' ? (biasHh ?? rawFull([weightHh!._shape[0]!], 0, x!.dtype)) : null,
      hidden: rawContiguous(h0!),
      cellState: c0 === null ? null : rawContiguous(c0!),
      projection: weightHr === null ? null : rawContiguous(weightHr!),
      output: output!,
      cells: cells ?? null,
      raw: raw ?? null,
    };
    return nativeGradients(given, recurrence, needs, grads);
  },
});

/**
 * One layer of a recurrent network in one direction: x [T, B, I] and the state before the first step → the states of all
 * steps [T, B, P] and the last one (LSTM: and the last cell). Checked arguments of one dtype, T ≥ 1.
 */
export function recurrentLayer(
  cell: RecurrentCell,
  x: Tensor,
  hidden: Tensor,
  cellState: Tensor | null,
  { weightIh, weightHh, biasIh, biasHh, weightHr }: RecurrentWeights,
  reverse: boolean,
): [output: Tensor, hidden: Tensor, cellState?: Tensor] {
  const tensors = [x, hidden, cellState, weightIh, weightHh, biasIh, biasHh, weightHr] as const;
  const kept = context().grad && anyRequiresGrad(tensors) ? { gates: null, cells: null, raw: null } : null;
  return layerOp(...tensors, cell, reverse, kept) as [Tensor, Tensor, Tensor?];
}

/** Zeros for the state before the first step. */
export const initialState = (shape: Shape, like: Tensor): Tensor => rawFull(shape, 0, like.dtype);

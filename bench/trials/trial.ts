// What a row is, and the three kinds of it. The same name in bench/peers/torch/<group>.py is PyTorch's side of a row.
import { autograd, type DType, onesLike, randn, Tensor } from 'flambeau';

/** What one run costs at least, so that the table can say how near the machine's limit it comes. */
export interface Costs {
  /** Floating-point (or integer) operations; a multiply-add is two. */
  readonly flops?: number;
  /** Bytes of the operands, each read once. */
  readonly read?: number;
  /** Bytes of the results, each written once. */
  readonly written?: number;
  /** The type whose peak limits the operations; float32 unless given. */
  readonly precision?: Precision;
  readonly note?: string;
  /** The chart of time or rate against size that the row is a point of. */
  readonly series?: { readonly name: string; readonly size: number };
  /** The product that a BLAS computes, if the row is one: [m, k] × [k, n], n = 1 for a vector. */
  readonly product?: Product;
}

export interface Product {
  readonly m: number;
  readonly k: number;
  readonly n: number;
  /** N or T for each operand: T where its transpose is what lies in memory. */
  readonly layout: string;
  readonly precision: Precision;
}

export type Precision = Extract<DType, 'float32' | 'float64'> | 'bfloat16' | 'int8';

export interface Trial extends Costs {
  readonly name: string;
  /** Set up and timed without recording a graph; torch's side then runs in its inference mode. */
  readonly inference: boolean;
  /** Makes the operands and returns the work that is timed. */
  readonly setup: () => () => void;
}

type Results = Tensor | readonly Tensor[];

const dispose = (results: Results): void => {
  if (results instanceof Tensor) results.dispose();
  else for (const result of results) result.dispose();
};

/** A forward without a graph. Its results are freed at once, as PyTorch's reference counts free them. */
export function forward(name: string, setup: () => () => Results, costs: Costs = {}): Trial {
  const timed = (): (() => void) => {
    const work = setup();
    return () => dispose(work());
  };
  return { ...costs, name, inference: true, setup: timed };
}

/** A forward twice: its results freed at once, and left to the collector as programs leave them. */
export function freedAndLeft(name: string, setup: () => () => Results, costs: Costs = {}): Trial[] {
  return [forward(`${name}, freed`, setup, costs), { ...costs, name: `${name}, left`, inference: true, setup }];
}

/** The gradients alone, from a graph that is made once and kept, for an upstream gradient of ones. */
export function backward(
  name: string,
  setup: () => { output: Tensor; inputs: readonly Tensor[] },
  costs: Costs = {},
): Trial {
  const timed = (): (() => void) => {
    const { output, inputs } = setup();
    const gradOutputs = onesLike(output);
    return () => dispose(autograd.grad(output, inputs, { gradOutputs, retainGraph: true }));
  };
  return { ...costs, name: `${name} backward`, inference: false, setup: timed };
}

/** Two rows, forward and backward, of a function of random tensors. */
export function both(
  name: string,
  shapes: readonly (readonly number[])[],
  apply: (...operands: Tensor[]) => Tensor,
  { forward: ahead = {}, backward: back = {} }: { forward?: Costs; backward?: Costs } = {},
): Trial[] {
  const operands = (requiresGrad: boolean): Tensor[] => shapes.map((shape) => randn(shape, { requiresGrad }));
  const setup = (): (() => Tensor) => {
    const given = operands(false);
    return () => apply(...given);
  };
  const graph = (): { output: Tensor; inputs: Tensor[] } => {
    const inputs = operands(true);
    return { output: apply(...inputs), inputs };
  };
  return [forward(name, setup, ahead), backward(name, graph, back)];
}

/** Work that records graphs: a training step. */
export function step(name: string, setup: () => () => void, costs: Costs = {}): Trial {
  return { ...costs, name, inference: false, setup };
}

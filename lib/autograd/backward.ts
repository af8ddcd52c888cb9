import { rawFull } from '../raw/create.js';
import { refuseSurplus } from '../tensor/arguments.js';
import { isFloating } from '../tensor/dtype.js';
import { describe, fail } from '../tensor/errors.js';
import { checkOptions } from '../tensor/options.js';
import { sameShape, showShape } from '../tensor/shape.js';
import { checkTensor, Tensor } from '../tensor/tensor.js';
import { accumulateGrad, requireGrad } from './accumulate.js';
import { castTo } from './conform.js';
import { runBackward } from './engine.js';
import { ensureMeta } from './meta.js';
import type { Edge, Gradient } from './node.js';
import { edgeOf } from './opNode.js';

export interface BackwardCallOptions {
  /** Keep what the graph saved for another backward; `createGraph` unless given. */
  retainGraph?: boolean;
  /** Record the backward itself, for higher derivatives. */
  createGraph?: boolean;
  /** Accumulate into these tensors alone instead of into every leaf. */
  inputs?: Tensor | readonly Tensor[];
}

export interface GradOptions {
  /** The gradient of each output (the vector of the vector-Jacobian product); null for a scalar output means 1. */
  gradOutputs?: Tensor | null | readonly (Tensor | null)[];
  /** Keep what the graph saved for another backward; `createGraph` unless given. */
  retainGraph?: boolean;
  /** Record the backward itself, for higher derivatives. */
  createGraph?: boolean;
  /** Give null for an input that the outputs do not depend on, instead of throwing. */
  allowUnused?: boolean;
  /** Give zeros for such an input. */
  materializeGrads?: boolean;
}

const listOf = (x: Tensor | readonly Tensor[]): readonly Tensor[] => (x instanceof Tensor ? [x] : x);

function checkTensors(op: string, value: unknown, what: string): readonly Tensor[] {
  if (!(value instanceof Tensor) && !Array.isArray(value)) {
    fail('WRONG_TYPE', `${op}: ${what} must be a Tensor or an array of Tensors, got ${describe(value)}`);
  }
  // Not map, which passes over the holes of an array.
  return Array.from(listOf(value as Tensor | Tensor[]), (x, i) => checkTensor(op, x, `${what}[${i}]`));
}

/** The gradient that starts at each output: what was given, or 1 for a scalar. */
function rootGradients(
  op: string,
  outputs: readonly Tensor[],
  given: readonly (Tensor | null | undefined)[] | null,
): Tensor[] {
  if (given !== null && given.length !== outputs.length) {
    fail('BAD_ARGUMENT', `${op}: got ${outputs.length} tensors and ${given.length} gradients`);
  }
  return outputs.map((output, i) => {
    const grad = given?.[i];
    if (grad === undefined || grad === null) {
      if (!requires(output)) failNoGrad(op, i);
      if (output.numel !== 1) {
        fail(
          'GRAD_ERROR',
          `${op}: grad can be implicitly created only for scalar outputs, got shape ${showShape(output._shape)}`,
        );
      }
      return rawFull(output._shape, 1, output.dtype);
    }
    checkTensor(op, grad, 'grad');
    if (!sameShape(grad._shape, output._shape)) {
      fail(
        'GRAD_ERROR',
        `${op}: Mismatch in shape: grad_output[${i}] has a shape of ${showShape(grad._shape)} and output[${i}] has a shape of ${showShape(output._shape)}.`,
      );
    }
    if (!isFloating(grad.dtype))
      fail('GRAD_ERROR', `${op}: the gradient of output ${i} must be of a floating type, got ${grad.dtype}`);
    return grad.dtype === output.dtype ? grad : castTo(grad, output.dtype);
  });
}

const requires = (x: Tensor): boolean => x._autograd?.requiresGrad ?? false;

function failNoGrad(op: string, i: number): never {
  return fail('GRAD_ERROR', `${op}: element ${i} of tensors does not require grad and does not have a gradFn`);
}

function rootEdges(op: string, outputs: readonly Tensor[]): Edge[] {
  return outputs.map((output, i) => edgeOf(output) ?? failNoGrad(op, i));
}

/**
 * The sum of the gradients of `tensors` with respect to the leaves of their graph, added to each leaf's `grad`.
 *
 * @example
 * const w = tensor([1, 2], { requiresGrad: true });
 * autograd.backward([w.sum(), w.mul(w).sum()]);
 * w.grad; // [3, 5]
 */
export function backward(
  tensors: Tensor | readonly Tensor[],
  gradTensors?: Tensor | null | readonly (Tensor | null)[],
  options?: BackwardCallOptions,
): void {
  if (arguments.length > 3) refuseSurplus('backward', arguments, 3);
  const known = checkOptions('backward', options, ['retainGraph', 'createGraph', 'inputs']);
  const { createGraph = false, retainGraph = createGraph } = known;
  const outputs = checkTensors('backward', tensors, 'tensors');
  const grads = rootGradients('backward', outputs, gradientList(gradTensors));
  const roots = rootEdges('backward', outputs);
  if (known.inputs === undefined) {
    runBackward(roots, grads, { retainGraph, createGraph });
    return;
  }
  const inputs = checkTensors('backward', known.inputs, 'inputs');
  if (inputs.length === 0) fail('BAD_ARGUMENT', 'backward: `inputs` argument to `backward()` cannot be empty.');
  const targets = targetEdges('backward', inputs);
  const found = runBackward(roots, grads, { retainGraph, createGraph }, targets);
  inputs.forEach((input, i) => {
    const grad = found[i];
    if (grad) accumulateGrad(ensureMeta(input), grad, createGraph);
  });
}

function gradientList(
  given: Tensor | null | undefined | readonly (Tensor | null)[],
): readonly (Tensor | null)[] | null {
  if (given === undefined || given === null) return null;
  if (given instanceof Tensor) return [given];
  if (!Array.isArray(given)) fail('WRONG_TYPE', `backward: the gradient must be a Tensor, got ${describe(given)}`);
  return given as readonly (Tensor | null)[];
}

function targetEdges(op: string, inputs: readonly Tensor[]): Edge[] {
  return inputs.map(
    (input) => edgeOf(input) ?? fail('GRAD_ERROR', `${op}: One of the differentiated Tensors does not require grad`),
  );
}

/**
 * The gradients of the outputs (summed) with respect to the inputs, in the inputs' order. No `.grad` is touched.
 *
 * @example
 * const x = tensor(3, { requiresGrad: true });
 * const [dx] = autograd.grad(x.pow(3), x, { createGraph: true });
 * dx.item();                           // 27
 * autograd.grad(dx, x)[0].item();      // 18
 */
export function grad(
  outputs: Tensor | readonly Tensor[],
  inputs: Tensor | readonly Tensor[],
  options: GradOptions & ({ allowUnused: true } & { materializeGrads?: false }),
): (Tensor | null)[];
export function grad(
  outputs: Tensor | readonly Tensor[],
  inputs: Tensor | readonly Tensor[],
  options?: GradOptions,
): Tensor[];
export function grad(
  outputs: Tensor | readonly Tensor[],
  inputs: Tensor | readonly Tensor[],
  options?: GradOptions,
): (Tensor | null)[] {
  if (arguments.length > 3) refuseSurplus('grad', arguments, 3);
  const known = checkOptions('grad', options, [
    'gradOutputs',
    'retainGraph',
    'createGraph',
    'allowUnused',
    'materializeGrads',
  ]);
  const {
    createGraph = false,
    retainGraph = createGraph,
    materializeGrads = false,
    allowUnused = materializeGrads,
  } = known;
  if (materializeGrads && !allowUnused) {
    fail(
      'BAD_ARGUMENT',
      'grad: Expected allowUnused to be true or not passed when materializeGrads: true, but got allowUnused: false.',
    );
  }
  const roots = checkTensors('grad', outputs, 'outputs');
  const wanted = checkTensors('grad', inputs, 'inputs');
  if (wanted.length === 0) fail('BAD_ARGUMENT', 'grad: `inputs` argument to `grad()` cannot be empty.');
  const grads = rootGradients('grad', roots, gradientList(known.gradOutputs));
  const targets = targetEdges('grad', wanted);
  const found = runBackward(rootEdges('grad', roots), grads, { retainGraph, createGraph }, targets);
  return found.map((result, i) => checkFound(result, wanted[i]!, i, { allowUnused, materializeGrads, createGraph }));
}

function checkFound(
  result: Gradient,
  input: Tensor,
  i: number,
  { allowUnused, materializeGrads, createGraph }: Required<Omit<GradOptions, 'gradOutputs' | 'retainGraph'>>,
): Gradient {
  if (result !== null) return result;
  if (materializeGrads) {
    const zeros = rawFull(input._shape, 0, input.dtype);
    // So that what is made of it can be differentiated again, as what is made of a true derivative can.
    if (createGraph) requireGrad(zeros);
    return zeros;
  }
  if (allowUnused) return null;
  return fail(
    'GRAD_ERROR',
    `grad: The differentiated Tensor at index ${i} appears to not have been used in the graph. Set allowUnused: true if this is the desired behavior.`,
  );
}

import { checkGradients, nameOf, register } from '../../autograd/hooks.js';
import { metaOf } from '../../autograd/meta.js';
import type { Gradient, Node, NodeHook } from '../../autograd/node.js';
import { defineOp } from '../../autograd/op.js';
import { trackView } from '../../autograd/view.js';
import { context } from '../../tensor/context.js';
import { describe, fail } from '../../tensor/errors.js';
import { Tensor } from '../../tensor/tensor.js';
import { rawAlias } from '../../tensor/view.js';
import type { BackwardHook, BackwardPreHook, Hooks } from './hooks.js';
import { classNameOf, type ModuleState } from './state.js';

// Full backward hooks stand on two identity nodes in the graph, one over all inputs and one over all outputs of the
// module (torch/utils/hooks.py has the idea).

const identity = defineOp({
  name: 'backwardHookFunction',
  forward: (tensors: Tensor[]) => tensors.map((x) => rawAlias(x)),
  backward: (_ctx, ...grads) => grads,
});

/** Passes `tensors` through one identity node; null when no gradient will flow. */
function boundary(tensors: Tensor[]): { outputs: Tensor[]; node: Node } | null {
  if (!context().grad || !tensors.some((x) => metaOf(x)?.requiresGrad)) return null;
  const outputs = identity(tensors);
  const node = metaOf(outputs[0]!)!.gradFn!;
  // Modified in place, the module's input or output would take another way than through its hooks.
  for (const [i, output] of outputs.entries()) trackView(tensors[i]!, output, 'custom-function');
  return { outputs, node };
}

function onGradients(node: Node, hook: NodeHook): void {
  node.postHooks ??= new Map();
  register(node.postHooks, hook);
}

/** The backward hooks of one call, or null when the module has none. */
export function backwardHooksOf(state: ModuleState, hooks: Hooks): BackwardHooks | null {
  if (hooks.backward.size === 0 && hooks.backwardPre.size === 0) return null;
  return new BackwardHooks(state, hooks.backward.current, hooks.backwardPre.current);
}

export class BackwardHooks {
  private inputCount = 0;
  /** Positions of the tensors among the inputs; null when none of them requires grad. */
  private inputIndices: readonly number[] | null = null;
  /** What arrived at the outputs, until the inputs' gradients are there. */
  private gradOutput: readonly Gradient[] | null = null;

  constructor(
    private readonly state: ModuleState,
    private readonly hooks: readonly BackwardHook[],
    private readonly preHooks: readonly BackwardPreHook[],
  ) {}

  wrapInputs(inputs: readonly unknown[]): readonly unknown[] {
    this.inputCount = inputs.length;
    const indices = tensorPositions(inputs);
    const passed = boundary(indices.map((i) => inputs[i] as Tensor));
    if (passed === null) return inputs;
    this.inputIndices = indices;
    onGradients(passed.node, (grads: readonly Gradient[]) => this.atInputs(grads));
    return replaceAt(inputs, indices, passed.outputs);
  }

  wrapOutput(output: unknown): unknown {
    const several = Array.isArray(output);
    const outputs = (several ? output : [output]) as readonly unknown[];
    const indices = tensorPositions(outputs);
    const passed = boundary(indices.map((i) => outputs[i] as Tensor));
    if (passed === null) return output;
    onGradients(passed.node, (grads: readonly Gradient[]) => this.atOutputs(grads, indices, outputs.length));
    const wrapped = replaceAt(outputs, indices, passed.outputs);
    return several ? wrapped : wrapped[0];
  }

  private atOutputs(grads: readonly Gradient[], indices: readonly number[], count: number): readonly Gradient[] {
    let gradOutput: readonly Gradient[] = spread(grads, indices, count);
    for (const hook of this.preHooks) {
      gradOutput = this.replacement(
        hook,
        hook(this.state.self, gradOutput),
        gradOutput,
        'Backward pre hook',
        'grad_output',
      );
    }
    this.gradOutput = gradOutput;
    if (this.inputIndices === null) this.withoutInputs(gradOutput);
    return indices.map((i) => gradOutput[i] ?? null);
  }

  /** No input requires grad: the hooks run now, and there is nothing that they could replace. */
  private withoutInputs(gradOutput: readonly Gradient[]): void {
    const none = new Array<Gradient>(this.inputCount).fill(null);
    for (const hook of this.hooks) {
      const result = hook(this.state.self, none, gradOutput);
      const nothing = isList(result) ? result.every((grad) => grad === null) : result === undefined || result === null;
      if (!nothing) {
        this.refuse(
          'Backward hook for Modules where no input requires gradient should always return null or null for all gradients.',
        );
      }
    }
    this.gradOutput = null;
  }

  private atInputs(grads: readonly Gradient[]): readonly Gradient[] {
    const { gradOutput, inputIndices } = this;
    // The inputs can be reached past the outputs, by a use of theirs inside the module that the user kept.
    if (gradOutput === null || inputIndices === null) return grads;
    let current: readonly Gradient[] = spread(grads, inputIndices, this.inputCount);
    for (const hook of this.hooks) {
      const result = hook(this.state.self, current, gradOutput);
      current = this.replacement(hook, result, current, 'Backward hook', 'grad_input');
    }
    this.gradOutput = null;
    return inputIndices.map((i) => current[i] ?? null);
  }

  private replacement(
    hook: BackwardHook | BackwardPreHook,
    result: Gradient | readonly Gradient[] | undefined | void,
    current: readonly Gradient[],
    kind: string,
    slot: string,
  ): readonly Gradient[] {
    if (result === undefined || result === null) return current;
    const list: unknown = result instanceof Tensor ? [result] : result;
    const what = `${kind} '${nameOf(hook)}'`;
    if (!isList(list)) this.refuse(`${what} must return a Tensor, an array of them, or nothing, got ${describe(list)}`);
    if (list.length !== current.length) {
      this.refuse(`${kind} returned an invalid number of ${slot}, got ${list.length}, but expected ${current.length}`);
    }
    return checkGradients(`${classNameOf(this.state.self)}: ${what}`, list);
  }

  private refuse(problem: string): never {
    return fail('GRAD_ERROR', `${classNameOf(this.state.self)}: ${problem}`);
  }
}

function tensorPositions(values: readonly unknown[]): number[] {
  return values.flatMap((value, i) => (value instanceof Tensor ? [i] : []));
}

function replaceAt(values: readonly unknown[], indices: readonly number[], tensors: readonly Tensor[]): unknown[] {
  const out = [...values];
  indices.forEach((position, i) => {
    out[position] = tensors[i];
  });
  return out;
}

/** `grads` at their positions among `count` values, the rest null. */
function spread(grads: readonly Gradient[], indices: readonly number[], count: number): Gradient[] {
  const out = new Array<Gradient>(count).fill(null);
  indices.forEach((position, i) => {
    out[position] = grads[i] ?? null;
  });
  return out;
}

const isList = (value: unknown): value is readonly Gradient[] => Array.isArray(value);

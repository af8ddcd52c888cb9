import { describe, expect, test } from 'vitest';
import { autograd, ones, type Tensor } from '../../../lib/index.js';
import { messageOf } from '../thrown.js';

// A promise, a number or nothing where a gradient or a result belongs: the error names the function that gave it.

const leaf = (): Tensor => ones([2], { requiresGrad: true });
const seen: unknown[] = [];

function hooked(register: (x: Tensor) => void): () => void {
  return () => {
    const x = leaf();
    const y = x.mul(2);
    register(y);
    y.sum().backward();
  };
}

/** A Function of two arguments whose forward and backward return what they are given. */
function applied(returned: { forward?: () => unknown; backward?: () => unknown }): () => void {
  class Odd extends autograd.Function {
    static forward(_ctx: autograd.FunctionContext, x: Tensor, _y: Tensor): Tensor {
      return (returned.forward === undefined ? x.mul(2) : returned.forward()) as Tensor;
    }
    static backward(_ctx: autograd.FunctionContext, g: Tensor): readonly (Tensor | null)[] {
      return (returned.backward === undefined ? [g, g] : returned.backward()) as readonly Tensor[];
    }
  }
  return () => Odd.apply(leaf(), leaf()).sum().backward();
}

describe('hooks', () => {
  test.each<[string, () => void, string | RegExp]>([
    [
      'a tensor hook that returns what push gives',
      hooked((y) =>
        y.registerHook(function note(g) {
          return seen.push(g) as never;
        }),
      ),
      /^hook 'note' must return a Tensor or nothing, got \d+$/,
    ],
    [
      'a tensor hook that returns a promise',
      hooked((y) => y.registerHook((g) => Promise.resolve(g) as never)),
      "hook '<anonymous>' must return a Tensor or nothing, got a Promise; await it",
    ],
    [
      'an async tensor hook',
      hooked((y) => y.registerHook((async () => null) as never)),
      'registerHook: hook must not be async: its result is needed at once',
    ],
    [
      'a prehook of a node',
      hooked((y) => y.gradFn!.registerPrehook((grads) => seen.push(grads) as never)),
      /^prehook '<anonymous>' of MulBackward0 must return an array of Tensors or nothing, got \d+$/,
    ],
    [
      'a hook of a node',
      hooked((y) => y.gradFn!.registerHook(() => [3] as never)),
      "hook '<anonymous>' of MulBackward0 must return Tensors or null, got 3 at 0",
    ],
    [
      'an async hook of a node',
      hooked((y) => y.gradFn!.registerHook((async () => {}) as never)),
      'registerHook: hook must not be async: its result is needed at once',
    ],
    [
      'a hook after accumulation',
      () => leaf().registerPostAccumulateGradHook((async () => {}) as never),
      'registerPostAccumulateGradHook: hook must not be async: its result is needed at once',
    ],
    [
      'a hook after accumulation that returns a promise',
      () => {
        const x = leaf();
        x.registerPostAccumulateGradHook(function save() {
          return Promise.resolve() as never;
        });
        x.sum().backward();
      },
      "backward: the hook 'save' after accumulation returned a promise; its result is needed at once, so it must not be async",
    ],
  ])('%s', (_name, run, message) => {
    if (typeof message === 'string') expect(messageOf(run)).toBe(message);
    else expect(messageOf(run)).toMatch(message);
  });

  test('nothing, and null, leave the gradient as it is', () => {
    const x = leaf();
    const y = x.mul(2);
    y.registerHook(() => null);
    y.gradFn!.registerPrehook(() => undefined);
    y.gradFn!.registerHook(() => null);
    y.sum().backward();
    expect(x.grad!.toArray()).toEqual([2, 2]);
  });
});

describe('Function', () => {
  test.each<[string, () => void, string]>([
    [
      'forward that returns a promise',
      applied({ forward: () => Promise.resolve(leaf()) }),
      'Odd: forward returned a promise; its result is needed at once, so it must not be async',
    ],
    [
      'forward that returns nothing',
      applied({ forward: () => undefined }),
      'Odd: forward must return a Tensor or an array, got undefined',
    ],
    [
      'forward that returns a number',
      applied({ forward: () => 3 }),
      'Odd: forward must return a Tensor or an array, got 3',
    ],
    [
      'forward with a promise among its outputs',
      applied({ forward: () => [leaf(), Promise.resolve(1)] }),
      'Odd: forward returned a promise; its result is needed at once, so it must not be async',
    ],
    [
      'backward that returns a promise',
      applied({ backward: () => Promise.resolve([null, null]) }),
      'Odd: backward returned a promise; its result is needed at once, so it must not be async',
    ],
    [
      'backward that returns nothing',
      applied({ backward: () => undefined }),
      'OddBackward: backward returned nothing; return a gradient, or null where there is none',
    ],
    [
      'backward that returns a number',
      applied({ backward: () => [3, null] }),
      'Function OddBackward returned an invalid gradient at index 0 - expected Tensor or null, got 3',
    ],
  ])('%s', (_name, run, message) => {
    expect(messageOf(run)).toBe(message);
  });
});

describe('callbacks', () => {
  test.each<[string, () => unknown, string]>([
    [
      'checkpoint of an async function',
      () => autograd.checkpoint(async (x: Tensor) => x, leaf()),
      'checkpoint: fn must not be async: its result is needed at once',
    ],
    [
      'checkpoint of one that returns a promise',
      () => autograd.checkpoint((x: Tensor) => Promise.resolve(x), leaf()),
      'checkpoint: fn returned a promise; its result is needed at once, so it must not be async',
    ],
    [
      'checkpoint of one that returns nothing',
      () => autograd.checkpoint(function block() {}),
      'checkpoint: a function (block) returned nothing; it must return what it computed',
    ],
    [
      'pack that returns a promise',
      () =>
        autograd.savedTensorsHooks(
          (x) => Promise.resolve(x),
          () => leaf(),
          () => leaf().exp(),
        ),
      'savedTensorsHooks: pack returned a promise; its result is needed at once, so it must not be async',
    ],
    [
      'unpack that returns a number',
      () =>
        autograd
          .savedTensorsHooks(
            (x) => seen.push(x) - 1,
            (i) => i as never,
            () => leaf().exp(),
          )
          .sum()
          .backward(),
      'savedTensorsHooks: unpack must return a Tensor, got ',
    ],
  ])('%s', (_name, run, message) => {
    expect(messageOf(run)).toContain(message);
  });
});

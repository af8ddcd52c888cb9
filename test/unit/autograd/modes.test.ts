import { setTimeout as sleep } from 'node:timers/promises';
import { autograd, enableGrad, inferenceMode, isGradEnabled, noGrad, ones, type Tensor, tensor } from 'flambeau';
import { describe, expect, test } from 'vitest';

const leaf = (values: number | number[]): Tensor => tensor(values, { requiresGrad: true });

describe('noGrad', () => {
  test('results are leaves, leaves made inside still require grad', () => {
    const x = leaf([1, 2]);
    const [y, w] = noGrad(() => [x.mul(2), leaf([1])]);
    expect([y.requiresGrad, y.isLeaf, w.requiresGrad]).toEqual([false, true, true]);
  });

  test('nests with enableGrad and ends with its function, also by a throw', () => {
    noGrad(() => {
      enableGrad(() => expect(isGradEnabled()).toBe(true));
      expect(isGradEnabled()).toBe(false);
    });
    expect(() =>
      noGrad(() => {
        throw new Error('out');
      }),
    ).toThrow('out');
    expect(isGradEnabled()).toBe(true);
  });

  test('follows an async function through its awaits and does not leak out of it', async () => {
    const inside = noGrad(async () => {
      await sleep(5);
      const first = isGradEnabled();
      await Promise.resolve();
      return [first, isGradEnabled()];
    });
    expect(isGradEnabled()).toBe(true);
    await Promise.resolve();
    expect(isGradEnabled()).toBe(true);
    expect(await inside).toEqual([false, false]);
    expect(isGradEnabled()).toBe(true);
  });

  test('the body of a generator runs in it, whoever resumes it', async () => {
    function* steps(): Generator<boolean> {
      yield isGradEnabled();
      try {
        yield enableGrad(() => isGradEnabled());
      } finally {
        yield isGradEnabled();
      }
    }
    const running = noGrad(steps);
    const seen: boolean[] = [];
    for (const value of running) seen.push(value, isGradEnabled());
    expect(seen).toEqual([false, true, true, true, false, true]);
    async function* later(): AsyncGenerator<boolean> {
      await sleep(1);
      yield isGradEnabled();
    }
    for await (const value of noGrad(later)) expect([value, isGradEnabled()]).toEqual([false, true]);
  });

  test('a generator that is left early runs its finally in the mode', () => {
    let last = true;
    function* steps(): Generator<number> {
      try {
        yield 1;
      } finally {
        last = isGradEnabled();
      }
    }
    for (const _ of noGrad(steps)) break;
    expect(last).toBe(false);
  });

  test('takes a function', () => {
    expect(() => noGrad(3 as unknown as () => void)).toThrow('noGrad: expected a function, got 3');
  });
});

describe('inferenceMode', () => {
  test('is not left by enableGrad', () => {
    inferenceMode(() => enableGrad(() => expect(leaf([1]).mul(2).requiresGrad).toBe(false)));
  });

  test('its tensors cannot be saved for backward, changed or made to require grad outside', () => {
    const x = inferenceMode(() => ones([2]).mul(2));
    expect(() => x.mul(leaf([1, 2]))).toThrow(
      'Inference tensors cannot be saved for backward. Please do not use Tensors created in inference mode in computation tracked by autograd. ' +
        'To work around this, you can make a clone to get a normal tensor and use it in autograd, or use `noGrad()` instead of `inferenceMode()`.',
    );
    expect(() => x.narrow(0, 0, 1).mul(leaf([1]))).toThrow('Inference tensors cannot be saved for backward.');
    expect(() => x.mul_(2)).toThrow('Inplace update to inference tensor outside inferenceMode is not allowed.');
    expect(() => x.requiresGrad_()).toThrow(
      'Setting requiresGrad: true on inference tensor outside inferenceMode is not allowed.',
    );
    expect(() => x._version).toThrow('Inference tensors do not track version counter.');
    expect(x.clone().mul(leaf([1, 2])).requiresGrad).toBe(true);
    expect(x.add(leaf([1, 2])).requiresGrad).toBe(true);
    inferenceMode(() => x.mul_(2));
    expect(x.toArray()).toEqual([4, 4]);
  });

  test('a view of a normal tensor is normal', () => {
    const x = ones([2]);
    const v = inferenceMode(() => x.narrow(0, 0, 1));
    expect(v.mul(leaf([1])).requiresGrad).toBe(true);
  });
});

describe('anomaly mode', () => {
  test('names the function whose gradient is NaN, and where its forward was', () => {
    const run = (): void =>
      autograd.detectAnomaly(() => {
        const x = leaf([-1]);
        x.sqrt().sum().backward();
      });
    expect(run).toThrow("Function 'SqrtBackward0' returned nan values in its 0th output.");
    // The error's own line and the place that records it are no part of the call.
    expect(run).toThrow(/The forward call that made it:\n {4}at .*\n[\s\S]*modes\.test\.ts/);
  });

  test('only where asked for', () => {
    const x = leaf([-1]);
    autograd.detectAnomaly(() => x.sqrt().sum().backward(), { checkNan: false });
    x.sqrt().sum().backward();
    expect(x.grad!.item()).toBeNaN();
  });
});

describe('savedTensorsHooks', () => {
  test('what is saved goes through pack and unpack, and keeps its history', () => {
    const x = tensor([1, 2], { dtype: 'float64', requiresGrad: true });
    let packed = 0;
    const pack = (x: Tensor): number[] => {
      packed++;
      return x.toArray() as number[];
    };
    const unpack = (values: number[]): Tensor => tensor(values, { dtype: 'float64' });
    const run = (x: Tensor): Tensor => autograd.savedTensorsHooks(pack, unpack, () => x.mul(x).exp().sum());
    expect(autograd.gradcheck(run, x)).toBe(true);
    expect(autograd.gradgradcheck(run, x)).toBe(true);
    expect(packed).toBeGreaterThan(0);
    expect(() =>
      autograd
        .savedTensorsHooks(
          pack,
          () => 3 as unknown as Tensor,
          () => x.mul(x),
        )
        .sum()
        .backward(),
    ).toThrow('unpack must return a Tensor, got 3');
  });
});

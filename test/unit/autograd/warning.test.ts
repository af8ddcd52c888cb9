import { ones } from 'flambeau';
import { expect, test, vi } from 'vitest';

// A file of its own: the warning comes once in a process.
test('reading grad of a tensor that is no leaf warns, once, and nothing else does', () => {
  const emitWarning = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
  const x = ones([2], { requiresGrad: true });
  const retained = x.mul(2);
  const [y, z] = [retained.mul(2), retained.mul(3)];
  retained.retainGrad();
  for (const silent of [ones([2]), x, x.detach(), retained]) expect(silent.grad).toBeNull();
  y.sum().backward();
  expect(x.grad!.toArray()).toEqual([4, 4]);
  expect(retained.grad!.toArray()).toEqual([2, 2]);
  expect(emitWarning).not.toHaveBeenCalled();

  expect(y.grad).toBeNull();
  expect(emitWarning).toHaveBeenCalledExactlyOnceWith(
    expect.stringMatching(/not a leaf Tensor.*call retainGrad\(\)/),
    'FlambeauWarning',
  );
  expect([y.grad, z.grad]).toEqual([null, null]);
  expect(emitWarning).toHaveBeenCalledTimes(1);
});

import { autograd, ones, type Tensor, tensor } from 'flambeau';
import { describe, expect, test } from 'vitest';

const x = (): Tensor => tensor([1, 2], { dtype: 'float64', requiresGrad: true });

class Wrong extends autograd.Function {
  static forward = (_ctx: autograd.FunctionContext, x: Tensor): Tensor => x.mul(2);
  static backward = (_ctx: autograd.FunctionContext, g: Tensor): Tensor => g.mul(3);
}

class WrongTwice extends autograd.Function {
  static forward(ctx: autograd.FunctionContext, x: Tensor): Tensor {
    ctx.saveForBackward(x);
    return x.mul(x);
  }
  static backward(ctx: autograd.FunctionContext, g: Tensor): Tensor {
    return g.mul(ctx.savedTensors[0]!.detach()).mul(2);
  }
}

describe('gradcheck', () => {
  test('a wrong gradient is an error that shows both', () => {
    expect(() => autograd.gradcheck((x) => Wrong.apply(x), x())).toThrow(
      /Jacobian mismatch for output 0 with respect to input 0 of shape \[2\],\nworst at \[\d, \d\]: numerical [12]\.\d+, analytical 3\nnumerical: \[2, 2\]\n {2}\[2\.00000, 0\.00000\]/,
    );
    expect(autograd.gradcheck((x) => Wrong.apply(x), x(), { raiseException: false })).toBe(false);
  });

  test('a gradient that is NaN alone is an error at the first such entry', () => {
    class Missing extends autograd.Function {
      static forward = (_ctx: autograd.FunctionContext, x: Tensor): Tensor => x.mul(2);
      static backward = (_ctx: autograd.FunctionContext, g: Tensor): Tensor => g.mul(Number.NaN);
    }
    expect(() => autograd.gradcheck((x) => Missing.apply(x), x())).toThrow(
      /worst at \[0, 0\]: numerical .*, analytical NaN/,
    );
  });

  test('several inputs and outputs; the inputs come back as they were', () => {
    const a = x();
    const b = x();
    expect(autograd.gradcheck((a, b) => [a.mul(b), a.div(b)], [a, b])).toBe(true);
    expect([a.toArray(), a.grad, b.toArray()]).toEqual([[1, 2], null, [1, 2]]);
  });

  test('a wrong second gradient', () => {
    expect(autograd.gradcheck((x) => WrongTwice.apply(x), x())).toBe(true);
    expect(() => autograd.gradgradcheck((x) => WrongTwice.apply(x), x())).toThrow('gradgradcheck: Jacobian mismatch');
    expect(autograd.gradgradcheck((x) => x.mul(x).mul(x), x())).toBe(true);
  });

  test('a NaN gradient is a mismatch', () => {
    class Nan extends autograd.Function {
      static forward = (_ctx: autograd.FunctionContext, x: Tensor): Tensor => x.mul(2);
      static backward = (_ctx: autograd.FunctionContext, g: Tensor): Tensor => g.mul(Number.NaN);
    }
    expect(autograd.gradcheck((x) => Nan.apply(x), x(), { raiseException: false })).toBe(false);
  });

  test('errors', () => {
    expect(() => autograd.gradcheck((x) => x, ones([2], { dtype: 'float64' }))).toThrow(
      'expects at least one input tensor to require gradient, but none of them have requiresGrad: true.',
    );
    expect(() => autograd.gradcheck((x) => x, ones([2], { requiresGrad: true }))).toThrow('inputs[0] must be float64');
    expect(() => autograd.gradcheck((x) => x, x(), { tol: 1 } as object)).toThrow('unknown option tol');
  });
});

import { nn, ones, randn, tensor, zeros } from 'flambeau';
import { describe, expect, it } from 'vitest';

const { clipGradNorm_, clipGradValue_, parametersToVector, vectorToParameters } = nn.utils;

function withGradients(): nn.Parameter[] {
  const [a, b] = [new nn.Parameter(zeros([2])), new nn.Parameter(zeros([1]))];
  a.mul(tensor([3, 4]))
    .sum()
    .add(b.mul(12).sum())
    .backward();
  return [a, b, new nn.Parameter(zeros([1]))];
}

describe('gradient clipping', () => {
  it('scales the norm of all gradients together', () => {
    const [a, b] = withGradients() as [nn.Parameter, nn.Parameter];
    expect(clipGradNorm_([a, b], 1.3).item()).toBeCloseTo(13, 5);
    [0.3, 0.4].forEach((value, i) => void expect((a.grad!.toArray() as number[])[i]).toBeCloseTo(value, 5));
    expect(b.grad!.item()).toBeCloseTo(1.2, 5);
    expect(clipGradNorm_([a, b], 100).item()).toBeCloseTo(1.3, 5);
    expect(b.grad!.item()).toBeCloseTo(1.2, 5);
  });

  it('knows other norms and non-finite ones', () => {
    expect(clipGradNorm_(withGradients(), 1, { normType: Number.POSITIVE_INFINITY }).item()).toBe(12);
    expect(clipGradNorm_(withGradients(), 1, { normType: 1 }).item()).toBe(19);
    const p = new nn.Parameter(zeros([1]));
    expect(clipGradNorm_(p, 1).item()).toBe(0);
    p.mul(Number.POSITIVE_INFINITY).sum().backward();
    expect(() => clipGradNorm_(p, 1, { errorIfNonfinite: true })).toThrow('is non-finite');
  });

  it('limits single elements', () => {
    const [a, b] = withGradients() as [nn.Parameter, nn.Parameter];
    clipGradValue_([a, b], 3.5);
    expect([a.grad!.toArray(), b.grad!.toArray()]).toEqual([[3, 3.5], [3.5]]);
  });

  it('refuses a module', () => {
    expect(() => clipGradNorm_(new nn.Linear(1, 1) as never, 1)).toThrow('pass model.parameters()');
  });
});

describe('parameters as a vector', () => {
  it('and back', () => {
    const [a, b] = [new nn.Linear(3, 2), new nn.Linear(3, 2)];
    const vector = parametersToVector(a.parameters());
    expect(vector.shape).toEqual([8]);
    expect(vector.requiresGrad).toBe(true);
    vectorToParameters(vector, b.parameters());
    expect(b.weight.toArray()).toEqual(a.weight.toArray());
    expect(b.bias!.toArray()).toEqual(a.bias!.toArray());
    expect(b.weight.isLeaf && b.weight.requiresGrad).toBe(true);
    const x = randn([1, 3]);
    expect(b(x).toArray()).toEqual(a(x).toArray());
    vectorToParameters(ones([16]).asStrided([8], [2]), b.parameters());
    expect(b.bias!.toArray()).toEqual([1, 1]);
    expect(() => vectorToParameters(ones([7]), b.parameters())).toThrow(
      'the parameters have 8 elements, the vector has shape [7]',
    );
  });
});

import { describe, expect, test } from 'vitest';
import { autograd } from '../../lib/index.js';
import { type Row, rows } from './cases.js';
import { Tensor } from './library.js';
import { build, type Kind, type Sample, seedOf } from './samples.js';

// Every differentiable row against central differences, in float64: a check that owes nothing to PyTorch.

/** Off the grid that the samples lie on, so that no step of a difference crosses a kink or an integer. */
const OFFSET = 0.00123;

/** Kinds that lie at kinks, on ties or at the ends of a domain, where a difference quotient is no derivative. */
const SINGULAR: readonly Kind[] = ['special', 'ties', 'factors', 'mask'];

const isPlain = (sample: Sample): boolean =>
  sample.depth > 0 &&
  sample.inputs.some(({ grad }) => grad) &&
  sample.inputs.every(
    ({ shape, layout, kind, grad, dtype }) =>
      layout === 'contiguous' &&
      !(grad && (SINGULAR.includes(kind) || (dtype !== null && dtype !== 'float64'))) &&
      shape.reduce((n, size) => n * size, 1) <= 64,
  );

function checked({ name, run }: Row, sample: Sample): boolean {
  const inputs = sample.inputs.map((input, i) => {
    const { leaf } = build(input, 'float64', seedOf(`${name}/${i}`));
    return leaf.requiresGrad ? leaf.detach().add(OFFSET).requiresGrad_() : leaf;
  });
  return autograd.gradcheck((...given: Tensor[]) => {
    const result = run(given);
    return (Array.isArray(result) ? result : [result]).filter((y) => y instanceof Tensor) as Tensor[];
  }, inputs);
}

const differentiable = rows
  .filter((row) => row.isDerivative && row.dtypes.includes('float64'))
  .map((row) => [row.name, row, row.samples.filter(isPlain)] as const)
  .filter(([, , samples]) => samples.length > 0);

describe('gradcheck', () => {
  test.each(differentiable)('%s', (_name, row, samples) => {
    for (const sample of samples) expect(checked(row, sample)).toBe(true);
  });
});

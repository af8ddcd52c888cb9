import { readFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { errors, groups, type Row, rows } from './cases.js';
import { type DType, FlambeauError, fromTypedArray, full, grad, Tensor, zerosLike } from './library.js';
import { build, draw, type Sample, seedOf } from './samples.js';

// Every row against what PyTorch computed in float64: values, gradients through the fused backward kernels, the same
// gradients through the formulas that createGraph records, and the gradients of those.

type Packed = readonly [shape: number[], dtype: DType, base64: string];

interface Fixture {
  readonly out: readonly Packed[];
  readonly grad?: readonly Packed[];
  readonly double?: readonly Packed[];
}

const fixtures: Record<string, Fixture> = {};
for (const group of Object.keys(groups)) {
  const file = path.join(import.meta.dirname, 'fixtures', `${group}.json.gz`);
  Object.assign(fixtures, JSON.parse(gunzipSync(readFileSync(file)).toString()));
}

function elements(base64: string): Float64Array {
  const bytes = Uint8Array.from(Buffer.from(base64, 'base64'));
  return new Float64Array(bytes.buffer);
}

/** The first difference beyond the tolerance, or null. */
function difference(x: Tensor, [shape, , base64]: Packed, tolerance: number): string | null {
  if (x.shape.join() !== shape.join()) return `shape [${x.shape}], expected [${shape}]`;
  const expected = elements(base64);
  const actual = x.toTypedArray();
  for (let i = 0; i < expected.length; i++) {
    const a = Number(actual[i]);
    // What float32 cannot hold is infinite there.
    const e = x.dtype === 'float32' ? Math.fround(expected[i]!) : expected[i]!;
    if (Object.is(a, e) || a === e || (Number.isNaN(a) && Number.isNaN(e))) continue;
    if (!(Math.abs(a - e) <= tolerance * Math.max(1, Math.abs(e)))) return `element ${i} is ${a}, expected ${e}`;
  }
  return null;
}

function expectClose(what: string, actual: readonly Tensor[], expected: readonly Packed[], tolerance: number): void {
  expect(actual.length, `${what}: number of tensors`).toBe(expected.length);
  actual.forEach((x, i) => {
    const found = difference(x, expected[i]!, tolerance);
    if (found !== null) throw new Error(`${what} ${i}: ${found}`);
  });
}

function weights(y: Tensor, seed: number): Tensor {
  const { shape } = y;
  const kind = { shape, kind: 'any', layout: 'contiguous', dtype: null, grad: false, below: 0 } as const;
  return fromTypedArray(draw(kind, y.numel, seed), shape, { dtype: y.dtype });
}

function gradients(
  outputs: readonly Tensor[],
  leaves: readonly Tensor[],
  seed: number,
  createGraph: boolean,
): Tensor[] {
  const chosen = outputs.map((y, i) => [y, i] as const).filter(([y]) => y.requiresGrad);
  if (chosen.length === 0) return leaves.map((x) => zerosLike(x));
  return grad(
    chosen.map(([y]) => y),
    leaves,
    {
      gradOutputs: chosen.map(([y, i]) => weights(y, seed + i)),
      createGraph,
      allowUnused: true,
      materializeGrads: true,
    },
  );
}

function runSample(row: Row, sample: Sample, name: string, dtype: DType): void {
  const fixture = fixtures[name];
  if (fixture === undefined) throw new Error('no fixture; run make_fixtures.py');
  const tolerance = dtype === 'float64' ? row.tolerance[1] : row.tolerance[0];
  const compute = (): [Tensor[], Tensor[]] => {
    const built = sample.inputs.map((input, i) => build(input, dtype, seedOf(`${name}/${i}`)));
    const result = row.run(built.map(({ value }) => value));
    const outputs = (Array.isArray(result) ? result : [result]).map((y) => (y instanceof Tensor ? y : full([], y)));
    return [outputs, built.map(({ leaf }) => leaf).filter((leaf) => leaf.requiresGrad)];
  };
  const [outputs, leaves] = compute();
  outputs.forEach((y, i) => {
    const expected = fixture.out[i]![1];
    const isFloat = expected === 'float32' || expected === 'float64' || expected === 'bfloat16';
    if (!isFloat || row.exactDType) expect(y.dtype, `dtype of output ${i}`).toBe(expected);
  });
  expectClose('output', outputs, fixture.out, tolerance);
  if (fixture.grad === undefined) return;
  const seed = seedOf(`${name}/g`);
  expectClose('gradient', gradients(outputs, leaves, seed, false), fixture.grad, tolerance);
  if (fixture.double === undefined) return;
  const [again, sameLeaves] = compute();
  const first = gradients(again, sameLeaves, seed, true);
  expectClose('recorded gradient', first, fixture.grad, tolerance);
  expectClose(
    'second gradient',
    gradients(first, sameLeaves, seedOf(`${name}/h`), false),
    fixture.double,
    tolerance * 4,
  );
}

describe.each(rows.map((row) => [row.name, row] as const))('%s', (_name, row) => {
  test.each(row.dtypes)('%s', (dtype) => {
    row.samples.forEach((sample, i) => {
      const name = `${row.name}#${i}`;
      try {
        runSample(row, sample, name, dtype);
      } catch (error) {
        const shapes = sample.inputs.map(({ shape, layout, kind }) => `[${shape}] ${layout} ${kind}`).join(', ');
        throw new Error(`${row.name} of (${shapes}): ${(error as Error).message}`, { cause: error });
      }
    });
  });
});

describe('errors', () => {
  test.each(errors.map((row, i) => [`${row.name}: ${row.torch}`, row, i] as const))('%s', (_name, row, number) => {
    const values = row.inputs.map((input, i) => build(input, 'float32', seedOf(`${row.name}!${number}/${i}`)).value);
    let thrown: unknown;
    try {
      row.run(values);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(FlambeauError);
    expect((thrown as FlambeauError).message).toMatch(row.message);
  });
});

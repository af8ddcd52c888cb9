import { readFileSync } from 'node:fs';
import path from 'node:path';
import { inspect } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { arange, type DType, fromTypedArray, ones, type Tensor, tensor, zeros } from '../../lib/index.js';
import { MAX_RANK } from '../../lib/tensor/runtime.js';

type Printed = readonly [shape: number[], dtype: DType, base64: string, text: string];

const printed = JSON.parse(
  gunzipSync(readFileSync(path.join(import.meta.dirname, 'printing.json.gz'))).toString(),
) as Printed[];

describe('tensors print as in PyTorch', () => {
  test.each(['float32', 'float64', 'int64', 'int32', 'uint8', 'bool'] as const)('%s', (dtype) => {
    const rows = printed.filter((row) => row[1] === dtype);
    expect(rows.length).toBeGreaterThan(20);
    for (const [shape, , base64, text] of rows) {
      const data = new Float64Array(Uint8Array.from(Buffer.from(base64, 'base64')).buffer);
      expect(String(fromTypedArray(data, shape, { dtype }))).toBe(text);
    }
  });

  test('a history is a suffix', () => {
    const x = ones([2], { requiresGrad: true });
    expect(String(x)).toBe('tensor([1., 1.], requires_grad=True)');
    expect(String(x.add(1))).toBe('tensor([2., 2.], grad_fn=<AddBackward0>)');
  });

  test('a long line breaks before a suffix', () => {
    const x = ones([11], { requiresGrad: true });
    expect(String(x)).toBe('tensor([1., 1., 1., 1., 1., 1., 1., 1., 1., 1., 1.], requires_grad=True)');
    const wide = tensor(new Float64Array(17).fill(1), { requiresGrad: true });
    expect(String(wide)).toBe(
      'tensor([1., 1., 1., 1., 1., 1., 1., 1., 1., 1., 1., 1., 1., 1., 1., 1., 1.],\n       dtype=torch.float64, requires_grad=True)',
    );
  });

  test('views print their own elements; large ones read their edges alone', () => {
    expect(
      String(
        tensor([
          [1, 2],
          [3, 4],
        ]).permute(1, 0),
      ),
    ).toBe('tensor([[1., 3.],\n        [2., 4.]])');
    expect(String(zeros([1]).expand(1e9))).toBe('tensor([0., 0., 0.,  ..., 0., 0., 0.])');
  });

  test('edges in more dimensions than one view could split', () => {
    const numbers = (x: Tensor): string[] => String(x).match(/\d+(?=[,\]])/g)!;
    const x = arange(2400).reshape(2, 8, 150);
    const ends = ['0', '1', '2', '147', '148', '149'];
    expect(numbers(x).slice(0, 6)).toEqual(ends);
    // Ones in between make it deep; the printed elements stay.
    const ones = new Array(MAX_RANK - 3).fill(1);
    expect(numbers(x.reshape([2, 8, ...ones, 150]))).toEqual(numbers(x));
    expect(
      numbers(
        x
          .transpose(0, 1)
          .reshape([8, 2, ...ones, 150])
          .narrow(0, 0, 8),
      ),
    ).toEqual(numbers(x.transpose(0, 1)));
    expect(
      numbers(
        arange(4800)
          .reshape([2, 2, 8, ...ones.slice(1), 150])
          .select(0, 1),
      ).at(-1),
    ).toBe('4799');
  });

  test('inspect and disposed tensors', () => {
    const x = zeros([2, 3]);
    expect(inspect({ x: zeros([2]) })).toBe('{ x: tensor([0., 0.]) }');
    x.dispose();
    expect(String(x)).toBe('tensor(<disposed>, size=(2, 3))');
  });
});

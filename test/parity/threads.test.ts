import {
  autograd,
  type DType,
  functional as F,
  getNumThreads,
  manualSeed,
  nn,
  randint,
  randn,
  setNumThreads,
  type Tensor,
  tidy,
} from 'flambeau';
import { afterAll, describe, expect, it } from 'vitest';
import { generator } from './samples.js';

// How many threads there are changes no bit of an output or a gradient: it decides how work is shared out. Shares of one
// column, which took the path of a vector, and shares of none, on more threads than rows, once did.

const THREADS = [1, 2, 3, 7, 64];
const CASES = 60;
const PRODUCTS = 300; // which have the most paths
const MOST_WORK = 8e6; // multiply-adds or elements; a thread is woken for less than a tenth of that

const before = getNumThreads();
afterAll(() => setNumThreads(before));

class Draw {
  private readonly bits: () => number;
  constructor(seed: number) {
    this.bits = generator(seed);
  }
  int(least: number, most: number): number {
    return least + Math.floor((this.bits() / 2 ** 32) * (most - least + 1));
  }
  of<T>(...choices: readonly T[]): T {
    return choices[this.int(0, choices.length - 1)]!;
  }
  /** Small, around a power of two, or any up to `most`. */
  size(most: number): number {
    const edge = 2 ** this.int(0, Math.floor(Math.log2(most))) + this.int(-1, 1);
    return Math.min(most, Math.max(1, this.of(this.int(1, 5), edge, this.int(1, most))));
  }
  dtype(): DType {
    return this.of('float32', 'float32', 'float64');
  }
}

/**
 * What is computed and from which tensors: described before it is run, since it is run for each number of threads, and
 * before its inputs are made, since most of what is drawn is too much work.
 */
interface Case {
  readonly text: string;
  readonly work: number;
  readonly inputs: () => readonly Tensor[];
  readonly run: (inputs: readonly Tensor[]) => readonly Tensor[];
}

const leaf = (shape: readonly number[], dtype: DType): Tensor => randn(shape, { dtype, requiresGrad: true });
const product = (sizes: readonly number[]): number => sizes.reduce((a, b) => a * b, 1);

const KINDS: Record<string, (draw: Draw) => Case> = {
  matmul(draw) {
    const dtype = draw.of(draw.dtype(), 'bfloat16' as const);
    const narrow = (): number => draw.of(draw.int(1, 12), draw.size(600));
    const [m, n, k] = [narrow(), narrow(), draw.size(8200)];
    const operand = (rows: number, columns: number): Tensor =>
      draw.of(true, false) ? leaf([rows, columns], dtype) : leaf([columns, rows], dtype).transpose(0, 1);
    const text = `${dtype} ${m} x ${k} x ${n}`;
    return { text, work: m * n * k, inputs: () => [operand(m, k), operand(k, n)], run: ([a, b]) => [a!.matmul(b!)] };
  },
  linear(draw) {
    const dtype = draw.dtype();
    const [rows, k, n] = [draw.size(300), draw.size(2000), draw.size(600)];
    return {
      text: `${dtype} ${rows} x ${k} -> ${n}`,
      work: rows * k * n,
      inputs: () => [leaf([rows, k], dtype), leaf([n, k], dtype), leaf([n], dtype)],
      run: ([x, w, b]) => [F.linear(x!, w!, b!)],
    };
  },
  conv2d(draw) {
    const dtype = draw.dtype();
    const [kernel, stride, padding] = [draw.of(1, 2, 3, 3, 4, 5), draw.of(1, 1, 2, 3), draw.of(0, 1, 2)];
    const groups = draw.of(1, 1, 1, 2, 5);
    const [batch, height, width] = [draw.int(1, 4), draw.int(6, 40), draw.int(6, 40)];
    const [channels, filters] = [groups * draw.int(1, 40), groups * draw.int(1, 40)];
    const transposed = draw.of(true, false, false);
    const input = [batch, channels, height, width];
    const first = transposed ? [channels, filters / groups] : [filters, channels / groups];
    const weight = [...first, kernel, kernel];
    const apply = transposed ? F.convTranspose2d : F.conv2d;
    return {
      text: `${dtype} ${transposed ? 'transposed ' : ''}[${input}] by [${weight}] / ${stride} + ${padding}`,
      work: (batch * height * width * channels * filters * kernel ** 2) / groups / 4,
      inputs: () => [leaf(input, dtype), leaf(weight, dtype), leaf([filters], dtype)],
      run: ([x, w, b]) => [apply(x!, w!, b!, { stride, padding, groups })],
    };
  },
  pooling(draw) {
    const dtype = draw.dtype();
    const shape = [draw.int(1, 4), draw.int(1, 60), draw.int(5, 60), draw.int(5, 60)];
    const [kernel, stride] = [draw.int(1, 4), draw.int(1, 3)];
    const [name, apply] = draw.of(['max', F.maxPool2d] as const, ['average', F.avgPool2d] as const);
    const text = `${dtype} ${name} [${shape}] by ${kernel} / ${stride}`;
    return {
      text,
      work: product(shape),
      inputs: () => [leaf(shape, dtype)],
      run: ([x]) => [apply(x!, kernel, { stride }) as Tensor],
    };
  },
  reduction(draw) {
    const dtype = draw.of(draw.dtype(), 'bfloat16' as const);
    const shape = Array.from({ length: draw.int(1, 3) }, () => draw.size(2000));
    const dim = draw.int(0, shape.length - 1);
    const name = draw.of('sum', 'mean', 'amax', 'prod', 'logsumexp', 'var', 'softmax', 'logSoftmax', 'cumsum');
    const run = ([x]: readonly Tensor[]): Tensor[] => [
      (x as unknown as Record<string, (dim: number) => Tensor>)[name]!(dim),
    ];
    return {
      text: `${dtype} ${name} of [${shape}] along ${dim}`,
      work: product(shape),
      inputs: () => [leaf(shape, dtype)],
      run,
    };
  },
  wholeReduction(draw) {
    const dtype = draw.dtype();
    const shape = [draw.size(3000), draw.size(3000)];
    const name = draw.of('sum', 'mean', 'prod', 'norm');
    const turned = draw.of(false, true);
    const inputs = (): Tensor[] => [turned ? leaf(shape, dtype).transpose(0, 1) : leaf(shape, dtype)];
    const run = ([y]: readonly Tensor[]): Tensor[] => [(y as unknown as Record<string, () => Tensor>)[name]!()];
    return { text: `${dtype} ${name} of [${shape}]`, work: product(shape), inputs, run };
  },
  norm(draw) {
    const dtype = draw.dtype();
    const groups = draw.int(1, 4);
    const [batch, channels, length] = [draw.size(500), groups * draw.size(150), draw.size(60)];
    const name = draw.of('layer', 'rms', 'batch', 'group');
    const rows = name === 'layer' || name === 'rms';
    const shape = rows ? [batch, channels] : [batch + 1, channels, length];
    const affine = name === 'rms' ? [[channels]] : [[channels], [channels]];
    const inputs = (): Tensor[] => [shape, ...affine].map((each) => leaf(each, dtype));
    const run = ([x, weight, bias]: readonly Tensor[]): Tensor[] => {
      if (name === 'layer') return [F.layerNorm(x!, [channels], { weight: weight!, bias: bias! })];
      if (name === 'rms') return [F.rmsNorm(x!, [channels], { weight: weight! })];
      if (name === 'group') return [F.groupNorm(x!, groups, { weight: weight!, bias: bias! })];
      return [F.batchNorm(x!, null, null, { weight: weight!, bias: bias!, training: true })];
    };
    return { text: `${dtype} ${name} [${shape}]`, work: product(shape), inputs, run };
  },
  crossEntropy(draw) {
    const dtype = draw.dtype();
    const [rows, classes] = [draw.size(2000), draw.size(2000)];
    const target = randint(0, classes, [rows]);
    const run = ([x]: readonly Tensor[]): Tensor[] => [F.crossEntropy(x!, target)];
    return {
      text: `${dtype} crossEntropy [${rows}, ${classes}]`,
      work: rows * classes,
      inputs: () => [leaf([rows, classes], dtype)],
      run,
    };
  },
  elementwise(draw) {
    const dtype = draw.dtype();
    const shape = [draw.size(3000), draw.size(3000)];
    const inputs = (): Tensor[] => [shape, [shape[1]!], [shape[0]!, 1]].map((each) => leaf(each, dtype));
    const run = ([x, row, column]: readonly Tensor[]): Tensor[] => [x!.add(row!).mul(column!).tanh()];
    return { text: `${dtype} [${shape}] with a row and a column`, work: 2 * product(shape), inputs, run };
  },
  attention(draw) {
    const dtype = draw.dtype();
    const [heads, length, keys, width] = [draw.int(1, 8), draw.size(300), draw.size(300), draw.of(8, 20, 64)];
    const inputs = (): Tensor[] => [length, keys, keys].map((n) => leaf([2, heads, n, width], dtype));
    const isCausal = draw.of(true, false);
    const run = ([q, k, v]: readonly Tensor[]): Tensor[] => [F.scaledDotProductAttention(q!, k!, v!, { isCausal })];
    return {
      text: `${dtype} attention [${[2, heads, length, width]}], ${keys} keys, causal ${isCausal}`,
      work: 4 * heads * length * keys * width,
      inputs,
      run,
    };
  },
  recurrent(draw) {
    const dtype = draw.of('float32' as const, 'float64' as const);
    const [steps, batch, width, hidden] = [draw.int(1, 12), draw.size(70), draw.size(60), draw.size(130)];
    const options = { dtype, bidirectional: draw.of(true, false) };
    const layer = draw.of(true, false) ? new nn.LSTM(width, hidden, options) : new nn.GRU(width, hidden, options);
    const shape = [steps, batch, width];
    const run = ([y]: readonly Tensor[]): Tensor[] => [layer.forward(y!)[0]];
    return {
      text: `${layer} on [${shape}]`,
      work: steps * batch * hidden * (width + hidden) * 8,
      inputs: () => [leaf(shape, dtype), ...layer.parameters()],
      run,
    };
  },
};

const bytesOf = (x: Tensor): Buffer => {
  const values = x.detach().contiguous().toTypedArray();
  return Buffer.from(values.buffer, values.byteOffset, values.byteLength);
};

/** The outputs, and the gradients of the inputs for upstream gradients that depend on the seed alone. */
function bytes(run: Case['run'], inputs: readonly Tensor[]): Buffer[] {
  const outputs = run(inputs);
  manualSeed(1);
  const gradOutputs = outputs.map(({ shape, dtype }) => randn(shape, { dtype }));
  return [...outputs, ...autograd.grad(outputs, inputs, { gradOutputs })].map((x) => bytesOf(x!));
}

describe('the number of threads changes no bit', () => {
  it.each(Object.keys(KINDS))('%s', (kind) => {
    const cases = kind === 'matmul' ? PRODUCTS : CASES;
    for (let seed = 0, done = 0; done < cases; seed++) {
      manualSeed(seed);
      tidy(() => {
        const drawn = KINDS[kind]!(new Draw(seed));
        if (drawn.work > MOST_WORK) return;
        done++;
        const inputs = drawn.inputs();
        setNumThreads(1);
        const expected = bytes(drawn.run, inputs);
        for (const threads of THREADS.slice(1)) {
          setNumThreads(threads);
          const same = bytes(drawn.run, inputs).every((part, i) => part.equals(expected[i]!));
          expect(same, `${drawn.text} on ${threads} threads, seed ${seed}`).toBe(true);
        }
      });
    }
  });
});

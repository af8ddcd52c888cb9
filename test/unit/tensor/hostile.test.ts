import net from 'node:net';
import tls from 'node:tls';
import { isExternal } from 'node:util/types';
import { afterAll, describe, expect, test } from 'vitest';
import {
  arange,
  asStrided,
  autograd,
  cat,
  chunk,
  type ErrorCode,
  FlambeauError,
  fromTypedArray,
  Generator,
  nn,
  ones,
  rand,
  stack,
  type Tensor,
  tensor,
  tidy,
  unbind,
  zeros,
} from '../../../lib/index.js';
import { codeOf } from '../thrown.js';

// What no program should do. Each must throw a FlambeauError of the code, and leave a process that goes on.

const detach = (buffer: ArrayBufferLike): unknown => structuredClone(buffer, { transfer: [buffer as ArrayBuffer] });

/** A tensor whose memory was transferred away. */
function detached(requiresGrad = false): Tensor {
  const data = new Float32Array(1024);
  const x = tensor(data, { share: true, requiresGrad });
  detach(data.buffer);
  return x;
}

const resizable = (bytes: number): ArrayBuffer =>
  new (ArrayBuffer as unknown as new (n: number, options: object) => ArrayBuffer)(bytes, { maxByteLength: bytes });

/** Gives an object own properties that hide what is true of it. */
const claim = <T extends object>(target: T, properties: Record<string | symbol, unknown>): T =>
  Object.defineProperties(
    target,
    Object.fromEntries(Reflect.ownKeys(properties).map((key) => [key, { value: properties[key as string] }])),
  );

/** An array whose first element is `first` when it is read the first time and `later` from then on. */
function changing(first: number, later: number): number[] {
  let reads = 0;
  return new Proxy([first], {
    get: (target, key, receiver) =>
      key === '0' ? (reads++ === 0 ? first : later) : Reflect.get(target, key, receiver),
  });
}

describe('memory that is not what it seems', () => {
  test.each<[string, () => unknown, ErrorCode]>([
    ['sum of detached memory', () => detached().sum(), 'DETACHED'],
    ['a view of detached memory', () => detached().narrow(0, 1, 5), 'DETACHED'],
    ['detached memory as another operand', () => ones([1024]).add(detached()), 'DETACHED'],
    ['printing detached memory', () => detached().toString(), 'DETACHED'],
    [
      'memory detached between forward and backward',
      () => {
        const data = new Float32Array(8);
        const y = tensor(data, { share: true, requiresGrad: true }).pow(2).sum();
        detach(data.buffer);
        y.backward();
      },
      'DETACHED',
    ],
    [
      'WebAssembly memory that grew',
      () => {
        const { Memory } = (globalThis as unknown as { WebAssembly: { Memory: new (o: object) => WasmMemory } })
          .WebAssembly;
        const memory = new Memory({ initial: 1 });
        const x = tensor(new Float32Array(memory.buffer), { share: true });
        memory.grow(1);
        x.sum();
      },
      'DETACHED',
    ],
    ['a shared buffer', () => tensor(new Float32Array(new SharedArrayBuffer(16)), { share: true }), 'BAD_ARGUMENT'],
    ['a resizable buffer', () => tensor(new Float32Array(resizable(16)), { share: true }), 'BAD_ARGUMENT'],
    [
      'a resizable buffer that says it is not',
      () => tensor(new Float32Array(claim(resizable(16), { resizable: false })), { share: true }),
      'BAD_ARGUMENT',
    ],
    [
      'an array that claims another buffer',
      () => tensor(claim(new Float32Array(resizable(16)), { buffer: new ArrayBuffer(16) }), { share: true }),
      'BAD_ARGUMENT',
    ],
    [
      'an array that claims to be longer',
      () => fromTypedArray(claim(new Float32Array(4), { length: 400 }), [400]),
      'SHAPE_MISMATCH',
    ],
  ])('%s', (_name, run, code) => {
    expect(codeOf(run)).toBe(code);
  });

  test('an array that claims another kind is taken for what it is', () => {
    const data = claim(new Float32Array([1, 2]), { [Symbol.toStringTag]: 'Float64Array', length: 7 });
    expect(tensor(data).toArray()).toEqual([1, 2]);
    expect(tensor(data, { share: true }).dtype).toBe('float32');
  });

  test('a detached tensor can be disposed of', () => {
    const x = detached();
    x.dispose();
    expect(x.isDisposed).toBe(true);
  });
});

interface WasmMemory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): void;
}

/** The fields that the types do not show. */
const inside = (x: Tensor): { _handle: unknown } => x as unknown as { _handle: unknown };

describe('handles that name nothing', () => {
  test.each<[string, unknown]>([
    ['of a slot that was never made', 2 ** 40],
    ['not a number', Number.NaN],
    ['negative', -1],
    ['past 2^53', 2 ** 60],
    ['infinite', Infinity],
    ['fractional', 1.5],
  ])('a forged handle, %s', (_name, handle) => {
    const x = tensor([1, 2]);
    inside(x)._handle = handle;
    expect(codeOf(() => x.add(1))).toBe('DISPOSED');
  });

  test('a forged handle that is no number', () => {
    const x = tensor([1, 2]);
    inside(x)._handle = {};
    expect(codeOf(() => x.add(1))).toBe('BAD_ARGUMENT');
  });

  test('a stale handle does not reach the tensor that took its slot', () => {
    const x = tensor([1, 2]);
    const stale = inside(x)._handle;
    x.dispose();
    const successors = Array.from({ length: 100 }, () => tensor([3, 4]));
    inside(x)._handle = stale;
    expect(codeOf(() => x.add(1))).toBe('DISPOSED');
    expect(successors.every((y) => y.sum().item() === 7)).toBe(true);
  });

  test('disposing of a stale handle frees nobody else', () => {
    const x = tensor([1, 2]);
    const stale = inside(x)._handle;
    x.dispose();
    const successors = Array.from({ length: 100 }, () => tensor([3, 4]));
    inside(x)._handle = stale;
    x.dispose();
    expect(successors.every((y) => y.sum().item() === 7)).toBe(true);
  });

  test('a shape that was tampered with does not reach past the memory', () => {
    const x = tensor([1, 2]);
    (inside(x) as unknown as { _shape: readonly number[] })._shape = [1_000_000];
    expect(codeOf(() => x.toTypedArray())).toBe('SHAPE_MISMATCH');
    expect(codeOf(() => x.narrow(0, 999_999, 1))).toBe('OUT_OF_RANGE');
  });
});

describe('sizes without bounds', () => {
  test.each<[string, () => unknown, ErrorCode]>([
    ['a tensor that no machine holds', () => zeros([2 ** 40]), 'OUT_OF_MEMORY'],
    ['more than 2^50 elements', () => zeros([2 ** 30, 2 ** 30]), 'SIZE_OVERFLOW'],
    ['a size past 2^53', () => zeros([2 ** 60]), 'BAD_ARGUMENT'],
    ['NaN', () => zeros([Number.NaN]), 'BAD_ARGUMENT'],
    ['17 dimensions', () => zeros(new Array<number>(17).fill(1)), 'BAD_ARGUMENT'],
    [
      'a copy of an endless view',
      () =>
        zeros([1])
          .expand(2 ** 40)
          .clone(),
      'OUT_OF_MEMORY',
    ],
    [
      'elements of an endless view',
      () =>
        zeros([1])
          .expand(2 ** 40)
          .toTypedArray(),
      'OUT_OF_MEMORY',
    ],
    [
      'arrays of an endless view',
      () =>
        zeros([1])
          .expand(2 ** 28)
          .toArray(),
      'OUT_OF_MEMORY',
    ],
    ['a billion empty arrays', () => zeros([1e9, 0]).toArray(), 'OUT_OF_MEMORY'],
    ['a sum that has 2^50 results', () => zeros([2 ** 25, 0, 2 ** 25]).sum(1), 'OUT_OF_MEMORY'],
    ['2^100 elements for each of none', () => zeros([0, 2 ** 50, 2 ** 50]), 'SIZE_OVERFLOW'],
    ['none for each of 2^100', () => zeros([2 ** 50, 2 ** 50, 0]), 'SIZE_OVERFLOW'],
    ['a view of 2^100 for each of none', () => zeros([0, 2 ** 50, 1]).expand(0, 2 ** 50, 2 ** 50), 'SIZE_OVERFLOW'],
    ['broadcast to 2^100 for each of none', () => zeros([0, 2 ** 50, 1]).add(zeros([0, 1, 2 ** 50])), 'SIZE_OVERFLOW'],
    ['a view past the end', () => asStrided(zeros([4]), [5], [1]), 'OUT_OF_RANGE'],
    ['a view whose end overflows', () => asStrided(zeros([4]), [2 ** 49], [2 ** 49]), 'OUT_OF_RANGE'],
    ['a view that begins past the end', () => asStrided(zeros([4]), [1], [1], { storageOffset: 4 }), 'OUT_OF_RANGE'],
    ['chunks without end', () => chunk(zeros([0]), 2 ** 40), 'OUT_OF_MEMORY'],
    ['rows without end', () => unbind(zeros([1]).expand(2 ** 40)), 'OUT_OF_MEMORY'],
    [
      'a cyclic array',
      () => {
        const a: unknown[] = [];
        a.push(a);
        return tensor(a as never);
      },
      'BAD_ARGUMENT',
    ],
  ])('%s', (_name, run, code) => {
    expect(codeOf(run)).toBe(code);
  });

  test('zero elements of a wide shape are a tensor like any other', () => {
    const x = zeros([2 ** 25, 2 ** 25, 0]);
    expect(x.add(1).shape).toEqual([2 ** 25, 2 ** 25, 0]);
    expect(x.sum().item()).toBe(0);
  });
});

describe('arrays with holes and rings', () => {
  const holes = new Array<Tensor>(2);
  const ring: unknown[] = [];
  ring.push(ring);

  test.each<[string, () => unknown, string]>([
    ['cat', () => cat(holes), 'cat: tensors[0] must be a Tensor, got undefined'],
    ['stack', () => stack(holes), 'stack: tensors[0] must be a Tensor, got undefined'],
    ['autograd.backward', () => autograd.backward(holes), 'backward: tensors[0] must be a Tensor, got undefined'],
    ['autograd.grad', () => autograd.grad(holes, ones([1])), 'grad: outputs[0] must be a Tensor, got undefined'],
    ['Sequential', () => new nn.Sequential(holes as never), 'Sequential: an array of 2 is not a Module'],
    ['a layer', () => new nn.Linear(2, 2)(ring as never), 'given [[[an array of 1]]]'],
  ])('%s', (_name, call, message) => {
    expect(call).toThrow(FlambeauError);
    expect(call).toThrow(message);
  });
});

describe('arguments that change while they are read', () => {
  test('sizes', () => {
    for (const make of [
      () => zeros([4]).reshape(changing(4, 2 ** 40)),
      () => zeros([1]).expand(changing(4, 2 ** 40)),
      () => asStrided(zeros([4]), changing(1, 2 ** 40), [1]),
      () => asStrided(zeros([4]), [1], changing(1, 2 ** 40)),
    ]) {
      const code = codeOf(() => {
        const x = make();
        expect(x.toTypedArray().length).toBe(x.numel);
      });
      expect(['nothing thrown', 'SHAPE_MISMATCH', 'OUT_OF_RANGE', 'OUT_OF_MEMORY']).toContain(code);
    }
  });

  test('an array that shrinks', () => {
    const shrinking: number[] = [1, 2, 3];
    Object.defineProperty(shrinking, 1, {
      get: () => {
        shrinking.length = 1;
        return 5;
      },
    });
    expect(codeOf(() => tensor(shrinking))).toBe('SHAPE_MISMATCH');
  });

  test('options that dispose of the operand', () => {
    const x = rand([3, 4]);
    const options = {
      get keepdim() {
        x.dispose();
        return true;
      },
    };
    expect(codeOf(() => x.sum(0, options))).toBe('DISPOSED');
  });
});

describe('callbacks that dispose', () => {
  test.each<[string, (x: Tensor, y: Tensor, g: Tensor) => void, ErrorCode | 'nothing thrown']>([
    ['of the gradient', (_x, _y, g) => g.dispose(), 'DISPOSED'],
    ['of what the graph saved', (x, y) => [x, y].forEach((t) => void t.dispose()), 'nothing thrown'],
  ])('a hook, %s', (_name, spoil, code) => {
    const x = rand([3]).requiresGrad_();
    const y = x.mul(x);
    y.registerHook((g) => spoil(x, y, g));
    expect(codeOf(() => y.sum().backward())).toBe(code);
  });

  test('a Function, of its input and of its gradient', () => {
    class Spoiling extends autograd.Function {
      static forward(ctx: autograd.FunctionContext, x: Tensor): Tensor {
        ctx.saveForBackward(x);
        const y = x.mul(2);
        x.dispose();
        return y;
      }
      static backward(_ctx: autograd.FunctionContext, g: Tensor): Tensor {
        g.dispose();
        return g;
      }
    }
    const x = rand([3]).requiresGrad_();
    const y = Spoiling.apply(x.mul(1)) as Tensor;
    expect(codeOf(() => y.sum().backward())).toBe('DISPOSED');
  });
});

describe('a Generator whose state is not one', () => {
  // External values of Node's own, which any program can get at.
  const server = net.createServer().listen(0);
  const { _externalStream: stream } = (server as unknown as { _handle: { _externalStream: unknown } })._handle;
  const context = (tls.createSecureContext().context as { _external?: unknown })._external;
  afterAll(() => void server.close());

  const uses: [string, (generator: Generator) => unknown][] = [
    ['drawing', (generator) => rand([4], { generator })],
    ['in-place drawing', (generator) => zeros([4]).bernoulli_(0.5, { generator })],
    ['manualSeed', (generator) => generator.manualSeed(1)],
    ['initialSeed', (generator) => generator.initialSeed()],
    ['clone', (generator) => generator.clone()],
    ['setState', (generator) => new Generator().setState(generator)],
  ];

  test('external values are at hand', () => {
    expect([stream, context].map((value) => isExternal(value))).toEqual([true, true]);
  });
  test.each(uses)('%s', (_name, use) => {
    for (const state of [stream, context, {}, 1, 'state', Symbol('state'), null, undefined, new Proxy({}, {})]) {
      expect(codeOf(() => use(claim(Object.create(Generator.prototype), { _native: state })))).toBe('WRONG_TYPE');
    }
  });
});

test('a graph of a hundred thousand nodes runs backward without recursion', () => {
  const x = tensor([1], { requiresGrad: true });
  let y: Tensor = x;
  for (let i = 0; i < 100_000; i++) y = y.add(1);
  y.backward();
  expect(x.grad?.item()).toBe(1);
});

test('tidy looks through results nested a hundred thousand deep', () => {
  let nested: unknown[] = [];
  const kept = tidy(() => {
    const x = tensor([1, 2]);
    nested = [x];
    for (let i = 0; i < 100_000; i++) nested = [nested];
    return { x, nested };
  });
  expect(kept.x.isDisposed).toBe(false);
});

test('split takes more parts than a tensor has dimensions at most', () => {
  const parts = arange(40).split(new Array<number>(40).fill(1));
  expect(parts.map((part) => part.item())).toEqual(Array.from({ length: 40 }, (_, i) => i));
  expect(zeros([0]).chunk(20)).toHaveLength(20);
});

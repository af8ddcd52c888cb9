import { FlambeauError, nn, ones, Tensor, tensor, zeros } from 'flambeau';
import { describe, expect, it } from 'vitest';

const names = (pairs: Iterable<[string, unknown]>): string[] => [...pairs].map(([name]) => name);

/** Runs `fn`, which must throw a FlambeauError of this code and message. */
function expectError(fn: () => unknown, code: string, message: string | RegExp): void {
  let error: unknown;
  try {
    fn();
  } catch (thrown) {
    error = thrown;
  }
  expect(error).toBeInstanceOf(FlambeauError);
  expect(error as FlambeauError).toMatchObject({ code, message: expect.stringMatching(message) });
}

class Open extends nn.Module {
  [name: string]: unknown;
}

describe('assignment registers', () => {
  it('fields, constructor assignments and later ones, in order', () => {
    class Net extends nn.Module {
      first = new nn.Linear(2, 3);
      scale = new nn.Parameter(ones([3]));
      declare later: nn.Module;
      constructor() {
        super();
        this.later = new nn.ReLU();
      }
    }
    const net = new Net();
    expect(names(net.namedChildren())).toEqual(['first', 'later']);
    expect(names(net.namedParameters())).toEqual(['scale', 'first.weight', 'first.bias']);
    net.later = new nn.Tanh();
    net.first = new nn.Linear(2, 3, { bias: false });
    expect(names(net.namedChildren())).toEqual(['first', 'later']);
    expect(net.later).toBeInstanceOf(nn.Tanh);
  });

  it('before super() is the language’s own error', () => {
    class Early extends nn.Module {
      declare child: nn.Module;
      // biome-ignore lint/correctness/noUnreachableSuper: that is what is tested.
      constructor() {
        // @ts-expect-error: `super` must be called before accessing `this`
        this.child = new nn.ReLU();
        super();
      }
    }
    expect(() => new Early()).toThrow(ReferenceError);
  });

  it('a plain tensor registers nowhere', () => {
    const m = new Open();
    m.t = ones([2]);
    expect([...m.parameters(), ...m.buffers(), ...m.stateDict()]).toEqual([]);
    expect(m.t).toBeInstanceOf(Tensor);
  });

  it('a parameter slot takes parameters and null only', () => {
    const m = new Open();
    m.w = new nn.Parameter(zeros([2]));
    expectError(
      () => (m.w = ones([2])),
      'WRONG_TYPE',
      /^cannot assign FloatTensor as parameter 'w' \(nn.Parameter or null expected\)$/,
    );
    expectError(() => (m.w = 3), 'WRONG_TYPE', /cannot assign 3 as parameter 'w'/);
    m.w = null;
    expect(names(m.namedParameters())).toEqual([]);
    expectError(() => (m.w = ones([2])), 'WRONG_TYPE', /as parameter 'w'/);
    m.w = new nn.Parameter(zeros([2]));
    expect(names(m.namedParameters())).toEqual(['w']);
  });

  it('a parameter displaces a module; a module over a parameter is refused', () => {
    const m = new Open();
    m.w = new nn.ReLU();
    m.w = new nn.Parameter(zeros([2]));
    expect(names(m.namedChildren())).toEqual([]);
    expect(names(m.namedParameters())).toEqual(['w']);
    expectError(() => (m.w = new nn.ReLU()), 'WRONG_TYPE', /^cannot assign ReLU as parameter 'w'/);
  });

  it('a module slot takes modules and null only', () => {
    const m = new Open();
    m.c = new nn.ReLU();
    expectError(() => (m.c = 3), 'WRONG_TYPE', /^cannot assign 3 as child module 'c' \(nn.Module or null expected\)$/);
    m.c = null;
    expect(String(m)).toBe('Open(\n  (c): None\n)');
    expect(names(m.namedChildren())).toEqual([]);
  });

  it('a buffer slot takes tensors and null only; a module displaces it', () => {
    const m = new Open();
    m.registerBuffer('b', zeros([1]));
    expectError(() => (m.b = 3), 'WRONG_TYPE', /^cannot assign 3 as buffer 'b' \(Tensor or null expected\)$/);
    m.b = ones([1]);
    expect((m.b as Tensor).toArray()).toEqual([1]);
    expect(names(m.namedBuffers())).toEqual(['b']);
    m.b = new nn.ReLU();
    expect(names(m.namedBuffers())).toEqual([]);
  });

  it('delete unregisters', () => {
    const m = new Open();
    m.a = new nn.Linear(1, 1);
    m.w = new nn.Parameter(zeros([1]));
    delete m.a;
    delete m.w;
    expect([...m.stateDict().keys()]).toEqual([]);
    expect(m.a).toBeUndefined();
  });

  it('private fields, getters and setters of a subclass work, and see the module itself', () => {
    class Counter extends nn.Module {
      #count = 0;
      seen: unknown = null;
      get count(): number {
        return this.#count;
      }
      set count(value: number) {
        this.seen = this;
        this.#count = value;
      }
      override forward(x: Tensor): Tensor {
        this.#count++;
        this.count += 1;
        return x;
      }
    }
    const counter = new Counter();
    counter(ones([1]));
    expect(counter.count).toBe(2);
    expect(counter.seen).toBe(counter);
  });

  it('a field may be called name or length', () => {
    class Named extends nn.Module {
      // @ts-expect-error: TypeScript takes it for the readonly property of functions
      name = 'net';
    }
    expect((new Named() as { name: string }).name).toBe('net');
    expect('length' in new Named()).toBe(false);
  });
});

describe('collections of modules', () => {
  const cases: [string, unknown, RegExp][] = [
    ['an array', [new nn.ReLU()], /^Open\.layers: an array of Modules would not be registered; use nn\.ModuleList/],
    ['a Map', new Map([['a', new nn.ReLU()]]), /a Map of Modules .* use nn\.ModuleDict/],
    ['a Set', new Set([new nn.ReLU()]), /a Set of Modules .* use nn\.ModuleList/],
    ['a plain object', { a: new nn.ReLU() }, /an object of Modules .* use nn\.ModuleDict/],
    ['nested arrays', [[1], [new nn.ReLU()]], /use nn\.ModuleList/],
    ['parameters', [new nn.Parameter(zeros([1]))], /an array of Parameters .* use nn\.ParameterList/],
  ];
  for (const [what, value, message] of cases) {
    it(`${what} is a TypeError that names the property`, () => {
      const m = new Open();
      expectError(() => (m.layers = value), 'WRONG_TYPE', message);
      expect(() => (m.layers = value)).toThrow(TypeError);
      expect('layers' in m).toBe(false);
    });
  }

  it('is noticed also when it got its modules later', () => {
    const m = new Open();
    m.layers = [] as nn.Module[];
    (m.layers as nn.Module[]).push(new nn.ReLU());
    for (const use of [() => [...m.parameters()], () => m.stateDict(), () => m.loadStateDict(new Map())]) {
      expectError(use, 'WRONG_TYPE', /^Open\.layers: an array of Modules/);
    }
    m.layers = 3;
    expect([...m.parameters()]).toEqual([]);
  });

  it('leaves other collections alone', () => {
    const m = new Open();
    m.sizes = [1, 2, 3];
    m.tensors = [ones([1])];
    m.config = { depth: 3 };
    expect([...m.parameters()]).toEqual([]);
  });
});

describe('registration by call', () => {
  it('refuses bad names with PyTorch’s messages', () => {
    const m = new Open();
    const layer = new nn.ReLU();
    expectError(() => m.registerModule('a.b', layer), 'MODULE_ERROR', /module name can't contain "\.", got: a\.b$/);
    expectError(() => m.registerModule('', layer), 'MODULE_ERROR', /module name can't be empty string ""$/);
    expectError(() => m.registerModule('forward', layer), 'MODULE_ERROR', /attribute 'forward' already exists$/);
    expectError(() => m.registerParameter('forward', null), 'MODULE_ERROR', /attribute 'forward' already exists$/);
    expectError(() => m.registerParameter('a.b', null), 'MODULE_ERROR', /parameter name can't contain "\."/);
    expectError(() => m.registerBuffer('a.b', null), 'MODULE_ERROR', /buffer name can't contain "\."/);
    expectError(() => m.registerBuffer('__proto__', null), 'MODULE_ERROR', /already exists/);
    expectError(() => m.registerModule(3 as never, layer), 'WRONG_TYPE', /module name should be a string, got 3$/);
    m.registerBuffer('b', zeros([1]));
    expectError(() => m.registerModule('b', layer), 'MODULE_ERROR', /attribute 'b' already exists$/);
  });

  it('refuses bad values', () => {
    const m = new Open();
    expectError(
      () => m.registerModule('m', nn.ReLU as never),
      'WRONG_TYPE',
      /^registerModule: the class ReLU is not a Module; pass an instance: new ReLU\(…\)$/,
    );
    expectError(() => m.registerModule('m', 3 as never), 'WRONG_TYPE', /3 is not a Module$/);
    expectError(
      () => m.registerParameter('p', ones([1]) as never),
      'WRONG_TYPE',
      /^cannot assign FloatTensor object to parameter 'p' \(nn\.Parameter or null required\)$/,
    );
    expectError(() => m.registerBuffer('b', 3 as never), 'WRONG_TYPE', /^cannot assign 3 object to buffer 'b'/);
  });

  it('registers null slots, and modules under addModule too', () => {
    const m = new Open();
    m.registerParameter('bias', null);
    m.registerBuffer('stat', null);
    m.addModule('act', new nn.ReLU());
    expect([...m.stateDict().keys()]).toEqual([]);
    expect(m.bias).toBeNull();
    expect(names(m.namedChildren())).toEqual(['act']);
  });

  it('non-persistent buffers are listed but not saved', () => {
    const m = new Open();
    m.registerBuffer('mask', ones([2]), { persistent: false });
    m.registerBuffer('mean', ones([2]));
    expect(names(m.namedBuffers())).toEqual(['mask', 'mean']);
    expect([...m.stateDict().keys()]).toEqual(['mean']);
    m.mask = zeros([2]);
    expect([...m.stateDict().keys()]).toEqual(['mean']);
  });
});

describe('Parameter', () => {
  it('of a non-leaf is a fresh leaf over the same memory', () => {
    const x = tensor([1, 2], { requiresGrad: true });
    const data = x.mul(2);
    const p = new nn.Parameter(data);
    expect(p.isLeaf).toBe(true);
    expect(p.requiresGrad).toBe(true);
    p.sum().backward();
    expect(p.grad!.toArray()).toEqual([1, 1]);
    expect(x.grad).toBeNull();
    expect(p).toBeInstanceOf(Tensor);
  });

  it('of integers needs requiresGrad: false', () => {
    const data = zeros([2], { dtype: 'int32' });
    expectError(
      () => new nn.Parameter(data),
      'DTYPE_MISMATCH',
      /Only Tensors of floating point dtype can require gradients/,
    );
    expect(new nn.Parameter(data, { requiresGrad: false }).requiresGrad).toBe(false);
    expectError(() => new nn.Parameter(3 as never), 'WRONG_TYPE', /data must be a Tensor, got 3/);
  });

  it('prints as in PyTorch', () => {
    expect(String(new nn.Parameter(zeros([2])))).toBe('Parameter containing:\ntensor([0., 0.], requires_grad=True)');
  });
});

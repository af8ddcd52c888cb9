import { describe, expect, test } from 'vitest';
import { nn, ones, type Tensor } from '../../../../lib/index.js';
import { messageOf } from '../../thrown.js';

// What a forward, a hook or a container's user returns by mistake is blamed on where it came from.

const x = (): Tensor => ones([1, 2]);
const layer = (): nn.Linear => new nn.Linear(2, 2);
const seen: unknown[] = [];

class Returns extends nn.Module {
  readonly #value: unknown;
  constructor(value: unknown) {
    super();
    this.#value = value;
  }
  override forward(_input: Tensor): Tensor {
    return this.#value as Tensor;
  }
}

describe('forward hooks', () => {
  test.each<[string, (m: nn.Linear) => void, RegExp]>([
    [
      'a pre-hook that returns what push gives',
      (m) =>
        m.registerForwardPreHook(function note(_m, inputs) {
          return seen.push(inputs);
        }),
      /^Linear: forward pre-hook 'note' of Linear must return what takes the place of a Tensor, or nothing; got \d+\n/,
    ],
    [
      'a hook that returns what push gives',
      (m) => m.registerForwardHook((_m, _i, output) => seen.push(output)),
      /^Linear: forward hook '<anonymous>' of Linear must return .* or nothing; got \d+\n/,
    ],
    ['an async hook', (m) => m.registerForwardHook(async () => {}), /got a Promise; await it\n/],
    [
      'an async pre-hook',
      (m) => m.registerForwardPreHook(async () => {}),
      /^registerForwardPreHook: a hook must not be async/,
    ],
    [
      'a pre-hook with a promise in its list',
      (m) => m.registerForwardPreHook(() => [Promise.resolve()]),
      /got a Promise; await it\n/,
    ],
    ['a hook that returns a string', (m) => m.registerForwardHook(() => 'logged'), /got "logged"\n/],
    ['a hook that returns false', (m) => m.registerForwardHook(() => false), /got false\n/],
    ['an async backward hook', (m) => m.registerFullBackwardHook((async () => {}) as never), /must not be async/],
    [
      'an async backward pre-hook',
      (m) => m.registerFullBackwardPreHook((async () => {}) as never),
      /must not be async/,
    ],
    ['an async hook of saving', (m) => m.registerStateDictPreHook((async () => {}) as never), /must not be async/],
  ])('%s', (_name, register, message) => {
    const m = layer();
    expect(
      messageOf(() => {
        register(m);
        m(x());
      }),
    ).toMatch(message);
  });

  test.each<[string, (m: nn.Linear) => void, RegExp]>([
    [
      'a backward hook that returns what push gives',
      (m) =>
        m.registerFullBackwardHook(function note(_m, grads) {
          return seen.push(grads) as never;
        }),
      /^Linear: Backward hook 'note' must return a Tensor, an array of them, or nothing, got \d+$/,
    ],
    [
      'a backward hook with a promise in its list',
      (m) => m.registerFullBackwardHook(() => [Promise.resolve()] as never),
      /^Linear: Backward hook '<anonymous>' must return Tensors or null, got a Promise; await it at 0$/,
    ],
    [
      'a backward pre-hook that returns a number',
      (m) => m.registerFullBackwardPreHook(() => 1 as never),
      /^Linear: Backward pre hook '<anonymous>' must return a Tensor, an array of them, or nothing, got 1$/,
    ],
  ])('%s', (_name, register, message) => {
    const m = layer();
    register(m);
    const input = x().requiresGrad_();
    expect(messageOf(() => m(input).sum().backward())).toMatch(message);
  });

  test('what is no tensor is replaced by its like', () => {
    const m = new Returns({ logits: x() });
    m.registerForwardHook(() => ({ logits: 1 }));
    expect(m(x())).toEqual({ logits: 1 });
    const counts = new Returns(3);
    counts.registerForwardHook(() => 4);
    expect(counts(x())).toBe(4);
  });

  test('a hook of an async forward may be async', async () => {
    const m = new Returns(Promise.resolve(x()));
    m.registerForwardHook(async (_m, _i, output) => (await output).mul(3));
    expect((await m(x())).toArray()).toEqual([[3, 3]]);
  });

  test('apply takes no async function', () => {
    expect(messageOf(() => layer().apply((async () => {}) as never))).toMatch(/^apply: fn must not be async/);
  });
});

describe('a Sequential blames the layer', () => {
  test.each<[string, unknown, string]>([
    [
      'that is async',
      Promise.resolve(ones([1, 2])),
      'Sequential.0: forward returned a Promise; the next layer of a Sequential cannot wait for it',
    ],
    ['that returns nothing', undefined, 'Sequential.0: forward must return a Tensor, got undefined'],
    ['that returns what push gives', 4, 'Sequential.0: forward must return a Tensor, got 4'],
  ])('%s', (_name, value, message) => {
    const model = new nn.Sequential(new Returns(value), layer());
    expect(messageOf(() => model(x()))).toMatch(new RegExp(`^${message.replaceAll('.', '\\.')}\n  in Returns\\(\\)\n`));
  });

  test('the last one may be async', async () => {
    const model = new nn.Sequential(layer(), new Returns(Promise.resolve(x())));
    expect((await model(x())).shape).toEqual([1, 2]);
    expect(messageOf(() => new nn.Sequential(layer(), new Returns(undefined))(x()))).toMatch(
      /^Sequential\.1: forward must/,
    );
  });
});

describe('a missing forward', () => {
  test('is looked for under its misspelt names', () => {
    class Typo extends nn.Module {
      foward(input: Tensor): Tensor {
        return input;
      }
    }
    class Swapped extends nn.Module {
      forwrad(input: Tensor): Tensor {
        return input;
      }
    }
    class Capital extends nn.Module {
      Forward(input: Tensor): Tensor {
        return input;
      }
    }
    class Twice extends nn.Module {
      forforward(input: Tensor): Tensor {
        return input;
      }
    }
    class Backward extends nn.Module {
      backward(): void {}
    }
    const call = (m: nn.Module): string => messageOf(() => (m as unknown as (x: Tensor) => void)(x()));
    const missing = (name: string): string => `Module [${name}] is missing the required "forward" function`;
    expect(call(new Typo())).toBe(`${missing('Typo')}; did you mean foward to be it?`);
    expect(call(new Swapped())).toBe(`${missing('Swapped')}; did you mean forwrad to be it?`);
    expect(call(new Twice())).not.toContain('did you mean');
    expect(call(new Capital())).toBe(`${missing('Capital')}; did you mean Forward to be it?`);
    expect(call(new Backward())).toBe(missing('Backward'));
  });

  test('of a container comes with what to do', () => {
    const call = (m: nn.Module): string => messageOf(() => (m as unknown as (x: Tensor) => void)(x()));
    expect(call(new nn.ModuleList([layer()]))).toContain("loop over it in the parent's forward, or use nn.Sequential");
    expect(call(new nn.ModuleDict({ a: layer() }))).toContain('dict.get(name)(x)');
  });
});

describe('names that are indices', () => {
  const layers = (): Record<string, nn.Linear> => ({ '10': layer(), first: layer(), '2': layer() });
  const advice =
    "JavaScript moves the name '2' to the front of an object, so its order is lost; pass a Map or entries: [['2', …], …]";

  test.each<[string, () => unknown]>([
    ['Sequential', () => new nn.Sequential(layers())],
    ['ModuleDict.update', () => new nn.ModuleDict(layers())],
    ['ParameterDict.update', () => new nn.ParameterDict({ b: x(), 2: x() })],
    ['ModuleDict.update', () => new nn.ModuleDict(JSON.parse('{"b":1,"2":2}') as never)],
  ])('%s refuses them in an object', (op, make) => {
    expect(messageOf(make)).toBe(`${op}: ${advice}`);
  });

  test('a Map and entries keep their order', () => {
    const entries = [
      ['10', layer()],
      ['first', layer()],
      ['2', layer()],
    ] as const;
    const order = ['10', 'first', '2'];
    expect([...new nn.Sequential(new Map(entries)).namedChildren()].map(([name]) => name)).toEqual(order);
    expect([...new nn.ModuleDict(entries).keys()]).toEqual(order);
    expect([
      ...new nn.ParameterDict(
        new Map([
          ['10', x()],
          ['2', x()],
        ]),
      ).keys(),
    ]).toEqual(['10', '2']);
    expect([...new nn.ModuleDict({ '7': layer() }).keys()]).toEqual(['7']);
  });
});

describe('a state dict whose names differ by a prefix', () => {
  const renamed = (m: nn.Module, rename: (name: string) => string): Map<string, Tensor> =>
    new Map([...m.stateDict()].map(([name, value]) => [rename(name), value]));

  test.each(['module.', '_orig_mod.'])('%s is to be stripped', (prefix) => {
    const m = layer();
    const message = messageOf(() => m.loadStateDict(renamed(m, (name) => prefix + name)));
    expect(message).toContain(
      `All unexpected keys have the prefix "${prefix}" before the model's names; strip it: ` +
        `new Map([...stateDict].map(([name, x]) => [name.slice(${prefix.length}), x]))`,
    );
  });

  test('or added', () => {
    const m = new nn.Sequential(new Map([['encoder', layer()]]));
    const message = messageOf(() => m.loadStateDict(m.at(0).stateDict()));
    expect(message).toContain('The unexpected keys lack the prefix "encoder." of the model\'s names; add it: ');
    expect(message).toContain(['[`encoder.$', '{name}`, x]'].join(''));
  });

  test('other differences are told without advice', () => {
    const m = layer();
    const message = messageOf(() => m.loadStateDict(renamed(m, (name) => (name === 'bias' ? 'module.bias' : 'w'))));
    expect(message).not.toContain('prefix');
  });
});

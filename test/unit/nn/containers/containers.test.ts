import { nn, ones, randn, type Tensor, zeros } from 'flambeau';
import { describe, expect, it } from 'vitest';
import { thrown } from '../../thrown.js';

const keys = (m: nn.Module): string[] =>
  [...m.namedModules({ removeDuplicate: false })]
    .map(([name]) => name)
    .filter((name) => name !== '' && !name.includes('.'));
const dense = (i: number, o: number): nn.Linear => new nn.Linear(i, o);

describe('Sequential', () => {
  const three = (): nn.Sequential => new nn.Sequential(...[dense(1, 2), new nn.ReLU(), dense(2, 3)]);

  it('runs its modules in order', () => {
    const s = new nn.Sequential(dense(4, 8), new nn.ReLU(), dense(8, 2));
    const x = randn([3, 4]);
    expect(s(x).toArray()).toEqual(s[2](s[1](s[0](x))).toArray());
    expect(s.forward(x).shape).toEqual([3, 2]);
  });

  it('when empty gives its input back, whatever it is', () => {
    const x = ones([1]);
    expect(new nn.Sequential()(x)).toBe(x);
  });

  it('takes one argument', () => {
    const error = thrown(() => three()(...([ones([1]), ones([1])] as unknown as [Tensor])));
    expect(error.cause).toBeInstanceOf(TypeError);
    expect(error.message).toContain('Sequential.forward() takes 1 positional argument but 2 were given');
  });

  it('hands an array of outputs on as one argument', () => {
    class Split extends nn.Module {
      override forward(x: Tensor): Tensor[] {
        return [x, x];
      }
    }
    class Join extends nn.Module {
      override forward(pair: Tensor[]): Tensor {
        return pair[0]!.add(pair[1]!);
      }
    }
    expect(new nn.Sequential(new Split(), new Join())(ones([1])).toArray()).toEqual([2]);
  });

  it('refuses what is no module', () => {
    expect(thrown(() => new nn.Sequential([dense(1, 1)] as never)).message).toMatch(
      /^Sequential: an array of 1 is not a Module; spread it/,
    );
    expect(thrown(() => new nn.Sequential(nn.ReLU as never)).message).toMatch(
      /the class ReLU is not a Module; pass an instance/,
    );
    expect(thrown(() => new nn.Sequential(3 as never))).toBeInstanceOf(TypeError);
  });

  it('takes a Map, entries or an object of named modules', () => {
    const [a, b] = [dense(1, 2), new nn.ReLU()];
    for (const s of [
      new nn.Sequential(
        new Map<string, nn.Module>([
          ['a', a],
          ['b', b],
        ]),
      ),
      new nn.Sequential([
        ['a', a],
        ['b', b],
      ]),
      new nn.Sequential({ a, b }),
    ]) {
      expect([...s.namedChildren()]).toEqual([
        ['a', a],
        ['b', b],
      ]);
      expect(s.at(0)).toBe(a);
      expect(s[1]).toBe(b);
      expect((s as unknown as { b: nn.Module }).b).toBe(b);
    }
  });

  it('keeps the order of integer-like names', () => {
    const s = new nn.Sequential([
      ['10', dense(1, 2)],
      ['b', new nn.ReLU()],
      ['2', dense(2, 3)],
    ]);
    expect(keys(s)).toEqual(['10', 'b', '2']);
    expect(s[2].outFeatures).toBe(3);
    expect([...s.stateDict().keys()]).toEqual(['10.weight', '10.bias', '2.weight', '2.bias']);
  });

  it('reads by position', () => {
    const s = three();
    expect(s.length).toBe(3);
    expect(s.at(-1)).toBe(s[2]);
    expect(s[3]).toBeUndefined();
    expect(thrown(() => s.at(3)).message).toBe('Sequential.at: index 3 is out of range');
    expect(thrown(() => s.at(-4))).toBeInstanceOf(RangeError);
    expect(thrown(() => s.at(-4)).message).toContain('index -4 is out of range');
    expect(thrown(() => s.at('a' as never))).toBeInstanceOf(TypeError);
    expect(thrown(() => s.at(1.5))).toBeInstanceOf(TypeError);
  });

  it('slices share modules and are numbered from 0', () => {
    const s = three();
    const tail = s.slice(1);
    expect([...tail]).toEqual([s[1], s[2]]);
    expect(keys(tail)).toEqual(['0', '1']);
    expect([...s.slice(undefined, undefined, -1)]).toEqual([s[2], s[1], s[0]]);
    expect([...s.slice(-2, -1)]).toEqual([s[1]]);
    expect(s.slice(5).length).toBe(0);
    expect(tail).toBeInstanceOf(nn.Sequential);
  });

  it('replaces by position, keeping the name', () => {
    const s = new nn.Sequential([
      ['a', dense(1, 2)],
      ['b', new nn.ReLU()],
    ]) as unknown as nn.Sequential;
    const tanh = new nn.Tanh();
    s[1] = tanh;
    expect([...s.namedChildren()][1]).toEqual(['b', tanh]);
    expect((s as unknown as { b: nn.Module }).b).toBe(tanh);
    s.set(-2, tanh);
    expect(keys(s)).toEqual(['a', 'b']);
    expect(thrown(() => (s[0] = 3 as never)).message).toBe(
      "cannot assign 3 as child module 'a' (nn.Module or null expected)",
    );
    expect(thrown(() => (s[2] = tanh)).message).toContain('index 2 is out of range');
  });

  it('delete renumbers from 0, custom names too', () => {
    const s = new nn.Sequential([
      ['a', dense(1, 2)],
      ['b', new nn.ReLU()],
      ['c', dense(2, 3)],
    ]);
    const last = s.at(-1);
    s.delete(1);
    expect(keys(s)).toEqual(['0', '1']);
    expect(s[1]).toBe(last);
    expect(s[2]).toBeUndefined();
    expect('b' in s).toBe(false);
    const t = three();
    delete (t as unknown as Record<number, unknown>)[0];
    expect(keys(t)).toEqual(['0', '1']);
    t.delete({ start: 0, step: 2 });
    expect([...t]).toHaveLength(1);
  });

  it('pop removes and returns', () => {
    const s = three();
    const [first, second, third] = s;
    expect(s.pop(-1)).toBe(third);
    expect(s.length).toBe(2);
    expect([...s.pop({ start: 0 })]).toEqual([first, second]);
    expect(thrown(() => s.pop(0)).message).toContain('index 0 is out of range');
    expect(thrown(() => s.pop(undefined as never))).toBeInstanceOf(TypeError);
  });

  it('append, extend and insert return the container and never overwrite', () => {
    const s = new nn.Sequential([
      ['a', dense(1, 2)],
      ['2', new nn.ReLU()],
    ]) as unknown as nn.Sequential;
    const [a, two] = s;
    const [x, y, z] = [new nn.Tanh(), new nn.Sigmoid(), new nn.SiLU()];
    expect(s.append(x)).toBe(s);
    expect(s.extend([y])).toBe(s);
    expect(s.insert(1, z)).toBe(s);
    expect([...s]).toEqual([a, z, two, x, y]);
    expect(new Set(keys(s)).size).toBe(5);
    expect(s.getSubmodule('a')).toBe(a);
    expect(s.getSubmodule('2')).toBe(two);
  });

  it('insert shifts the numbers', () => {
    const s = three();
    const [first, second, third] = s;
    const tanh = new nn.Tanh();
    s.insert(1, tanh);
    expect([...s]).toEqual([first, tanh, second, third]);
    expect(keys(s)).toEqual(['0', '1', '2', '3']);
    s.insert(-4, new nn.Sigmoid());
    s.insert(5, new nn.SiLU());
    expect(s[0]).toBeInstanceOf(nn.Sigmoid);
    expect(s[5]).toBeInstanceOf(nn.SiLU);
    expect(thrown(() => new nn.Sequential().insert(2, tanh)).message).toContain('Index out of range: 2');
    expect(thrown(() => s.insert(0, 3 as never))).toBeInstanceOf(TypeError);
    expect(thrown(() => s.insert(Symbol('i') as never, tanh)).message).toBe(
      'Sequential.insert: index must be an integer, got a symbol',
    );
  });

  it('concat makes a new one', () => {
    const [a, b] = [three(), three()];
    const sum = a.concat(b);
    expect([...sum]).toEqual([...a, ...b]);
    expect(keys(sum)).toEqual(['0', '1', '2', '3', '4', '5']);
    expect(thrown(() => a.concat([] as never)).message).toContain(
      'supports only objects of Sequential class, but an array of 0 is given',
    );
    expect(a.repeat(2).length).toBe(6);
    expect(thrown(() => a.repeat(0)).message).toContain('Non-positive multiplication factor 0');
    expect(thrown(() => a.repeat('a' as never))).toBeInstanceOf(TypeError);
  });

  it('cannot be extended with itself', () => {
    const s = three();
    expect(thrown(() => s.extend(s)).message).toContain('cannot be extended with itself');
    expect(s.length).toBe(3);
  });

  it('survives changes while it is iterated', () => {
    const s = three();
    let steps = 0;
    for (const _layer of s) {
      if (steps++ < 3) s.append(new nn.ReLU());
    }
    expect(steps).toBe(3);
    expect(s.length).toBe(6);
  });

  it('does not override the call, only forward', () => {
    expect(Object.hasOwn(nn.Sequential.prototype, 'forward')).toBe(true);
    const s = three();
    const calls: string[] = [];
    s.registerForwardHook(() => void calls.push('hook'));
    s(ones([1, 1]));
    s.forward(ones([1, 1]));
    expect(calls).toEqual(['hook']);
  });
});

describe('ModuleList', () => {
  const list = (): nn.ModuleList => new nn.ModuleList([dense(1, 2), new nn.ReLU(), dense(2, 3), new nn.Tanh()]);

  it('takes any iterable', () => {
    function* layers(): Generator<nn.Linear> {
      for (let i = 1; i < 4; i++) yield dense(i, i);
    }
    expect(new nn.ModuleList(layers()).length).toBe(3);
    expect(new nn.ModuleList(new nn.Sequential(dense(1, 1), new nn.ReLU())).length).toBe(2);
    expect(new nn.ModuleList().length).toBe(0);
    expect(thrown(() => new nn.ModuleList(dense(1, 1) as never)).message).toBe(
      'ModuleList.extend should be called with an iterable, but got Linear',
    );
    expect(thrown(() => new nn.ModuleList([3 as never])).message).toContain('3 is not a Module');
  });

  it('registers: six parameters, 1752 elements in the article’s example', () => {
    const m = new nn.ModuleList([dense(10, 50), new nn.ReLU(), dense(50, 2), new nn.Sigmoid(), dense(10, 100)]);
    const parameters = [...m.parameters()];
    expect(parameters).toHaveLength(6);
    expect(parameters.reduce((n, p) => n + p.numel, 0)).toBe(1752);
  });

  it('has no forward, whatever the arguments', () => {
    for (const args of [[], [ones([1])], [1, 2]]) {
      const error = thrown(() => (list() as unknown as (...args: unknown[]) => void)(...args));
      expect(error.message).toBe(
        'Module [ModuleList] is missing the required "forward" function: it runs nothing by itself; ' +
          "loop over it in the parent's forward, or use nn.Sequential",
      );
      expect(error.code).toBe('MISSING_FORWARD');
    }
    expect(thrown(() => (new nn.Module() as unknown as () => void)()).message).toContain('Module [Module] is missing');
  });

  it('slices, deletes and pops with renumbering', () => {
    const m = list();
    const [a, b, c, d] = m;
    expect([...m.slice(1, 3)]).toEqual([b, c]);
    expect(keys(m.slice(1))).toEqual(['0', '1', '2']);
    m.delete({ start: 1, step: 2 });
    expect([...m]).toEqual([a, c]);
    expect(keys(m)).toEqual(['0', '1']);
    m.insert(-1, d!);
    expect([...m]).toEqual([a, d, c]);
    expect(m.pop(1)).toBe(d);
    expect([...m.concat([b!])]).toEqual([a, c, b]);
    expect(m[1]).toBe(c);
    m[1] = b!;
    expect(m.at(-1)).toBe(b);
  });
});

describe('ModuleDict', () => {
  it('reads like a Map in order of insertion', () => {
    const d = new nn.ModuleDict({ lin: dense(1, 2), act: new nn.ReLU() });
    expect(d.size).toBe(2);
    expect([...d.keys()]).toEqual(['lin', 'act']);
    expect(d.get('lin')(ones([1, 1])).shape).toEqual([1, 2]);
    expect([...d].map(([key]) => key)).toEqual(['lin', 'act']);
    expect(d.has('lin')).toBe(true);
    expect(thrown(() => d.get('nope' as never)).message).toBe("ModuleDict.get: there is no 'nope', only 'lin', 'act'");
    expect([...d.stateDict().keys()]).toEqual(['lin.weight', 'lin.bias']);
  });

  it('keeps the place of what is overwritten', () => {
    const d: nn.ModuleDict = new nn.ModuleDict([
      ['a', new nn.ReLU()],
      ['b', new nn.ReLU()],
    ]);
    const tanh = new nn.Tanh();
    d.set('a', tanh);
    d.update(new Map([['c', new nn.ReLU()]]));
    d.update(new nn.ModuleDict({ d: new nn.ReLU() }));
    expect([...d.keys()]).toEqual(['a', 'b', 'c', 'd']);
    expect(d.get('a')).toBe(tanh);
    expect(thrown(() => d.pop('zz')).message).toMatch(/^ModuleDict.pop: there is no 'zz', only /);
    expect(thrown(() => d.get(Symbol('k') as never)).message).toMatch(
      /^ModuleDict.get: there is no key like a symbol, only /,
    );
    expect(d.pop('a')).toBe(tanh);
    expect(d.delete('b')).toBe(true);
    expect(d.delete('b')).toBe(false);
    d.clear();
    expect(d.size).toBe(0);
  });

  it('refuses the names of its own methods, and malformed entries', () => {
    const d: nn.ModuleDict = new nn.ModuleDict();
    expect(thrown(() => d.set('type', new nn.ReLU())).message).toContain("attribute 'type' already exists");
    expect(thrown(() => d.set('keys', new nn.ReLU())).message).toContain("attribute 'keys' already exists");
    expect(thrown(() => new nn.ModuleDict(3 as never)).message).toBe(
      'ModuleDict.update should be called with an iterable of key/value pairs, but got 3',
    );
    expect(thrown(() => new nn.ModuleDict([3] as never)).message).toBe(
      'ModuleDict.update sequence element #0 should be Iterable; is 3',
    );
    expect(thrown(() => new nn.ModuleDict([['a']] as never)).message).toBe(
      'ModuleDict.update sequence element #0 has length 1; 2 is required',
    );
    expect(thrown(() => (d as unknown as () => void)()).code).toBe('MISSING_FORWARD');
  });
});

describe('ParameterList and ParameterDict', () => {
  it('wrap tensors, keep other values, and register what they wrap', () => {
    const p = new nn.Parameter(zeros([2]));
    const list = new nn.ParameterList<unknown>([ones([2, 3]), p, 'x']);
    expect(list.length).toBe(3);
    expect(list.at(0)).toBeInstanceOf(nn.Parameter);
    expect(list[1]).toBe(p);
    expect([...list.namedParameters()].map(([name]) => name)).toEqual(['0', '1']);
    list[0] = zeros([5]);
    expect((list.at(0) as Tensor).shape).toEqual([5]);
    list.append(ones([1])).extend([ones([1])]);
    expect([...list.slice(3)]).toHaveLength(2);
    expect(thrown(() => list.extend(ones([2]) as never)).message).toBe(
      'ParameterList.extend should be called with an iterable, but got FloatTensor',
    );
    expect(thrown(() => list.at(9)).message).toContain('index 9 is out of range');
    expect(thrown(() => list.append(dense(1, 1))).message).toContain('use nn.ModuleList');
    expect(thrown(() => (list as unknown as () => void)()).message).toBe('ParameterList should not be called.');
  });

  it('by name', () => {
    const d = new nn.ParameterDict<unknown>({ a: ones([2]), b: 3 });
    expect(d.get('a')).toBeInstanceOf(nn.Parameter);
    expect([...d.stateDict().keys()]).toEqual(['a']);
    d.set('a', zeros([1]));
    expect([...d.keys()]).toEqual(['a', 'b']);
    expect(d.get('nope', 7)).toBe(7);
    expect(d.setDefault('c', ones([1]))).toBeInstanceOf(nn.Parameter);
    expect(d.popItem()[0]).toBe('c');
    expect(thrown(() => d.pop({} as never)).message).toBe('ParameterDict.pop: there is no key like an Object');
    expect(d.pop('b')).toBe(3);
    expect([...d.copy()].map(([key]) => key)).toEqual(['a']);
    expect(d.copy().get('a')).toBe(d.get('a'));
    expect(thrown(() => d.set('keys', ones([1]))).message).toContain("attribute 'keys' already exists");
    expect(thrown(() => (d as unknown as () => void)()).message).toBe('ParameterDict should not be called.');
    d.clear();
    expect([...d.parameters()]).toEqual([]);
  });
});

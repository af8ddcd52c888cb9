import { nn, ones, type Tensor, zeros } from 'flambeau';
import { describe, expect, it } from 'vitest';

const names = (pairs: Iterable<[string, unknown]>): string[] => [...pairs].map(([name]) => name);

describe('shared modules', () => {
  const l = new nn.Linear(2, 2);
  const s = new nn.Sequential(l, l);

  it('are children once, parameters once, and state twice', () => {
    expect(s.length).toBe(2);
    expect([...s]).toEqual([l, l]);
    expect([...s.children()]).toEqual([l]);
    expect(names(s.namedParameters())).toEqual(['0.weight', '0.bias']);
    expect([...s.stateDict().keys()]).toEqual(['0.weight', '0.bias', '1.weight', '1.bias']);
  });

  it('are listed under every alias on request', () => {
    expect(names(s.namedParameters({ removeDuplicate: false }))).toEqual(['0.weight', '0.bias', '1.weight', '1.bias']);
    expect(names(s.namedModules())).toEqual(['', '0']);
    expect(names(s.namedModules({ removeDuplicate: false }))).toEqual(['', '0', '1']);
    expect([...s.modules()]).toEqual([s, l]);
  });
});

describe('order', () => {
  class Inner extends nn.Module {
    child = new nn.Linear(1, 1, { bias: false });
    own = new nn.Parameter(zeros([1]));
    constructor() {
      super();
      this.registerBuffer('stat', ones([1]));
    }
  }
  class Outer extends nn.Module {
    inner = new Inner();
    top = new nn.Parameter(zeros([1]));
  }
  const m = new Outer();

  it('own parameters come before those of children', () => {
    expect(names(m.namedParameters())).toEqual(['top', 'inner.own', 'inner.child.weight']);
    expect(names(m.namedParameters({ prefix: 'net' }))).toEqual(['net.top', 'net.inner.own', 'net.inner.child.weight']);
    expect(names(m.namedParameters({ recurse: false }))).toEqual(['top']);
    expect([...m.parameters({ recurse: false })].map((p) => p === m.top)).toEqual([true]);
    expect(names(m.namedBuffers())).toEqual(['inner.stat']);
    expect([...m.buffers()]).toHaveLength(1);
  });

  it('state: parameters, buffers, then children, module by module', () => {
    expect([...m.stateDict().keys()]).toEqual(['top', 'inner.own', 'inner.stat', 'inner.child.weight']);
    expect([...m.stateDict({ prefix: 'x.' }).keys()][0]).toBe('x.top');
  });

  it('modules depth first', () => {
    expect(names(m.namedModules())).toEqual(['', 'inner', 'inner.child']);
    expect(names(m.namedModules({ prefix: 'net' }))).toEqual(['net', 'net.inner', 'net.inner.child']);
  });
});

describe('lookup by path', () => {
  const s = new nn.Sequential(new nn.Linear(2, 3));

  it('finds modules, parameters and buffers', () => {
    expect(s.getSubmodule('')).toBe(s);
    expect(s.getSubmodule('0')).toBe(s[0]);
    expect(s.getParameter('0.weight')).toBe(s[0].weight);
    const m = new nn.Module();
    m.registerBuffer('b', ones([1]));
    expect(m.getBuffer('b').toArray()).toEqual([1]);
  });

  it('fails with PyTorch’s messages', () => {
    expect(() => s.getSubmodule('1')).toThrow('Sequential has no attribute `1`');
    expect(() => s.getSubmodule('0.weight')).toThrow('`weight` is not an nn.Module');
    expect(() => s.getParameter('0')).toThrow('`0` is not an nn.Parameter');
    expect(() => s.getParameter('0.nope')).toThrow('Linear has no attribute `nope`');
    expect(() => s.getBuffer('0.weight')).toThrow('`weight` is not a buffer');
  });

  it('setSubmodule replaces, adds, and refuses what is no module', () => {
    const m = new nn.Sequential(new nn.Sequential(new nn.ReLU()));
    m.setSubmodule('0.0', new nn.Tanh());
    expect((m[0] as nn.Sequential).at(0)).toBeInstanceOf(nn.Tanh);
    expect(() => m.setSubmodule('', new nn.Tanh())).toThrow('Cannot set the submodule without a target name!');
    expect(() => m.setSubmodule('zzz', new nn.Tanh(), { strict: true })).toThrow('Sequential has no attribute `zzz`');
    expect(() => m.setSubmodule('a.b.c', new nn.Tanh())).toThrow('Sequential has no attribute `a`');
    expect(() => m.setSubmodule('x', 3 as never)).toThrow('3 is not a Module');
    m.setSubmodule('extra', new nn.Tanh());
    expect(m.length).toBe(2);
  });
});

describe('train, eval, apply', () => {
  it('recurse and return the module', () => {
    const s = new nn.Sequential(new nn.Dropout(), new nn.Sequential(new nn.Dropout()));
    expect(s.eval()).toBe(s);
    expect([...s.modules()].map((m) => m.training)).toEqual([false, false, false, false]);
    expect(s.train()).toBe(s);
    expect([...s.modules()].every((m) => m.training)).toBe(true);
    expect(() => s.train(1 as never)).toThrow('training mode is expected to be boolean');
  });

  it('respect a train of a subclass', () => {
    class Frozen extends nn.Module {
      override train(_mode = true): this {
        return super.train(false);
      }
    }
    const s = new nn.Sequential(new Frozen());
    expect(s.train()[0].training).toBe(false);
  });

  it('apply visits children before their parent', () => {
    const inner = new nn.ReLU();
    const s = new nn.Sequential(inner);
    const seen: nn.Module[] = [];
    expect(s.apply((m) => seen.push(m))).toBe(s);
    expect(seen).toEqual([inner, s]);
  });
});

it('a module calls the forward of its class, and model.forward(x) is the same without hooks', () => {
  class Twice extends nn.Module {
    override forward(x: Tensor, times = 2): Tensor {
      return x.mul(times);
    }
  }
  const m = new Twice();
  expect(m(ones([1])).toArray()).toEqual([2]);
  expect(m(ones([1]), 3).toArray()).toEqual([3]);
  expect(m.forward(ones([1])).toArray()).toEqual([2]);
});

it('null stands for no options, as everywhere', () => {
  const model = new nn.Linear(2, 3);
  expect([...model.namedParameters(null as never)].map(([name]) => name)).toEqual(['weight', 'bias']);
  expect([...model.parameters(null as never)].length).toBe(2);
  expect([...model.namedModules(null as never)].map(([name]) => name)).toEqual(['']);
  expect([...model.buffers(null as never), ...model.namedBuffers(null as never)]).toEqual([]);
});

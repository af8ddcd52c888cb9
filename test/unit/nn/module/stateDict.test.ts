import { nn, noGrad, ones, randn, type Tensor, tensor, zeros } from 'flambeau';
import { describe, expect, it } from 'vitest';
import { thrown } from '../../thrown.js';

const model = (): nn.Sequential =>
  new nn.Sequential(new nn.Linear(2, 3), new nn.ReLU(), new nn.Linear(3, 1)) as unknown as nn.Sequential;
const values = (m: nn.Module): unknown[] => [...m.stateDict().values()].map((x) => x.toArray());

describe('stateDict', () => {
  it('is detached, but aliases the model', () => {
    const m = new nn.Linear(2, 2);
    const weight = m.stateDict().get('weight')!;
    expect(weight.requiresGrad).toBe(false);
    weight.fill_(7);
    expect(m.weight.toArray()).toEqual([
      [7, 7],
      [7, 7],
    ]);
    expect(m.stateDict({ keepVars: true }).get('weight')).toBe(m.weight);
  });

  it('fills a destination, and runs hooks', () => {
    const m = model();
    const destination = new Map<string, Tensor>([['before', ones([1])]]);
    const calls: unknown[] = [];
    const pre = m[0]!.registerStateDictPreHook(
      (module, prefix, keepVars) => void calls.push([module, prefix, keepVars]),
    );
    m.registerStateDictPostHook((_module, dict, prefix) => void dict.set(`${prefix}extra`, zeros([1])));
    expect(m.stateDict({ destination, prefix: 'm.' })).toBe(destination);
    expect(calls).toEqual([[m[0], 'm.0.', false]]);
    expect([...destination.keys()]).toEqual(['before', 'm.0.weight', 'm.0.bias', 'm.2.weight', 'm.2.bias', 'm.extra']);
    pre.remove();
    pre.remove();
    m.stateDict();
    expect(calls).toHaveLength(1);
  });
});

describe('loadStateDict', () => {
  it('copies in place: same parameters, version counted', () => {
    const [a, b] = [model(), model()];
    const weight = a[0] as nn.Linear;
    const parameter = weight.weight;
    const version = parameter._version;
    const result = a.loadStateDict(b.stateDict());
    expect(result).toEqual({ missingKeys: [], unexpectedKeys: [] });
    expect(String(result)).toBe('<All keys matched successfully>');
    expect(weight.weight).toBe(parameter);
    expect(parameter._version).toBe(version + 1);
    expect(values(a)).toEqual(values(b));
  });

  it('between forward and backward is noticed', () => {
    const m = new nn.Linear(2, 2);
    const y = m(randn([1, 2], { requiresGrad: true }));
    m.loadStateDict(m.stateDict());
    expect(() => y.sum().backward()).toThrow(/modified by an inplace operation/);
  });

  it('keeps the module’s dtype', () => {
    const m = new nn.Linear(1, 1);
    m.loadStateDict({ weight: ones([1, 1], { dtype: 'float64' }), bias: tensor([2], { dtype: 'int32' }) });
    expect(m.weight.dtype).toBe('float32');
    expect(m.bias!.toArray()).toEqual([2]);
  });

  it('reports all that does not match, and changes nothing', () => {
    const m = model();
    const before = values(m);
    const bad = {
      '0.weight': ones([4, 4]),
      zzz: ones([1]),
      '9.w': ones([1]),
      '1.foo': ones([1]),
      '2.bias': ones([1]),
    };
    const error = thrown(() => m.loadStateDict(bad));
    expect(error.code).toBe('STATE_DICT_MISMATCH');
    expect(error.message).toBe(
      'Error(s) in loading state_dict for Sequential:\n' +
        '\tMissing key(s) in state_dict: "0.bias", "2.weight". \n' +
        '\tUnexpected key(s) in state_dict: "zzz", "9.w", "1.foo". \n' +
        '\tsize mismatch for 0.weight: copying a param with shape [4, 4] from checkpoint, the shape in current model is [3, 2].',
    );
    expect(values(m)).toEqual(before);
  });

  it('without strict returns the keys, but sizes must match', () => {
    const m = model();
    const result = m.loadStateDict({ '2.bias': ones([1]), zzz: ones([1]) }, { strict: false });
    expect(result).toEqual({ missingKeys: ['0.weight', '0.bias', '2.weight'], unexpectedKeys: ['zzz'] });
    expect(m.getParameter('2.bias').toArray()).toEqual([1]);
    expect(thrown(() => m.loadStateDict({ '2.bias': ones([2]) }, { strict: false })).message).toMatch(
      /size mismatch for 2\.bias/,
    );
  });

  it('refuses what is no dictionary and what is no tensor', () => {
    const m = new nn.Linear(2, 3);
    expect(thrown(() => m.loadStateDict(3 as never))).toBeInstanceOf(TypeError);
    expect(thrown(() => m.loadStateDict(3 as never)).message).toContain('Expected state_dict to be dict-like');
    const dict = m.stateDict();
    dict.set('weight', 3 as never);
    expect(thrown(() => m.loadStateDict(dict)).message).toContain(
      'While copying the parameter named "weight", expected a Tensor from checkpoint but received 3',
    );
    const disposed = new nn.Linear(2, 3).stateDict();
    disposed.get('bias')!.dispose();
    const before = values(m);
    expect(thrown(() => m.loadStateDict(disposed)).message).toContain('was disposed');
    expect(values(m)).toEqual(before);
  });

  it('reads one element of one dimension as a scalar', () => {
    const m = new nn.Module();
    m.registerParameter('s', new nn.Parameter(zeros([])));
    m.loadStateDict({ s: ones([1]) });
    expect(m.getParameter('s').item()).toBe(1);
  });

  it('assign makes the checkpoint’s tensors the module’s', () => {
    const m = new nn.Linear(1, 1);
    const old = m.weight;
    m.weight.requiresGrad_(false);
    const weight = ones([1, 1], { dtype: 'float64' });
    m.loadStateDict({ weight, bias: ones([1], { dtype: 'float64' }) }, { assign: true });
    expect(m.weight).not.toBe(old);
    expect(m.weight.dtype).toBe('float64');
    expect(m.weight.requiresGrad).toBe(false);
    expect(m.bias!.requiresGrad).toBe(true);
    weight.fill_(5);
    expect(m.weight.item()).toBe(5);
    const integers = { weight: ones([1, 1]), bias: ones([1], { dtype: 'int32' }) };
    expect(thrown(() => m.loadStateDict(integers, { assign: true })).message).toContain('floating point dtype');
    expect(m.weight.item()).toBe(5);
  });

  it('assign breaks ties, copying does not', () => {
    class Tied extends nn.Module {
      a = new nn.Linear(2, 2, { bias: false });
      b = new nn.Linear(2, 2, { bias: false });
      constructor() {
        super();
        this.b.weight = this.a.weight;
      }
    }
    const m = new Tied();
    m.loadStateDict(new Tied().stateDict());
    expect(m.a.weight).toBe(m.b.weight);
    m.loadStateDict(new Tied().stateDict(), { assign: true });
    expect(m.a.weight).not.toBe(m.b.weight);
  });

  it('pre hooks may edit the dictionary, post hooks the keys', () => {
    const m = model();
    m[0]!.registerLoadStateDictPreHook((_module, dict, prefix) => {
      dict.set(`${prefix}weight`, dict.get(`${prefix}w`)!);
      dict.delete(`${prefix}w`);
    });
    const hook = m.registerLoadStateDictPostHook((_module, result) => {
      result.missingKeys.length = 0;
    });
    expect(m.loadStateDict({ '0.w': ones([3, 2]), '0.bias': ones([3]) })).toEqual({
      missingKeys: [],
      unexpectedKeys: [],
    });
    expect(m.getParameter('0.weight').toArray()).toEqual([
      [1, 1],
      [1, 1],
      [1, 1],
    ]);
    hook.remove();
    m.registerLoadStateDictPostHook((module, result) => {
      expect((module as nn.Sequential).getParameter('0.bias').toArray()).toEqual([2, 2, 2]);
      result.missingKeys.push('invented');
    });
    const before = values(m);
    const dict = { '0.w': ones([3, 2]), '0.bias': ones([3]).mul(2), '2.weight': ones([1, 3]), '2.bias': ones([1]) };
    expect(thrown(() => m.loadStateDict(dict)).message).toContain('"invented"');
    expect(values(m)).toEqual(before);
  });

  it('carries extra state', () => {
    class Counter extends nn.Module {
      count = 0;
      override getExtraState(): Tensor {
        return tensor([this.count]);
      }
      override setExtraState(state: Tensor): void {
        this.count = state.item();
      }
    }
    const a = new nn.Sequential(new Counter());
    a[0].count = 5;
    const dict = a.stateDict();
    expect([...dict.keys()]).toEqual(['0._extra_state']);
    const b = new nn.Sequential(new Counter());
    b.loadStateDict(dict);
    expect(b[0].count).toBe(5);
    expect(thrown(() => b.loadStateDict({})).message).toContain('Missing key(s) in state_dict: "0._extra_state". ');
    expect(thrown(() => new nn.Sequential(new nn.ReLU()).loadStateDict(dict)).message).toContain(
      'Unexpected key(s) in state_dict: "0._extra_state". ',
    );
  });

  it('gives a fresh model the same answers', () => {
    const [a, b] = [model(), model()];
    const x = randn([4, 2]);
    b.loadStateDict(a.stateDict());
    expect(noGrad(() => b(x)).toArray()).toEqual(noGrad(() => a(x)).toArray());
  });
});

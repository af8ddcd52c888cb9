import { cpSync, existsSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { autograd, nn, ones, optim, type Tensor, tensor } from '../../../lib/index.js';
import { messageOf } from '../thrown.js';

// Two copies of the package in one process, as two versions in a dependency tree or a module that is loaded twice.

type Library = typeof import('../../../lib/index.js');

const root = fileURLToPath(new URL('../../..', import.meta.url));
const folder = mkdtempSync(path.join(tmpdir(), 'flambeau-copy-'));
let other: Library;

beforeAll(async () => {
  cpSync(path.join(root, 'dist'), path.join(folder, 'dist'), { recursive: true });
  cpSync(path.join(root, 'package.json'), path.join(folder, 'package.json'));
  for (const name of ['build', 'prebuilds', 'node_modules']) {
    if (existsSync(path.join(root, name))) symlinkSync(path.join(root, name), path.join(folder, name), 'junction');
  }
  other = (await import(pathToFileURL(path.join(folder, 'dist/index.js')).href)) as Library;
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

const refusal =
  /(Tensor|Parameter|Linear) of another copy of Flambeau \(file:.*; this one is file:.*\); install one version and load it once/;

describe('another copy of the package', () => {
  test('computes beside this one', () => {
    expect(other.zeros([2, 3]).sum(1).shape).toEqual([2]);
    expect(ones([2, 3]).sum(1).toArray()).toEqual([3, 3]);
    expect(other.ones([2, 3]).reshape(3, 2).sum(0).toArray()).toEqual([3, 3]);
  });

  class Net extends nn.Module {
    part: unknown = null;
  }
  class Twice extends autograd.Function {
    static forward(_ctx: autograd.FunctionContext, x: Tensor): Tensor {
      return ones([1]).add(x.numel);
    }
  }

  test.each<[string, () => unknown]>([
    ['a tensor in an op', () => ones([1]).add(other.ones([1]))],
    ['a tensor as input of a layer', () => new nn.Linear(1, 1)(other.ones([1, 1]))],
    ['a tensor in a list', () => autograd.backward([other.ones([1])])],
    ['a tensor as a buffer', () => new nn.Module().registerBuffer('b', other.ones([1]))],
    ['a tensor as a property of a module', () => (new Net().part = other.ones([1]))],
    ['a parameter as a property of a module', () => (new Net().part = new other.nn.Parameter(other.ones([1])))],
    ['a module as a property of a module', () => (new Net().part = new other.nn.Linear(1, 1))],
    ['a module in an array', () => (new Net().part = [new other.nn.Linear(1, 1)])],
    ['a module in a Map', () => (new Net().part = new Map([['a', new other.nn.Linear(1, 1)]]))],
    ['a module in a Sequential', () => new nn.Sequential(new other.nn.Linear(1, 1))],
    ['a module in a ModuleList', () => new nn.ModuleList([new other.nn.Linear(1, 1)])],
    ['a module in a ModuleDict', () => new nn.ModuleDict({ a: new other.nn.Linear(1, 1) })],
    ['a parameter in a ParameterList', () => new nn.ParameterList([new other.nn.Parameter(other.ones([1]))])],
    ['a parameter in an optimizer', () => new optim.SGD(new other.nn.Linear(1, 1).parameters(), { lr: 1 })],
    ['a tensor in a state dict', () => new nn.Linear(1, 1).loadStateDict(new other.nn.Linear(1, 1).stateDict())],
    ['a gradient', () => (new nn.Parameter(ones([1])).grad = other.ones([1]))],
    ['data', () => (new nn.Parameter(ones([1])).data = other.ones([1]))],
    ['an argument of a Function', () => Twice.apply(other.ones([1]))],
    [
      'what a forward hook returns',
      () => {
        const layer = new nn.ReLU();
        layer.registerForwardHook(() => other.ones([1]));
        layer(ones([1]));
      },
    ],
    ['a tensor of this copy in an op of the other', () => other.ones([1]).add(tensor([1]))],
  ])('%s is refused', (_name, run) => {
    expect(messageOf(run)).toMatch(refusal);
  });
});

import { expect, test } from 'vitest';
import {
  allclose,
  arange,
  autograd,
  eye,
  functional as F,
  Generator,
  isclose,
  max,
  median,
  min,
  nn,
  ones,
  optim,
  randintLike,
  Tensor,
  tensor,
} from '../../../lib/index.js';
import { messageOf } from '../thrown.js';

// Calls that make no sense, and once returned all the same.

const x = ones([2, 3]);
const leaf = ones([2], { requiresGrad: true });
const planes = ones([1, 1, 4, 4]);
const integers = tensor([1, 2, 3], { dtype: 'int64' });
const list = (): nn.ModuleList => new nn.ModuleList([new nn.ReLU(), new nn.Tanh()]);
const impostor = (): Tensor => Object.create(Tensor.prototype) as Tensor;
const sgd = (): optim.SGD => new optim.SGD(new nn.Linear(1, 1).parameters());

test.each<[() => unknown, string]>([
  [() => F.avgPool2d(planes, 2, { divisorOverride: 1.5 }), 'avgPool2d: divisorOverride must be an integer, got 1.5'],
  [() => F.avgPool2d(planes, 2, { divisorOverride: Number.NaN }), 'avgPool2d: divisorOverride must be an integer'],
  [() => new nn.AvgPool2d(2, { divisorOverride: '3' as never }), 'AvgPool2d: divisorOverride must be an integer'],
  [() => new nn.AvgPool2d(2, { divisorOverride: 0 }), 'AvgPool2d: divisorOverride must not be zero'],
  [() => new nn.AvgPool1d(null as never), 'AvgPool1d: kernelSize must be a number or an array of numbers, got null'],
  [() => new nn.MaxPool2d([] as never), 'MaxPool2d: kernelSize must be an integer'],
  [() => new nn.MaxPool2d(2, { padding: [null, 1] as never }), 'MaxPool2d: padding must be an integer'],
  [() => new nn.AdaptiveAvgPool2d([] as never), 'AdaptiveAvgPool2d: outputSize must be an integer'],
  [() => new nn.AdaptiveAvgPool2d(undefined as never), 'AdaptiveAvgPool2d: outputSize must be an integer'],
  [() => isclose(x, x, { rtol: -1 }), 'isclose: rtol must be greater than or equal to zero, but got -1'],
  [() => allclose(x, x, { atol: Number.NaN }), 'isclose: atol must be greater than or equal to zero, but got NaN'],
  [() => F.threshold(integers, Number.NaN, 0), 'threshold: threshold NaN does not fit int64'],
  [() => F.threshold(integers, 0, Infinity), 'threshold: value Infinity does not fit int64'],
  [() => nn.init.constant_(integers.clone(), Number.NaN), 'init.constant_: value NaN does not fit int64'],
  [() => F.batchNorm(x, ones([3]), ones([3]), { eps: -1 }), 'batchNorm: eps must be non-negative, but got -1'],
  [
    () => F.batchNorm(x, null, null, { training: true, eps: 0 }),
    'batchNorm: eps must be positive during training, but',
  ],
  [() => autograd.grad(leaf.sum(), leaf, { gradOutputs: [] }), 'grad: got 1 tensors and 0 gradients'],
  [() => autograd.backward([leaf.sum()], []), 'backward: got 1 tensors and 0 gradients'],
  [() => x.flip([0] as never, 1 as never), 'flip: dim must be an integer, got an array of 1'],
  [() => x.addcdiv(x, null as never), 'addcdiv: tensor2 must be a Tensor, got null'],
  [() => x.addcdiv(undefined as never, x), 'addcdiv: tensor1 must be a Tensor, got undefined'],
  [() => x.repeatInterleave([] as never), 'repeatInterleave: repeats must be an integer, got an array of 0'],
  [() => x.logit('a' as never), 'logit: eps must be a number, got "a"'],
  [() => integers.nanToNum({ nan: 'a' as never }), 'nanToNum: nan must be a number, got "a"'],
  [() => F.embedding(integers, ones([5, 2]), { normType: 'a' as never }), 'embedding: normType must be a number'],
  [() => F.crossEntropy(x, x, { ignoreIndex: 1.5 }), 'crossEntropy: ignoreIndex must be an integer, got 1.5'],
  [() => median(x, undefined as never, { keepdim: true }), 'median: options need a dim'],
  [() => max(x, undefined as never, { keepdim: true }), 'max: options need a dim'],
  [() => min(x, x as never, { keepdim: true }), 'min: options need a dim'],
  [() => arange(0, null as never), 'arange: an argument must be a number, got null'],
  [() => eye(2, '3' as never), 'eye: options must be an object'],
  [() => randintLike(x, 3, true as never), 'randintLike: options must be an object'],
  [() => randintLike(x, null as never, 3), 'randintLike: from must be an integer, got null'],
  [() => new Generator().setState(null as never), 'setState: other must be a Generator, got null'],
  [() => autograd.onceDifferentiable(null as never), 'onceDifferentiable: backward must be a function, got null'],
  [() => autograd.gradcheck((a) => a, [x], { atol: '1' as never }), 'gradcheck: atol must be a number, got "1"'],
  [() => sgd().registerStepPreHook(1 as never), 'SGD.registerStepPreHook: hook must be a function, got 1'],
  [() => sgd().registerStepPostHook(null as never), 'SGD.registerStepPostHook: hook must be a function, got null'],
  [() => ones([2]).add(impostor()), 'add: other must be a Tensor, got an object with the prototype of one'],
  [() => impostor().relu(), 'relu: input must be a Tensor, got an object with the prototype of one'],
  [
    () => new optim.SGD([impostor()]),
    'SGD.addParamGroup: a parameter must be a Tensor, got an object with the prototype of one',
  ],
  [() => list().pop([0] as never), 'ModuleList.pop: options must be an object { start, end, step }'],
  [
    () => list().delete({ begin: 1 } as never),
    'ModuleList.delete: unknown option begin; expected { start, end, step }',
  ],
  [() => list().namedModules({ prefix: 1 as never }), 'namedModules: prefix must be a string, got 1'],
  [() => list().stateDict({ prefix: null as never }), 'stateDict: prefix must be a string, got null'],
])('%#', (call, message) => {
  expect(messageOf(call)).toContain(message);
});

test('threshold keeps integers, and takes its numbers as such', () => {
  const y = F.threshold(integers, 1.7, 7.5);
  expect([y.dtype, y.toArray()]).toEqual(['int64', [7, 2, 3]]);
});

test('null keeps a size in adaptive pooling', () => {
  expect(new nn.AdaptiveAvgPool2d([2, null])(planes).shape).toEqual([1, 1, 2, 4]);
});

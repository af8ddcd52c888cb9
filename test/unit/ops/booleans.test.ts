import { expect, test } from 'vitest';
import {
  arange,
  functional as F,
  isclose,
  lerp,
  linspace,
  manualSeed,
  nn,
  normal,
  ones,
  type Tensor,
  tensor,
  zeros,
} from '../../../lib/index.js';
import { messageOf } from '../thrown.js';

// PyTorch takes a boolean where it expects a number, not where it expects an integer. The types do not say so.

const x = tensor([[-2, 0.5, 3]]);
const integers = tensor([1, 2, -3], { dtype: 'int64' });
const labels = tensor([0], { dtype: 'int64' });
const images = tensor([[[1, 2, 4]], [[1, 5, 7]]]);
const inside = tensor([0.5, 0.75]);

function clipped(clip: (leaf: Tensor) => unknown): Tensor {
  const leaf = tensor([3, 4], { requiresGrad: true });
  leaf.mul(leaf).sum().backward();
  clip(leaf);
  return leaf.grad!;
}

// `n` and `zero` stand for 1 and 0, or for true and false.
test.each<[string, (n: number, zero: number) => Tensor]>([
  ['elu', (n) => F.elu(x, n)],
  ['elu named', (n) => F.elu(x, { alpha: n })],
  ['celu', (n) => F.celu(x, n)],
  ['leakyRelu', (n) => F.leakyRelu(x, n)],
  ['hardtanh', (n, zero) => F.hardtanh(x, zero, n)],
  ['hardtanh inplace', (n, zero) => F.hardtanh(x.clone(), zero, n, { inplace: true })],
  ['hardshrink', (n) => F.hardshrink(x, n)],
  ['softshrink', (n) => F.softshrink(x, n)],
  ['threshold', (n, zero) => F.threshold(x, n, zero)],
  ['threshold of integers', (n, zero) => F.threshold(integers, n, zero)],
  ['softplus', (n) => F.softplus(x, { beta: n, threshold: n })],
  ['clamp', (n, zero) => x.clamp(zero, n)],
  ['clamp of integers', (n, zero) => integers.clamp(zero, n)],
  ['clamp by a tensor', (n) => x.clamp(tensor(0), n)],
  ['clampMin', (_n, zero) => x.clampMin(zero)],
  ['lerp', (n) => lerp(x, x.add(1), n)],
  ['addcmul', (n) => x.addcmul(x, x, { value: n })],
  ['addcdiv', (n) => x.addcdiv(x, x, { value: n })],
  ['logit', (_n, zero) => inside.logit(zero)],
  ['nanToNum', (n, zero) => tensor([Number.NaN, Infinity, -Infinity]).nanToNum({ nan: n, posinf: zero, neginf: n })],
  ['norm', (n) => x.norm(n)],
  ['var', (_n, zero) => x.var(1, { correction: zero })],
  ['baddbmm', (n) => images.baddbmm(ones([2, 1, 2]), ones([2, 2, 3]), { beta: n, alpha: n })],
  ['indexAdd', (n) => x.indexAdd(0, labels, x, { alpha: n })],
  ['layerNorm', (n) => F.layerNorm(x, [3], { eps: n })],
  ['rmsNorm', (n) => F.rmsNorm(x, [3], { eps: n })],
  ['batchNorm', (n) => F.batchNorm(images, zeros([1]), ones([1]), { training: true, eps: n, momentum: n })],
  ['groupNorm', (n) => F.groupNorm(images, 1, { eps: n })],
  [
    'instanceNorm',
    (n) => F.instanceNorm(images, { runningMean: zeros([1]), runningVar: ones([1]), eps: n, momentum: n }),
  ],
  ['dropout', (n) => F.dropout(x, { p: n })],
  ['dropout of none', (_n, zero) => F.dropout(x, { p: zero })],
  ['pad', (n) => F.pad(x, [1, 1], { value: n })],
  ['crossEntropy', (n) => F.crossEntropy(x, labels, { labelSmoothing: n })],
  ['smoothL1Loss', (n) => F.smoothL1Loss(x, x.add(2), { beta: n })],
  ['smoothL1Loss of beta 0', (_n, zero) => F.smoothL1Loss(x, x.add(2), { beta: zero })],
  ['huberLoss', (n) => F.huberLoss(x, x.add(2), { delta: n })],
  ['isclose', (n) => isclose(x, x.add(0.5), { rtol: n, atol: n })],
  ['attention', (n, zero) => F.scaledDotProductAttention(images, images, images, { scale: n, dropoutP: zero })],
  ['embedding', (n) => F.embedding(labels, x.clone(), { maxNorm: n, normType: n })],
  ['normal', (n) => normal(n, n, [3])],
  ['normal by a tensor', (n) => normal(x, n)],
  ['normal_', (n) => x.clone().normal_(n, n)],
  ['logNormal_', (n) => x.clone().logNormal_(n, n)],
  ['cauchy_', (n) => x.clone().cauchy_(n, n)],
  ['uniform_', (n, zero) => x.clone().uniform_(zero, n)],
  ['exponential_', (n) => x.clone().exponential_(n)],
  ['bernoulli_', (n) => x.clone().bernoulli_(n)],
  ['arange', (n) => arange(n, 3)],
  ['linspace', (n, zero) => linspace(zero, n, 3)],
  ['clipGradNorm_', (n) => clipped((leaf) => nn.utils.clipGradNorm_(leaf, n, { normType: n }))],
  ['clipGradValue_', (n) => clipped((leaf) => nn.utils.clipGradValue_(leaf, n))],
  ['init.truncNormal_', (n) => nn.init.truncNormal_(zeros([3]), { std: n, b: n })],
  ['init.xavierUniform_', (n) => nn.init.xavierUniform_(zeros([3, 2]), { gain: n })],
  ['init.orthogonal_', (n) => nn.init.orthogonal_(zeros([3, 2]), { gain: n })],
  ['ELU', (n) => new nn.ELU(n)(x)],
  ['Dropout', (n) => new nn.Dropout(n)(x)],
])('%s takes a boolean for a number', (_name, call) => {
  manualSeed(1);
  const expected = call(1, 0);
  manualSeed(1);
  const actual = call(true as never, false as never);
  expect(actual.dtype).toBe(expected.dtype);
  expect(actual.toArray()).toEqual(expected.toArray());
});

test.each<[() => unknown, string]>([
  [() => x.softmax(true as never), 'softmax: dim must be an integer, got true'],
  [() => x.round({ decimals: true as never }), 'round: decimals must be an integer, got true'],
  [() => x.topk(true as never), 'topk: k must be an integer, got true'],
  [() => F.groupNorm(images, true as never), 'groupNorm: numGroups must be an integer, got true'],
  [() => x.geometric_(false as never), 'geometric_: expects p to be in (0, 1), but got p=0'],
  [() => x.lerp(x, 'a' as never), 'lerp: weight must be a Tensor or a number, got "a"'],
  [() => x.clamp(0, 'a' as never), 'clamp: max must be a Tensor or a number, got "a"'],
  [() => F.dropout(x, { p: null as never }), 'dropout: p must be a number, got null'],
  [() => F.smoothL1Loss(x, x, { beta: null as never }), 'smoothL1Loss: beta must be a number, got null'],
])('%#', (call, message) => {
  expect(messageOf(call)).toContain(message);
});

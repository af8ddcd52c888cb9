import { nn, type Tensor } from '../../lib/index.js';
import { type Row, row } from './row.js';
import { type Input, mask, of, t } from './samples.js';
import { seeded, seededTorch } from './seeded.js';

// Outputs, weights and the gradients of all parameters of attention layers made from one seed (seeded.ts).

// Not contiguous, as in recurrentRows.ts.
const x = (...shape: number[]): Input => t(shape, 'inside', 'strided');

function layer(
  name: string,
  make: string,
  options: nn.MultiheadAttentionOptions,
  call: string,
  forward: (m: nn.MultiheadAttention, inputs: Tensor[]) => readonly (Tensor | null)[],
  samples: readonly (readonly Input[])[],
): Row {
  return row(
    name,
    seededTorch(`MultiheadAttention(6, 2${make})`, `[y for y in ${call} if y is not None]`),
    seeded(() => new nn.MultiheadAttention(6, 2, options), forward),
    samples,
    { tolerance: [1e-4, 1e-9] },
  );
}

export const multihead: readonly Row[] = [
  layer('MultiheadAttention', '', {}, 'm(a, a, a)', (m, [a]) => m(a!, a!, a!), [[x(3, 2, 6)], [x(3, 6)]]),
  layer(
    'MultiheadAttention without weights',
    ', batch_first=True',
    { batchFirst: true },
    'm(a, a, a, need_weights=False)',
    (m, [a]) => m(a!, a!, a!, { needWeights: false }),
    [[x(2, 5, 6)], [x(3, 6)]],
  ),
  layer(
    'MultiheadAttention over the first dimension',
    ', bias=False',
    { bias: false },
    'm(a, a, a, need_weights=False)',
    (m, [a]) => m(a!, a!, a!, { needWeights: false }),
    [[x(5, 2, 6)]],
  ),
  layer(
    'MultiheadAttention across',
    '',
    {},
    'm(a, b, b, average_attn_weights=False)',
    (m, [a, b]) => m(a!, b!, b!, { averageAttnWeights: false }),
    [[x(3, 2, 6), x(4, 2, 6)]],
  ),
  layer(
    'MultiheadAttention of other widths',
    ', kdim=3, vdim=5',
    { kdim: 3, vdim: 5 },
    'm(a, b, c, need_weights=False)',
    (m, [a, b, c]) => m(a!, b!, c!, { needWeights: false }),
    [[x(3, 2, 6), x(4, 2, 3), x(4, 2, 5)]],
  ),
  layer(
    'MultiheadAttention with more keys',
    ', add_bias_kv=True, add_zero_attn=True, batch_first=True',
    { addBiasKv: true, addZeroAttn: true, batchFirst: true },
    'm(a, b, b, attn_mask=c != 0, key_padding_mask=d != 0)',
    (m, [a, b, c, d]) => m(a!, b!, b!, { attnMask: c!.ne(0), keyPaddingMask: d!.ne(0) }),
    [[x(2, 3, 6), x(2, 4, 6), mask([3, 4]), mask([2, 4])]],
  ),
  layer(
    'MultiheadAttention with a bias as a key, masked',
    ', add_bias_kv=True',
    { addBiasKv: true },
    'm(a, b, b, attn_mask=c != 0, key_padding_mask=d != 0)',
    (m, [a, b, c, d]) => m(a!, b!, b!, { attnMask: c!.ne(0), keyPaddingMask: d!.ne(0) }),
    [[x(3, 2, 6), x(4, 2, 6), mask([3, 4]), mask([2, 4])]],
  ),
  layer(
    'MultiheadAttention with a key of zeros, masked',
    ', add_zero_attn=True',
    { addZeroAttn: true },
    'm(a, b, b, attn_mask=c, need_weights=False)',
    (m, [a, b, c]) => m(a!, b!, b!, { attnMask: c!, needWeights: false }),
    [[x(3, 2, 6), x(4, 2, 6), { ...t([3, 4]), grad: false }]],
  ),
  layer(
    'MultiheadAttention with masks',
    '',
    {},
    'm(a, a, a, attn_mask=b, key_padding_mask=c, need_weights=False)',
    (m, [a, b, c]) => m(a!, a!, a!, { attnMask: b!, keyPaddingMask: c!, needWeights: false }),
    [[x(4, 2, 6), { ...t([4, 4]), grad: false }, { ...t([2, 4]), grad: false }]],
  ),
  layer(
    'MultiheadAttention with masks of two kinds',
    '',
    {},
    'm(a, a, a, attn_mask=b, key_padding_mask=c != 0)',
    (m, [a, b, c]) => m(a!, a!, a!, { attnMask: b!, keyPaddingMask: c!.ne(0) }),
    [[x(4, 2, 6), { ...t([4, 4]), grad: false }, mask([2, 4])]],
  ),
  layer(
    'MultiheadAttention with masks of two kinds, without weights',
    ', batch_first=True',
    { batchFirst: true },
    'm(a, a, a, attn_mask=b.expand(4, 4).triu(1) != 0, key_padding_mask=c, need_weights=False)',
    (m, [a, b, c]) =>
      m(a!, a!, a!, { attnMask: b!.expand(4, 4).triu(1).ne(0), keyPaddingMask: c!, needWeights: false }),
    [[x(2, 4, 6), of('float32', [1, 1], 'positive'), { ...t([2, 4]), grad: false }]],
  ),
  layer(
    'MultiheadAttention across, without weights',
    ', batch_first=True',
    { batchFirst: true },
    'm(a, b, b, need_weights=False)',
    (m, [a, b]) => m(a!, b!, b!, { needWeights: false }),
    [[x(2, 3, 6), x(2, 4, 6)]],
  ),
  layer(
    'MultiheadAttention of keys that are the queries alone',
    '',
    {},
    'm(a, a, b, need_weights=False)',
    (m, [a, b]) => m(a!, a!, b!, { needWeights: false }),
    [[x(3, 2, 6), x(3, 2, 6)]],
  ),
  layer(
    'MultiheadAttention with a mask per head',
    '',
    {},
    'm(a, a, a, attn_mask=b, need_weights=False)',
    (m, [a, b]) => m(a!, a!, a!, { attnMask: b!, needWeights: false }),
    [[x(4, 2, 6), { ...t([4, 4, 4]), grad: false }]],
  ),
  layer(
    'MultiheadAttention causal',
    ', batch_first=True',
    { batchFirst: true },
    'm(a, a, a, attn_mask=b.expand(4, 4).triu(1) != 0, is_causal=True, need_weights=False)',
    (m, [a, b]) => m(a!, a!, a!, { attnMask: b!.expand(4, 4).triu(1).ne(0), isCausal: true, needWeights: false }),
    [[x(2, 4, 6), of('float32', [1, 1], 'positive')]],
  ),
];

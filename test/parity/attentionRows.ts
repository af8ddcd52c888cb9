import { scaledDotProductAttention as attention } from './library.js';
import { type Row, row, shallow } from './row.js';
import { type Input, mask, of, t } from './samples.js';

// PyTorch's fused kernel has no second derivative; rows that compare one name the composed implementation.
const fused = (options: string): string => `F.scaled_dot_product_attention(a, b, c${options})`;
const composed = (options: string): string => `torch._scaled_dot_product_attention_math(a, b, c${options})[0]`;

/** The composed implementation takes no boolean mask. */
const ADDED = 'torch.zeros(d.shape, dtype=a.dtype).masked_fill(~(d != 0), -torch.inf)';

/** Query, key and value of these lengths. */
const qkv = (lead: readonly number[], l: number, s: number, e: number, ev = e): [Input, Input, Input] => [
  t([...lead, l, e], 'inside'),
  t([...lead, s, e], 'inside'),
  t([...lead, s, ev], 'inside'),
];

const SIZES = [
  qkv([2, 2], 3, 4, 5),
  qkv([1, 1], 1, 1, 1),
  qkv([2], 5, 7, 3, 6),
  qkv([], 4, 4, 2),
  qkv([1, 2], 1, 9, 4),
  [
    t([2, 3, 4, 2], 'inside', 'transposed'),
    t([2, 3, 5, 2], 'inside', 'strided'),
    t([2, 3, 5, 3], 'inside', 'expanded'),
  ],
] satisfies Input[][];

const withMask = (m: Input): Input[] => [...qkv([2, 2], 3, 5, 4), m];

const MASKS: Input[][] = [
  withMask(mask([3, 5])),
  withMask(mask([2, 1, 1, 5])),
  withMask(mask([1, 2, 3, 1])),
  withMask({ ...mask([2, 2, 3, 5]), layout: 'transposed' }),
  withMask(mask([]))
    .slice(0, 3)
    .concat(mask([1, 5])),
];

const ADDITIVE: Input[][] = [
  withMask({ ...t([3, 5], 'inside'), grad: false }),
  withMask({ ...t([2, 1, 1, 5]), grad: false }),
  withMask({ ...t([2, 2, 3, 5], 'any', 'transposed'), grad: false }),
];

// Longer than one tile of queries and of keys under every instruction set, and no multiple of any.
const LONG = [qkv([1, 2], 67, 131, 6), qkv([1, 1], 40, 33, 17, 3), qkv([1], 130, 70, 2)];

export const attentions: readonly Row[] = [
  row('attention', composed(''), ([q, k, v]) => attention(q!, k!, v!), SIZES),
  row(
    'attention of long sequences',
    fused(''),
    ([q, k, v]) => attention(q!, k!, v!),
    LONG.map((x) => shallow(...x)),
  ),
  row('attention causal', composed(', None, 0.0, True'), ([q, k, v]) => attention(q!, k!, v!, { isCausal: true }), [
    ...SIZES,
    qkv([2], 6, 3, 4),
    qkv([2], 3, 6, 4),
  ]),
  row(
    'attention causal of long sequences',
    fused(', is_causal=True'),
    ([q, k, v]) => attention(q!, k!, v!, { isCausal: true }),
    LONG.map((x) => shallow(...x)),
  ),
  row('attention mask', composed(`, ${ADDED}`), ([q, k, v, m]) => attention(q!, k!, v!, { attnMask: m! }), MASKS),
  row('attention added mask', composed(', d'), ([q, k, v, m]) => attention(q!, k!, v!, { attnMask: m! }), ADDITIVE),
  row('attention mask of long sequences', fused(', d'), ([q, k, v, m]) => attention(q!, k!, v!, { attnMask: m! }), [
    shallow(...LONG[0]!, mask([67, 131])),
    shallow(...LONG[0]!, mask([1, 131])),
    shallow(...LONG[1]!, { ...t([40, 33]), grad: false }),
    shallow(...LONG[2]!, { ...t([130, 1]), grad: false }),
  ]),
  row(
    'attention of a float32 mask',
    'F.scaled_dot_product_attention(a, b, c, attn_mask=d)',
    ([q, k, v, m]) => attention(q!, k!, v!, { attnMask: m! }),
    [shallow(...qkv([2, 2], 3, 5, 4), of('float32', [3, 5], 'inside'))],
  ),
  row(
    'attention mask causal',
    fused(', d, is_causal=True'),
    ([q, k, v, m]) => attention(q!, k!, v!, { attnMask: m!, isCausal: true }),
    [shallow(...qkv([2, 2], 5, 5, 4), mask([5, 5])), shallow(...qkv([2, 2], 5, 5, 4), mask([2, 1, 1, 5]))],
  ),
  row(
    'attention of a mask that requires grad',
    composed(', d'),
    ([q, k, v, m]) => attention(q!, k!, v!, { attnMask: m! }),
    [[...qkv([2, 2], 3, 5, 4), t([3, 5], 'inside')]],
  ),
  row(
    'attention without a visible key',
    composed(', torch.full(d.shape, -torch.inf, dtype=a.dtype)'),
    ([q, k, v, m]) => attention(q!, k!, v!, { attnMask: m!.gt(5) }),
    [
      [...qkv([2], 3, 4, 4), of('int64', [3, 4], 'mask')],
      shallow(...qkv([1], 40, 150, 4), of('int64', [40, 1], 'mask')),
    ],
  ),
  row('attention scale', composed(', scale=-0.7'), ([q, k, v]) => attention(q!, k!, v!, { scale: -0.7 }), [
    qkv([2], 3, 4, 5),
  ]),
  row('attention of broadcast heads', composed(''), ([q, k, v]) => attention(q!, k!, v!), [
    [t([2, 3, 4, 5], 'inside'), t([3, 6, 5], 'inside'), t([1, 6, 2], 'inside')],
    [t([1, 4, 5], 'inside'), t([3, 6, 5], 'inside'), t([6, 2], 'inside')],
  ]),
  row(
    'attention of grouped heads',
    composed(', enable_gqa=True'),
    ([q, k, v]) => attention(q!, k!, v!, { enableGqa: true }),
    [
      [t([2, 6, 3, 4], 'inside'), t([2, 3, 5, 4], 'inside'), t([2, 3, 5, 2], 'inside')],
      [t([2, 6, 3, 4], 'inside'), t([2, 3, 5, 4], 'inside'), t([2, 2, 5, 2], 'inside')],
      [t([4, 3, 4], 'inside'), t([1, 5, 4], 'inside'), t([1, 5, 4], 'inside')],
    ],
  ),
  row(
    'attention of grouped heads with a mask',
    composed(`, ${ADDED}, enable_gqa=True`),
    ([q, k, v, m]) => attention(q!, k!, v!, { attnMask: m!, enableGqa: true }),
    [
      [2, 6, 3, 5],
      [2, 1, 3, 5],
      [1, 5],
    ].map((shape) => [t([2, 6, 3, 4], 'inside'), t([2, 3, 5, 4], 'inside'), t([2, 3, 5, 2], 'inside'), mask(shape)]),
  ),
  row('attention of nothing', composed(''), ([q, k, v]) => attention(q!, k!, v!), [
    qkv([2], 0, 4, 5),
    qkv([0], 3, 4, 5),
    shallow(...qkv([2], 3, 0, 5)),
    shallow(...qkv([2], 3, 4, 5, 0)),
  ]),
  row('attention of undefined and infinite numbers', composed(''), ([q, k, v]) => attention(q!, k!, v!), [
    { inputs: [t([1, 12, 1], 'special'), t([1, 5, 1], 'inside'), t([1, 5, 2], 'inside')], depth: 0 },
    { inputs: [t([1, 3, 2], 'inside'), t([1, 5, 2], 'inside'), t([1, 5, 12], 'special')], depth: 0 },
  ]),
];

import { scaledDotProductAttention } from './library.js';
import { type ErrorRow, error } from './row.js';
import { mask, of, t } from './samples.js';

export const attentionErrors: readonly ErrorRow[] = [
  error(
    'scaledDotProductAttention',
    'F.scaled_dot_product_attention(a, b, b)',
    [t([2, 3, 4]), t([2, 5, 3])],
    ([a, b]) => scaledDotProductAttention(a!, b!, b!),
    /^scaledDotProductAttention: query and key must have the same last dimension/,
  ),
  error(
    'scaledDotProductAttention',
    'F.scaled_dot_product_attention(a, b, b)',
    [t([4]), t([5, 4])],
    ([a, b]) => scaledDotProductAttention(a!, b!, b!),
    /^scaledDotProductAttention: .*at least 2-dimensional/,
  ),
  error(
    'scaledDotProductAttention',
    'F.scaled_dot_product_attention(a, b, b)',
    [t([2, 3, 4]), of('float32', [2, 3, 4])],
    ([a, b]) => scaledDotProductAttention(a!, b!.to('float64'), b!),
    /^scaledDotProductAttention: query, key and value must have one dtype/,
  ),
  error(
    'scaledDotProductAttention',
    'F.scaled_dot_product_attention(a, a, a)',
    [of('int64', [2, 3, 4])],
    ([a]) => scaledDotProductAttention(a!, a!, a!),
    /^scaledDotProductAttention: query must be float32, float64 or bfloat16/,
  ),
  error(
    'scaledDotProductAttention',
    'F.scaled_dot_product_attention(a, a, a, attn_mask=b)',
    [t([2, 3, 4]), of('int64', [3, 3])],
    ([a, b]) => scaledDotProductAttention(a!, a!, a!, { attnMask: b! }),
    /^scaledDotProductAttention: attnMask must be bool, float32 or of the query's dtype float32, got int64/,
  ),
  ...(
    [
      ['bfloat16', 'float64'],
      ['bfloat16', 'int64'],
      ['float32', 'float64'],
      ['float32', 'bfloat16'],
      ['float64', 'bfloat16'],
    ] as const
  ).map(([query, mask]) =>
    error(
      `scaledDotProductAttention of ${query} with a ${mask} mask`,
      'F.scaled_dot_product_attention(a, a, a, attn_mask=b)',
      [of(query, [2, 3, 4]), of(mask, [3, 3])],
      ([a, b]) => scaledDotProductAttention(a!, a!, a!, { attnMask: b! }),
      new RegExp(`^scaledDotProductAttention: attnMask must be bool, float32 or .* ${query}, got ${mask}`),
    ),
  ),
  error(
    'scaledDotProductAttention',
    'F.scaled_dot_product_attention(a, a, a, attn_mask=b)',
    [t([2, 3, 4]), mask([4, 3])],
    ([a, b]) => scaledDotProductAttention(a!, a!, a!, { attnMask: b! }),
    /^scaledDotProductAttention: shapes do not broadcast/,
  ),
  error(
    'scaledDotProductAttention',
    'F.scaled_dot_product_attention(a, a, a, attn_mask=b)',
    [t([3, 4]), mask([2, 3, 3])],
    ([a, b]) => scaledDotProductAttention(a!, a!, a!, { attnMask: b! }),
    /^scaledDotProductAttention: attnMask must broadcast to \[3, 3\]/,
  ),
  error(
    'scaledDotProductAttention',
    'F.scaled_dot_product_attention(a, a, a, dropout_p=1.5)',
    [t([2, 3, 4])],
    ([a]) => scaledDotProductAttention(a!, a!, a!, { dropoutP: 1.5 }),
    /^scaledDotProductAttention: dropout probability has to be between 0 and 1, but got 1.5/,
  ),
  error(
    'scaledDotProductAttention',
    'F.scaled_dot_product_attention(a, b, b, enable_gqa=True)',
    [t([1, 6, 3, 4]), t([1, 4, 3, 4])],
    ([a, b]) => scaledDotProductAttention(a!, b!, b!, { enableGqa: true }),
    /^scaledDotProductAttention: the number of heads of key and value must divide/,
  ),
  error(
    'scaledDotProductAttention',
    'F.scaled_dot_product_attention(a, b, b)',
    [t([1, 6, 3, 4]), t([1, 4, 3, 4])],
    ([a, b]) => scaledDotProductAttention(a!, b!, b!),
    /^scaledDotProductAttention: shapes do not broadcast/,
  ),
];

import { conv1d, conv2d, convTranspose1d, convTranspose2d, pad } from './library.js';
import { forward, type Row, row, shallow } from './row.js';
import { type Input, type Kind, type Layout, of, t } from './samples.js';

type Shape = readonly number[];

/** Options as Python writes them. */
function python(options: object): string {
  const words = Object.entries(options).map(([name, value]) => {
    const key = name === 'outputPadding' ? 'output_padding' : name;
    return `, ${key}=${typeof value === 'string' ? `"${value}"` : Array.isArray(value) ? `(${value})` : value}`;
  });
  return words.join('');
}

/** Values small enough that long sums stay near 1. */
const small = (shape: Shape, layout: Layout = 'contiguous'): Input => t(shape, 'inside', layout);

/** x, weight and bias, in the layouts in which x and weight can lie. */
function operands(x: Shape, weight: Shape, bias: number): Input[][] {
  return [
    [small(x), small(weight), small([bias])],
    [small(x, 'transposed'), small(weight, 'transposed'), small([bias], 'strided')],
  ];
}

const TOLERANCE = { tolerance: [1e-4, 1e-10] as const };

type Options = Parameters<typeof conv2d>[3];
type TransposedOptions = Parameters<typeof convTranspose2d>[3];
type Options1 = Parameters<typeof conv1d>[3];
type TransposedOptions1 = Parameters<typeof convTranspose1d>[3];

const name = (op: string, options: object): string => `${op}${python(options)}`;

const conv2dRow = (options: NonNullable<Options>, ...shapes: [x: Shape, weight: Shape][]): Row =>
  row(
    name('conv2d', options),
    `F.conv2d(a, b, c${python(options)})`,
    ([a, b, c]) => conv2d(a!, b!, c!, options),
    shapes.flatMap(([x, weight]) => operands(x, weight, weight[0]!)),
    TOLERANCE,
  );

const transpose2dRow = (options: NonNullable<TransposedOptions>, ...shapes: [x: Shape, weight: Shape][]): Row =>
  row(
    name('convTranspose2d', options),
    `F.conv_transpose2d(a, b, c${python(options)})`,
    ([a, b, c]) => convTranspose2d(a!, b!, c!, options),
    shapes.flatMap(([x, weight]) => operands(x, weight, weight[1]! * (options.groups ?? 1))),
    TOLERANCE,
  );

const conv1dRow = (options: NonNullable<Options1>, ...shapes: [x: Shape, weight: Shape][]): Row =>
  row(
    name('conv1d', options),
    `F.conv1d(a, b, c${python(options)})`,
    ([a, b, c]) => conv1d(a!, b!, c!, options),
    shapes.flatMap(([x, weight]) => operands(x, weight, weight[0]!)),
    TOLERANCE,
  );

const transpose1dRow = (options: NonNullable<TransposedOptions1>, ...shapes: [x: Shape, weight: Shape][]): Row =>
  row(
    name('convTranspose1d', options),
    `F.conv_transpose1d(a, b, c${python(options)})`,
    ([a, b, c]) => convTranspose1d(a!, b!, c!, options),
    shapes.flatMap(([x, weight]) => operands(x, weight, weight[1]! * (options.groups ?? 1))),
    TOLERANCE,
  );

const two: readonly Row[] = [
  conv2dRow(
    {},
    [
      [2, 3, 5, 6],
      [4, 3, 3, 3],
    ],
    [
      [3, 5, 5],
      [2, 3, 3, 2],
    ],
    [
      [1, 1, 1, 1],
      [1, 1, 1, 1],
    ],
    [
      [2, 4, 3, 7],
      [5, 4, 1, 1],
    ],
    [
      [1, 2, 4, 4],
      [3, 2, 4, 4],
    ],
    [
      [0, 3, 5, 5],
      [2, 3, 3, 3],
    ],
  ),
  conv2dRow(
    { padding: 1 },
    [
      [2, 2, 4, 5],
      [3, 2, 3, 3],
    ],
    [
      [1, 1, 1, 1],
      [2, 1, 3, 3],
    ],
    [
      [1, 2, 2, 3],
      [2, 2, 1, 1],
    ],
  ),
  conv2dRow(
    { padding: 'same' },
    [
      [1, 2, 4, 5],
      [3, 2, 3, 3],
    ],
    [
      [1, 2, 5, 4],
      [2, 2, 2, 4],
    ],
  ),
  conv2dRow({ padding: 'same', dilation: [2, 3] }, [
    [1, 2, 6, 7],
    [2, 2, 3, 2],
  ]),
  conv2dRow({ padding: 'valid', dilation: 2 }, [
    [1, 2, 6, 7],
    [2, 2, 3, 2],
  ]),
  conv2dRow(
    { stride: 2 },
    [
      [2, 3, 7, 6],
      [4, 3, 3, 3],
    ],
    [
      [1, 2, 5, 5],
      [3, 2, 1, 1],
    ],
    [
      [1, 1, 4, 4],
      [2, 1, 2, 2],
    ],
  ),
  conv2dRow({ stride: 2, padding: 3 }, [
    [1, 3, 9, 8],
    [4, 3, 7, 7],
  ]),
  conv2dRow({ stride: [3, 2], padding: [2, 1] }, [
    [1, 2, 8, 9],
    [3, 2, 2, 3],
  ]),
  conv2dRow({ stride: [1, 4], padding: [0, 5], dilation: [2, 1] }, [
    [2, 2, 7, 9],
    [2, 2, 3, 5],
  ]),
  conv2dRow({ stride: 2, padding: 4, dilation: 3 }, [
    [1, 2, 9, 9],
    [2, 2, 3, 3],
  ]),
  conv2dRow({ padding: 50, dilation: 50 }, [
    [1, 1, 3, 4],
    [2, 1, 3, 3],
  ]),
  conv2dRow(
    { groups: 2 },
    [
      [2, 4, 5, 5],
      [6, 2, 3, 3],
    ],
    [
      [1, 2, 4, 4],
      [2, 1, 2, 3],
    ],
  ),
  conv2dRow({ groups: 3, stride: 2, padding: 1, dilation: 2 }, [
    [1, 3, 8, 7],
    [6, 1, 3, 3],
  ]),
  conv2dRow({ groups: 4, padding: 1 }, [
    [2, 4, 6, 5],
    [4, 1, 3, 3],
  ]),
  conv2dRow({ groups: 4, padding: 2, stride: 2 }, [
    [1, 4, 9, 8],
    [4, 1, 5, 5],
  ]),
  transpose2dRow(
    {},
    [
      [2, 3, 3, 4],
      [3, 2, 3, 3],
    ],
    [
      [3, 4, 3],
      [3, 2, 2, 3],
    ],
    [
      [1, 1, 1, 1],
      [1, 1, 1, 1],
    ],
    [
      [0, 3, 4, 4],
      [3, 2, 3, 3],
    ],
  ),
  transpose2dRow(
    { stride: 2 },
    [
      [2, 2, 3, 4],
      [2, 3, 3, 3],
    ],
    [
      [1, 2, 2, 2],
      [2, 1, 2, 2],
    ],
  ),
  transpose2dRow({ stride: 3, padding: 1 }, [
    [1, 2, 3, 3],
    [2, 2, 2, 2],
  ]),
  transpose2dRow({ stride: 5 }, [
    [1, 2, 2, 3],
    [2, 2, 1, 2],
  ]),
  transpose2dRow({ stride: 2, padding: 1, outputPadding: 1 }, [
    [1, 3, 4, 3],
    [3, 2, 3, 3],
  ]),
  transpose2dRow({ stride: [2, 3], padding: [1, 0], outputPadding: [0, 2], dilation: [3, 2] }, [
    [1, 2, 3, 2],
    [2, 2, 2, 3],
  ]),
  transpose2dRow({ groups: 2, padding: 1 }, [
    [2, 4, 4, 3],
    [4, 3, 3, 3],
  ]),
  transpose2dRow({ groups: 3, stride: 2 }, [
    [1, 3, 3, 3],
    [3, 1, 2, 2],
  ]),
];

const one: readonly Row[] = [
  conv1dRow(
    {},
    [
      [2, 3, 7],
      [4, 3, 3],
    ],
    [
      [3, 6],
      [2, 3, 2],
    ],
    [
      [0, 2, 5],
      [2, 2, 3],
    ],
    [
      [1, 1, 40],
      [2, 1, 7],
    ],
  ),
  conv1dRow({ stride: 2, padding: 3, dilation: 2 }, [
    [2, 2, 9],
    [3, 2, 3],
  ]),
  conv1dRow({ padding: 'same', groups: 2 }, [
    [1, 4, 6],
    [4, 2, 4],
  ]),
  conv1dRow({ padding: 2, groups: 3 }, [
    [2, 3, 8],
    [3, 1, 5],
  ]),
  transpose1dRow(
    {},
    [
      [2, 3, 5],
      [3, 2, 3],
    ],
    [
      [3, 4],
      [3, 2, 2],
    ],
  ),
  transpose1dRow({ stride: 3, padding: 2, outputPadding: 1, dilation: 2 }, [
    [1, 2, 5],
    [2, 3, 4],
  ]),
  transpose1dRow({ groups: 2, stride: 2 }, [
    [2, 4, 3],
    [4, 1, 3],
  ]),
];

// Wide enough for every algorithm and for tiles that are not full; gradients of the first order keep the file small.
/** −1, 0 and 1: sums that float32 holds exactly, in files that stay small. */
const whole = (shape: Shape): Input => t(shape, 'ties');

const wide: readonly Row[] = [
  row(
    'conv2d wide',
    'F.conv2d(a, b, padding=1)',
    ([a, b]) => conv2d(a!, b!, null, { padding: 1 }),
    [
      shallow(whole([1, 33, 9, 11]), whole([35, 33, 3, 3])),
      shallow(whole([2, 32, 6, 5]), whole([32, 32, 3, 3])),
      shallow(whole([1, 64, 7, 7]), whole([40, 64, 3, 3])),
    ],
    { tolerance: [2e-5, 1e-10] },
  ),
  row(
    'conv2d wide strided',
    'F.conv2d(a, b, stride=2, padding=1)',
    ([a, b]) => conv2d(a!, b!, null, { stride: 2, padding: 1 }),
    [shallow(whole([1, 33, 9, 11]), whole([35, 33, 3, 3]))],
    { tolerance: [2e-5, 1e-10] },
  ),
  row(
    'conv2d wide 1x1',
    'F.conv2d(a, b)',
    ([a, b]) => conv2d(a!, b!),
    [shallow(whole([2, 33, 5, 7]), whole([35, 33, 1, 1]))],
    { tolerance: [2e-5, 1e-10] },
  ),
];

const special: readonly Row[] = [
  row('conv2d of special values', 'F.conv2d(a, b, padding=1)', ([a, b]) => conv2d(a!, b!, null, { padding: 1 }), [
    forward(t([1, 1, 6, 7], 'special'), t([2, 1, 3, 3])),
    forward(t([1, 2, 3, 4]), t([3, 2, 2, 2], 'special')),
  ]),
];

const PADS: readonly (readonly [Shape, readonly number[]])[] = [
  [
    [2, 3, 4],
    [1, 2],
  ],
  [
    [2, 3, 4],
    [3, 0],
  ],
  [
    [3, 4],
    [2, 1],
  ],
  [
    [2, 3, 4],
    [-1, 2],
  ],
  [
    [2, 3, 4, 5],
    [1, 2, 2, 1],
  ],
  [
    [3, 4, 5],
    [0, 1, 2, 0],
  ],
  [
    [2, 3, 4, 5],
    [1, 1, 0, 2, 2, 1],
  ],
];

const pads: readonly Row[] = [
  ...(['reflect', 'replicate', 'circular'] as const).flatMap((mode) =>
    PADS.map(([shape, padding]) =>
      row(
        `pad ${mode} ${shape} ${padding}`,
        `F.pad(a, (${padding}), mode="${mode}")`,
        ([a]) => pad(a!, padding, { mode }),
        [[t(shape)], [t(shape, 'any', 'transposed')]],
      ),
    ),
  ),
  ...[[], [1, 2], [-1, -2], [2, -1], [-1, 2], [1, -1, 0, 2], [0, 0, -1, -1, 3, 0], [0, 0]].map((padding) =>
    row(
      `pad constant ${padding}`,
      `F.pad(a, (${padding}${padding.length > 0 ? ',' : ''}), value=1.5)`,
      ([a]) => pad(a!, padding, { value: 1.5 }),
      [[t([2, 3, 4])], [t([3, 4, 5], 'any', 'strided')]],
    ),
  ),
  row('pad integers', 'F.pad(a, (1, 2, 1, 0), value=7)', ([a]) => pad(a!, [1, 2, 1, 0], { value: 7 }), [
    [of('int64', [2, 3])],
    [of('bool', [2, 3], 'mask' as Kind)],
  ]),
];

export const convolution: readonly Row[] = [...two, ...one, ...wide, ...special, ...pads];

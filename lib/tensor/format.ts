import { type DType, isFloating } from './dtype.js';
import { MAX_RANK } from './runtime.js';
import { numelOf, type Shape } from './shape.js';
import { stridesOf, Tensor } from './tensor.js';
import { rawView } from './view.js';

declare module './tensor.js' {
  interface Tensor {
    /** The elements as PyTorch prints them; only the edges of a tensor of more than a thousand. */
    toString(): string;
  }
}

// Prints what PyTorch prints, rule for rule (its _tensor_str.py is the reference): one width for all elements, four
// decimals, scientific notation when the values spread over more than three orders of magnitude, the edges alone of
// tensors of more than a thousand elements, lines of 80 columns.

const PRECISION = 4;
const THRESHOLD = 1000;
const EDGE_ITEMS = 3;
const LINE_WIDTH = 80;

const isLong = (size: number): boolean => size > 2 * EDGE_ITEMS;

/** How the elements of one tensor are written. */
interface Style {
  readonly width: number;
  write(value: number | bigint): string;
}

/** `tensor([[1., 2.], [3., 4.]], dtype=torch.float64)`. */
function formatTensor(x: Tensor): string {
  const prefix = 'tensor(';
  if (x.isDisposed) return `${prefix}<disposed>, size=${showSize(x._shape)})`;
  const suffixes: string[] = [];
  const isEmpty = numelOf(x._shape) === 0;
  if (isEmpty && x._shape.length !== 1) suffixes.push(`size=${showSize(x._shape)}`);
  if (isEmpty ? x.dtype !== 'float32' : !['float32', 'int64', 'bool'].includes(x.dtype))
    suffixes.push(`dtype=torch.${x.dtype}`);
  if (x._autograd?.requiresGrad) {
    suffixes.push(x._autograd.gradFn === null ? 'requires_grad=True' : `grad_fn=${x._autograd.gradFn}`);
  }
  return appendSuffixes(prefix + (isEmpty ? '[]' : formatElements(x, prefix.length)), suffixes, prefix.length);
}

const showSize = (shape: Shape): string => `(${shape.join(', ')}${shape.length === 1 ? ',' : ''})`;

function appendSuffixes(text: string, suffixes: readonly string[], indent: number): string {
  let out = text;
  let lineLength = text.length - text.lastIndexOf('\n') + 1;
  for (const suffix of suffixes) {
    if (lineLength + suffix.length + 2 > LINE_WIDTH) {
      out += `,\n${' '.repeat(indent)}${suffix}`;
      lineLength = indent + suffix.length;
    } else {
      out += `, ${suffix}`;
      lineLength += suffix.length + 2;
    }
  }
  return `${out})`;
}

function formatElements(x: Tensor, indent: number): string {
  const summarize = numelOf(x._shape) > THRESHOLD;
  const data = summarize ? edgesOf(x) : x.toTypedArray();
  const style = styleOf(data, x.dtype);
  if (x._shape.length === 0) return style.write(data[0]!);
  let position = 0;
  const next = (): string => {
    const text = style.write(data[position++]!);
    return ' '.repeat(Math.max(0, style.width - text.length)) + text;
  };
  return formatDim(x._shape, 0, indent, summarize, style.width, next);
}

/**
 * The elements at the ends of each long dimension, in row-major order. Such a dimension is seen as two runs of three, a
 * view, so that nothing but these elements is read.
 */
function edgesOf(x: Tensor): (number | bigint)[] {
  const data: (number | bigint)[] = [];
  const visit = (shape: Shape, strides: Shape, offset: number): void => {
    // Split in two, more dimensions than this would be too many for one view.
    if (shape.length > MAX_RANK / 2) {
      const size = shape[0]!;
      const indices = isLong(size) ? [0, 1, 2, size - 3, size - 2, size - 1] : [...new Array(size).keys()];
      for (const i of indices) visit(shape.slice(1), strides.slice(1), offset + i * strides[0]!);
      return;
    }
    const part = rawView(
      x,
      shape.flatMap((size) => (isLong(size) ? [2, EDGE_ITEMS] : [size])),
      strides.flatMap((stride, i) => (isLong(shape[i]!) ? [(shape[i]! - EDGE_ITEMS) * stride, stride] : [stride])),
      offset,
    );
    data.push(...part.toTypedArray());
    part.dispose();
  };
  visit(x._shape, stridesOf(x), x.storageOffset);
  return data;
}

function formatDim(
  shape: Shape,
  dim: number,
  indent: number,
  summarize: boolean,
  width: number,
  next: () => string,
): string {
  const size = shape[dim]!;
  const abridged = summarize && isLong(size);
  const count = abridged ? 2 * EDGE_ITEMS : size;
  const isInnermost = dim === shape.length - 1;
  const parts: string[] = [];
  for (let i = 0; i < count; i++) {
    if (abridged && i === EDGE_ITEMS) parts.push(isInnermost ? ' ...' : '...');
    parts.push(isInnermost ? next() : formatDim(shape, dim + 1, indent + 1, summarize, width, next));
  }
  const margin = ' '.repeat(indent + 1);
  if (!isInnermost) return `[${parts.join(`,${'\n'.repeat(shape.length - dim - 1)}${margin}`)}]`;
  const perLine = Math.max(1, Math.floor((LINE_WIDTH - indent) / (width + 2)));
  const lines: string[] = [];
  for (let i = 0; i < parts.length; i += perLine) lines.push(parts.slice(i, i + perLine).join(', '));
  return `[${lines.join(`,\n${margin}`)}]`;
}

function styleOf(data: ArrayLike<number | bigint>, dtype: DType): Style {
  const values = Array.from(data);
  if (!isFloating(dtype)) {
    const write = dtype === 'bool' ? (v: number | bigint) => (v ? 'True' : 'False') : String;
    return { width: widest(values, write), write };
  }
  const finite = (values as number[]).filter((v) => Number.isFinite(v) && v !== 0);
  if (finite.length === 0) return { width: 1, write: (v) => whole(Number(v)) };
  let least = Infinity;
  let most = 0;
  for (const value of finite) {
    least = Math.min(least, Math.abs(value));
    most = Math.max(most, Math.abs(value));
  }
  const areWhole = finite.every(Number.isInteger);
  const spreads = most / least > 1000 || most > 1e8;
  if (spreads || (!areWhole && least < 1e-4)) return styled(finite, exponential);
  return styled(finite, areWhole ? whole : fixed);
}

const styled = (finite: readonly number[], write: (v: number) => string): Style => ({
  width: widest(finite, write as (v: number | bigint) => string),
  write: write as (v: number | bigint) => string,
});

function widest(values: readonly (number | bigint)[], write: (v: number | bigint) => string): number {
  return values.reduce<number>((width, value) => Math.max(width, write(value).length), 1);
}

function notFinite(value: number): string | null {
  if (Number.isNaN(value)) return 'nan';
  return Number.isFinite(value) ? null : value > 0 ? 'inf' : '-inf';
}

const signOf = (value: number): string => (value < 0 || Object.is(value, -0) ? '-' : '');

function whole(value: number): string {
  return notFinite(value) ?? `${signOf(value)}${Math.abs(value).toFixed(0)}.`;
}

function fixed(value: number): string {
  return (
    notFinite(value) ??
    signOf(value) + halfToEven(Math.abs(value).toFixed(PRECISION), Math.abs(value).toFixed(PRECISION + 30))
  );
}

function exponential(value: number): string {
  const special = notFinite(value);
  if (special !== null) return special;
  const size = Math.abs(value);
  const [digits, exponent] = size.toExponential(PRECISION).split('e') as [string, string];
  const [exact, exactExponent] = size.toExponential(PRECISION + 30).split('e') as [string, string];
  // Rounding up may have carried into the exponent; then there was no tie.
  const rounded = exponent === exactExponent ? halfToEven(digits, exact) : digits;
  return `${signOf(value)}${rounded}e${exponent[0]}${exponent.slice(1).padStart(2, '0')}`;
}

/** JavaScript rounds an exact tie up, Python to the even digit. `exact` has 30 digits more than `rounded`. */
function halfToEven(rounded: string, exact: string): string {
  const tail = exact.slice(-30);
  if (tail[0] !== '5' || /[1-9]/.test(tail.slice(1))) return rounded;
  const truncated = exact.slice(0, -30);
  return Number(truncated.at(-1)) % 2 === 0 ? truncated : rounded;
}

// Installed rather than imported by Tensor: printing makes views, which are Tensors.
Object.defineProperties(Tensor.prototype, {
  toString: {
    configurable: true,
    writable: true,
    value(this: Tensor): string {
      return formatTensor(this);
    },
  },
});

import { rawCast, rawCopy } from '../raw/copy.js';
import { rawFrom, rawFull } from '../raw/create.js';
import { refuseSurplus } from '../tensor/arguments.js';
import { isFloating } from '../tensor/dtype.js';
import { describe, fail } from '../tensor/errors.js';
import { checkNumber, checkOptions } from '../tensor/options.js';
import { numelOf, showShape } from '../tensor/shape.js';
import { checkTensor, Tensor } from '../tensor/tensor.js';
import { requireGrad } from './accumulate.js';
import { grad } from './backward.js';
import { enableGrad, noGrad } from './modes.js';
import { requiresGrad } from './op.js';

export interface GradcheckOptions {
  /** The step of the central difference. */
  eps?: number;
  /** Absolute and relative tolerance: |analytical − numerical| ≤ atol + rtol · |numerical|. */
  atol?: number;
  rtol?: number;
  /** Whether to throw on a mismatch (the default) or to return false. */
  raiseException?: boolean;
}

type Checked = (...inputs: Tensor[]) => Tensor | readonly Tensor[];

const OPTIONS = ['eps', 'atol', 'rtol', 'raiseException'] as const;

/** d outputs[row] / d inputs[column], row-major. */
interface Jacobian {
  readonly rows: number;
  readonly columns: number;
  readonly data: Float64Array;
}

function checkInputs(op: string, inputs: readonly Tensor[]): readonly Tensor[] {
  if (!Array.isArray(inputs)) {
    fail('WRONG_TYPE', `${op}: inputs must be a Tensor or an array of Tensors, got ${describe(inputs)}`);
  }
  inputs.forEach((x, i) => {
    checkTensor(op, x, `inputs[${i}]`);
    if (requiresGrad(x) && x.dtype !== 'float64') {
      fail(
        'DTYPE_MISMATCH',
        `${op}: inputs[${i}] must be float64, whose differences are precise enough, got ${x.dtype}`,
      );
    }
  });
  if (!inputs.some(requiresGrad)) {
    fail(
      'BAD_ARGUMENT',
      `${op}: expects at least one input tensor to require gradient, but none of them have requiresGrad: true.`,
    );
  }
  return inputs;
}

function outputsOf(op: string, fn: Checked, inputs: readonly Tensor[]): Tensor[] {
  if (typeof fn !== 'function') fail('WRONG_TYPE', `${op}: expected a function, got ${describe(fn)}`);
  const out = fn(...inputs);
  const list = out instanceof Tensor ? [out] : out;
  if (!Array.isArray(list)) {
    fail('WRONG_TYPE', `${op}: the function must return a Tensor or an array of them, got ${describe(out)}`);
  }
  return list.filter((x) => isFloating(checkTensor(op, x, 'output').dtype));
}

const float64 = (x: Tensor): Float64Array => rawCast(x, 'float64').toTypedArray() as Float64Array;

/** Central differences. x is changed in place, one element at a time, and put back. */
function numerical(
  op: string,
  fn: Checked,
  inputs: readonly Tensor[],
  x: Tensor,
  output: number,
  eps: number,
): Jacobian {
  const values = float64(x);
  const at = (column: number, step: number): Float64Array =>
    noGrad(() => {
      const moved = values.slice();
      moved[column]! += step;
      rawCopy(rawFrom(moved, x._shape, 'float64'), x);
      try {
        return float64(outputsOf(op, fn, inputs)[output]!);
      } finally {
        rawCopy(rawFrom(values, x._shape, 'float64'), x);
      }
    });
  const columns = values.length;
  let rows = 0;
  let data = new Float64Array(0);
  for (let column = 0; column < columns; column++) {
    const above = at(column, eps);
    const below = at(column, -eps);
    if (column === 0) {
      rows = above.length;
      data = new Float64Array(rows * columns);
    }
    for (let row = 0; row < rows; row++) data[row * columns + column] = (above[row]! - below[row]!) / (2 * eps);
  }
  return { rows, columns, data };
}

/** One backward per element of the output. */
function analytical(output: Tensor, x: Tensor): Jacobian {
  const rows = numelOf(output._shape);
  const columns = numelOf(x._shape);
  const data = new Float64Array(rows * columns);
  if (!requiresGrad(output)) return { rows, columns, data };
  for (let row = 0; row < rows; row++) {
    const direction = new Float64Array(rows);
    direction[row] = 1;
    const gradOutputs = rawCast(rawFrom(direction, output._shape, 'float64'), output.dtype);
    const [result] = grad(output, x, { gradOutputs, retainGraph: true, allowUnused: true });
    if (result) data.set(float64(result), row * columns);
  }
  return { rows, columns, data };
}

function showJacobian({ rows, columns, data }: Jacobian): string {
  const shown = Math.min(rows, 8);
  const lines = Array.from({ length: shown }, (_, i) => {
    const row = Array.from(data.subarray(i * columns, i * columns + Math.min(columns, 8)), (v) => v.toPrecision(6));
    return `  [${row.join(', ')}${columns > 8 ? ', …' : ''}]`;
  });
  return `[${rows}, ${columns}]\n${lines.join('\n')}${rows > shown ? '\n  …' : ''}`;
}

/** The message of the worst entry out of tolerance; null when there is none. */
function mismatch(analytic: Jacobian, numeric: Jacobian, atol: number, rtol: number): string | null {
  let worst = -1;
  let excess = 0;
  for (let i = 0; i < numeric.data.length; i++) {
    const a = analytic.data[i]!;
    const n = numeric.data[i]!;
    if (Object.is(a, n) || (Number.isNaN(a) && Number.isNaN(n))) continue;
    const difference = Math.abs(a - n);
    const over = Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference - (atol + rtol * Math.abs(n));
    if (over <= excess) continue;
    worst = i;
    excess = over;
  }
  if (worst === -1) return null;
  const place = `[${Math.floor(worst / numeric.columns)}, ${worst % numeric.columns}]`;
  const entries = `numerical ${numeric.data[worst]}, analytical ${analytic.data[worst]}`;
  return `worst at ${place}: ${entries}\nnumerical: ${showJacobian(numeric)}\nanalytical: ${showJacobian(analytic)}`;
}

/**
 * Compares the gradients that backward gives for `fn` with central differences, in float64. True when all agree; an
 * error that shows both Jacobians and the entry that differs most when they do not.
 *
 * @example
 * const x = tensor([0.5, 1], { dtype: 'float64', requiresGrad: true });
 * autograd.gradcheck((x) => x.exp(), [x]); // true
 */
export function gradcheck(fn: Checked, inputs: Tensor | readonly Tensor[], options?: GradcheckOptions): boolean {
  if (arguments.length > 3) refuseSurplus('gradcheck', arguments, 3);
  return compare('gradcheck', fn, inputs, options);
}

function compare(op: string, fn: Checked, given: Tensor | readonly Tensor[], options?: GradcheckOptions): boolean {
  const { eps = 1e-6, atol = 1e-5, rtol = 1e-3, raiseException = true } = checkOptions(op, options, OPTIONS);
  const step = checkNumber(op, 'eps', eps);
  const absolute = checkNumber(op, 'atol', atol);
  const relative = checkNumber(op, 'rtol', rtol);
  const inputs = checkInputs(op, given instanceof Tensor ? [given] : given);
  return enableGrad(() => {
    const outputs = outputsOf(op, fn, inputs);
    for (const [i, output] of outputs.entries()) {
      for (const [j, x] of inputs.entries()) {
        if (!requiresGrad(x) || x.numel === 0) continue;
        const analytic = analytical(output, x);
        const problem = mismatch(analytic, numerical(op, fn, inputs, x, i, step), absolute, relative);
        if (problem === null) continue;
        if (!raiseException) return false;
        fail(
          'GRAD_ERROR',
          `${op}: Jacobian mismatch for output ${i} with respect to input ${j} of shape ${showShape(x._shape)},\n${problem}`,
        );
      }
    }
    return true;
  });
}

/**
 * As `gradcheck`, for the gradient of the gradient: the backward of `fn` is itself differentiated.
 *
 * @example
 * const x = tensor([0.5, 1], { dtype: 'float64', requiresGrad: true });
 * autograd.gradgradcheck((x) => x.exp(), [x]); // true
 */
export function gradgradcheck(
  fn: Checked,
  inputs: Tensor | readonly Tensor[],
  options?: GradcheckOptions & { gradOutputs?: Tensor | readonly Tensor[] },
): boolean {
  if (arguments.length > 3) refuseSurplus('gradgradcheck', arguments, 3);
  const { gradOutputs, ...rest } = checkOptions('gradgradcheck', options, [...OPTIONS, 'gradOutputs']);
  const given = checkInputs('gradgradcheck', inputs instanceof Tensor ? [inputs] : inputs);
  const outputs = enableGrad(() => outputsOf('gradgradcheck', fn, given));
  const starts =
    gradOutputs === undefined ? outputs.map(direction) : gradOutputs instanceof Tensor ? [gradOutputs] : gradOutputs;
  const gradientOf = (...args: Tensor[]): Tensor[] => {
    const at = args.slice(0, given.length);
    const results = enableGrad(() =>
      grad(outputsOf('gradgradcheck', fn, at), at.filter(requiresGrad), {
        gradOutputs: args.slice(given.length),
        createGraph: true,
        materializeGrads: true,
      }),
    );
    return results;
  };
  return compare('gradgradcheck', gradientOf, [...given, ...starts], rest);
}

/** A fixed gradient without symmetries, so that no error cancels out. */
function direction(output: Tensor, index: number): Tensor {
  const values = Float64Array.from({ length: output.numel }, (_, i) => Math.sin(1 + 7.13 * i + 3.7 * index) + 0.5);
  const start = values.length === 0 ? rawFull(output._shape, 0, 'float64') : rawFrom(values, output._shape, 'float64');
  const cast = output.dtype === 'float64' ? start : rawCast(start, output.dtype);
  if (output.dtype === 'float64') requireGrad(cast);
  return cast;
}

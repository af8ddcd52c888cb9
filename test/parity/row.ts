import type { DType, Tensor } from './library.js';
import { fixed, type Input, type Kind, type Sample, t } from './samples.js';

type Result = Tensor | readonly Tensor[] | number | boolean;

/** One op: the same computation in PyTorch's words and in ours, and the inputs it is compared on. */
export interface Row {
  readonly name: string;
  /** Python; the inputs are a, b, c, d. */
  readonly torch: string;
  readonly run: (inputs: Tensor[]) => Result;
  readonly samples: readonly Sample[];
  readonly dtypes: readonly DType[];
  /** Relative above 1, absolute below: for float32 and for float64. */
  readonly tolerance: readonly [number, number];
  /** Floating results must have the very dtype, too: rows about promotion. */
  readonly exactDType: boolean;
  /** Whether the gradient is the derivative of the outputs, so that differences check it, too. */
  readonly isDerivative: boolean;
}

/** A call that both must refuse. */
export interface ErrorRow {
  readonly name: string;
  readonly torch: string;
  readonly run: (inputs: Tensor[]) => unknown;
  readonly inputs: readonly Input[];
  readonly message: RegExp;
}

export const error = (
  name: string,
  torch: string,
  inputs: ErrorRow['inputs'],
  run: ErrorRow['run'],
  message: RegExp,
): ErrorRow => ({ name, torch, inputs, run, message });

type Inputs = readonly Input[] | Sample;

export function row(
  name: string,
  torch: string,
  run: Row['run'],
  samples: readonly Inputs[],
  options: Partial<Pick<Row, 'dtypes' | 'tolerance' | 'exactDType' | 'isDerivative'>> = {},
): Row {
  const list = samples.map((sample): Sample => ('inputs' in sample ? sample : { inputs: sample, depth: 2 }));
  return {
    name,
    torch,
    run,
    samples: list,
    dtypes: ['float32', 'float64'],
    tolerance: [2e-5, 1e-10],
    exactDType: false,
    isDerivative: true,
    ...options,
  };
}

/** Forward and first gradient only: where second derivatives of NaN and the infinities would be compared. */
export const shallow = (...inputs: Input[]): Sample => ({ inputs, depth: 1 });

/** No gradients. */
export const forward = (...inputs: Input[]): Sample => ({ inputs: inputs.map(fixed), depth: 0 });

/** The shapes and layouts that every elementwise op of one tensor is tried on. */
export function oneTensor(kind: Kind): Inputs[] {
  return [
    [t([], kind)],
    [t([0], kind)],
    [t([1], kind)],
    [t([37], kind)],
    [t([3, 5], kind, 'transposed')],
    [t([2, 3, 4], kind, 'strided')],
    [t([4, 5], kind, 'expanded')],
  ];
}

export const special: Sample = shallow(t([12], 'special'));

/** … and of two tensors, which broadcast. */
export function twoTensors(first: Kind, second: Kind): Inputs[] {
  return [
    [t([], first), t([], second)],
    [t([3, 5], first), t([3, 5], second)],
    [t([3, 5], first, 'transposed'), t([3, 5], second, 'strided')],
    [t([3, 1], first), t([4], second)],
    [t([2, 1, 3], first, 'strided'), t([4, 1], second)],
    [t([], first), t([2, 3], second, 'transposed')],
    [t([5], first), t([1], second)],
    [t([0, 3], first), t([3], second)],
    [t([4, 3], first, 'expanded'), t([4, 3], second)],
  ];
}

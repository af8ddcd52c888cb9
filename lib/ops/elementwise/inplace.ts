import { expandsTo } from '../../autograd/conform.js';
import { inplaceOf } from '../../autograd/inplace.js';
import { defineOp, type Op } from '../../autograd/op.js';
import { rawCast, rawCopy, rawFill } from '../../raw/copy.js';
import { rawFull } from '../../raw/create.js';
import { binaryKernel, binaryScalarKernel, unaryKernel } from '../../raw/elementwise.js';
import { refuseSurplus } from '../../tensor/arguments.js';
import { isFloating } from '../../tensor/dtype.js';
import { describe, fail } from '../../tensor/errors.js';
import { checkElement } from '../../tensor/nested.js';
import { showShape } from '../../tensor/shape.js';
import { checkTensor, Tensor } from '../../tensor/tensor.js';
import { castTo, type Operand, rawExpand, sumTo, zerosAs } from '../broadcast.js';
import * as activation from './activation.js';
import * as arithmetic from './arithmetic.js';
import * as masking from './masking.js';
import * as pointwise from './pointwise.js';
import * as unary from './unary.js';

// Each in-place op is made from its out-of-place form; what is here says which exist, and which kernels may write
// straight into x when nothing is recorded.

const UNARY =
  'exp exp2 expm1 log log2 log10 log1p sqrt rsqrt sin cos tan asin acos atan sinh cosh tanh erf erfinv sigmoid abs floor ceil trunc sign';
const UNARY_ARITHMETIC = 'neg square reciprocal';
const BINARY = 'add sub mul div';
const WITH_OPTIONS = 'round clamp clampMin clampMax nanToNum';
const POINTWISE = 'pow remainder fmod floorDivide lerp addcmul addcdiv bitwiseAnd bitwiseOr bitwiseXor bitwiseNot';

/** The words of a string of them. */
type Words<S extends string> = S extends `${infer Word} ${infer Rest}` ? Word | Words<Rest> : S;

/** `exp_` with the arguments of `exp`, and so on. */
type Forms<Ops, Names extends string> = { readonly [K in Names as `${K}_`]: K extends keyof Ops ? Ops[K] : never };

type InplaceForms = Forms<typeof unary, Words<typeof UNARY> | Words<typeof WITH_OPTIONS>> &
  Forms<typeof arithmetic, Words<typeof UNARY_ARITHMETIC> | Words<typeof BINARY>> &
  Forms<typeof pointwise, Words<typeof POINTWISE>> &
  Forms<typeof activation, 'relu'> &
  Forms<typeof masking, 'maskedFill'>;

type Elementwise = (x: Tensor, ...rest: never[]) => Tensor;
type Writer = (x: Tensor, ...rest: never[]) => boolean;

function inplaceForms(names: string, ops: object, writer?: (name: string) => Writer): Record<string, Elementwise> {
  const forms: Record<string, Elementwise> = {};
  for (const name of names.split(' ')) {
    forms[`${name}_`] = inplaceOf(`${name}_`, (ops as Record<string, Elementwise>)[name]!, writer?.(name));
  }
  return forms;
}

// A writer leaves surplus arguments to the op, which refuses them.

/** A kernel of one operand, for the dtypes whose result has the same type. */
function unaryWriter(name: string): (x: Tensor) => boolean {
  const kernel = unaryKernel(name);
  return function (x) {
    if (arguments.length > 1 || !isFloating(x.dtype)) return false;
    kernel(x, 0, 0, x);
    return true;
  };
}

/** A kernel of two operands, where the other needs no cast and broadcasts to x. */
function binaryWriter(name: string): Writer {
  const tensors = binaryKernel(name);
  const scalar = binaryScalarKernel(name);
  return function (x: Tensor, other?: Operand, options?: object) {
    if (arguments.length > 3 || options !== undefined || !isFloating(x.dtype)) return false;
    if (typeof other === 'number') {
      scalar(x, other, false, 0, x);
      return true;
    }
    if (!(other instanceof Tensor) || other.dtype !== x.dtype || !expandsTo(other._shape, x._shape)) return false;
    tensors(x, other, 0, 0, x);
    return true;
  };
}

const fillOp: Op<[x: Tensor, value: number]> = defineOp({
  name: 'fill',
  forward: (x, value) => rawFull(x._shape, value, x.dtype),
  backward: (_ctx, g) => [zerosAs(g)],
});

const copyOp: Op<[x: Tensor, source: Tensor]> = defineOp({
  name: 'copy',
  node: 'CopyBackwards',
  forward: (x, source) => rawCast(rawExpand(source, x._shape), x.dtype),
  backward: ({ args: [, source], needs }, g) => [
    needs[0] ? zerosAs(g) : null,
    needs[1] ? castTo(sumTo(g, source.shape), source.dtype) : null,
  ],
});

const copyInto: Op<[x: Tensor, source: Tensor]> = inplaceOf('copy_', copyOp, (x, source) => {
  rawCopy(source, x);
  return true;
});

const fillWith: Op<[x: Tensor, value: number]> = inplaceOf('fill_', fillOp, (x, value) => {
  rawFill(x, value);
  return true;
});

/** Copies `source`, broadcast and converted to x's dtype, into x. */
function copy_(x: Tensor, source: Tensor): Tensor {
  if (arguments.length > 2) refuseSurplus('copy_', arguments, 2);
  checkTensor('copy_', x);
  checkTensor('copy_', source, 'source');
  if (!expandsTo(source._shape, x._shape)) {
    fail(
      'SHAPE_MISMATCH',
      `copy_: source of shape ${showShape(source._shape)} does not broadcast to ${showShape(x._shape)}`,
    );
  }
  return copyInto(x, source);
}

/** Sets every element of x to `value`, a number or a zero-dimensional tensor. */
function fill_(x: Tensor, value: Operand): Tensor {
  if (arguments.length > 2) refuseSurplus('fill_', arguments, 2);
  checkTensor('fill_', x);
  if (typeof value === 'number' || typeof value === 'boolean')
    return fillWith(x, checkElement('fill_', 'value', Number(value), x.dtype));
  if (!(value instanceof Tensor))
    fail('WRONG_TYPE', `fill_: value must be a number or a Tensor, got ${describe(value)}`);
  if (value._shape.length !== 0) {
    fail(
      'SHAPE_MISMATCH',
      `fill_: only supports 0-dimension value tensor but got tensor with ${value._shape.length} dimensions.`,
    );
  }
  return copyInto(x, checkTensor('fill_', value, 'value'));
}

/** Sets every element of x to 0. */
function zero_(x: Tensor): Tensor {
  if (arguments.length > 1) refuseSurplus('zero_', arguments, 1);
  return fillWith(checkTensor('zero_', x), 0);
}

const forms = {
  ...inplaceForms(UNARY, unary, unaryWriter),
  ...inplaceForms(UNARY_ARITHMETIC, arithmetic, unaryWriter),
  ...inplaceForms('relu', activation, unaryWriter),
  ...inplaceForms(BINARY, arithmetic, binaryWriter),
  ...inplaceForms(WITH_OPTIONS, unary),
  ...inplaceForms(POINTWISE, pointwise),
  ...inplaceForms('maskedFill', masking),
} as unknown as InplaceForms;

/** Every in-place op that stands beside an out-of-place one, and `copy_`, `fill_`, `zero_`. Each returns x. */
export const inplace: InplaceForms & {
  readonly copy_: typeof copy_;
  readonly fill_: typeof fill_;
  readonly zero_: typeof zero_;
} = { ...forms, copy_, fill_, zero_ };

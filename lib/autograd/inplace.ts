import { rawCopy } from '../raw/copy.js';
import { context } from '../tensor/context.js';
import { parkCopy } from '../tensor/data.js';
import { DTYPES } from '../tensor/dtype.js';
import { fail } from '../tensor/errors.js';
import { sameShape, showShape } from '../tensor/shape.js';
import { checkTensor, INFERENCE, INTERNAL, Tensor } from '../tensor/tensor.js';
import { castTo } from './conform.js';
import { bumpVersion, type Meta, metaOf, newMeta, setHistory, versionOf } from './meta.js';
import { anyRequiresGrad, requiresGrad } from './op.js';
import { OpNode } from './opNode.js';
import { copySlicesSpec, geometryOf } from './strided.js';
import { ViewMeta } from './view.js';

type Compute<A extends readonly unknown[]> = (x: Tensor, ...rest: A) => Tensor;

/**
 * The in-place form of an op: x takes the op's result, keeping its own dtype and shape, and is returned.
 *
 * Unrecorded, `write` (where given) computes straight into x; it returns false for operands it does not take. Otherwise
 * the op runs as it is and its result is copied over, so that whatever can be recorded out of place can be in place.
 */
export function inplaceOf<A extends readonly unknown[]>(
  name: string,
  op: Compute<A>,
  write?: (x: Tensor, ...rest: A) => boolean,
): Compute<A> {
  return (x, ...rest) => {
    checkTensor(name, x);
    if (context().grad && (requiresGrad(x) || anyRequiresGrad(rest))) {
      checkHistoryMayChange(x);
      checkMayBeWritten(name, x);
      recordInPlace(name, x, op, rest);
      return x;
    }
    checkMayBeWritten(name, x);
    if (context().grad) checkNoViewOfLeaf(metaOf(x));
    if (!write?.(x, ...rest)) {
      const result = op(x, ...rest);
      if (result !== x) {
        checkFits(name, x, result);
        rawCopy(result, x);
        if (!rest.includes(result)) result.dispose();
      }
    }
    bumpVersion(x);
    return x;
  };
}

/** Refuses a tensor whose in-place change could not be recorded. */
export function checkHistoryMayChange(x: Tensor): void {
  const meta = metaOf(x);
  if (meta instanceof ViewMeta) {
    if (meta.view.origin !== 'op') fail('INPLACE_ERROR', meta.refusal('is being modified inplace'));
    checkNoViewOfLeaf(meta);
  }
  if (meta?.requiresGrad && meta.gradFn === null) {
    fail('INPLACE_ERROR', 'a leaf Variable that requires grad is being used in an in-place operation.');
  }
}

/** A view may be older than its base's wish for a gradient; then it needs none itself. */
function checkNoViewOfLeaf(meta: Meta | null): void {
  if (!(meta instanceof ViewMeta) || meta.view.origin === 'no-grad') return;
  const base = metaOf(meta.view.base);
  if (base?.requiresGrad && base.gradFn === null) {
    fail('INPLACE_ERROR', 'a view of a leaf Variable that requires grad is being used in an in-place operation.');
  }
}

/** Refuses a tensor that no in-place op may write to, recorded or not. */
export function checkMayBeWritten(name: string, x: Tensor): void {
  if (x._versions === INFERENCE && !context().inference) {
    fail(
      'INPLACE_ERROR',
      `${name}: Inplace update to inference tensor outside inferenceMode is not allowed. You can make a clone to get a normal tensor before doing inplace update.`,
    );
  }
  if (x._strides?.some((stride, i) => stride === 0 && x._shape[i]! > 1)) {
    fail(
      'INPLACE_ERROR',
      `${name}: unsupported operation: more than one element of the written-to tensor refers to a single memory location. Please clone() the tensor before performing the operation.`,
    );
  }
}

const typeName = (x: Tensor): string => DTYPES[x.dtype].torchName.replace('Tensor', '');

function checkFits(name: string, x: Tensor, result: Tensor): void {
  if (DTYPES[result.dtype].category > DTYPES[x.dtype].category) {
    fail(
      'DTYPE_MISMATCH',
      `${name}: result type ${typeName(result)} can't be cast to the desired output type ${typeName(x)}`,
    );
  }
  if (!sameShape(result._shape, x._shape)) {
    fail(
      'SHAPE_MISMATCH',
      `${name}: output with shape ${showShape(x._shape)} doesn't match the broadcast shape ${showShape(result._shape)}`,
    );
  }
}

function recordInPlace<A extends readonly unknown[]>(name: string, x: Tensor, op: Compute<A>, rest: A): void {
  const before = standIn(x);
  const result = op(before, ...(rest.map((arg) => (arg === x ? before : arg)) as unknown as A));
  if (result === before) {
    bumpVersion(x);
    return;
  }
  checkFits(name, x, result);
  const value = castTo(result, x.dtype);
  if (before._pins > 0) keepOldValue(before);
  rawCopy(value, x);
  bumpVersion(x);
  metaOf(value)?.gradFn?.replaceSaved(value, x);
  rebase(x, value);
  value.dispose();
}

/** x as the op sees it: x's elements and history before the change. */
function standIn(x: Tensor): Tensor {
  const before = new Tensor(INTERNAL, x._shape, x.dtype);
  before._handle = x._handle;
  before._strides = x._strides;
  before._offset = x._offset;
  before._versions = x._versions;
  const meta = metaOf(x);
  if (meta !== null) {
    const copy = newMeta(meta.requiresGrad, meta.gradFn, meta.outputIndex);
    copy.accumulator = meta.accumulator;
    before._autograd = copy;
  }
  return before;
}

/** Gives the stand-in, which a node saved, a copy of x's elements; only the graph holds it, so it goes with its last pin. */
function keepOldValue(before: Tensor): void {
  const version = versionOf(before);
  parkCopy(before);
  before._versions = { value: version };
}

/** Gives x the history of `value`, which was just written into it; through its base where x is a view. */
export function rebase(x: Tensor, value: Tensor): void {
  const meta = metaOf(x);
  const from = metaOf(value);
  const node = from?.gradFn ?? null;
  if (!(meta instanceof ViewMeta)) {
    setHistory(x, node, from?.outputIndex ?? 0);
    return;
  }
  const { base } = meta.view;
  if (node !== null || metaOf(base)?.requiresGrad) {
    const region = geometryOf(x);
    setHistory(base, new OpNode(copySlicesSpec, [base, value, geometryOf(base), region], base), 0);
  }
  // The view's own history is renewed now, so that a retained gradient follows it.
  void meta.gradFn;
}

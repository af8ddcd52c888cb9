import { DTYPES } from '../tensor/dtype.js';
import { fail } from '../tensor/errors.js';
import { showShape } from '../tensor/shape.js';
import { INTERNAL, Tensor } from '../tensor/tensor.js';
import { metaOf } from './meta.js';

export const versionOf = (x: Tensor): number => (x._versions === null ? 0 : x._versions.value);

const RELEASED =
  'Trying to backward through the graph a second time (or directly access saved tensors after they have already been freed). ' +
  'Saved intermediate values of the graph are freed when you call .backward() or autograd.grad(). ' +
  'Specify { retainGraph: true } if you need to backward through the graph a second time or if you need to access saved tensors after calling backward.';

/** The tensors a node saved, with the versions they had. */
export class SavedTensors {
  private tensors: readonly (Tensor | null)[] | null;
  private readonly versions: number[];

  constructor(tensors: readonly (Tensor | null)[]) {
    this.tensors = tensors;
    this.versions = tensors.map((x) => {
      if (x === null) return 0;
      x._pins++;
      return versionOf(x);
    });
  }

  /** Throws when they were freed, or changed in place since. */
  unpack(): Tensor[] {
    if (this.tensors === null) fail('GRAD_ERROR', `backward: ${RELEASED}`);
    return this.tensors.map((x, i) => {
      if (x === null) return x as unknown as Tensor;
      if (versionOf(x) !== this.versions[i]) failVersion(x, this.versions[i]!);
      return x._handle === 0 ? revive(x) : x;
    });
  }

  get isEmpty(): boolean {
    return this.versions.length === 0;
  }

  release(): void {
    if (this.tensors !== null && !this.isEmpty) {
      for (const x of this.tensors) x?._unpin();
      this.tensors = null;
    }
  }
}

// The user disposed of a tensor that backward still needs: the graph goes on with the parked handle.
function revive(x: Tensor): Tensor {
  const alias = new Tensor(INTERNAL, x.shape, x.dtype);
  alias._handle = x._parked;
  alias._strides = x._strides;
  alias._offset = x._offset;
  alias._autograd = x._autograd;
  alias._versions = x._versions;
  return alias;
}

function failVersion(x: Tensor, expected: number): never {
  const meta = metaOf(x);
  const origin = meta?.gradFn ? `, which is output ${meta.outputIndex} of ${meta.gradFn.name},` : '';
  return fail(
    'INPLACE_ERROR',
    `one of the variables needed for gradient computation has been modified by an inplace operation: ` +
      `[${DTYPES[x.dtype].torchName} ${showShape(x.shape)}]${origin} is at version ${versionOf(x)}; expected version ${expected} instead. ` +
      'Hint: enable anomaly detection to find the operation that failed to compute its gradient, with autograd.detectAnomaly(fn).',
  );
}


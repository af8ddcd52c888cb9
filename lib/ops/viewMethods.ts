import { Tensor } from '../tensor/tensor.js';
import { inplace } from './elementwise/inplace.js';
import { inplaceIndexing } from './indexing/inplace.js';
import { installMethods, type Methods } from './methods.js';
import * as slices from './shape/slices.js';
import * as views from './shape/views.js';

declare module '../tensor/tensor.js' {
  interface Tensor
    extends Methods<typeof views>,
      Methods<typeof slices>,
      Methods<typeof inplace>,
      Methods<typeof inplaceIndexing> {
    /** The tensor with its dimensions reversed: the transpose of a matrix. */
    readonly T: Tensor;
    /** The tensor with its last two dimensions exchanged. */
    readonly mT: Tensor;
    /** The rows along dimension 0 as views, those of `unbind()`. A zero-dimensional tensor is not iterable. */
    [Symbol.iterator](): IterableIterator<Tensor>;
  }
}

installMethods(views);
installMethods(slices);
installMethods(inplace);
installMethods(inplaceIndexing);

function rows(this: Tensor): IterableIterator<Tensor> {
  return slices.unbind(this).values();
}

Object.defineProperties(Tensor.prototype, {
  // A zero-dimensional tensor has no iterator rather than one that throws: what asks first whether a value is iterable, as
  // test runners do when they compare, goes on.
  [Symbol.iterator]: {
    configurable: true,
    get(this: Tensor): (() => IterableIterator<Tensor>) | undefined {
      return this._shape.length === 0 ? undefined : rows;
    },
  },
  T: {
    configurable: true,
    get(this: Tensor): Tensor {
      return views.permute(
        this,
        this._shape.map((_, i) => this._shape.length - 1 - i),
      );
    },
  },
  mT: {
    configurable: true,
    get(this: Tensor): Tensor {
      return views.matrixTranspose(this);
    },
  },
});

import { Tensor } from '../tensor/tensor.js';
import { inplace } from './elementwise/inplace.js';
import { installMethods, type Methods } from './methods.js';
import * as slices from './shape/slices.js';
import * as views from './shape/views.js';

declare module '../tensor/tensor.js' {
  interface Tensor extends Methods<typeof views>, Methods<typeof slices>, Methods<typeof inplace> {
    /** The tensor with its dimensions reversed: the transpose of a matrix. */
    readonly T: Tensor;
    /** The tensor with its last two dimensions exchanged. */
    readonly mT: Tensor;
  }
}

installMethods(views);
installMethods(slices);
installMethods(inplace);

Object.defineProperties(Tensor.prototype, {
  T: {
    configurable: true,
    get(this: Tensor): Tensor {
      return views.permute(
        this,
        this.shape.map((_, i) => this.shape.length - 1 - i),
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

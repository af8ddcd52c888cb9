import * as activation from './activation.js';
import * as arithmetic from './arithmetic.js';
import * as compare from './compare.js';
import * as matmul from './matmul.js';
import { installMethods, type Methods } from './methods.js';
import * as pointwise from './pointwise.js';
import * as reduce from './reduce.js';
import * as unary from './unary.js';

declare module '../tensor/tensor.js' {
  interface Tensor
    extends Methods<typeof activation>,
      Methods<typeof arithmetic>,
      Methods<typeof compare>,
      Methods<typeof matmul>,
      Methods<typeof pointwise>,
      Methods<typeof reduce>,
      Methods<typeof unary> {}
}

for (const group of [activation, arithmetic, compare, matmul, pointwise, reduce, unary]) installMethods(group);

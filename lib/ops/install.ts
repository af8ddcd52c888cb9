import * as activation from './activation.js';
import * as arithmetic from './arithmetic.js';
import * as arrange from './arrange.js';
import * as compare from './compare.js';
import * as convert from './convert.js';
import * as extrema from './extrema.js';
import * as indexing from './indexing.js';
import * as matmul from './matmul.js';
import { installMethods, type Methods, type Ops } from './methods.js';
import * as norm from './norm.js';
import * as pointwise from './pointwise.js';
import * as reduce from './reduce.js';
import * as sampling from './sampling.js';
import * as scan from './scan.js';
import * as unary from './unary.js';

declare module '../tensor/tensor.js' {
  interface Tensor
    extends Methods<typeof activation>,
      Methods<typeof arithmetic>,
      Methods<typeof arrange>,
      Methods<typeof compare>,
      Methods<typeof convert>,
      Omit<Methods<typeof extrema>, 'max' | 'median' | 'min'>,
      Methods<typeof indexing>,
      Methods<typeof matmul>,
      Methods<typeof norm>,
      Methods<typeof pointwise>,
      Methods<typeof reduce>,
      Methods<typeof sampling>,
      Methods<typeof scan>,
      Methods<typeof unary> {
    /** The maximum of all elements; with `dim` [values, indices] along it; with a tensor the elementwise maximum. */
    max(): Tensor;
    max(dim: number, options?: reduce.ReduceOptions): [values: Tensor, indices: Tensor];
    max(other: Tensor): Tensor;
    /** The minimum of all elements; with `dim` [values, indices] along it; with a tensor the elementwise minimum. */
    min(): Tensor;
    min(dim: number, options?: reduce.ReduceOptions): [values: Tensor, indices: Tensor];
    min(other: Tensor): Tensor;
    /** The median of all elements, or [values, indices] along `dim`; of an even number the lower middle one. */
    median(): Tensor;
    median(dim: number, options?: reduce.ReduceOptions): [values: Tensor, indices: Tensor];
  }
}

const groups: readonly Ops[] = [
  activation,
  arithmetic,
  arrange,
  compare,
  convert,
  extrema,
  indexing,
  matmul,
  norm,
  pointwise,
  reduce,
  sampling,
  scan,
  unary,
];
for (const group of groups) installMethods(group);

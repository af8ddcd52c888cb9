import * as convert from './convert.js';
import * as activation from './elementwise/activation.js';
import * as arithmetic from './elementwise/arithmetic.js';
import * as closeness from './elementwise/closeness.js';
import * as compare from './elementwise/compare.js';
import * as pointwise from './elementwise/pointwise.js';
import * as unary from './elementwise/unary.js';
import * as indexing from './indexing/indexing.js';
import * as oneHot from './indexing/oneHot.js';
import * as repeat from './indexing/repeat.js';
import * as matmul from './matmul/matmul.js';
import { installMethods, type Methods, type Ops } from './methods.js';
import * as sampling from './random/sampling.js';
import * as extrema from './reduce/extrema.js';
import * as reduce from './reduce/reduce.js';
import * as scan from './reduce/scan.js';
import * as sort from './reduce/sort.js';
import * as norm from './reduce/vectorNorm.js';
import * as arrange from './shape/arrange.js';

declare module '../tensor/tensor.js' {
  interface Tensor
    extends Methods<typeof activation>,
      Methods<typeof arithmetic>,
      Methods<typeof arrange>,
      Methods<typeof closeness>,
      Methods<typeof compare>,
      Methods<typeof convert>,
      Omit<Methods<typeof extrema>, 'max' | 'median' | 'min'>,
      Omit<Methods<typeof indexing>, 'nonzero'>,
      Methods<typeof matmul>,
      Methods<typeof norm>,
      Methods<typeof oneHot>,
      Methods<typeof pointwise>,
      Methods<typeof reduce>,
      Methods<typeof sampling>,
      Methods<typeof repeat>,
      Methods<typeof scan>,
      Methods<typeof sort>,
      Methods<typeof unary> {
    /** The indices of the non-zero elements, one row each: [count, rank], int64; `asTuple` gives a vector for each dimension. */
    nonzero(options?: { readonly asTuple?: false }): Tensor;
    nonzero(options: { readonly asTuple: true }): Tensor[];
    /** The maximum of all elements; with `dim` [values, indices] along it; with a tensor the elementwise maximum. */
    max(): Tensor;
    max(dim: number, options?: reduce.ReduceOptions): [values: Tensor, indices: Tensor];
    max(options: extrema.AlongOptions): [values: Tensor, indices: Tensor];
    max(other: Tensor): Tensor;
    /** The minimum of all elements; with `dim` [values, indices] along it; with a tensor the elementwise minimum. */
    min(): Tensor;
    min(dim: number, options?: reduce.ReduceOptions): [values: Tensor, indices: Tensor];
    min(options: extrema.AlongOptions): [values: Tensor, indices: Tensor];
    min(other: Tensor): Tensor;
    /** The median of all elements, or [values, indices] along `dim`; of an even number the lower middle one. */
    median(): Tensor;
    median(dim: number, options?: reduce.ReduceOptions): [values: Tensor, indices: Tensor];
    median(options: extrema.AlongOptions): [values: Tensor, indices: Tensor];
  }
}

const groups: readonly Ops[] = [
  activation,
  arithmetic,
  arrange,
  closeness,
  compare,
  convert,
  extrema,
  indexing,
  matmul,
  norm,
  oneHot,
  pointwise,
  reduce,
  sampling,
  repeat,
  scan,
  sort,
  unary,
];
for (const group of groups) installMethods(group);

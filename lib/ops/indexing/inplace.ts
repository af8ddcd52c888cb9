import { inplaceOf } from '../../autograd/inplace.js';
import { indexAdd, scatter, scatterAdd } from './indexing.js';

// In-place forms of the ops that write by index; each takes what its out-of-place form takes, and returns x.

export const inplaceIndexing: {
  readonly scatter_: typeof scatter;
  readonly scatterAdd_: typeof scatterAdd;
  readonly indexAdd_: typeof indexAdd;
} = {
  scatter_: inplaceOf('scatter_', scatter),
  scatterAdd_: inplaceOf('scatterAdd_', scatterAdd),
  indexAdd_: inplaceOf('indexAdd_', indexAdd),
};

import { attentionErrors } from './attentionErrorRows.js';
import { attentions } from './attentionRows.js';
import { convolutionErrors } from './convolutionErrorRows.js';
import { convolution } from './convolutionRows.js';
import { elementwise } from './elementwiseRows.js';
import { embeddings } from './embeddingRows.js';
import { errors as generalErrors } from './errorRows.js';
import { foldErrors, folds } from './foldRows.js';
import { losses } from './lossRows.js';
import { lowPrecision } from './lowPrecisionRows.js';
import { multihead } from './multiheadRows.js';
import { norms } from './normRows.js';
import { optionErrors, options } from './optionRows.js';
import { pooling } from './poolingRows.js';
import { promotion } from './promotionRows.js';
import { recurrent } from './recurrentRows.js';
import { reductions } from './reductionRows.js';
import type { ErrorRow, Row } from './row.js';
import { shaping } from './shapingRows.js';

export type { Row };

/** One row per op. A new op is a new row. Each group has a file of fixtures of its own. */
export const groups: Readonly<Record<string, readonly Row[]>> = {
  elementwise,
  reductions,
  shaping,
  losses,
  promotion,
  convolution,
  lowPrecision,
  norms,
  pooling,
  folds,
  embeddings,

  attention: [...attentions, ...multihead],
  recurrent,
  options,
};

export const rows: readonly Row[] = Object.values(groups).flat();

export const errors: readonly ErrorRow[] = [
  ...generalErrors,
  ...convolutionErrors,
  ...foldErrors,
  ...attentionErrors,
  ...optionErrors,
];

import { elementwise } from './elementwiseRows.js';
import { errors } from './errorRows.js';
import { losses } from './lossRows.js';
import { promotion } from './promotionRows.js';
import { reductions } from './reductionRows.js';
import type { Row } from './row.js';
import { shaping } from './shapingRows.js';

export type { Row };
export { errors };

/** One row per op. A new op is a new row. */
export const rows: readonly Row[] = [...elementwise, ...reductions, ...shaping, ...losses, ...promotion];

import { elementwise } from './elementwiseRows.js';
import { errors } from './errorRows.js';
import { losses } from './lossRows.js';
import { promotion } from './promotionRows.js';
import { reductions } from './reductionRows.js';
import type { Row } from './row.js';
import { shaping } from './shapingRows.js';

export type { Row };
export { errors };

/** One row per op. A new op is a new row. Each group has a file of fixtures of its own. */
export const groups: Readonly<Record<string, readonly Row[]>> = { elementwise, reductions, shaping, losses, promotion };

export const rows: readonly Row[] = Object.values(groups).flat();

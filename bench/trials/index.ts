import { trials as attention } from './attention.js';
import { trials as collector } from './collector.js';
import { trials as convolution } from './convolution.js';
import { trials as elementwise } from './elementwise.js';
import { trials as gemm } from './gemm.js';
import { trials as lowPrecision } from './lowPrecision.js';
import { trials as models } from './models.js';
import { trials as norm } from './norm.js';
import { trials as pooling } from './pooling.js';
import { trials as recurrent } from './recurrent.js';
import { trials as reductions } from './reductions.js';
import { trials as training } from './training.js';
import type { Trial } from './trial.js';

/** All rows, by group. A group is a file here and files of the same name under bench/peers/<peer>/. */
export const groups: Readonly<Record<string, readonly Trial[]>> = {
  gemm,
  lowPrecision,
  elementwise,
  collector,
  reductions,
  norm,
  convolution,
  pooling,
  attention,
  recurrent,
  models,
  training,
};

/** The rows whose group and name hold every word, by group. */
export function chosenGroups(words: readonly string[]): [group: string, trials: readonly Trial[]][] {
  const chosen = Object.entries(groups)
    .map(([group, trials]): [string, readonly Trial[]] => [
      group,
      trials.filter(({ name }) => words.every((word) => `${group} ${name}`.includes(word))),
    ])
    .filter(([, trials]) => trials.length > 0);
  if (chosen.length === 0)
    throw new Error(`bench: expected words that a row holds, none holds all of: ${words.join(', ')}`);
  return chosen;
}

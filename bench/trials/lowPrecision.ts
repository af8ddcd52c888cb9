import type { Trial } from './trial.js';

export const trials: readonly Trial[] = [];

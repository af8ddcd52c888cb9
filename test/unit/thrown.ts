import { type ErrorCode, FlambeauError } from 'flambeau';

/** The error that `run` throws. */
export function thrown(run: () => unknown): FlambeauError {
  try {
    run();
  } catch (error) {
    if (error instanceof FlambeauError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

export const messageOf = (run: () => unknown): string => thrown(run).message;

/** The code of the error that `run` throws; of its cause, where a module tells of its forward's failure. */
export function codeOf(run: () => unknown): ErrorCode | 'nothing thrown' {
  try {
    run();
  } catch (error) {
    if (!(error instanceof FlambeauError)) throw error;
    return error.cause instanceof FlambeauError ? error.cause.code : error.code;
  }
  return 'nothing thrown';
}

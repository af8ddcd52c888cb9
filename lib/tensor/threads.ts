import { describe, fail } from './errors.js';
import { addon } from './runtime.js';

/** How many threads an operation may use; all cores that this process may run on, unless changed. */
export function getNumThreads(): number {
  return addon.getNumThreads();
}

/**
 * Sets how many threads an operation may use, 1 to 256, for the whole process.
 *
 * @example
 * setNumThreads(1); // one process per core serves best single-threaded
 */
export function setNumThreads(threads: number): void {
  if (!Number.isInteger(threads)) fail('WRONG_TYPE', `setNumThreads: expected an integer, got ${describe(threads)}`);
  if (threads < 1 || threads > 256) fail('OUT_OF_RANGE', `setNumThreads: expected 1 to 256, got ${threads}`);
  addon.setNumThreads(threads);
}

/** The instruction set that the kernels run on: 'baseline', 'avx2', 'avx512', 'avx512vnni', 'amx' or 'neon'. */
export function isa(): string {
  return addon.isa();
}

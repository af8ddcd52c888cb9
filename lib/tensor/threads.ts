import { refuseSurplus } from './arguments.js';
import { describe, fail } from './errors.js';
import { addon } from './runtime.js';

/** How many threads an operation may use; all cores that this process may run on, unless changed. */
export function getNumThreads(): number {
  if (arguments.length > 0) refuseSurplus('getNumThreads', arguments, 0);
  return addon.getNumThreads();
}

/**
 * Sets how many threads an operation may use, 1 to 256, for the whole process.
 *
 * @example
 * setNumThreads(1); // one process per core serves best single-threaded
 */
export function setNumThreads(threads: number): void {
  if (arguments.length > 1) refuseSurplus('setNumThreads', arguments, 1);
  if (!Number.isInteger(threads)) fail('WRONG_TYPE', `setNumThreads: expected an integer, got ${describe(threads)}`);
  if (threads < 1 || threads > 256) fail('OUT_OF_RANGE', `setNumThreads: expected 1 to 256, got ${threads}`);
  addon.setNumThreads(threads);
}

/** The instruction set that the kernels run on: 'baseline', 'avx2', 'avx512', 'avx512vnni', 'amx' or 'neon'. */
export function isa(): string {
  if (arguments.length > 0) refuseSurplus('isa', arguments, 0);
  return addon.isa();
}

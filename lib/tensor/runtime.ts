import v8 from 'node:v8';
import vm from 'node:vm';
import { addon } from '../native/addon.js';
import type { ErrorCode } from './errors.js';
import { makeError } from './errors.js';

// A module loaded twice (a test runner's reset, a query behind its path) finds the addon that the first load configured:
// another array would take the shapes of the first one's calls away.
const SCRATCH = Symbol.for('flambeau.scratch');
const owner = addon as unknown as { [SCRATCH]?: Float64Array };
const configured = owner[SCRATCH];

/** Shapes, strides and axes on their way to native code; kScratchLength in native/binding/environment.h. */
export const scratch: Float64Array = configured ?? new Float64Array(64);

/** The largest rank, native/tensor/tensor.h's kMaxRank. */
export const MAX_RANK = 16;

type Collect = (options?: { type: 'minor' | 'major' }) => void;

// Native memory is invisible to V8's heuristics, so the core asks for a collection when its bytes grow. The function
// comes from a context that was made while V8's flag stood; then the flag goes back, or every context and worker made
// later would have a `gc`, unless the program itself was started with it. Where it cannot be had, bytes are reported to V8
// and it decides.
function findCollector(): ((major: boolean) => void) | null {
  const exposed = typeof globalThis.gc === 'function';
  try {
    // The flag is the process's: another worker that loads this may take it back in between.
    for (let attempt = 0; attempt < 16; attempt++) {
      v8.setFlagsFromString('--expose-gc');
      const gc = vm.runInNewContext('globalThis.gc') as Collect | undefined;
      if (!exposed) v8.setFlagsFromString('--no-expose-gc');
      if (gc) return (major) => gc({ type: major ? 'major' : 'minor' });
    }
  } catch {
    // As where V8 has no such flag.
  }
  return null;
}

if (configured === undefined) {
  addon.configure((code, message) => makeError(code as ErrorCode, message), findCollector(), scratch, scratch);
  owner[SCRATCH] = scratch;
}

/** Writes a list for the addon and returns its length. */
export function put(values: readonly number[], from = 0): number {
  for (let i = 0; i < values.length; i++) scratch[from + i] = values[i]!;
  return values.length;
}

export { addon };

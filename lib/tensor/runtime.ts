import v8 from 'node:v8';
import vm from 'node:vm';
import { addon } from '../native/addon.js';
import type { ErrorCode } from './errors.js';
import { makeError } from './errors.js';

// A module loaded twice (a test runner's reset, a query behind its path) finds the addon that the first load configured:
// another array would take the shapes of the first one's calls away.
const SCRATCH = Symbol.for('flambeau.scratch');
const COLLECT = Symbol.for('flambeau.collect');
const owner = addon as unknown as { [SCRATCH]?: Float64Array; [COLLECT]?: Collect | null };
const configured = owner[SCRATCH];

/** Shapes, strides and axes on their way to native code; kScratchLength in native/binding/environment.h. */
export const scratch: Float64Array = configured ?? new Float64Array(64);

/** The largest rank, native/tensor/tensor.h's kMaxRank. */
export const MAX_RANK = 16;

type Collect = (major: boolean) => void;
type Gc = (options?: { type: 'minor' }) => void;

// Native memory is invisible to V8's heuristics, so the core asks for a collection when its bytes grow. The function
// comes from a context that was made while V8's flag stood; then the flag goes back, or every context and worker made
// later would have a `gc`, unless the program itself was started with it. Where it cannot be had, bytes are reported to V8
// and it decides.
function findCollector(): Collect | null {
  const exposed = typeof globalThis.gc === 'function';
  try {
    // The flag is the process's: another worker that loads this may take it back in between.
    for (let attempt = 0; attempt < 16; attempt++) {
      v8.setFlagsFromString('--expose-gc');
      const gc = vm.runInNewContext('globalThis.gc') as Gc | undefined;
      if (!exposed) v8.setFlagsFromString('--no-expose-gc');
      // Node 20 takes any object for a wish for a minor one.
      if (gc) return (major) => (major ? gc() : gc({ type: 'minor' }));
    }
  } catch {
    // As where V8 has no such flag.
  }
  return null;
}

/** Asks V8 for a collection and waits for it; null where that cannot be had. */
export const collect: Collect | null = configured === undefined ? findCollector() : (owner[COLLECT] ?? null);

if (configured === undefined) {
  addon.configure((code, message) => makeError(code as ErrorCode, message), collect, scratch, scratch);
  owner[SCRATCH] = scratch;
  owner[COLLECT] = collect;
}

/** Writes a list for the addon and returns its length. */
export function put(values: readonly number[], from = 0): number {
  for (let i = 0; i < values.length; i++) scratch[from + i] = values[i]!;
  return values.length;
}

export { addon };

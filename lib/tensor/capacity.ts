import v8 from 'node:v8';
import { fail } from './errors.js';
import { addon, collect } from './runtime.js';

// Loops whose length the user gives ask first whether what they would make fits: a full V8 heap ends the process, and so
// may a full memory.

/** At most so many tensors live at once; kMaxSlots of native/binding/registry.h. */
const MOST_TENSORS = 2 ** 24;

/** What one of these takes at most of V8's heap, and a tensor of native memory besides its elements. */
const HEAP_BYTES = { tensors: 1024, modules: 2048, views: 512, entries: 512 } as const;
const NATIVE_BYTES = 1536;

/** Less than this is not worth asking the system about. */
const ASKED_FROM = 2 ** 26;

export interface Demand {
  /** Tensors that layers keep, under a name. */
  readonly tensors?: number;
  readonly views?: number;
  readonly modules?: number;
  /** Places of a container. */
  readonly entries?: number;
  /** The elements' memory. */
  readonly bytes?: number;
}

/** Refuses to make `count` of `what` where they do not fit; `demand` is that of all together. */
export function checkFits(op: string, count: number, what: string, demand: Demand): void {
  const { tensors = 0, views = 0, modules = 0, entries = 0, bytes = 0 } = demand;
  const all = tensors + views;
  const heap =
    tensors * HEAP_BYTES.tensors +
    views * HEAP_BYTES.views +
    modules * HEAP_BYTES.modules +
    entries * HEAP_BYTES.entries;
  if (heap + bytes + all * NATIVE_BYTES < ASKED_FROM) return;
  const native = bytes + all * NATIVE_BYTES;
  if (all <= MOST_TENSORS && hasHeapRoom((limit, used) => heap <= limit - used)) {
    if (native <= addon.availableBytes()) return;
    addon.releaseCache(); // blocks that are kept warm count as taken
    if (native <= addon.availableBytes()) return;
  }
  fail('OUT_OF_MEMORY', `${op}: ${count} ${what} do not fit into memory`);
}

/** Refuses what would fill V8's heap, for what grows as it is read: so many bytes more are about to be held. */
export function checkHeapRoom(op: string, what: string, bytes: number): void {
  const holds = hasHeapRoom((limit, used) => used + bytes <= HEAP_SHARE * limit);
  if (!holds) fail('OUT_OF_MEMORY', `${op}: ${what} does not fit into JavaScript's heap`);
}

/** The limit counts the young generation too, and a table that grows stands twice for a moment. */
const HEAP_SHARE = 0.6;

/** Refuses what V8's heap has no room for, where its size is known; `instead` says what else the user may do. */
export function checkHeapHolds(op: string, what: string, bytes: number, instead: string): void {
  const holds = hasHeapRoom((limit, used) => bytes <= ROOM_SHARE * (limit - Math.min(YOUNG_BYTES, limit / 2) - used));
  if (!holds) fail('OUT_OF_MEMORY', `${op}: ${what} does not fit into JavaScript's heap; ${instead}`);
}

/** Asking takes 10 µs; callers do not where less than this is about to be made. */
export const HEAP_ASKED_FROM = 2 ** 20;

/** The young generation, which large and old things have no use of. */
const YOUNG_BYTES = 48 * 2 ** 20;

/** V8 ends the process before the last byte is taken, once collections find little. */
const ROOM_SHARE = 0.75;

/** What is in use counts garbage: that is collected before the answer is no. */
function hasHeapRoom(fits: (limit: number, used: number) => boolean): boolean {
  const { heap_size_limit: limit, used_heap_size: used } = v8.getHeapStatistics();
  if (fits(limit, used)) return true;
  if (collect === null || !fits(limit, 0)) return false;
  collect(true);
  return fits(limit, v8.getHeapStatistics().used_heap_size);
}

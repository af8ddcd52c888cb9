// The time that a row takes at least on this machine: its operations at the peak rate, or its bytes at the bandwidth of
// the level of memory that holds them, whichever is longer.
import type { Costs, Precision } from './trials/trial.js';

/** Bytes per nanosecond of three streams over a working set of so many bytes. */
export interface Stream {
  readonly bytes: number;
  /** A sum: nothing is written. */
  readonly read: number;
  /** One array read, one written. */
  readonly scale: number;
  /** Two read, one written. */
  readonly add: number;
}

/** What bench/native/peak.cpp measured with so many threads. */
export interface Machine {
  readonly threads: number;
  /** Operations per nanosecond. */
  readonly flops: Readonly<Partial<Record<Precision, number>>>;
  /** By growing working set. */
  readonly streams: readonly Stream[];
}

type Kind = 'read' | 'scale' | 'add';

/** Between two measured working sets in proportion to their logarithms; beyond the last, the last's. */
export function bandwidth(streams: readonly Stream[], bytes: number, kind: Kind): number | undefined {
  const above = streams.findIndex((stream) => stream.bytes >= bytes);
  if (above === -1) return streams.at(-1)?.[kind];
  const high = streams[above]!;
  const low = streams[above - 1];
  if (low === undefined) return high[kind];
  const share = Math.log(bytes / low.bytes) / Math.log(high.bytes / low.bytes);
  return low[kind] + share * (high[kind] - low[kind]);
}

export interface Limit {
  /** Nanoseconds. */
  readonly time: number;
  readonly by: 'operations' | 'bytes';
}

export function limitOf(costs: Costs, machine: Machine | undefined): Limit | undefined {
  if (machine === undefined) return undefined;
  const { flops = 0, read = 0, written = 0, precision = 'float32' } = costs;
  const peak = machine.flops[precision];
  if (flops > 0 && peak === undefined) return undefined;
  const bytes = read + written;
  const writes = written / bytes;
  const rate = bandwidth(machine.streams, bytes, writes < 0.05 ? 'read' : writes < 0.4 ? 'add' : 'scale');
  const computing = peak === undefined ? 0 : flops / peak;
  const moving = bytes === 0 || rate === undefined ? 0 : bytes / rate;
  const time = Math.max(computing, moving);
  return time === 0 ? undefined : { time, by: computing >= moving ? 'operations' : 'bytes' };
}

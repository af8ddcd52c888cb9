import { addon } from '../tensor/runtime.js';
import { handleOf, type Tensor } from '../tensor/tensor.js';

// What files need of the addon. Memory is copied in pieces: no ArrayBuffer over it is ever made, so none can outlive it.

/** Copies a contiguous tensor's memory, from byte `begin`, into `target`. */
export function rawReadBytes(x: Tensor, begin: number, target: Uint8Array): void {
  addon.readBytes(handleOf('readBytes', x), begin, target);
}

/** The other way; what a bool's bytes hold becomes 0 or 1. */
export function rawWriteBytes(x: Tensor, begin: number, source: Uint8Array): void {
  addon.writeBytes(handleOf('writeBytes', x), begin, source);
}

/** Locks an open file against other opens of it, of this process too, until it is closed or the process dies. */
export function lockFile(file: number): 'locked' | 'held' | 'unsupported' {
  const result = addon.lockFile(file);
  return result === 1 ? 'locked' : result === 0 ? 'held' : 'unsupported';
}

import { randomUUID } from 'node:crypto';
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';

/**
 * Replaces the file at `path` by these chunks, or leaves it untouched: they are written beside it, flushed to the disk
 * and renamed over it, so that no reader and no crash ever sees half a file.
 */
export function writeFileAtomic(path: string, chunks: Iterable<Uint8Array>): void {
  const temporary = `${path}.${process.pid}.${randomUUID()}.tmp`;
  const file = openSync(temporary, 'wx');
  try {
    try {
      for (const chunk of chunks) writeFully(file, chunk);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

function writeFully(file: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done, bytes.length - done);
}

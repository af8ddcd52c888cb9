import { randomUUID } from 'node:crypto';
import {
  closeSync,
  fchmodSync,
  fsyncSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';

/**
 * Replaces the file at `path` by these chunks, or leaves it untouched: they are written beside it, flushed to the disk
 * and renamed over it, so that no reader and no crash ever sees half a file. A link stays one, and what it leads to is
 * replaced; the new file has the old one's permissions.
 */
export function writeFileAtomic(path: string, chunks: Iterable<Uint8Array>): void {
  const old = statSync(path, { throwIfNoEntry: false });
  const target = old === undefined ? path : realpathSync(path);
  const temporary = `${target}.${process.pid}.${randomUUID()}.tmp`;
  const file = openSync(temporary, 'wx', 0o666 & (old?.mode ?? 0o666));
  try {
    try {
      if (old !== undefined) fchmodSync(file, old.mode & 0o777);
      for (const chunk of chunks) writeFully(file, chunk);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, target);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

function writeFully(file: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done, bytes.length - done);
}

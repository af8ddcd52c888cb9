import { randomBytes } from 'node:crypto';
import {
  accessSync,
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  fsyncSync,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { lockFile } from '../raw/files.js';
import { refuseIrregular } from './paths.js';

/**
 * Replaces the file at `path` by these chunks, or leaves it untouched: they are written beside it, flushed to the disk
 * and renamed over it, so that no reader and no crash ever sees half a file. A link stays one, and what it leads to is
 * replaced; the new file has the old one's permissions. What killed processes left in the folder is cleared.
 */
export function writeFileAtomic(path: string, chunks: Iterable<Uint8Array>): void {
  const old = statSync(path, { throwIfNoEntry: false });
  if (old !== undefined) {
    refuseIrregular(old, 'tensors are saved to regular files');
    accessSync(path, constants.W_OK);
  }
  const target = old === undefined ? endOfLinks(path) : realpathSync(path);
  const folder = dirname(target);
  clearLeftovers(folder);
  const { file, temporary } = openTemporary(folder, 0o666 & (old?.mode ?? 0o666));
  try {
    try {
      if (old !== undefined) fchmodSync(file, old.mode & 0o777);
      for (const chunk of chunks) writeFully(file, chunk);
      fsyncSync(file);
      renameSync(temporary, target);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
  syncFolder(folder);
}

function writeFully(file: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done, bytes.length - done);
}

/** Where the links of a path lead that leads to no file yet. */
function endOfLinks(path: string): string {
  let end = path;
  while (lstatSync(end, { throwIfNoEntry: false })?.isSymbolicLink()) {
    end = resolve(realpathSync(dirname(end)), readlinkSync(end));
  }
  return end;
}

// A temporary file is locked from its making to its renaming, and the system drops the lock of a process that dies. So
// an unlocked one is a leftover, on whichever side of a container's wall its maker lived; a process's number would not
// tell. Where files cannot be locked, leftovers stay.
const TEMPORARY = /^flambeau-\d+-[0-9a-f]{16}\.tmp$/;

function openTemporary(folder: string, mode: number): { file: number; temporary: string } {
  for (;;) {
    const temporary = join(folder, `flambeau-${process.pid}-${randomBytes(8).toString('hex')}.tmp`);
    const file = openSync(temporary, 'wx', mode);
    // Another process may have taken it for a leftover before the lock was had.
    if (lockFile(file) !== 'held' && fstatSync(file).nlink > 0) return { file, temporary };
    closeSync(file);
    rmSync(temporary, { force: true });
  }
}

/** A leftover that may not be removed is no reason not to save. */
function clearLeftovers(folder: string): void {
  for (const name of attempt(() => readdirSync(folder)) ?? []) {
    if (TEMPORARY.test(name)) attempt(() => clearIfLeft(join(folder, name)));
  }
}

function clearIfLeft(path: string): void {
  if (!lstatSync(path).isFile()) return;
  const file = openSync(path, constants.O_RDWR | (constants.O_NONBLOCK ?? 0) | (constants.O_NOFOLLOW ?? 0));
  try {
    if (lockFile(file) === 'locked') rmSync(path, { force: true });
  } finally {
    closeSync(file);
  }
}

/** The new name too survives a loss of power. Not every system can flush a folder; the file itself is safe there. */
function syncFolder(folder: string): void {
  const file = attempt(() => openSync(folder, 'r'));
  if (file === undefined) return;
  try {
    fsyncSync(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EIO') throw error;
  } finally {
    closeSync(file);
  }
}

/** What the system refuses is undefined. */
function attempt<R>(call: () => R): R | undefined {
  try {
    return call();
  } catch {
    return undefined;
  }
}

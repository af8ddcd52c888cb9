import type { Stats } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, FlambeauError, fail, makeError } from '../tensor/errors.js';

// What the system says of files, said in a FlambeauError that names the function and the path.

/** The path of a string or a `file:` URL. */
export function checkPath(op: string, path: unknown): string {
  const isUrl = path instanceof URL;
  if (isUrl && path.protocol !== 'file:') {
    fail('BAD_ARGUMENT', `${op}: only file: URLs can be opened, got ${path.protocol}; fetch it and pass the bytes`);
  }
  if (!isUrl && (typeof path !== 'string' || path === '')) {
    fail('WRONG_TYPE', `${op}: path must be a string or a file: URL, got ${describe(path)}`);
  }
  let text: string;
  try {
    text = isUrl ? fileURLToPath(path) : (path as string);
  } catch (cause) {
    return fail('BAD_ARGUMENT', `${op}: ${(path as URL).href} names no file of this machine`, { cause });
  }
  if (text.includes('\0')) fail('BAD_ARGUMENT', `${op}: the path ${describe(text)} holds a null character`);
  return text;
}

/** What is no regular file and would hang, or be replaced by one. */
export function refuseIrregular(stats: Stats, advice: string): void {
  if (stats.isFile()) return;
  const kind = stats.isDirectory()
    ? 'a folder'
    : stats.isFIFO()
      ? 'a pipe'
      : stats.isSocket()
        ? 'a socket'
        : 'a device';
  const help = stats.isDirectory() ? 'give the path of a file' : advice;
  fail('BAD_FILE', `it is ${kind}, not a regular file; ${help}`);
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder',
  EACCES: 'permission denied',
  EPERM: 'the system does not permit it',
  ENOTDIR: 'a part of the path is no folder',
  EISDIR: 'it is a folder',
  ELOOP: 'its links lead in a circle',
  ENAMETOOLONG: 'the name is too long',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the quota is used up',
  EFBIG: 'the file system takes no file of this size',
  EROFS: 'the file system is read-only',
  EMFILE: 'the process has too many files open',
  ENFILE: 'the system has too many files open',
  EIO: 'the disk failed',
};

/** Runs `use`; what it throws of this file comes out with the function's name and the file's. */
export function namingFile<R>(op: string, name: string, use: () => R): R {
  try {
    return use();
  } catch (error) {
    if (error instanceof FlambeauError) {
      if (error.code !== 'BAD_FILE') throw error;
      throw makeError('BAD_FILE', `${op}: ${name}: ${error.message}`, { cause: error });
    }
    const { code, syscall, message } = error as NodeJS.ErrnoException;
    if (syscall === undefined || code === undefined) throw error;
    const looksLikeUrl = code === 'ENOENT' && /^[a-z]+:\/\//i.test(name);
    const advice = looksLikeUrl ? '; a URL in a string is a path: pass new URL(…) for file:, the bytes for others' : '';
    const reason = Object.hasOwn(REASONS, code) ? REASONS[code] : message;
    throw makeError('FILE_ACCESS', `${op}: ${name}: ${reason} (${code} from ${syscall})${advice}`, { cause: error });
  }
}

import { closeSync, constants, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { types } from 'node:util';
import { describe, fail } from '../tensor/errors.js';
import { checkPath, namingFile, refuseIrregular } from './paths.js';

/** A file's path or `file:` URL, or its bytes. */
export type FileOrBytes = string | URL | Uint8Array | ArrayBufferLike;

/** What a file's bytes are read from, in pieces. */
export interface Source {
  readonly size: number;
  /** The bytes from `position` on, as many as one piece holds; good until the next call. */
  at(position: number): Uint8Array;
}

/** What one call reads or writes: small enough for a cache, and no system call is refused for its size. */
export const PIECE = 2 ** 20;

/** Gives `use` the source, and names it in what goes wrong. */
export function withSource<R>(op: string, from: FileOrBytes, use: (source: Source) => R, piece = PIECE): R {
  if (typeof from === 'object' && !(from instanceof URL)) {
    const bytes = bytesOf(op, from);
    return namingFile(op, 'the bytes', () =>
      use({ size: bytes.length, at: (position) => bytes.subarray(position, position + piece) }),
    );
  }
  const path = checkPath(op, from);
  return namingFile(op, path, () => {
    const file = openRegular(path);
    try {
      return use(fileSource(file, fstatSync(file).size, piece));
    } finally {
      closeSync(file);
    }
  });
}

function bytesOf(op: string, from: unknown): Uint8Array {
  if (types.isUint8Array(from)) return from;
  if (types.isAnyArrayBuffer(from)) return new Uint8Array(from);
  return fail(
    'WRONG_TYPE',
    `${op}: expected a path, a file: URL, a Uint8Array (as Buffer is) or an ArrayBuffer, got ${describe(from)}`,
  );
}

const ADVICE = 'read it to its end and pass the bytes';

// Opening a device may do something by itself, and opening a pipe waits for its writer: hence a look before, and no wait
// should the path lead elsewhere by then.
function openRegular(path: string): number {
  refuseIrregular(statSync(path), ADVICE);
  const file = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    refuseIrregular(fstatSync(file), ADVICE);
  } catch (error) {
    closeSync(file);
    throw error;
  }
  return file;
}

function fileSource(file: number, size: number, piece: number): Source {
  const buffer = Buffer.allocUnsafeSlow(Math.max(1, Math.min(piece, size)));
  let begin = 0;
  let end = 0;
  return {
    size,
    at(position) {
      if (position < begin || position >= end) {
        begin = end = position;
        end += readSync(file, buffer, 0, Math.min(buffer.length, Math.max(0, size - position)), position);
      }
      return buffer.subarray(position - begin, end - begin);
    },
  };
}

/** Passes the bytes [begin, end) on, a piece at a time, with the place of each after `begin`. */
export function readRange(
  source: Source,
  begin: number,
  end: number,
  take: (bytes: Uint8Array, place: number) => void,
): void {
  for (let position = begin; position < end; ) {
    const bytes = source.at(position).subarray(0, end - position);
    if (bytes.length === 0) fail('BAD_FILE', 'the file ends early: it became shorter while it was read');
    take(bytes, position - begin);
    position += bytes.length;
  }
}

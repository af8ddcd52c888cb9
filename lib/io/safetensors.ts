import { rawContiguous } from '../raw/copy.js';
import { rawEmpty } from '../raw/create.js';
import { rawReadBytes, rawWriteBytes } from '../raw/files.js';
import { refuseSurplus } from '../tensor/arguments.js';
import { checkFits } from '../tensor/capacity.js';
import type { DType } from '../tensor/dtype.js';
import { describe, fail, makeError } from '../tensor/errors.js';
import { checkOptions, checkString } from '../tensor/options.js';
import { checkShape } from '../tensor/shape.js';
import { checkTensor, type Tensor } from '../tensor/tensor.js';
import { writeFileAtomic } from './atomicFile.js';
import { LONE_SURROGATE } from './jsonReader.js';
import { checkPath, namingFile } from './paths.js';
import { CODES, type Entry, MAX_HEADER, PREFIX, readHeader } from './safetensorsHeader.js';
import { type FileOrBytes, PIECE, readRange, type Source, withSource } from './source.js';

const DTYPE_OF = new Map(Object.entries(CODES).map(([dtype, code]) => [code, dtype as DType]));

/**
 * Writes tensors by name, in the safetensors format. The file appears whole or not at all.
 *
 * @param path where to write, a path or a `file:` URL; an existing file is replaced. Only regular files are: a device, a
 * pipe or a folder is refused.
 * @param tensors a state dict (Map or plain object); any shapes, strides and dtypes.
 * @param options `metadata`: strings to keep in the header.
 * @throws FlambeauError BAD_ARGUMENT for a bad name or value; BAD_FILE for what is no regular file; FILE_ACCESS when the
 * system refuses, with its error as `cause`.
 * @example
 * saveSafetensors('model.safetensors', model.stateDict());
 */
export function saveSafetensors(
  path: string | URL,
  tensors: ReadonlyMap<string, Tensor> | Readonly<Record<string, Tensor>>,
  options?: { metadata?: Readonly<Record<string, string>> },
): void {
  if (arguments.length > 3) refuseSurplus('saveSafetensors', arguments, 3);
  const file = checkPath('saveSafetensors', path);
  const { metadata } = checkOptions('saveSafetensors', options, ['metadata']);
  const named = entriesOf(tensors);
  // Wider types first keeps every tensor aligned to its own size.
  const placed = [...named].sort(([, a], [, b]) => b.itemSize - a.itemSize);
  const fields: string[] = [];
  if (metadata !== undefined) fields.push(`"__metadata__":${JSON.stringify(checkMetadata(metadata))}`);
  const offsets = new Map<string, readonly [number, number]>();
  let end = 0;
  for (const [name, x] of placed) {
    const begin = end;
    end += x.numel * x.itemSize;
    offsets.set(name, [begin, end]);
  }
  // One by one: an object would put names that look like indices first.
  for (const [name, x] of named) {
    const value = { dtype: CODES[x.dtype], shape: x._shape, data_offsets: offsets.get(name) };
    fields.push(`${JSON.stringify(name)}:${JSON.stringify(value)}`);
  }
  const header = headerOf(fields);
  namingFile('saveSafetensors', file, () => writeFileAtomic(file, chunksOf(header, placed)));
}

function headerOf(fields: readonly string[]): Buffer {
  const json = Buffer.from(`{${fields.join(',')}}`);
  const length = Math.ceil(json.length / PREFIX) * PREFIX;
  if (length > MAX_HEADER) {
    fail('BAD_ARGUMENT', `saveSafetensors: names and metadata make a header of ${length} bytes, at most ${MAX_HEADER}`);
  }
  const padded = Buffer.alloc(PREFIX + length, ' ');
  padded.writeBigUInt64LE(BigInt(length), 0);
  json.copy(padded, PREFIX);
  return padded;
}

/** The file from its beginning; each chunk is good until the next is asked for. */
export function* chunksOf(
  header: Uint8Array,
  placed: readonly (readonly [string, Tensor])[],
  pieceSize = PIECE,
): Generator<Uint8Array> {
  yield header;
  const piece = Buffer.allocUnsafeSlow(pieceSize);
  let filled = 0;
  for (const [, x] of placed) {
    const whole = rawContiguous(x);
    try {
      const bytes = x.numel * x.itemSize;
      for (let done = 0; done < bytes; ) {
        const part = piece.subarray(filled, filled + Math.min(piece.length - filled, bytes - done));
        rawReadBytes(whole, done, part);
        done += part.length;
        filled += part.length;
        if (filled === piece.length) {
          yield piece;
          filled = 0;
        }
      }
    } finally {
      if (whole !== x) whole.dispose();
    }
  }
  yield piece.subarray(0, filled);
}

function entriesOf(tensors: unknown): [string, Tensor][] {
  if (typeof tensors !== 'object' || tensors === null) {
    const advice = typeof tensors === 'function' && 'stateDict' in tensors ? '; pass its stateDict()' : '';
    fail('WRONG_TYPE', `saveSafetensors: expected a Map or object of tensors, got ${describe(tensors)}${advice}`);
  }
  const entries = tensors instanceof Map ? [...tensors.entries()] : Object.entries(tensors);
  return entries.map(([name, x]) => {
    if (typeof name !== 'string' || name === '__metadata__' || LONE_SURROGATE.test(name)) {
      fail('BAD_ARGUMENT', `saveSafetensors: ${describe(name)} cannot be the name of a tensor`);
    }
    return [name, checkTensor('saveSafetensors', x, `"${name}"`)];
  });
}

function checkMetadata(metadata: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  if (typeof metadata !== 'object' || metadata === null || Array.isArray(metadata)) {
    fail('WRONG_TYPE', `saveSafetensors: metadata must be an object of strings, got ${describe(metadata)}`);
  }
  const entries = Object.entries(metadata);
  for (const [key, value] of entries) {
    checkString('saveSafetensors', `metadata "${key}"`, value);
    if (LONE_SURROGATE.test(key) || LONE_SURROGATE.test(value)) {
      fail('BAD_ARGUMENT', `saveSafetensors: metadata ${describe(key)} holds half a character (a lone surrogate)`);
    }
  }
  return Object.fromEntries(entries);
}

/**
 * Reads all tensors of a safetensors file, in the order of its header. Everything is checked before the first tensor is
 * made; a truncated, overlapping or otherwise malformed file gives an error and no tensors. The tensors' memory is filled
 * piece by piece: no second copy exists at any time.
 *
 * @param file a path or `file:` URL of a regular file, or the file's bytes: a Uint8Array (as Buffer is) or ArrayBuffer.
 * @throws FlambeauError BAD_FILE that names the file and what is wrong with it; FILE_ACCESS when the system refuses, with
 * its error as `cause`; OUT_OF_MEMORY before anything is made when it does not fit.
 * @example
 * saveSafetensors('model.safetensors', model.stateDict());
 * model.loadStateDict(loadSafetensors('model.safetensors'));
 * model.loadStateDict(loadSafetensors(new URL('model.safetensors', `file://${process.cwd()}/`)));
 */
export function loadSafetensors(file: FileOrBytes): Map<string, Tensor> {
  if (arguments.length > 1) refuseSurplus('loadSafetensors', arguments, 1);
  return withSource('loadSafetensors', file, readTensors);
}

export function readTensors(source: Source): Map<string, Tensor> {
  const { entries, placed, dataStart } = readHeader('loadSafetensors', source);
  for (const entry of entries) checkSupported(entry);
  const bytes = source.size - dataStart;
  checkFits('loadSafetensors', entries.length, `tensors of ${bytes} bytes`, { tensors: entries.length, bytes });
  const tensors = new Map<string, Tensor>();
  for (const { name } of entries) tensors.set(name, undefined as never); // the header's order
  try {
    for (const { name, dtype, shape, begin, end } of placed) {
      const x = rawEmpty(shape, DTYPE_OF.get(dtype)!);
      tensors.set(name, x);
      readRange(source, dataStart + begin, dataStart + end, (part, place) => rawWriteBytes(x, place, part));
    }
  } catch (error) {
    for (const x of tensors.values()) x?.dispose();
    throw error;
  }
  return tensors;
}

function checkSupported({ name, dtype, shape }: Entry): void {
  if (!DTYPE_OF.has(dtype)) {
    const known = [...DTYPE_OF.keys()].join(', ');
    fail(
      'BAD_FILE',
      `${describe(name)} has dtype ${dtype}, supported are ${known}; convert it where the file was made, as with x.float() in Python`,
    );
  }
  try {
    checkShape(describe(name), [shape]);
  } catch (error) {
    throw makeError('BAD_FILE', (error as Error).message, { cause: error });
  }
}

/**
 * The strings kept in a safetensors file's header; empty when it has none. Takes what `loadSafetensors` takes, and files
 * whose dtypes Flambeau has no tensors for.
 *
 * @throws FlambeauError as `loadSafetensors`.
 * @example
 * saveSafetensors('model.safetensors', model.stateDict(), { metadata: { epoch: '10' } });
 * loadSafetensorsMetadata('model.safetensors').epoch; // '10'
 */
export function loadSafetensorsMetadata(file: FileOrBytes): Record<string, string> {
  if (arguments.length > 1) refuseSurplus('loadSafetensorsMetadata', arguments, 1);
  return withSource('loadSafetensorsMetadata', file, (source) =>
    Object.fromEntries(readHeader('loadSafetensorsMetadata', source).metadata),
  );
}

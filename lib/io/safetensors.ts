import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { rawFrom } from '../raw/create.js';
import { refuseSurplus } from '../tensor/arguments.js';
import { DTYPES, type DType } from '../tensor/dtype.js';
import { describe, FlambeauError, fail, makeError } from '../tensor/errors.js';
import { checkOptions, checkString } from '../tensor/options.js';
import { checkShape, numelOf, showShape } from '../tensor/shape.js';
import { checkTensor, storedElements, type Tensor } from '../tensor/tensor.js';
import { writeFileAtomic } from './atomicFile.js';

// The format: https://github.com/huggingface/safetensors#format
// 8 bytes: header length, little endian; the header: JSON, name → {dtype, shape, data_offsets}; then the data, which
// the offsets cover without holes or overlaps.

const CODES: Readonly<Record<DType, string>> = {
  float32: 'F32',
  float64: 'F64',
  bfloat16: 'BF16',
  int32: 'I32',
  int64: 'I64',
  uint8: 'U8',
  int8: 'I8',
  bool: 'BOOL',
};
const DTYPE_OF = new Map(Object.entries(CODES).map(([dtype, code]) => [code, dtype as DType]));

/** The reference implementation's own limit. */
const MAX_HEADER = 100_000_000;
const PREFIX = 8;

interface Entry {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

interface Header {
  readonly entries: readonly Entry[];
  readonly metadata: Readonly<Record<string, string>>;
  readonly dataStart: number;
}

/** Where the bytes come from: fills `target` from `position`. */
type ReadAt = (target: Uint8Array, position: number) => void;

/**
 * Writes tensors by name, in the safetensors format. The file appears whole or not at all.
 *
 * @param path where to write; an existing file is replaced.
 * @param tensors a state dict (Map or plain object); any shapes, strides and dtypes.
 * @param options `metadata`: strings to keep in the header.
 * @throws FlambeauError BAD_ARGUMENT for a bad name or value; the system's error when the disk refuses.
 * @example
 * saveSafetensors('model.safetensors', model.stateDict());
 */
export function saveSafetensors(
  path: string,
  tensors: ReadonlyMap<string, Tensor> | Readonly<Record<string, Tensor>>,
  options?: { metadata?: Readonly<Record<string, string>> },
): void {
  if (arguments.length > 3) refuseSurplus('saveSafetensors', arguments, 3);
  checkPath('saveSafetensors', path);
  const { metadata } = checkOptions('saveSafetensors', options, ['metadata']);
  const named = entriesOf(tensors);
  // Wider types first keeps every tensor aligned to its own size.
  const placed = [...named].sort(([, a], [, b]) => b.itemSize - a.itemSize);
  const header: Record<string, unknown> = Object.create(null);
  if (metadata !== undefined) header.__metadata__ = checkMetadata(metadata);
  const offsets = new Map<string, readonly [number, number]>();
  let end = 0;
  for (const [name, x] of placed) {
    const begin = end;
    end += x.numel * x.itemSize;
    offsets.set(name, [begin, end]);
  }
  for (const [name, x] of named) {
    header[name] = { dtype: CODES[x.dtype], shape: x.shape, data_offsets: offsets.get(name) };
  }
  writeFileAtomic(path, chunksOf(header, placed));
}

function* chunksOf(header: object, placed: readonly (readonly [string, Tensor])[]): Generator<Uint8Array> {
  const json = Buffer.from(JSON.stringify(header));
  const padded = Buffer.alloc(PREFIX + Math.ceil(json.length / PREFIX) * PREFIX, ' ');
  padded.writeBigUInt64LE(BigInt(padded.length - PREFIX), 0);
  json.copy(padded, PREFIX);
  yield padded;
  for (const [, x] of placed) {
    const data = storedElements('saveSafetensors', x);
    yield new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  }
}

function entriesOf(tensors: unknown): [string, Tensor][] {
  if (typeof tensors !== 'object' || tensors === null) {
    fail('WRONG_TYPE', `saveSafetensors: expected a Map or object of tensors, got ${describe(tensors)}`);
  }
  const entries = tensors instanceof Map ? [...tensors.entries()] : Object.entries(tensors);
  return entries.map(([name, x]) => {
    if (typeof name !== 'string' || name === '__metadata__') {
      fail('BAD_ARGUMENT', `saveSafetensors: ${describe(name)} cannot be the name of a tensor`);
    }
    return [name, checkTensor('saveSafetensors', x, `"${name}"`)];
  });
}

function checkMetadata(metadata: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  if (!isRecord(metadata)) {
    fail('WRONG_TYPE', `saveSafetensors: metadata must be an object of strings, got ${describe(metadata)}`);
  }
  const entries = Object.entries(metadata);
  for (const [key, value] of entries) checkString('saveSafetensors', `metadata "${key}"`, value);
  return Object.fromEntries(entries);
}

/**
 * Reads all tensors of a safetensors file, in the order of its header. Everything is checked before the first tensor is
 * made; a truncated, overlapping or otherwise malformed file gives an error and no tensors.
 *
 * @throws FlambeauError BAD_FILE that names the file and what is wrong with it.
 * @example
 * model.loadStateDict(loadSafetensors('model.safetensors'));
 */
export function loadSafetensors(path: string): Map<string, Tensor> {
  if (arguments.length > 1) refuseSurplus('loadSafetensors', arguments, 1);
  return withFile('loadSafetensors', path, (read, size) => {
    const { entries, dataStart } = readHeader(read, size);
    const tensors = new Map<string, Tensor>();
    try {
      for (const entry of entries) tensors.set(entry.name, readTensor(entry, dataStart, read));
    } catch (error) {
      for (const x of tensors.values()) x.dispose();
      throw error;
    }
    return tensors;
  });
}

/**
 * The strings kept in a safetensors file's header; empty when it has none.
 *
 * @example
 * saveSafetensors('model.safetensors', model.stateDict(), { metadata: { epoch: '10' } });
 * loadSafetensorsMetadata('model.safetensors').epoch; // '10'
 */
export function loadSafetensorsMetadata(path: string): Record<string, string> {
  if (arguments.length > 1) refuseSurplus('loadSafetensorsMetadata', arguments, 1);
  return withFile('loadSafetensorsMetadata', path, (read, size) => ({ ...readHeader(read, size).metadata }));
}

function withFile<R>(op: string, path: string, use: (read: ReadAt, size: number) => R): R {
  checkPath(op, path);
  const file = openSync(path, 'r');
  try {
    const size = fstatSync(file).size;
    const read: ReadAt = (target, position) => {
      for (let done = 0; done < target.length; ) {
        const n = readSync(file, target, done, target.length - done, position + done);
        if (n === 0) fail('BAD_FILE', 'the file ends early');
        done += n;
      }
    };
    return use(read, size);
  } catch (error) {
    if (error instanceof FlambeauError && error.code === 'BAD_FILE') {
      throw makeError('BAD_FILE', `${op}: ${path}: ${error.message}`, { cause: error });
    }
    throw error;
  } finally {
    closeSync(file);
  }
}

function checkPath(op: string, path: unknown): void {
  if (typeof path !== 'string' || path === '')
    fail('WRONG_TYPE', `${op}: path must be a string, got ${describe(path)}`);
}

function readHeader(read: ReadAt, size: number): Header {
  if (size < PREFIX) fail('BAD_FILE', `${size} bytes are too few for a header`);
  const prefix = Buffer.alloc(PREFIX);
  read(prefix, 0);
  const length = Number(prefix.readBigUInt64LE(0));
  if (length > MAX_HEADER || length > size - PREFIX) {
    fail('BAD_FILE', `the header claims ${length} bytes, the file has ${size}`);
  }
  const bytes = Buffer.alloc(length);
  read(bytes, PREFIX);
  let text: string;
  let json: unknown;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    json = JSON.parse(text);
  } catch (error) {
    throw makeError('BAD_FILE', 'the header is not JSON', { cause: error });
  }
  checkKeysDiffer(text);
  return parseHeader(json, size - PREFIX - length, PREFIX + length);
}

/** A key that stands twice, of which JSON.parse keeps the last. The format forbids it. `text` is JSON. */
function checkKeysDiffer(text: string): void {
  const keys = new Set<string>();
  let depth = 0;
  for (const [token, string, colon] of text.matchAll(/("[^"\\]*(?:\\.[^"\\]*)*")\s*(:?)|[{}[\]]/g)) {
    if (string === undefined) depth += token === '{' || token === '[' ? 1 : -1;
    else if (colon === ':' && depth === 1) {
      const key = JSON.parse(string) as string;
      if (keys.has(key)) fail('BAD_FILE', `the header has the key ${string} twice`);
      keys.add(key);
    }
  }
}

function parseHeader(json: unknown, dataBytes: number, dataStart: number): Header {
  if (!isRecord(json)) fail('BAD_FILE', 'the header is not an object');
  const entries: Entry[] = [];
  let metadata: Record<string, string> = {};
  for (const [name, value] of Object.entries(json)) {
    if (!isRecord(value)) fail('BAD_FILE', `"${name}" is not an object`);
    if (name === '__metadata__') {
      if (!Object.values(value).every((text) => typeof text === 'string'))
        fail('BAD_FILE', '__metadata__ holds a non-string');
      metadata = value as Record<string, string>;
    } else {
      entries.push(parseEntry(name, value));
    }
  }
  checkCoverage(entries, dataBytes);
  return { entries, metadata, dataStart };
}

function parseEntry(name: string, value: Record<string, unknown>): Entry {
  const dtype = DTYPE_OF.get(value.dtype as string);
  if (dtype === undefined) {
    fail('BAD_FILE', `"${name}" has dtype ${describe(value.dtype)}, supported are ${[...DTYPE_OF.keys()].join(', ')}`);
  }
  const offsets = value.data_offsets;
  if (!Array.isArray(value.shape) || !Array.isArray(offsets) || offsets.length !== 2) {
    fail('BAD_FILE', `"${name}" lacks a shape or data_offsets`);
  }
  const shape = parseShape(name, value.shape);
  const [begin, end] = offsets as unknown[];
  if (!Number.isSafeInteger(begin) || !Number.isSafeInteger(end)) fail('BAD_FILE', `"${name}" has bad data_offsets`);
  const entry = { name, dtype, shape, begin: begin as number, end: end as number };
  if (entry.end - entry.begin !== numelOf(shape) * DTYPES[dtype].bytes) {
    fail('BAD_FILE', `"${name}" of shape ${showShape(shape)} and ${dtype} has ${entry.end - entry.begin} bytes`);
  }
  return entry;
}

function parseShape(name: string, shape: readonly unknown[]): number[] {
  try {
    return checkShape(`"${name}"`, [shape]);
  } catch (error) {
    throw makeError('BAD_FILE', (error as Error).message, { cause: error });
  }
}

/** The entries lie end to end over all of the data, so none can alias another or hide bytes. */
function checkCoverage(entries: readonly Entry[], dataBytes: number): void {
  let position = 0;
  for (const { name, begin, end } of [...entries].sort((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin !== position) fail('BAD_FILE', `"${name}" begins at byte ${begin} of the data, expected ${position}`);
    position = end;
  }
  if (position !== dataBytes)
    fail('BAD_FILE', `the header covers ${position} bytes of data, the file has ${dataBytes}`);
}

function readTensor({ dtype, shape, begin }: Entry, dataStart: number, read: ReadAt): Tensor {
  const data = new DTYPES[dtype].stored(numelOf(shape));
  const bytes = new Uint8Array(data.buffer);
  read(bytes, dataStart + begin);
  if (dtype === 'bool') for (let i = 0; i < bytes.length; i++) if (bytes[i] !== 0) bytes[i] = 1;
  return rawFrom(data, [...shape], dtype);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

import { isUtf8 } from 'node:buffer';
import { checkHeapRoom } from '../tensor/capacity.js';
import type { DType } from '../tensor/dtype.js';
import { describe, fail } from '../tensor/errors.js';
import { showShape } from '../tensor/shape.js';
import { kindOfFile } from './fileKind.js';
import { JsonReader } from './jsonReader.js';
import { readRange, type Source } from './source.js';

// The format: https://github.com/huggingface/safetensors#format
// 8 bytes: header length, little endian; the header: JSON, name → {dtype, shape, data_offsets}; then the data, which
// the offsets cover without holes or overlaps. Judged as the reference implementation does, but strict where that is
// laxer than the format's text: no white space before the '{', no key twice, tensors as objects only.

export const CODES: Readonly<Record<DType, string>> = {
  float32: 'F32',
  float64: 'F64',
  bfloat16: 'BF16',
  int32: 'I32',
  int64: 'I64',
  uint8: 'U8',
  int8: 'I8',
  bool: 'BOOL',
};

/** Every dtype of the format, whether a tensor of it can be had here or not. */
const BITS: Readonly<Record<string, number>> = {
  ...{ BOOL: 8, U8: 8, I8: 8, U16: 16, I16: 16, U32: 32, I32: 32, U64: 64, I64: 64 },
  ...{ F16: 16, BF16: 16, F32: 32, F64: 64, C64: 64, F4: 4, F6_E2M3: 6, F6_E3M2: 6 },
  ...{ F8_E5M2: 8, F8_E4M3: 8, F8_E8M0: 8, F8_E4M3FNUZ: 8, F8_E5M2FNUZ: 8 },
};

/** The reference implementation's own limit. */
export const MAX_HEADER = 100_000_000;
export const PREFIX = 8;

export interface Entry {
  readonly name: string;
  /** The format's own name of it. */
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

export interface Header {
  /** In the header's order. */
  readonly entries: readonly Entry[];
  /** In the order of their bytes. */
  readonly placed: readonly Entry[];
  readonly metadata: ReadonlyMap<string, string>;
  readonly dataStart: number;
}

export function readHeader(op: string, source: Source): Header {
  const { size } = source;
  const start = new Uint8Array(Math.min(size, PREFIX + 1));
  readRange(source, 0, start.length, (bytes, place) => start.set(bytes, place));
  const length = start.length < PREFIX ? 0 : Number(new DataView(start.buffer).getBigUint64(0, true));
  const begins = start[PREFIX] === 0x7b;
  if (!begins || length > MAX_HEADER || length > size - PREFIX) {
    const kind = kindOfFile(source.at(0), size);
    if (kind !== undefined) fail('BAD_FILE', `this is ${kind}`);
    if (size < PREFIX) fail('BAD_FILE', `${size} bytes are too few for a header; the file was cut short or is another`);
    if (length > MAX_HEADER) fail('BAD_FILE', `the header claims ${length} bytes, at most ${MAX_HEADER} are allowed`);
    if (length > size - PREFIX) {
      fail('BAD_FILE', `the header claims ${length} bytes, the file has ${size}: it was cut short, or is another file`);
    }
    fail('BAD_FILE', "the header does not begin with '{': this is no safetensors file");
  }
  const bytes = new Uint8Array(length);
  readRange(source, PREFIX, PREFIX + length, (piece, place) => bytes.set(piece, place));
  return { ...parseHeader(op, bytes, size - PREFIX - length), dataStart: PREFIX + length };
}

/** What is held besides a string: an entry with its place in a map and, with its shape, in two arrays. */
const ENTRY_BYTES = 400;
const TEXT_BYTES = 100;
const STEP = 2 ** 20;

/** The header of a file with so many bytes of data. */
export function parseHeader(op: string, bytes: Uint8Array, dataBytes: number): Omit<Header, 'dataStart'> {
  if (!isUtf8(bytes)) fail('BAD_FILE', 'the header is not valid UTF-8');
  let pending = 0;
  const charge = (heapBytes: number): void => {
    pending += heapBytes;
    if (pending < STEP) return;
    checkHeapRoom(op, 'the header', pending + STEP);
    pending = 0;
  };
  const json = new JsonReader(bytes, charge);
  const entries = new Map<string, Entry>();
  let metadata: Map<string, string> | undefined;
  json.object((name) => {
    if (name === '__metadata__') {
      if (metadata !== undefined) fail('BAD_FILE', 'the header has the key "__metadata__" twice');
      metadata = readMetadata(json, charge);
    } else {
      if (entries.has(name)) fail('BAD_FILE', `the header has the key ${describe(name)} twice`);
      charge(ENTRY_BYTES);
      entries.set(name, readEntry(name, json, charge));
    }
  });
  json.end();
  const all = [...entries.values()];
  const placed = [...all].sort((a, b) => a.begin - b.begin || a.end - b.end);
  checkCoverage(placed, dataBytes);
  return { entries: all, placed, metadata: metadata ?? new Map<string, string>() };
}

function readMetadata(json: JsonReader, charge: (heapBytes: number) => void): Map<string, string> {
  const metadata = new Map<string, string>();
  if (json.isNull()) return metadata;
  json.object((key) => {
    if (metadata.has(key)) fail('BAD_FILE', `__metadata__ has the key ${describe(key)} twice`);
    charge(TEXT_BYTES);
    metadata.set(key, json.string('a string (all of __metadata__ are)'));
  });
  return metadata;
}

function readEntry(name: string, json: JsonReader, charge: (heapBytes: number) => void): Entry {
  let dtype: string | undefined;
  let shape: number[] | undefined;
  let offsets: number[] | undefined;
  const integers = (of: string): number[] => {
    const list: number[] = [];
    json.array(() => {
      charge(8);
      list.push(json.integer(`an integer in ${of}`));
    });
    return list;
  };
  const once = (field: string, value: unknown): void => {
    if (value !== undefined) fail('BAD_FILE', `${describe(name)} has the field ${field} twice`);
  };
  json.object((field) => {
    if (field === 'dtype') {
      once(field, dtype);
      dtype = json.string("a dtype's name");
    } else if (field === 'shape') {
      once(field, shape);
      shape = integers('a shape');
    } else if (field === 'data_offsets') {
      once(field, offsets);
      offsets = integers('data_offsets');
    } else {
      json.skip(2);
    }
  });
  if (dtype === undefined) return fail('BAD_FILE', `${describe(name)} lacks a dtype`);
  if (shape === undefined) return fail('BAD_FILE', `${describe(name)} lacks a shape`);
  if (offsets?.length !== 2) return fail('BAD_FILE', `${describe(name)} lacks a pair of data_offsets`);
  return checkEntry({ name, dtype, shape, begin: offsets[0]!, end: offsets[1]! });
}

function checkEntry(entry: Entry): Entry {
  const { name, dtype, shape, begin, end } = entry;
  if (!Object.hasOwn(BITS, dtype)) {
    fail('BAD_FILE', `${describe(name)} has dtype ${describe(dtype)}, which the format does not know`);
  }
  let bits = BITS[dtype]!;
  for (const size of shape) bits *= size;
  // Past 2^53 a product is rounded; the largest file is far from it.
  if (!(bits <= Number.MAX_SAFE_INTEGER) || bits % 8 !== 0 || end - begin !== bits / 8) {
    const bytes = `${end - begin} bytes`;
    fail(
      'BAD_FILE',
      `${describe(name)} of shape ${showShape(shape.slice(0, 20))} and ${dtype} has ${bytes}, expected ${bits / 8}`,
    );
  }
  return entry;
}

/** The entries lie end to end over all of the data, so none can alias another or hide bytes. */
function checkCoverage(placed: readonly Entry[], dataBytes: number): void {
  let position = 0;
  for (const { name, begin, end } of placed) {
    if (begin !== position) {
      fail('BAD_FILE', `${describe(name)} begins at byte ${begin} of the data, expected ${position}`);
    }
    position = end;
  }
  if (position !== dataBytes) {
    const why = position > dataBytes ? ': it was cut short' : '';
    fail('BAD_FILE', `the header covers ${position} bytes of data, the file has ${dataBytes}${why}`);
  }
}

import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import {
  arange,
  type DType,
  FlambeauError,
  loadSafetensors,
  loadSafetensorsMetadata,
  memory,
  nn,
  rand,
  saveSafetensors,
  type Tensor,
  tensor,
  zeros,
} from '../../../lib/index.js';

const folder = mkdtempSync(path.join(tmpdir(), 'flambeau-'));
const file = path.join(folder, 'model.safetensors');
beforeEach(() => rmSync(file, { force: true }));
afterAll(() => rmSync(folder, { recursive: true }));

function roundTrip(x: Tensor): Tensor {
  saveSafetensors(file, { x });
  return loadSafetensors(file).get('x')!;
}

describe('round trips', () => {
  test.each<[DType, (number | bigint)[]]>([
    ['float32', [1.5, -0, Number.NaN, Infinity, -Infinity, 1e-45]],
    ['float64', [Math.PI, 5e-324, -1.7976931348623157e308, Number.NaN]],
    ['int32', [-(2 ** 31), 2 ** 31 - 1, 0]],
    ['int64', [-(2n ** 63n), 2n ** 63n - 1n, 2n ** 53n + 1n]],
    ['uint8', [0, 255, 7]],
    ['bool', [1, 0, 1]],
  ])('%s, bit for bit', (dtype, values) => {
    const x = tensor(values, { dtype });
    const y = roundTrip(x);
    expect(y.dtype).toBe(dtype);
    expect(Buffer.from(y.toTypedArray().buffer)).toEqual(Buffer.from(x.toTypedArray().buffer));
  });

  test.each<[string, () => Tensor]>([
    ['a scalar', () => tensor(3)],
    ['no elements', () => zeros([2, 0, 3])],
    ['one element', () => zeros([1])],
    ['transposed', () => arange(6).reshape(2, 3).t()],
    ['a part', () => arange(24).reshape(4, 6).narrow(1, 2, 3)],
    ['repeated', () => arange(3).expand(4, 3)],
    ['16 dimensions', () => zeros(new Array<number>(16).fill(1))],
  ])('%s', (_name, make) => {
    const x = make();
    const y = roundTrip(x);
    expect(y.shape).toEqual(x.shape);
    expect(y.toArray()).toEqual(x.toArray());
    expect(y.isContiguous()).toBe(true);
  });

  test('a model, names and order', () => {
    const make = (): nn.Module => new nn.Sequential(new nn.Linear(3, 4), new nn.ReLU(), new nn.Linear(4, 2));
    const [from, to] = [make(), make()];
    saveSafetensors(file, from.stateDict());
    const loaded = loadSafetensors(file);
    expect([...loaded.keys()]).toEqual([...from.stateDict().keys()]);
    to.loadStateDict(loaded);
    for (const [name, x] of from.stateDict()) expect(to.stateDict().get(name)!.toArray()).toEqual(x.toArray());
  });

  test('names that JavaScript objects treat in their own way', () => {
    const names = ['10', '2', '__proto__', 'constructor', 'ünï.©', '', '"quoted"\\'];
    saveSafetensors(file, new Map(names.map((name, i) => [name, tensor([i])])));
    const loaded = loadSafetensors(file);
    expect(names.map((name) => loaded.get(name)?.item())).toEqual(names.map((_, i) => i));
    expect([...loaded.keys()]).toEqual(names);
  });

  test('metadata', () => {
    saveSafetensors(file, { x: zeros([1]) }, { metadata: { format: 'pt', author: 'ñ' } });
    expect(loadSafetensorsMetadata(file)).toEqual({ format: 'pt', author: 'ñ' });
    expect([...loadSafetensors(file).keys()]).toEqual(['x']);
  });

  test('no tensors', () => {
    saveSafetensors(file, new Map());
    expect(loadSafetensors(file).size).toBe(0);
  });

  test('every tensor lies aligned to its own size, and the header to 8 bytes', () => {
    saveSafetensors(file, {
      byte: tensor([1], { dtype: 'uint8' }),
      double: tensor([1], { dtype: 'float64' }),
      flag: tensor([true]),
      single: tensor([1]),
    });
    const bytes = readFileSync(file);
    const length = Number(bytes.readBigUInt64LE(0));
    expect(length % 8).toBe(0);
    const header = JSON.parse(bytes.toString('utf8', 8, 8 + length)) as Record<string, { data_offsets: number[] }>;
    expect(header.double!.data_offsets[0]! % 8).toBe(0);
    expect(header.single!.data_offsets[0]! % 4).toBe(0);
  });
});

const ENTRY = '{"dtype":"F32","shape":[1],"data_offsets":[0,4]}';

/** A file of this header (JSON unless it is text or bytes already) and so many bytes of data. */
function write(header: unknown, dataBytes = 0, claimed?: bigint): void {
  const json = Buffer.isBuffer(header)
    ? header
    : Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(claimed ?? BigInt(json.length));
  writeFileSync(file, Buffer.concat([prefix, json, Buffer.alloc(dataBytes)]));
}

const entry = (shape: unknown, begin: unknown, end: unknown, dtype: unknown = 'F32'): object => ({
  dtype,
  shape,
  data_offsets: [begin, end],
});

const nested = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);
const withExtra = (value: string): string => `{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"q":${value}}}`;

describe('hostile files', () => {
  test.each<[string, () => void, RegExp]>([
    ['nothing', () => writeFileSync(file, ''), /an empty file/],
    ['half a length', () => writeFileSync(file, 'abc'), /too few/],
    [
      'a key twice, once escaped',
      () => write(`{"a":${ENTRY},"__metadata__":{"x":"\\"}{","a":"1"},"\\u0061": ${ENTRY}}`, 4),
      /has the key "a" twice/,
    ],
    ['a header past the end', () => write({}, 0, 1000n), /claims 1000 bytes/],
    ['a header of 2^64 - 1 bytes', () => write({}, 0, 2n ** 64n - 1n), /claims/],
    ['no JSON', () => write('{"x":'), /at byte 5: expected an object, got its end/],
    [
      'bytes that are no UTF-8',
      () => write(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])),
      /not valid UTF-8/,
    ],
    ['an array', () => write([]), /does not begin with '{'/],
    ['null', () => write('null'), /does not begin with '{'/],
    ['white space before the header', () => write(` {"a":${ENTRY}}`, 4), /does not begin with '{'/],
    ['a number for a tensor', () => write({ x: 5 }), /expected an object, got '5'/],
    ['a tensor as a list', () => write({ x: ['F32', [1], [0, 4]] }, 4), /expected an object, got '\['/],
    ['a dtype that we lack', () => write({ x: entry([2], 0, 4, 'F16') }, 4), /"x" has dtype F16, supported are F32, /],
    [
      'half a byte',
      () => write({ x: entry([1], 0, 1, 'F4') }, 1),
      /"x" of shape \[1\] and F4 has 1 bytes, expected 0.5/,
    ],
    ['an unknown dtype', () => write({ x: entry([1], 0, 4, 'f32') }, 4), /dtype "f32", which the format does not know/],
    ['a dtype by an inherited name', () => write({ x: entry([1], 0, 4, 'toString') }, 4), /does not know/],
    ['a dtype in an array', () => write({ x: entry([1], 0, 4, ['F32']) }, 4), /expected a dtype's name/],
    ['a field twice', () => write('{"x":{"dtype":"F32","dtype":"F32"}}'), /"x" has the field dtype twice/],
    ['a key of metadata twice', () => write('{"__metadata__":{"a":"","a":""}}'), /__metadata__ has the key "a" twice/],
    [
      'metadata twice',
      () =>
        write(
          '{"__metadata__":null,"x":{"dtype":"F32","shape":[0],"data_offsets":[0,0]},"__metadata__":{},"__metadata__":{}}',
        ),
      /"__metadata__" twice/,
    ],
    ['a comma too many', () => write(`{"a":${ENTRY},}`, 4), /expected a key/],
    ['something after the end', () => write(`{"a":${ENTRY}}\0`, 4), /expected the end, got byte 0/],
    ['a control character in a name', () => write(`{"a\u0001":${ENTRY}}`, 4), /a character of a string, got byte 1/],
    ['half a character in a name', () => write(`{"\\ud800":${ENTRY}}`, 4), /no lone surrogates/],
    ['a bad escape', () => write(`{"\\x":${ENTRY}}`, 4), /valid escapes/],
    ['a fraction', () => write('{"x":{"dtype":"F32","shape":[1.0],"data_offsets":[0,4]}}', 4), /',' or '\]', got '\.'/],
    [
      'a leading zero',
      () => write('{"x":{"dtype":"F32","shape":[01],"data_offsets":[0,4]}}', 4),
      /without leading zeros/,
    ],
    [
      'a size past 2^53',
      () => write('{"x":{"dtype":"F32","shape":[0,9007199254740993],"data_offsets":[0,0]}}'),
      /below 2\^53/,
    ],
    ['levels without end', () => write(`{"x":{"q":${'['.repeat(1e6)}`), /at most 127 levels/],
    ['levels just too many', () => write(withExtra(nested(126)), 4), /at most 127 levels/],
    ['a number past all in a field of its own', () => write(withExtra('1e999'), 4), /expected a value/],
    ['objects without end', () => write('{},'.repeat(1e6)), /expected the end, got ','/],
    ['no shape', () => write({ x: { dtype: 'F32', data_offsets: [0, 4] } }, 4), /lacks a shape/],
    ['three offsets', () => write({ x: { dtype: 'F32', shape: [1], data_offsets: [0, 4, 8] } }, 4), /lacks/],
    ['a negative size', () => write({ x: entry([-1], 0, 4) }, 4), /expected an integer in a shape/],
    ['a size in words', () => write({ x: entry(['1'], 0, 4) }, 4), /expected an integer in a shape/],
    ['a nested shape', () => write({ x: entry([[1]], 0, 4) }, 4), /expected an integer in a shape/],
    ['a shape whose product overflows', () => write({ x: entry([2 ** 40, 2 ** 40], 0, 4) }, 4), /expected 4.8/],
    ['17 dimensions', () => write({ x: entry(new Array(17).fill(1), 0, 4) }, 4), /at most 16/],
    ['more bytes than the shape has', () => write({ x: entry([1], 0, 8) }, 8), /has 8 bytes/],
    ['offsets in words', () => write({ x: entry([1], '0', '4') }, 4), /expected an integer in data_offsets/],
    ['offsets the wrong way round', () => write({ x: entry([1], 4, 0) }, 4), /has -4 bytes/],
    ['a negative offset', () => write({ x: entry([1], -4, 0) }, 4), /expected an integer in data_offsets, got '-'/],
    ['a hole', () => write({ x: entry([1], 4, 8) }, 8), /begins at byte 4/],
    ['an overlap', () => write({ x: entry([1], 0, 4), y: entry([1], 0, 4) }, 4), /begins at byte 0/],
    [
      'data past the end',
      () => write({ x: entry([2], 0, 8) }, 4),
      /covers 8 bytes of data, the file has 4: it was cut short/,
    ],
    ['bytes that no tensor has', () => write({ x: entry([1], 0, 4) }, 8), /covers 4 bytes/],
    ['metadata of numbers', () => write({ __metadata__: { a: 1 } }), /expected a string \(all of __metadata__ are\)/],
  ])('%s', (_name, spoil, message) => {
    spoil();
    const before = memory().tensors;
    const load = (): unknown => loadSafetensors(file);
    expect(load).toThrow(FlambeauError);
    expect(load).toThrow(expect.objectContaining({ code: 'BAD_FILE' }));
    expect(load).toThrow(message);
    expect(load).toThrow(file);
    expect(memory().tensors).toBeLessThanOrEqual(before);
  });

  test('a truncation at every byte', () => {
    saveSafetensors(file, { x: rand([3]), y: tensor([true]) });
    const good = readFileSync(file);
    for (let length = 0; length < good.length; length++) {
      writeFileSync(file, good.subarray(0, length));
      expect(() => loadSafetensors(file), `${length} bytes`).toThrow(expect.objectContaining({ code: 'BAD_FILE' }));
    }
  });

  test('booleans other than 0 and 1 become 1', () => {
    write({ x: entry([3], 0, 3, 'BOOL') }, 3);
    const bytes = readFileSync(file);
    bytes.set([0, 7, 255], bytes.length - 3);
    writeFileSync(file, bytes);
    expect(Array.from(loadSafetensors(file).get('x')!.toTypedArray(), Number)).toEqual([0, 1, 1]);
  });

  test.each<[string, string]>([
    ['fields that the format may gain', '"q":[1.5e3,-0,null,{"z":"\\ud83d\\ude00"}],"q":true'],
    ['as many levels as the reference takes', `"q":${nested(125)}`],
  ])('%s are passed over', (_name, field) => {
    write(`{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4],${field}}}\n `, 4);
    expect(loadSafetensors(file).get('x')!.toArray()).toEqual([0]);
  });

  test('no metadata may be null', () => {
    write(`{"__metadata__":null,"x":${ENTRY}}`, 4);
    expect(loadSafetensorsMetadata(file)).toEqual({});
  });

  test('metadata is had of a file whose tensors cannot be', () => {
    write({ __metadata__: { a: 'b' }, x: entry([1], 0, 1, 'F8_E4M3') }, 1);
    expect(loadSafetensorsMetadata(file)).toEqual({ a: 'b' });
  });

  test('tensors come in the order of the header, not of their bytes', () => {
    write({ b: entry([1], 4, 8), '': entry([0], 4, 4), a: entry([1], 0, 4) }, 8);
    expect([...loadSafetensors(file).keys()]).toEqual(['b', '', 'a']);
  });
});

describe('saving is atomic', () => {
  const leftovers = (): string[] => readdirSync(folder).filter((name) => name.endsWith('.tmp'));

  test('a replaced file keeps its permissions, and a link remains one', () => {
    const [file, link] = [path.join(folder, 'private'), path.join(folder, 'link')];
    saveSafetensors(file, { a: zeros([1]) });
    chmodSync(file, 0o600);
    symlinkSync(file, link);
    saveSafetensors(link, { b: zeros([1]) });
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
    expect([...loadSafetensors(file).keys()]).toEqual(['b']);
    if (process.platform !== 'win32') expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  test('a bad file is reported by the function that was called', () => {
    const file = path.join(folder, 'short');
    writeFileSync(file, 'x');
    expect(() => loadSafetensorsMetadata(file)).toThrow(`loadSafetensorsMetadata: ${file}: 1 bytes are too few`);
  });

  test('an error while writing leaves the old file and no other', () => {
    saveSafetensors(file, { x: tensor([1, 2]) });
    const endless = zeros([1]).expand(2 ** 40);
    expect(() => saveSafetensors(file, { x: tensor([3]), endless })).toThrow(
      expect.objectContaining({ code: 'OUT_OF_MEMORY' }),
    );
    expect(loadSafetensors(file).get('x')!.toArray()).toEqual([1, 2]);
    expect(leftovers()).toEqual([]);
  });

  test('a folder in the place leaves no other file', () => {
    const taken = path.join(folder, 'taken');
    mkdirSync(path.join(taken, 'inside'), { recursive: true });
    expect(() => saveSafetensors(taken, { x: tensor([1]) })).toThrow(/it is a folder, not a regular file/);
    expect(leftovers()).toEqual([]);
    expect(existsSync(path.join(taken, 'inside'))).toBe(true);
  });

  test.each<[string, () => void]>([
    [
      'a disposed tensor',
      () => {
        const x = zeros([1]);
        x.dispose();
        saveSafetensors(file, { x });
      },
    ],
    ['no tensor', () => saveSafetensors(file, { x: [1] as never })],
    ['a name that the format keeps', () => saveSafetensors(file, { __metadata__: zeros([1]) })],
    ['a name that is no string', () => saveSafetensors(file, new Map([[1 as never, zeros([1])]]))],
    ['metadata of numbers', () => saveSafetensors(file, {}, { metadata: { a: 1 as never } })],
    ['metadata that is no object', () => saveSafetensors(file, {}, { metadata: 5n as never })],
    ['an unknown option', () => saveSafetensors(file, {}, { meta: {} } as never)],
    ['a name with half a character', () => saveSafetensors(file, { '\ud800': zeros([1]) })],
    ['metadata with half a character', () => saveSafetensors(file, {}, { metadata: { a: '\udc00' } })],
    ['a header that no reader takes', () => saveSafetensors(file, {}, { metadata: { a: ' '.repeat(1e8) } })],
    ['a module', () => saveSafetensors(file, new nn.Linear(1, 1) as never)],
    ['no path', () => saveSafetensors('', {})],
  ])('%s is refused before anything is written', (_name, save) => {
    expect(save).toThrow(FlambeauError);
    expect(existsSync(file)).toBe(false);
    expect(leftovers()).toEqual([]);
  });
});

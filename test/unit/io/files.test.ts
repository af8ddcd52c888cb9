import { execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  existsSync,
  ftruncateSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import {
  arange,
  FlambeauError,
  loadSafetensors,
  loadSafetensorsMetadata,
  saveSafetensors,
  tensor,
  zeros,
} from '../../../lib/index.js';
import { writeFileAtomic } from '../../../lib/io/atomicFile.js';
import { chunksOf, readTensors } from '../../../lib/io/safetensors.js';
import { withSource } from '../../../lib/io/source.js';
import { lockFile } from '../../../lib/raw/files.js';

const folder = mkdtempSync(path.join(tmpdir(), 'flambeau-files-'));
const file = path.join(folder, 'model.safetensors');
const posix = process.platform !== 'win32';
const root = process.getuid?.() === 0;
beforeEach(() => rmSync(file, { force: true }));
afterAll(() => rmSync(folder, { recursive: true }));

function errorOf(call: () => unknown): FlambeauError & { cause?: NodeJS.ErrnoException } {
  try {
    call();
  } catch (error) {
    expect(error).toBeInstanceOf(FlambeauError);
    return error as never;
  }
  throw new Error('nothing was thrown');
}

describe('in pieces', () => {
  test.each([1, 3, 7, 64, 4096])('of %i bytes, read and written', (piece) => {
    const state = { a: arange(37), b: tensor([true, false, true]), c: arange(6).reshape(2, 3).t(), d: zeros([0]) };
    saveSafetensors(file, state);
    const bytes = readFileSync(file);
    const header = bytes.subarray(0, 8 + Number(bytes.readBigUInt64LE(0)));
    const placed = ['a', 'c', 'd', 'b'].map((name) => [name, state[name as 'a']] as const);
    const chunks = [...chunksOf(header, placed, piece)].map((chunk) => chunk.length);
    expect(Math.max(...chunks.slice(1))).toBeLessThanOrEqual(piece);
    const written: Buffer[] = [];
    for (const chunk of chunksOf(header, placed, piece)) written.push(Buffer.from(chunk));
    expect(Buffer.concat(written)).toEqual(bytes);
    for (const from of [file, bytes]) {
      const loaded = withSource('test', from, readTensors, piece);
      for (const [name, x] of Object.entries(state)) expect(loaded.get(name)!.toArray()).toEqual(x.toArray());
    }
  });

  test('offsets and positions past 4 GiB', (context) => {
    const disk = statfsSync(folder);
    if (!posix || disk.bavail * disk.bsize < 2 ** 30) return context.skip();
    // The file is sparse. Nothing is made of its tensors: the hole alone would take the memory of small machines.
    const [far, size] = [2 ** 32 + 8, 8];
    const header = JSON.stringify({ far: { dtype: 'U8', shape: [size], data_offsets: [far, far + size] } });
    const json = header.replace('{', `{"hole":{"dtype":"F4","shape":[${2 * far}],"data_offsets":[0,${far}]},`);
    const prefix = Buffer.alloc(8);
    prefix.writeBigUInt64LE(BigInt(json.length));
    const fd = openSync(file, 'w');
    writeSync(fd, Buffer.concat([prefix, Buffer.from(json)]));
    ftruncateSync(fd, 8 + json.length + far + size);
    writeSync(fd, Buffer.from([1, 2, 3, 4, 5, 6, 7, 8]), 0, 8, 8 + json.length + far);
    closeSync(fd);
    expect(loadSafetensorsMetadata(file)).toEqual({});
    withSource('test', file, (source) => {
      expect([...source.at(8 + json.length + far)]).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    });
  });

  test('a file that became shorter says so', () => {
    saveSafetensors(file, { x: zeros([1000]) });
    const load = (): unknown =>
      withSource(
        'test',
        file,
        (source) => {
          truncateSync(file, 2000);
          return readTensors(source);
        },
        256,
      );
    expect(load).toThrow(/the file ends early/);
  });
});

describe('what can be read', () => {
  test('a file: URL, a Buffer, a part of one, an ArrayBuffer, a SharedArrayBuffer', () => {
    const url = pathToFileURL(file);
    saveSafetensors(url, { x: tensor([1, 2]) }, { metadata: { a: 'b' } });
    const bytes = readFileSync(file);
    const shared = new SharedArrayBuffer(bytes.length);
    new Uint8Array(shared).set(bytes);
    const odd = new Uint8Array(bytes.length + 3);
    odd.set(bytes, 3);
    for (const from of [url, bytes, odd.subarray(3), odd.slice(3).buffer, shared]) {
      expect(loadSafetensors(from).get('x')!.toArray()).toEqual([1, 2]);
      expect(loadSafetensorsMetadata(from)).toEqual({ a: 'b' });
    }
  });

  test('tensors do not share the memory of the bytes', () => {
    saveSafetensors(file, { x: tensor([1, 2]) });
    const bytes = readFileSync(file);
    const x = loadSafetensors(bytes).get('x')!;
    bytes.fill(0);
    expect(x.toArray()).toEqual([1, 2]);
  });

  test.each<[string, unknown, string, RegExp]>([
    ['no file: URL', new URL('https://a.b/c'), 'BAD_ARGUMENT', /only file: URLs can be opened, got https:/],
    ['an array', [1, 2], 'WRONG_TYPE', /expected a path, a file: URL, a Uint8Array/],
    ['floats', new Float32Array(4), 'WRONG_TYPE', /a Float32Array/],
    ['nothing', undefined, 'WRONG_TYPE', /path must be a string or a file: URL, got undefined/],
    ['a null character', 'a\0b', 'BAD_ARGUMENT', /null character/],
    ['no bytes', new Uint8Array(0), 'BAD_FILE', /^loadSafetensors: the bytes: this is an empty file/],
    ['a URL in a string', 'file:///nowhere', 'FILE_ACCESS', /a URL in a string is a path/],
    ['a folder', folder, 'BAD_FILE', /it is a folder, not a regular file; give the path of a file/],
  ])('%s is refused', (_name, from, code, message) => {
    const error = errorOf(() => loadSafetensors(from as string));
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
  });

  test('what the system refuses has its error as cause', () => {
    const absent = path.join(folder, 'absent', 'x');
    for (const call of [() => loadSafetensors(absent), () => saveSafetensors(absent, {})]) {
      const error = errorOf(call);
      expect(error.code).toBe('FILE_ACCESS');
      expect(error.cause?.code).toBe('ENOENT');
      expect(error.message).toContain(`${absent}: there is no such file or folder`);
    }
  });

  test.skipIf(!posix || root)('permissions', () => {
    saveSafetensors(file, {});
    chmodSync(file, 0);
    for (const call of [() => loadSafetensors(file), () => saveSafetensors(file, {})]) {
      expect(errorOf(call).message).toMatch(/permission denied \(EACCES/);
    }
  });

  test.skipIf(!posix)('a pipe or a device is neither waited for nor replaced', () => {
    const pipe = path.join(folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    const link = path.join(folder, 'link');
    symlinkSync(pipe, link);
    for (const [place, kind] of [
      [pipe, 'pipe'],
      [link, 'pipe'],
      ['/dev/null', 'device'],
    ] as const) {
      const message = `${place}: it is a ${kind}, not a regular file`;
      for (const call of [() => loadSafetensors(place), () => saveSafetensors(place, { x: zeros([1]) })]) {
        expect(errorOf(call).message).toContain(message);
      }
    }
    expect(lstatSync(pipe).isFIFO()).toBe(true);
    expect(lstatSync('/dev/null').isCharacterDevice()).toBe(true);
  });
});

const zipped = (name: string): Buffer =>
  Buffer.concat([Buffer.from('PK\x03\x04'), Buffer.alloc(26), Buffer.from(name), Buffer.alloc(40)]);

describe('a file of another kind is named', () => {
  test.each<[string, string | Buffer, RegExp]>([
    ['Git LFS', 'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n', /Git LFS pointer.*git lfs pull/],
    ['HTML', '\n<!DOCTYPE html><html></html>', /a web page/],
    ['XML', '<?xml version="1.0"?><Error/>', /an XML document/],
    ['PyTorch', zipped('archive/data.pkl'), /a PyTorch checkpoint.*save_file/],
    ['NumPy archive', zipped('weight.npy'), /\.npz/],
    ['zip', zipped('readme.txt'), /a zip archive/],
    ['pickle', Buffer.from('\x80\x02}q\x00.........', 'latin1'), /a Python pickle/],
    ['gzip', gzipSync('x'.repeat(99)), /gzip.*gunzipSync/],
    ['Zstandard', Buffer.from('28b52ffd2000010000', 'hex'), /Zstandard/],
    ['NumPy', Buffer.from('\x93NUMPY\x01\x00v\x00', 'latin1'), /\.npy/],
    ['GGUF', Buffer.from('GGUF\x03\0\0\0\0\0\0\0'), /GGUF/],
    ['HDF5', Buffer.from('\x89HDF\r\n\x1a\n\0', 'latin1'), /HDF5/],
    ['ONNX', Buffer.from('\x08\x07\x12\x07pytorch'), /an ONNX model/],
    ['tar', Buffer.concat([Buffer.alloc(257, 'a'), Buffer.from('ustar')]), /a tar archive/],
    ['JSON index', '{"metadata": {}, "weight_map": {"a": "b"}}', /JSON index.*weight_map/],
    ['JSON', '{"error": "not found"}', /a JSON file/],
    ['text', 'Entry not found', /a text file that begins with "Entry not found"/],
    ['nothing', '', /an empty file/],
  ])('%s', (_name, content, message) => {
    writeFileSync(file, content);
    expect(errorOf(() => loadSafetensors(file))).toMatchObject({
      code: 'BAD_FILE',
      message: expect.stringMatching(message),
    });
    expect(() => loadSafetensorsMetadata(readFileSync(file))).toThrow(message);
  });
});

// In a small heap of its own: what must not happen ends the process.
test.each<[string, string, RegExp]>([
  ['objects', `'{},'.repeat(2.8e6)`, /BAD_FILE/],
  ['open lists', `'{"a":{"q":' + '['.repeat(9e7)`, /BAD_FILE/],
  ['numbers', `'{"a":{"shape":[' + '0,'.repeat(2e7)`, /OUT_OF_MEMORY/],
  [
    'tensors',
    `'{' + Array.from({ length: 1.6e5 }, (_, i) => '"' + i + '":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}') + '}'`,
    /OUT_OF_MEMORY/,
  ],
])('a header full of %s is refused before it fills the heap', (_name, header, code) => {
  const make = `
    const header = Buffer.from(${header});
    const prefix = Buffer.alloc(8);
    prefix.writeBigUInt64LE(BigInt(header.length));
    require('node:fs').writeFileSync(${JSON.stringify(file)}, Buffer.concat([prefix, header]));`;
  execFileSync(process.execPath, ['-e', make]);
  const load = `
    import { loadSafetensors } from ${JSON.stringify(pathToFileURL(path.resolve('dist/index.js')).href)};
    try { loadSafetensors(${JSON.stringify(file)}); } catch (error) { console.log(error.code); }`;
  const options = ['--max-old-space-size=128', '--input-type=module', '-e', load];
  expect(execFileSync(process.execPath, options, { encoding: 'utf8' })).toMatch(code);
});

describe('temporary files', () => {
  const leftovers = (): string[] => readdirSync(folder).filter((name) => name.endsWith('.tmp'));

  test.skipIf(!posix)('of a killed process are cleared, of a living one are not', async () => {
    const program = `
      import { writeFileAtomic } from ${JSON.stringify(pathToFileURL(path.resolve('lib/io/atomicFile.ts')).href)};
      function* chunks() {
        yield Buffer.from('half');
        process.stdout.write('ready');
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
      }
      writeFileAtomic(${JSON.stringify(path.join(folder, 'other'))}, chunks());`;
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await new Promise((resolve) => child.stdout.once('data', resolve));
    const [temporary] = leftovers();
    saveSafetensors(file, {});
    expect(leftovers()).toEqual([temporary]);
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
    expect(leftovers()).toEqual([temporary]);
    saveSafetensors(file, {});
    expect(leftovers()).toEqual([]);
    expect(existsSync(path.join(folder, 'other'))).toBe(false);
  });

  test.skipIf(!posix)('that this process writes are not cleared by a save in between, nor files of other names', () => {
    const notOurs = path.join(folder, 'flambeau-1-x.tmp');
    writeFileSync(notOurs, '');
    writeFileAtomic(
      path.join(folder, 'outer'),
      (function* () {
        yield Buffer.from('a');
        saveSafetensors(file, {});
        yield Buffer.from('b');
      })(),
    );
    expect(readFileSync(path.join(folder, 'outer'), 'utf8')).toBe('ab');
    expect(leftovers()).toEqual(['flambeau-1-x.tmp']);
    rmSync(notOurs);
  });

  test.skipIf(!posix)('are locked against every other opening', () => {
    writeFileSync(file, '');
    const [a, b] = [openSync(file, 'r+'), openSync(file, 'r+')];
    expect([lockFile(a), lockFile(b), lockFile(-1)]).toEqual(['locked', 'held', 'unsupported']);
    closeSync(a);
    expect(lockFile(b)).toBe('locked');
    closeSync(b);
  });

  test.skipIf(!posix)('a link to nothing yet makes the file it leads to; a long name fits', () => {
    mkdirSync(path.join(folder, 'sub'));
    const link = path.join(folder, 'sub', 'link');
    symlinkSync('../later', link);
    saveSafetensors(link, { x: zeros([1]) });
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
    expect(loadSafetensors(path.join(folder, 'later')).size).toBe(1);
    const long = path.join(folder, 'x'.repeat(250));
    saveSafetensors(long, { x: zeros([1]) });
    expect(loadSafetensors(long).size).toBe(1);
  });
});

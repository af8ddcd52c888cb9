// Files that are taken for safetensors files, told by how they begin, each with what to do about it.

const FETCH = 'fetch the file itself';
const CONVERT =
  'convert it in Python: safetensors.torch.save_file(torch.load(path, weights_only=True), "model.safetensors")';
const NO_OTHER = 'only safetensors files can be read';

type Test = (start: string) => boolean;
const begins =
  (...marks: readonly string[]): Test =>
  (start) =>
    marks.some((mark) => start.startsWith(mark));
const all =
  (...tests: readonly Test[]): Test =>
  (start) =>
    tests.every((test) => test(start));
const has =
  (mark: string, from = 0, length = Number.POSITIVE_INFINITY): Test =>
  (start) =>
    start.slice(from, from + length).includes(mark);
/** Text, perhaps after a byte order mark and white space. */
const reads =
  (pattern: RegExp): Test =>
  (start) =>
    pattern.test(start.replace(/^\u00ef\u00bb\u00bf/, '').trimStart());

const zip = begins('PK\x03\x04', 'PK\x05\x06');
const onnx = (start: string): boolean =>
  start.charCodeAt(0) === 8 && start.charCodeAt(1) <= 32 && '\x12\x1a\x22\x3a\x42'.includes(start.charAt(2));

/** What is told by the first bytes, as latin1. */
const KINDS: readonly (readonly [Test, string])[] = [
  [begins('version https://git-lfs'), `a Git LFS pointer, not the file it stands for; ${FETCH} with "git lfs pull"`],
  [reads(/^<(?:!doctype html|html|head|body)/i), `a web page (HTML); ${FETCH}, perhaps after signing in`],
  [reads(/^<\?xml/i), `an XML document, perhaps a server's error; ${FETCH}`],
  [all(zip, has('data.pkl')), `a PyTorch checkpoint (a zip archive with a pickle); ${CONVERT}`],
  [
    all(zip, has('.npy', 30, 200)),
    'a NumPy archive (.npz); convert it in Python: safetensors.numpy.save_file(dict(numpy.load(path)), "model.safetensors")',
  ],
  [zip, `a zip archive; unpack it, or, if PyTorch wrote it, ${CONVERT}`],
  [
    begins('\x80\x02', '\x80\x03', '\x80\x04', '\x80\x05'),
    `a Python pickle, as older PyTorch checkpoints are; ${CONVERT}`,
  ],
  [begins('\x1f\x8b'), 'compressed by gzip; decompress it first, or pass the bytes that zlib.gunzipSync gives'],
  [begins('\x28\xb5\x2f\xfd'), 'compressed by Zstandard; decompress it first'],
  [begins('\xfd7zXZ'), 'compressed by xz; decompress it first'],
  [begins('BZh'), 'compressed by bzip2; decompress it first'],
  [begins('7z\xbc\xaf'), 'a 7-Zip archive; unpack it first'],
  [has('ustar', 257, 5), 'a tar archive; unpack it first'],
  [begins('GGUF', 'GGML', 'GGJT', 'lmgg', 'tjgg'), 'a model of llama.cpp (GGUF); take the same model as safetensors'],
  [
    begins('\x93NUMPY'),
    'a NumPy array (.npy); convert it in Python: safetensors.numpy.save_file({"x": numpy.load(path)}, "x.safetensors")',
  ],
  [begins('\x89HDF\r\n'), 'an HDF5 file, as Keras writes; convert it in Python with safetensors'],
  [has('TFL3', 4, 4), `a TensorFlow Lite model; ${NO_OTHER}`],
  [onnx, `an ONNX model, as it seems; ${NO_OTHER}`],
  [
    all(reads(/^\{/), has('"weight_map"')),
    'the JSON index of a model in several files; load each file that its weight_map names',
  ],
  [reads(/^[[{]\s*["\]}[{\d]/), `a JSON file; ${FETCH}, perhaps it lies beside it`],
];

/** What a file that begins like this is, and what to do; undefined when that is not known. */
export function kindOfFile(start: Uint8Array, size: number): string | undefined {
  if (size === 0) return 'an empty file; its download or its writing failed';
  const text = Buffer.from(start.subarray(0, 4096)).toString('latin1');
  for (const [test, kind] of KINDS) if (test(text)) return kind;
  if (/^[\t\n\r\x20-\x7e]{9,}$/.test(text)) {
    return `a text file that begins with ${JSON.stringify(text.slice(0, 60))}; ${FETCH}`;
  }
  return undefined;
}

import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { docstringExamples, markdownBlocks, sources } from './collect.js';
import { programOf } from './program.js';

// Every example is compiled and run as a user's program is: against the package, with its types.
const root = path.resolve(import.meta.dirname, '../..');
const examples = [...docstringExamples(), ...markdownBlocks('ts')].map((example) => ({
  ...example,
  file: example.source.replaceAll(/[^\w]+/g, '_'),
}));
const home = process.cwd();
let folder: string;
let compilerOutput = '';

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'flambeau-examples-'));
  mkdirSync(path.join(folder, 'node_modules/@types'), { recursive: true });
  symlinkSync(root, path.join(folder, 'node_modules/flambeau'));
  symlinkSync(path.join(root, 'node_modules/@types/node'), path.join(folder, 'node_modules/@types/node'));
  const exports = await import(pathToFileURL(path.join(root, 'dist/index.js')).href);
  const names = Object.keys(exports).filter((name) => name !== 'default' && name !== 'var');
  for (const { file, code } of examples) writeFileSync(path.join(folder, `${file}.ts`), programOf(code, names));
  const compilerOptions = {
    module: 'NodeNext',
    target: 'ES2022',
    lib: ['ES2023', 'ESNext.Disposable'],
    strict: true,
    types: ['node'],
  };
  writeFileSync(path.join(folder, 'package.json'), '{ "type": "module" }');
  writeFileSync(path.join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.ts'] }));
  try {
    execFileSync(process.execPath, [path.join(root, 'node_modules/typescript/bin/tsc'), '-p', folder], {
      encoding: 'utf8',
    });
  } catch (error) {
    compilerOutput = (error as { stdout: string }).stdout;
  }
  process.chdir(folder);
  vi.spyOn(console, 'log').mockImplementation(() => {});
}, 120_000); // it compiles all examples

afterAll(() => {
  process.chdir(home);
  rmSync(folder, { recursive: true });
});

const isArrayLike = (value: unknown): boolean => Array.isArray(value) || ArrayBuffer.isView(value);

/** A tensor equals the nested array of its elements; `tolerance` is the place at which an ellipsis cuts numbers short. */
function is(actual: unknown, expected: unknown, tolerance: number): void {
  let value = actual;
  if (typeof actual === 'object' && actual !== null && 'toArray' in actual)
    value = (actual as { toArray(): unknown }).toArray();
  else if (typeof actual === 'object' && isArrayLike(actual)) value = Array.from(actual as number[]);
  if (tolerance === 0) {
    expect(value).toEqual(expected);
    return;
  }
  const [got, wanted] = [[value], [expected]].map((x) => x.flat(9) as number[]);
  expect(got).toHaveLength(wanted!.length);
  for (const [i, w] of wanted!.entries()) expect(Math.abs(got![i]! - w)).toBeLessThan(tolerance);
}

function throws(fn: () => unknown, message: string): void {
  expect(fn).toThrow(message);
}

it('every example compiles', () => {
  expect(compilerOutput).toBe('');
});

describe('examples', () => {
  it.each(examples)('$source', async ({ file }) => {
    const { run } = await import(pathToFileURL(path.join(folder, `${file}.js`)).href);
    await run({ is, throws });
  });
});

// A guide that walks through the sources quotes them as they are.
describe('quotations', () => {
  const squeeze = (text: string): string => text.replaceAll(/\s+/g, ' ').trim();
  const all = squeeze(sources());
  it.each(markdownBlocks('ts quoted'))('$source', ({ code }) => {
    expect(all).toContain(squeeze(code));
  });
});

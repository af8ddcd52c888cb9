import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = path.resolve(import.meta.dirname, '../..');
const tsc = path.join(root, 'node_modules/typescript/bin/tsc');
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'flambeau-types-'));
  const compilerOptions = {
    rootDir: '/',
    noEmit: true,
    composite: false,
    incremental: false,
    declaration: false,
    declarationMap: false,
    tsBuildInfoFile: null,
    typeRoots: [path.join(root, 'node_modules/@types')],
    paths: { flambeau: [path.join(root, 'dist/index.d.ts')] },
  };
  const config = { extends: path.join(root, 'tsconfig.build.json'), compilerOptions, include: ['main.mts'] };
  writeFileSync(path.join(folder, 'tsconfig.json'), JSON.stringify(config));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** What tsc prints about a program that uses the library, and how long it takes. */
function compile(program: string): { output: string; milliseconds: number } {
  writeFileSync(path.join(folder, 'main.mts'), `import { nn } from 'flambeau';\n${program}\n`);
  const start = performance.now();
  let output = '';
  try {
    execFileSync(process.execPath, [tsc, '-p', folder], { encoding: 'utf8' });
  } catch (error) {
    output = (error as { stdout: string }).stdout;
  }
  return { output, milliseconds: performance.now() - start };
}

const chain = (layers: number, last: string): string =>
  `export const model = new nn.Sequential(${Array.from({ length: layers }, (_, i) => `new nn.Linear(${i + 1}, ${i + 2}), new nn.ReLU()`).join(', ')}, ${last});`;

describe('what the compiler says', () => {
  it('names both widths and the position', () => {
    const { output } = compile(
      'export const m = new nn.Sequential(new nn.Linear(10, 50), new nn.ReLU(), new nn.Linear(51, 2));',
    );
    expect(output).toContain('layer 2 takes 51 features, but the layers before it give 50');
    expect(output).toContain('Type at position 2');
  });

  it('checks a chain of 200 layers in under a second more', () => {
    compile('export const m = new nn.Sequential();');
    const baseline = Math.min(...[1, 2, 3].map(() => compile('export const m = new nn.Sequential();').milliseconds));
    const right = [1, 2, 3].map(() => compile(chain(100, 'new nn.Linear(101, 1)')));
    expect(right.map(({ output }) => output)).toEqual(['', '', '']);
    expect(Math.min(...right.map(({ milliseconds }) => milliseconds)) - baseline).toBeLessThan(1000);
    expect(compile(chain(100, 'new nn.Linear(99, 1)')).output).toContain(
      'layer 200 takes 99 features, but the layers before it give 101',
    );
  });
});

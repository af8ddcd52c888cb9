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
    emitDeclarationOnly: false,
    tsBuildInfoFile: null,
    typeRoots: [path.join(root, 'node_modules/@types')],
    paths: { flambeau: [path.join(root, 'dist/index.d.ts')] },
  };
  const config = { extends: path.join(root, 'tsconfig.build.json'), compilerOptions, include: ['main.mts'] };
  writeFileSync(path.join(folder, 'tsconfig.json'), JSON.stringify(config));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** What tsc prints about a program that uses the library, given these arguments too. */
function compile(program: string, ...more: string[]): string {
  writeFileSync(path.join(folder, 'main.mts'), `import { nn } from 'flambeau';\n${program}\n`);
  try {
    return execFileSync(process.execPath, [tsc, '-p', folder, ...more], { encoding: 'utf8' });
  } catch (error) {
    return (error as { stdout: string }).stdout;
  }
}

const chain = (layers: number, last: string): string =>
  `export const model = new nn.Sequential(${Array.from({ length: layers }, (_, i) => `new nn.Linear(${i + 1}, ${i + 2}), new nn.ReLU()`).join(', ')}, ${last});`;

describe('what the compiler says', () => {
  it('names both widths and the position', () => {
    const output = compile(
      'export const m = new nn.Sequential(new nn.Linear(10, 50), new nn.ReLU(), new nn.Linear(51, 2));',
    );
    expect(output).toContain('layer 2 takes 51 features, but the layers before it give 50');
    expect(output).toContain('Type at position 2');
  });

  it('checks a chain of 200 layers with 100,000 types instantiated at the most: half a second', () => {
    const output = compile(chain(100, 'new nn.Linear(101, 1)'), '--extendedDiagnostics');
    expect(output).not.toContain('error');
    expect(Number(/Instantiations: *(\d+)/.exec(output)?.[1])).toBeLessThan(100_000);
  });

  it('names the layer where a chain of 200 does not fit', () => {
    expect(compile(chain(100, 'new nn.Linear(99, 1)'))).toContain(
      'layer 200 takes 99 features, but the layers before it give 101',
    );
  });
});

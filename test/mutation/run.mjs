// npm run test:mutation [-- SAMPLES SEED]: how many small changes to lib/ the tests notice. Stryker makes the changes
// and runs the tests that reach each; here a sample of those that still type-check is drawn, the same for the same seed.
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { listFiles } from '../../tools/files.mjs';
import { root } from '../../tools/sources.mjs';

const here = import.meta.dirname;
const [samples = 200, seed = 1] = process.argv.slice(2).map(Number);
// Texts of messages are no behaviour that tests should pin word for word.
const EXCLUDED = ['StringLiteral'];

const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
const install = ['install', '--ignore-scripts', '--legacy-peer-deps', '--no-audit', '--no-fund', '--loglevel=error'];
execFileSync(npm, install, { cwd: here, stdio: 'inherit', shell: process.platform === 'win32' });
const { Instrumenter } = await import('@stryker-mutator/instrumenter');
const { Stryker } = await import('@stryker-mutator/core');

/** Numbers in [0, 1) (Marsaglia's xorshift, 2003). @param {number} state */
function* random(state) {
  for (let x = (state * 2654435761) | 1; ; ) {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    yield (x >>> 0) / 2 ** 32;
  }
}

/**
 * @typedef {{ fileName: string, mutatorName: string, replacement: string, status?: string,
 *   location: { start: { line: number, column: number }, end: { line: number, column: number } } }} Mutant
 */

/** @returns {Promise<Mutant[]>} */
async function allMutants() {
  const silent = new Proxy({}, { get: (_, name) => (/^is/.test(String(name)) ? () => false : () => {}) });
  const files = listFiles(['lib'], /\.ts$/).map((file) => {
    const name = path.join(root, file);
    return { name, mutate: true, content: readFileSync(name, 'utf8') };
  });
  const options = { excludedMutations: EXCLUDED, ignorers: [], plugins: null };
  const { mutants } = await new Instrumenter(/** @type {never} */ (silent)).instrument(files, options);
  return mutants.filter(({ status }) => status === undefined); // the others are excluded
}

/** Mutants count lines and columns from 0. @param {Mutant} mutant */
function applied({ fileName, location: { start, end }, replacement }) {
  const lines = readFileSync(fileName, 'utf8').split('\n');
  const before = [...lines.slice(0, start.line), (lines[start.line] ?? '').slice(0, start.column)].join('\n');
  const after = [(lines[end.line] ?? '').slice(end.column), ...lines.slice(end.line + 1)].join('\n');
  return before + replacement + after;
}

const scratch = path.join(root, 'out/mutation-types');
rmSync(scratch, { recursive: true, force: true });
cpSync(path.join(root, 'lib'), path.join(scratch, 'lib'), { recursive: true });
const options = {
  rootDir: 'lib',
  noEmit: true,
  composite: false,
  incremental: false,
  typeRoots: ['../../node_modules/@types'],
};
const project = { extends: '../../tsconfig.build.json', compilerOptions: options, include: ['lib'] };
writeFileSync(path.join(scratch, 'tsconfig.json'), JSON.stringify(project));

/** Whether a copy of the library type-checks with the change. @param {Mutant} mutant */
function typeChecks(mutant) {
  const copy = path.join(scratch, path.relative(root, mutant.fileName));
  writeFileSync(copy, applied(mutant));
  const { status } = spawnSync(process.execPath, [tsc, '-p', scratch]);
  cpSync(mutant.fileName, copy);
  return status === 0;
}
const manifest = createRequire(path.join(root, 'package.json')).resolve('typescript/package.json');
const tsc = path.join(path.dirname(manifest), 'bin/tsc');

/** @param {{ fileName: string, replacement?: string, location: Mutant['location'] }} mutant @param {number} first */
const keyOf = ({ fileName, replacement, location: { start, end } }, first) =>
  [
    path.relative(root, fileName),
    start.line - first,
    start.column - first,
    end.line - first,
    end.column - first,
    replacement,
  ].join(' ');

const mutants = await allMutants();
console.log(`${mutants.length} changes are possible; drawing ${samples} that type-check, seed ${seed}`);
/** @type {Map<string, Mutant>} */
const chosen = new Map();
for (const x of random(seed)) {
  if (chosen.size >= samples) break;
  const mutant = /** @type {Mutant} */ (mutants[Math.floor(x * mutants.length)]);
  const key = keyOf(mutant, 0);
  if (!chosen.has(key) && typeChecks(mutant)) chosen.set(key, mutant);
}

const results = await new Stryker({
  mutate: [...chosen.values()].map(({ fileName, location: { start, end } }) => {
    const range = `${start.line + 1}:${start.column}-${end.line + 1}:${end.column}`;
    return `${path.relative(root, fileName).split(path.sep).join('/')}:${range}`;
  }),
  mutator: { excludedMutations: EXCLUDED },
  testRunner: 'vitest',
  tsconfigFile: 'none', // nothing reads it: the tests run from TypeScript's sources
  plugins: [import.meta.resolve('@stryker-mutator/vitest-runner')],
  vitest: { configFile: 'test/mutation/vitest.config.ts', related: false },
  reporters: ['progress-append-only'],
  coverageAnalysis: 'perTest',
  tempDirName: 'out/mutation',
  ignorePatterns: ['/bench', '/docs', '/out', '/prebuilds', '/build/*', '!/build/Release'],
  ignoreStatic: false,
  allowConsoleColors: false,
}).runMutationTest();

const outcome = new Map(results.map((result) => [keyOf(result, 1), result]));
const survivors = [...chosen].filter(
  ([key]) => !/^(Killed|Timeout|RuntimeError|CompileError)$/.test(outcome.get(key)?.status ?? ''),
);
for (const [key, { fileName, location, mutatorName, replacement }] of survivors) {
  const file = path.relative(root, fileName);
  const line = readFileSync(fileName, 'utf8').split('\n')[location.start.line]?.trim();
  console.log(
    `${outcome.get(key)?.status ?? 'not run'}: ${file}:${location.start.line + 1} ${mutatorName}\n  ${line}\n  → ${replacement}`,
  );
}
const noticed = chosen.size - survivors.length;
console.log(`${noticed} of ${chosen.size} noticed (${((100 * noticed) / chosen.size).toFixed(1)}%), seed ${seed}`);

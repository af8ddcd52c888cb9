// npm run test:mutation [-- SAMPLES SEED]: how many small changes to lib/ the tests notice. Stryker makes the changes
// and runs the tests that reach each; here a sample of those that still type-check is drawn, the same for the same seed.
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { listFiles } from '../../tools/files.mjs';
import { root } from '../../tools/sources.mjs';
import { keyOf, sampleFile } from './sampled.mjs';

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
  const lines = new Map(files.map(({ name, content }) => [name, content.split('\n')]));
  return mutants.filter(
    (mutant) =>
      mutant.status === undefined && // the others are excluded
      !(isWider(mutant) && GUARD.test(lines.get(mutant.fileName)?.[mutant.location.start.line] ?? '')),
  );
}

// refuseSurplus counts for itself: the condition before it spares a call, and a wider one changes nothing.
const GUARD = /^\s*if \(arguments\.length > \d\) refuseSurplus\(/;
const isWider = (/** @type {Mutant} */ { replacement }) => /^(true|arguments\.length >= \d)$/.test(replacement);

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

const manifest = createRequire(path.join(root, 'package.json')).resolve('typescript/package.json');
const tsc = path.join(path.dirname(manifest), 'bin/tsc');

/** The files of a copy of the library that do not type-check with these changes, of one a file. @param {Mutant[]} batch */
function wrongFiles(batch) {
  for (const mutant of batch) writeFileSync(copyOf(mutant), applied(mutant));
  const { stdout } = spawnSync(process.execPath, [tsc, '-p', scratch, '--pretty', 'false'], { encoding: 'utf8' });
  for (const mutant of batch) cpSync(mutant.fileName, copyOf(mutant));
  return new Set([...stdout.matchAll(/^(\S+\.ts)\(\d+,\d+\): error/gm)].map(([, file]) => path.resolve(file ?? '')));
}
const copyOf = (/** @type {Mutant} */ { fileName }) => path.join(scratch, path.relative(root, fileName));

/** Those of the changes that type-check. A compiler's run costs seconds, so many are looked at together. @param {Mutant[]} batch @returns {Mutant[]} */
function typeChecked(batch) {
  const wrong = wrongFiles(batch);
  if (wrong.size === 0) return batch;
  const right = batch.filter((mutant) => !wrong.has(copyOf(mutant)));
  if (right.length < batch.length) return typeChecked(right);
  // The errors are in files that none of them changes: one by one, then.
  return batch.length === 1 ? [] : batch.filter((mutant) => wrongFiles([mutant]).size === 0);
}

/** @returns {Map<string, Mutant>} */
function draw() {
  const chosen = new Map();
  const seen = new Set();
  /** @type {Map<string, Mutant>} by file */
  const batch = new Map();
  const take = () => {
    for (const mutant of typeChecked([...batch.values()])) chosen.set(keyOf(mutant, 0), mutant);
    batch.clear();
  };
  for (const x of random(seed)) {
    const mutant = /** @type {Mutant} */ (mutants[Math.floor(x * mutants.length)]);
    if (batch.has(mutant.fileName) || chosen.size + batch.size >= samples) take();
    if (chosen.size >= samples) return chosen;
    if (!seen.has(keyOf(mutant, 0))) batch.set(mutant.fileName, mutant);
    seen.add(keyOf(mutant, 0));
  }
  return chosen;
}

const mutants = await allMutants();
console.log(`${mutants.length} changes are possible; drawing ${samples} that type-check, seed ${seed}`);
const chosen = draw();
writeFileSync(sampleFile, JSON.stringify([...chosen.keys()]));

const results = await new Stryker({
  mutate: [...chosen.values()].map(({ fileName, location: { start, end } }) => {
    const range = `${start.line + 1}:${start.column}-${end.line + 1}:${end.column}`;
    return `${path.relative(root, fileName).split(path.sep).join('/')}:${range}`;
  }),
  mutator: { excludedMutations: EXCLUDED },
  checkers: ['sampled'],
  testRunner: 'vitest',
  tsconfigFile: 'none', // nothing reads it: the tests run from TypeScript's sources
  plugins: [import.meta.resolve('@stryker-mutator/vitest-runner'), import.meta.resolve('./sampled.mjs')],
  vitest: { configFile: 'test/mutation/vitest.config.ts', related: false },
  reporters: ['progress-append-only'],
  coverageAnalysis: 'perTest',
  // A loop without end is told by its count. A machine with other work is no reason to call a change noticed.
  timeoutMS: 60_000,
  timeoutFactor: 4,
  tempDirName: 'out/mutation',
  ignorePatterns: ['/bench', '/docs', '/out', '/prebuilds', '/build/*', '!/build/Release'],
  ignoreStatic: false,
  allowConsoleColors: false,
}).runMutationTest();

const outcome = new Map(results.map((result) => [keyOf(result, 1), result]));
const statusOf = (/** @type {string} */ key) => outcome.get(key)?.status ?? 'not run';
/** @type {Record<string, number>} */
const counts = {};
for (const key of chosen.keys()) counts[statusOf(key)] = (counts[statusOf(key)] ?? 0) + 1;
const survivors = [...chosen].filter(([key]) => !['Killed', 'Timeout'].includes(statusOf(key)));
for (const [key, { fileName, location, mutatorName, replacement }] of survivors) {
  const file = path.relative(root, fileName);
  const line = readFileSync(fileName, 'utf8').split('\n')[location.start.line]?.trim();
  const at = `${file}:${location.start.line + 1}:${location.start.column + 1}`;
  console.log(`${statusOf(key)}: ${at} ${mutatorName}\n  ${line}\n  → ${replacement}`);
}
console.log(
  Object.entries(counts)
    .map((pair) => pair.join(' '))
    .join(', '),
);
const noticed = chosen.size - survivors.length;
console.log(`${noticed} of ${chosen.size} noticed (${((100 * noticed) / chosen.size).toFixed(1)}%), seed ${seed}`);

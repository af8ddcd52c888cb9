// Runs clang-tidy, where it is installed, over what changed since it last found nothing: core and binding with their
// flags, kernels as the lowest ISA.
import { execFile, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { listFiles, report } from './files.mjs';
import { root, sources } from './sources.mjs';

const require = createRequire(import.meta.url);
const CLEAN = path.join(root, 'build/tidy.json');
const tidy = process.env.CLANG_TIDY ?? 'clang-tidy';
const version = spawnSync(tidy, ['--version'], { encoding: 'utf8' }).stdout;

if (!version) {
  console.log('clang-tidy is not installed: C++ lint was not run');
} else {
  const [isa = ''] = Object.keys(sources.isa[process.arch] ?? {});
  const include = ['node-addon-api', 'node-api-headers'].flatMap((name) => ['-isystem', require(name).include_dir]);
  const compile = {
    kernels: ['-std=c++17', `-DFLAMBEAU_ISA=${isa}`],
    core: ['-std=c++17'],
    binding: ['-std=c++17', '-DNAPI_VERSION=9', ...include],
  };

  const shared = [
    version,
    JSON.stringify(compile),
    ...[...listFiles(['native'], /\.(h|inc|def)$/), '.clang-tidy'].map(read),
  ];
  const base = createHash('sha256').update(shared.join('\0')).digest('hex');
  const clean = new Set(readClean());
  const work = Object.entries(compile)
    .flatMap(([kind, flags]) => sources[/** @type {keyof typeof compile} */ (kind)].map((file) => ({ file, flags })))
    .filter(({ file }) => existsSync(path.join(root, file)))
    .map((job) => ({ ...job, key: keyOf(base, job.file) }));
  const stale = work.filter(({ key }) => !clean.has(key));

  /** @type {string[]} */
  const problems = [];
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
  mkdirSync(path.dirname(CLEAN), { recursive: true });
  writeFileSync(CLEAN, JSON.stringify(work.map(({ key }) => key).filter((key) => clean.has(key))));
  report(problems);

  async function worker() {
    for (let job = stale.pop(); job; job = stale.pop()) {
      try {
        await promisify(execFile)(tidy, ['--quiet', job.file, '--', ...job.flags], { cwd: root, maxBuffer: 1 << 26 });
        clean.add(job.key);
      } catch (error) {
        problems.push(/** @type {{ stdout: string }} */ (error).stdout.trim());
      }
    }
  }
}

/** @param {string} file */
function read(file) {
  return readFileSync(path.join(root, file), 'utf8');
}

/** @param {string} base @param {string} file */
function keyOf(base, file) {
  return createHash('sha256').update(base).update(file).update(read(file)).digest('hex');
}

/** @returns {string[]} */
function readClean() {
  try {
    return JSON.parse(readFileSync(CLEAN, 'utf8'));
  } catch {
    return [];
  }
}

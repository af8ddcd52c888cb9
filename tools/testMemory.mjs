// Runs the addon inside Node under the address, leak and undefined-behaviour sanitizers: a program that uses all of it, and
// the fuzz. Linux with gcc; after `npm run test:sanitize`, which builds the addon for this.
// npm run test:memory -- [FUZZ SECONDS]
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { root } from './sources.mjs';

const [seconds = '20'] = process.argv.slice(2);
const folder = path.join(root, 'out/native-sanitize');
if (!existsSync(path.join(folder, 'build/Release/flambeau.node'))) {
  throw new Error('testMemory: the addon was not built with sanitizers; npm run test:sanitize builds it');
}

/** Node itself is not instrumented, so the runtime must be there before it. */
const runtime = spawnSync('gcc', ['-print-file-name=libasan.so'], { encoding: 'utf8' }).stdout.trim();
const environment = {
  ...process.env,
  FLAMBEAU_PREBUILD: folder,
  LD_PRELOAD: runtime,
  ASAN_OPTIONS: 'detect_leaks=1:allocator_may_return_null=1',
  UBSAN_OPTIONS: 'print_stacktrace=1',
  LSAN_OPTIONS: `suppressions=${path.join(root, 'tools/leaks.supp')}:print_suppressions=0`,
};

run(['test/memory/exercise.mjs']);
run(['--import', 'tsx', 'test/fuzz/fuzz.ts', seconds]);

/** @param {string[]} args */
function run(args) {
  const { status, signal, error } = spawnSync(process.execPath, args, {
    cwd: root,
    env: environment,
    stdio: 'inherit',
  });
  if (error) throw error;
  if (status !== 0) {
    console.error(`testMemory: ${args.join(' ')} ended with ${signal ?? status}`);
    process.exit(1);
  }
}

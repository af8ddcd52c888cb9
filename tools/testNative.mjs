// Builds the native tests with CMake and runs each under every ISA the machine has.
// node tools/testNative.mjs [host | sanitize | arm64]
// sanitize builds the addon too, for testMemory.mjs.
import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { headers } from './headers.mjs';
import { root } from './sources.mjs';

/** @type {Record<string, string[]>} */
const VARIANTS = {
  host: [],
  sanitize: [
    '-DFLAMBEAU_SANITIZE=ON',
    '-DCMAKE_BUILD_TYPE=RelWithDebInfo',
    `-DCMAKE_JS_INC=${headers()}/include/node`,
    '-DCMAKE_LIBRARY_OUTPUT_DIRECTORY=build/Release',
  ],
  arm64: ['-DCMAKE_TOOLCHAIN_FILE=tools/aarch64-linux-gnu.cmake'],
};

const [variant = 'host'] = process.argv.slice(2);
const settings = VARIANTS[variant];
if (!settings) throw new Error(`testNative: expected one of ${Object.keys(VARIANTS).join(', ')}, got ${variant}`);

const folder = `out/native-${variant}`;
const cores = String(availableParallelism());
run('cmake', ['-B', folder, ...settings]);
run('cmake', ['--build', folder, '--config', 'Release', '--parallel', cores]);
run('ctest', ['--test-dir', folder, '--build-config', 'Release', '--output-on-failure', '--no-tests=error']);

/** @param {string} command @param {string[]} args */
function run(command, args) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit' });
  if (error) throw new Error(`${command} could not be started (is CMake installed?)`, { cause: error });
  if (status !== 0) process.exit(status ?? 1);
}

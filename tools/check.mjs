// npm run check: everything about the code that a tool can say. Each check is a program that can be run alone.
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import path from 'node:path';
import { root } from './sources.mjs';

const require = createRequire(import.meta.url);
/** @param {string} name @param {string} program */
const bin = (name, program) => path.join(path.dirname(require.resolve(`${name}/package.json`)), program);

/** @type {[string, string, ...string[]][]} */
const CHECKS = [
  ['format and lint', bin('@biomejs/biome', 'bin/biome'), 'check', '--error-on-warnings'],
  ['C++ format', 'tools/checkFormat.mjs'],
  ['layers', 'tools/checkLayers.mjs'],
  ['sources', 'tools/checkSources.mjs'],
  ['native build', 'tools/buildNative.mjs'],
  ['symbols', 'tools/checkSymbols.mjs'],
  ['types', bin('typescript', 'bin/tsc'), '-b'],
  ['C++ lint', 'tools/checkTidy.mjs'],
];

let failed = 0;
for (const [name, program, ...args] of CHECKS) {
  const start = performance.now();
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], { cwd: root, encoding: 'utf8' });
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  const ok = status === 0;
  console.log(`${ok ? 'ok    ' : 'FAILED'} ${name} (${seconds} s)`);
  const output = `${stdout}${stderr}`.trim();
  if (!ok || (output && program.startsWith('tools/check'))) console.log(output.replace(/^/gm, '       '));
  if (!ok) failed += 1;
}
console.log(`check: ${CHECKS.length - failed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;

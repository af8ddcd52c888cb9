// Formats the C++ sources (--write), or says which are not formatted.
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { listFiles } from './files.mjs';
import { root } from './sources.mjs';

const { clangFormatPath } = createRequire(import.meta.url)('clang-format-node');
const mode = process.argv.includes('--write') ? ['-i'] : ['--dry-run', '-Werror'];
const files = listFiles(['native', 'test/native'], /\.(cpp|h)$/);
if (files.length > 0) {
  const { status, error } = spawnSync(clangFormatPath, [...mode, ...files], { cwd: root, stdio: 'inherit' });
  if (error) throw error;
  process.exitCode = status ?? 1;
}

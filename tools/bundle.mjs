// Bundles lib/ into dist/index.js: Node takes nearly a millisecond for each module file that it resolves, reads and links,
// and there are some two hundred. Types stay a file each, as tsc writes them. Names of classes and functions are kept:
// messages and printed modules show them.
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');

await build({
  absWorkingDir: root,
  entryPoints: ['lib/index.ts'],
  outfile: 'dist/index.js',
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  packages: 'external',
  keepNames: true,
  sourcemap: true,
  sourcesContent: false,
  logLevel: 'warning',
});

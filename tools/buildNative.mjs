#!/usr/bin/env node
// Builds the addon with node-gyp, on all cores, against headers that are already here: nothing is downloaded.
// Arguments are passed on to node-gyp (prebuildify calls this file in node-gyp's place).
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { headers } from './headers.mjs';
import { root } from './sources.mjs';

const require = createRequire(import.meta.url);

// A rebuild is an ordinary build here: make knows what changed, flags included, and other builds live in build/ too.
const extra = process.argv.slice(2).filter((argument) => argument !== 'rebuild');
const { status, error } = spawnSync(
  process.execPath,
  [
    require.resolve('node-gyp/bin/node-gyp.js'),
    'configure',
    'build',
    '--jobs=max',
    '--loglevel=warn',
    ...extra,
    `--nodedir=${headers()}`,
  ],
  { cwd: root, stdio: 'inherit' },
);
if (error) throw error;
process.exit(status ?? 1);

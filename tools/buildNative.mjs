#!/usr/bin/env node
// Builds the addon with node-gyp, on all cores, against headers that are already here: nothing is downloaded.
// Arguments are passed on to node-gyp (prebuildify calls this file in node-gyp's place).
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { root } from './sources.mjs';

const require = createRequire(import.meta.url);

/** The headers beside the running Node, else those of the npm package node-api-headers laid out in the same way. */
function headers() {
  const beside = path.dirname(path.dirname(realpathSync(process.execPath)));
  const needed = ['node_api.h', 'common.gypi'].map((file) => path.join(beside, 'include/node', file));
  if (needed.every((file) => existsSync(file))) return beside;
  const own = path.join(root, 'build/headers');
  const include = path.join(own, 'include/node');
  mkdirSync(include, { recursive: true });
  cpSync(require('node-api-headers').include_dir, include, { recursive: true });
  cpSync(path.join(root, 'tools/common.gypi'), path.join(include, 'common.gypi'));
  return own;
}

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

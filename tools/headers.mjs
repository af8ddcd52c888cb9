import { cpSync, existsSync, mkdirSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { root } from './sources.mjs';

const require = createRequire(import.meta.url);

/**
 * The folder that holds include/node: that of the running Node, else one where the headers of the npm package
 * node-api-headers are laid out in the same way.
 */
export function headers() {
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

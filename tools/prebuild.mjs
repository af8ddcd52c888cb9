// Makes this platform's binary for the package: prebuilds/<platform>-<arch>/flambeau.<libc>.node, stripped.
// npm also runs this before `npm run build`, by its naming rule for scripts; the build is incremental and shared.
import { cpSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { root } from './sources.mjs';

const prebuildify = createRequire(import.meta.url)('prebuildify');
const build = path.join(root, 'tools/buildNative.mjs');
const options = {
  cwd: root,
  napi: true,
  strip: true,
  tagLibc: process.platform === 'linux',
  targets: [process.versions.node],
  nodeGyp: process.platform === 'win32' ? `node "${build}"` : build,
};
prebuildify(options, (/** @type {Error | null} */ error) => {
  if (error) throw error;
  // prebuildify moves the binary; the clone goes on using it where it was.
  const folder = path.join(root, 'prebuilds', `${process.platform}-${process.arch}`);
  const [binary = ''] = readdirSync(folder).filter((name) => name.startsWith('flambeau'));
  cpSync(path.join(folder, binary), path.join(root, 'build/Release/flambeau.node'));
});

import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { PACKAGE_ROOT } from './root.js';

/** Loads the native addon: a build of this clone when there is one, else the prebuilt binary of the package. */
export function loadAddon(root: string = PACKAGE_ROOT): unknown {
  try {
    const load = createRequire(import.meta.url)('node-gyp-build') as (directory: string) => unknown;
    return load(root);
  } catch (cause) {
    throw Object.assign(new Error(explainFailure(root, cause), { cause }), { code: 'NATIVE_LOAD_FAILED' });
  }
}

function explainFailure(root: string, cause: unknown): string {
  const target = `${process.platform}-${process.arch}`;
  const tried = [path.join(root, 'build/Release'), path.join(root, 'prebuilds', target)];
  const reason = cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : String(cause);
  return [
    `flambeau: the native addon could not be loaded: ${reason}`,
    ...tried.map((folder) => `  tried    ${folder} (${contents(folder)})`),
    `  platform ${target}, ${libc()}, Node ${process.versions.node} (Node-API ${process.versions.napi})`,
    `  ISA      FLAMBEAU_ISA=${process.env.FLAMBEAU_ISA ?? '(unset)'}`,
    `  fix      ${fix(root, target)}`,
  ].join('\n');
}

function contents(folder: string): string {
  if (!existsSync(folder)) return 'does not exist';
  const binaries = readdirSync(folder).filter((name) => name.endsWith('.node'));
  return binaries.length > 0 ? `has ${binaries.join(', ')}` : 'has no binary';
}

function libc(): string {
  if (process.platform !== 'linux') return 'system libc';
  const report = process.report.getReport() as { header: { glibcVersionRuntime?: string } };
  const version = report.header.glibcVersionRuntime;
  return version ? `glibc ${version}` : 'musl';
}

function fix(root: string, target: string): string {
  if (existsSync(path.join(root, 'binding.gyp'))) return 'npm run build:native';
  const prebuilds = path.join(root, 'prebuilds');
  const shipped = existsSync(prebuilds) ? readdirSync(prebuilds) : [];
  return shipped.includes(target)
    ? `npm install --force flambeau   (if it still fails, this system differs from the one the ${target} binary was built for: in a clone of flambeau, npm install && npm run prebuildify && npm pack makes a package for it)`
    : `in a clone of flambeau, on this machine: npm install && npm run prebuildify && npm pack, then install the tarball (this package has ${shipped.join(', ') || 'no binaries'})`;
}

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { loadAddon } from '../../../lib/native/loader.js';

const target = `${process.platform}-${process.arch}`;
const roots: string[] = [];
afterAll(() => roots.forEach((root) => void rmSync(root, { recursive: true })));

/** A package folder that holds these files. */
function packageWith(...files: string[]): string {
  const root = mkdtempSync(path.join(tmpdir(), 'flambeau-loader-'));
  roots.push(root);
  for (const file of files) {
    mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
    writeFileSync(path.join(root, file), 'not a binary');
  }
  return root;
}

function failure(root: string): Error & { code?: string } {
  try {
    loadAddon(root);
  } catch (error) {
    return error as Error;
  }
  throw new Error('the addon loaded');
}

describe('loadAddon', () => {
  it('loads the same addon again', () => {
    expect(loadAddon()).toBe(loadAddon());
  });

  it('says where it looked and on what machine', () => {
    const root = packageWith();
    const error = failure(root);
    expect(error.code).toBe('NATIVE_LOAD_FAILED');
    expect(error.cause).toBeInstanceOf(Error);
    expect(error.message).toContain(`${path.join(root, 'build/Release')} (does not exist)`);
    expect(error.message).toContain(`${path.join(root, 'prebuilds', target)} (does not exist)`);
    expect(error.message).toContain(`platform ${target}`);
    expect(error.message).toContain(`Node ${process.versions.node}`);
    expect(error.message).toContain(`FLAMBEAU_ISA=${process.env.FLAMBEAU_ISA ?? '(unset)'}`);
  });

  it('sends a clone to the build', () => {
    expect(failure(packageWith('binding.gyp')).message).toMatch(/fix +npm run build:native$/);
  });

  it('tells a package without a binary for this platform from one whose binary does not load', () => {
    const missing = failure(packageWith('prebuilds/plan9-mips/flambeau.node')).message;
    expect(missing).toMatch(/fix +in a clone of flambeau.*\(this package has plan9-mips\)/);
    const broken = failure(packageWith(`prebuilds/${target}/flambeau.node`)).message;
    expect(broken).toContain(`has flambeau.node`);
    expect(broken).toMatch(/fix +npm install --force flambeau/);
  });
});

// Another version of the library, built beside this one, for as long as a comparison takes.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const ROOT = path.join(import.meta.dirname, '..');
// What a process leaves in bench/ is no part of it.
const LEFT_OUT = /(^|[/\\])(node_modules|build|results)$/;

export interface Worktree {
  readonly root: string;
  remove(): void;
}

/** A git worktree of the ref in a temporary folder: its library is built there, its bench is the one of this tree. */
export function checkOut(ref: string): Worktree {
  const git = (...args: string[]): void =>
    void execFileSync('git', args, { cwd: ROOT, stdio: ['ignore', 'ignore', 'inherit'] });
  const parent = mkdtempSync(path.join(tmpdir(), 'flambeau-compare-'));
  const root = path.join(parent, 'tree');
  const remove = (): void => {
    rmSync(parent, { recursive: true, force: true });
    git('worktree', 'prune');
  };
  try {
    git('worktree', 'add', '--detach', root, ref);
    symlinkSync(path.join(ROOT, 'node_modules'), path.join(root, 'node_modules'), 'junction');
    execFileSync(process.execPath, ['tools/buildNative.mjs'], { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
    const compiler = path.join(ROOT, 'node_modules/typescript/bin/tsc');
    execFileSync(process.execPath, [compiler, '-b', 'tsconfig.build.json'], {
      cwd: root,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    rmSync(path.join(root, 'bench'), { recursive: true, force: true });
    cpSync(import.meta.dirname, path.join(root, 'bench'), {
      recursive: true,
      filter: (source) => !LEFT_OUT.test(source),
    });
  } catch (error) {
    remove();
    throw error;
  }
  return { root, remove };
}

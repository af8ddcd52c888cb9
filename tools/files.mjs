import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { root } from './sources.mjs';

/**
 * The project's files under these folders, as git sees them (committed or new, not ignored), relative to the root.
 * @param {string[]} folders
 * @param {RegExp} pattern
 */
export function listFiles(folders, pattern) {
  const output = execFileSync(
    'git',
    ['ls-files', '-z', '--cached', '--others', '--exclude-standard', '--', ...folders],
    {
      cwd: root,
      encoding: 'utf8',
      maxBuffer: 1 << 26,
    },
  );
  return output.split('\0').filter((file) => pattern.test(file) && existsSync(path.join(root, file)));
}

/**
 * Ends a check: prints what is wrong, if anything, and sets the exit code.
 * @param {string[]} problems
 */
export function report(problems) {
  for (const problem of problems) console.error(problem);
  if (problems.length > 0) process.exitCode = 1;
}

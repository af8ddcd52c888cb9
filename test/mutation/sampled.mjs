// A checker of Stryker's that lets the changes of the sample pass. Stryker is told ranges of code, and makes every change
// that it can inside of one: for a block, each change of each of its lines.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { root } from '../../tools/sources.mjs';

export const sampleFile = path.join(root, 'out/mutation-sample.json');

/**
 * One name for a change, whether its lines and columns are counted from 0 or from 1.
 * @param {{ fileName: string, replacement?: string, location: { start: { line: number, column: number }, end: { line: number, column: number } } }} mutant
 * @param {0 | 1} first
 */
export const keyOf = ({ fileName, replacement, location: { start, end } }, first) =>
  [
    path.relative(root, fileName),
    start.line - first,
    start.column - first,
    end.line - first,
    end.column - first,
    replacement,
  ].join(' ');

class Sampled {
  async init() {
    this.sample = new Set(JSON.parse(readFileSync(sampleFile, 'utf8')));
  }

  /** @param {(Parameters<typeof keyOf>[0] & { id: string })[]} mutants */
  async check(mutants) {
    const verdict = (/** @type {(typeof mutants)[number]} */ mutant) =>
      this.sample?.has(keyOf(mutant, 0))
        ? { status: 'passed' }
        : { status: 'compileError', reason: 'not of the sample' };
    return Object.fromEntries(mutants.map((mutant) => [mutant.id, verdict(mutant)]));
  }

  /** All in one group: a verdict costs nothing. @param {{ id: string }[]} mutants */
  async group(mutants) {
    return [mutants.map(({ id }) => id)];
  }
}

export const strykerPlugins = [{ kind: 'Checker', name: 'sampled', injectableClass: Sampled }];

import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

interface Report {
  readonly outcomes: readonly (readonly [call: string, outcome: string, isInteger: boolean])[];
  readonly unlisted: readonly string[];
}

// In kilobytes: more than the program needs, less than any array of 2^31 elements.
const LIMIT = 2_000_000;

function run(): Report {
  const program = fileURLToPath(new URL('./hostileConstructors.mjs', import.meta.url));
  const command = `ulimit -d ${LIMIT} && exec "$0" "$1"`;
  return JSON.parse(execFileSync('sh', ['-c', command, process.execPath, program], { encoding: 'utf8' }));
}

// Sizes that need no memory and that a module may be made with: they fail, if they do, on an input.
const FREE = /^(Conv1d [345]|ConvTranspose1d 3|InstanceNorm[12]d 0), /;

describe.skipIf(process.platform === 'win32')('sizes that nobody means', () => {
  const { outcomes, unlisted } = run();

  test('are tried on every module', () => {
    expect(unlisted).toEqual([]);
  });

  test('are refused with a FlambeauError, and the process goes on', () => {
    const wrong = outcomes.filter(
      ([call, outcome, isInteger]) =>
        !/^[A-Z_]+$/.test(outcome) && !(isInteger && outcome === 'made' && FREE.test(call)),
    );
    expect(wrong).toEqual([]);
    expect(outcomes.length).toBeGreaterThan(500);
  });
});

import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const path = fileURLToPath(new URL('./faults.mjs', import.meta.url));
const run = (program: string): number =>
  JSON.parse(execFileSync(process.execPath, ['--max-semi-space-size=4', path, program], { encoding: 'utf8' }));

// Windows counts no minor faults.
describe.skipIf(process.platform === 'win32')('page faults of 1000 repeated steps', () => {
  it.each(['forward', 'train'])('%s: nearly none, though each writes 20 pages or more', (program) => {
    expect(run(program)).toBeLessThan(300);
  });

  it('are counted', () => {
    expect(run('fresh pages')).toBeGreaterThan(1000);
  });
});

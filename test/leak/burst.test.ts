import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

interface Megabytes {
  readonly peak: number;
  readonly after: number;
  readonly cached: number;
}

const path = fileURLToPath(new URL('./burst.mjs', import.meta.url));
const run = (...args: number[]): Megabytes =>
  JSON.parse(execFileSync(process.execPath, [path, ...args.map(String)], { encoding: 'utf8' }));

// Only there does the C library give back what it has when it is asked to.
describe.skipIf(process.platform !== 'linux')('a gigabyte that was freed, eight seconds of small tensors later', () => {
  it.each([
    ['1000 tensors of 1 MB', 1000, 262_144],
    ['one tensor of 1 GB', 1, 2 ** 28],
  ])('%s', (_name, count, elements) => {
    const { peak, after, cached } = run(count, elements, 8);
    expect(peak).toBeGreaterThan(1000);
    expect(after).toBeLessThan(200);
    expect(cached).toBeLessThan(100);
  });
});

import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

interface Growth {
  readonly residentMegabytes: number;
  readonly liveTensors: number;
}

// A process of its own: resident memory is the process's, and the loop must not yield. V8's young generation keeps its
// size: once in a while V8 would double it, which adds 13 MB that are no leak.
const FLAGS = ['--expose-gc', '--max-semi-space-size=4'];

function run(program: string): Growth {
  const path = fileURLToPath(new URL('./loops.mjs', import.meta.url));
  return JSON.parse(execFileSync(process.execPath, [...FLAGS, path, program], { encoding: 'utf8' }));
}

// A leak grows every time; V8's heap, on a machine that does other things, takes a few megabytes more once in a while.
describe('resident memory after warm-up, in a synchronous loop without dispose or tidy', { retry: 2 }, () => {
  it.each([
    ['forward', 'a million model(x) under noGrad'],
    ['train', '100,000 training steps'],
    ['large', '20,000 results of 1 MB'],
    ['graphs', '200,000 graphs that no backward frees'],
    ['views', 'a million views'],
  ])('%s: %s', (program) => {
    const { residentMegabytes, liveTensors } = run(program);
    expect(residentMegabytes).toBeLessThan(8);
    expect(liveTensors).toBeLessThan(50);
  });
});

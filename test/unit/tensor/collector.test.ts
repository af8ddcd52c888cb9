import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';

// V8's flags are the process's, so each program has a process of its own.

interface Seen {
  readonly here: boolean;
  readonly context: boolean;
  readonly worker: boolean;
  readonly liveTensors: number;
}

/** Where a program that imports the package sees a `gc`, and how many of 2000 dropped tensors of 1 MB are alive. */
const PROGRAM = `
  import { once } from 'node:events';
  import vm from 'node:vm';
  import { Worker } from 'node:worker_threads';
  import { memory, zeros } from 'flambeau';

  for (let i = 0; i < 2000; i++) zeros([512, 512]);
  const liveTensors = memory().tensors;
  const source = "require('worker_threads').parentPort.postMessage(typeof gc === 'function')";
  const [worker] = await once(new Worker(source, { eval: true, execArgv: [] }), 'message');
  const context = vm.runInNewContext("typeof gc === 'function'");
  console.log(JSON.stringify({ here: typeof gc === 'function', context, worker, liveTensors }));`;

function run(...flags: string[]): Seen {
  const program = ['--input-type=module', '--eval', PROGRAM];
  return JSON.parse(execFileSync(process.execPath, [...flags, ...program], { encoding: 'utf8' })) as Seen;
}

test('importing exposes gc to nobody, and dropped tensors are found all the same', () => {
  const { liveTensors, ...seen } = run();
  expect(seen).toEqual({ here: false, context: false, worker: false });
  expect(liveTensors).toBeLessThan(200);
});

test('a program that was started with --expose-gc keeps it', () => {
  const { liveTensors, ...seen } = run('--expose-gc');
  expect(seen).toEqual({ here: true, context: true, worker: true });
  expect(liveTensors).toBeLessThan(200);
});

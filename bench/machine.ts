// The native programs of the bench: built for this machine, by node-gyp, which `npm install` brought.
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import type { Machine } from './roofline.js';

const HERE = import.meta.dirname;
const BUILT = path.join(HERE, 'native/build/Release');

/** Whether they are there now; without a compiler that knows GCC's vector types, rows go without limits. */
export function buildPrograms(): boolean {
  const build = path.join(HERE, '../tools/buildNative.mjs');
  try {
    execFileSync(process.execPath, [build, '--directory=bench/native'], { stdio: ['ignore', 'ignore', 'pipe'] });
    return true;
  } catch (error) {
    console.error(`No measured limits, no OpenBLAS: bench/native does not build here.\n${(error as Error).message}`);
    return false;
  }
}

export const program = (name: 'peak' | 'openblas' | 'wakeup'): string => path.join(BUILT, name);

export const measureMachine = (threads: number): Machine =>
  JSON.parse(execFileSync(program('peak'), [String(threads)], { encoding: 'utf8' }));

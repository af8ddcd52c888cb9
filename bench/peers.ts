// Who is measured beside us. A peer's side of a group is a file of the group's name in its folder under peers/.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { program } from './machine.js';
import type { Peer } from './rounds.js';
import { OURS } from './table.js';
import type { Trial } from './trials/trial.js';

const HERE = import.meta.dirname;
const PEERS = path.join(HERE, 'peers');

const tsx = (file: string): Peer['command'] => [process.execPath, '--import', 'tsx', file];
const hasFile =
  (folder: string, extension: string) =>
  (group: string): boolean =>
    existsSync(path.join(PEERS, folder, `${group}${extension}`));

/** The library of a working tree, with that tree's rows. */
export function flambeau(root: string = path.join(HERE, '..'), name: string = OURS): Peer {
  return { name, command: tsx(path.join(root, 'bench/ours.ts')), cwd: root, has: () => true };
}

const succeeds = (command: string, args: readonly string[]): boolean => {
  try {
    execFileSync(command, args, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
};

function torch(): Peer | string {
  const python = process.env.FLAMBEAU_BENCH_PYTHON ?? 'python3';
  if (!succeeds(python, ['-c', 'import torch']))
    return `torch: ${python} has none; FLAMBEAU_BENCH_PYTHON names another`;
  return { name: 'torch', command: [python, path.join(PEERS, 'torch/peer.py')], has: hasFile('torch', '.py') };
}

function openblas(): Peer | string {
  const command = program('openblas');
  if (!succeeds(command, ['1'])) return 'openblas: no shared library; FLAMBEAU_BENCH_OPENBLAS names one';
  const products = (trials: readonly Trial[]): string[] =>
    trials.flatMap(({ name, product }) => {
      if (product === undefined) return [];
      const { m, k, n, layout, precision } = product;
      return [name, precision === 'float64' ? 'f64' : 'f32', layout, String(m), String(k), String(n)];
    });
  return {
    name: 'openblas',
    command: [command],
    has: (group) => group === 'gemm',
    ask: (_group, threads, trials) => [String(threads), ...products(trials)],
  };
}

const onnxruntime = (): Peer => ({
  name: 'ort',
  command: tsx(path.join(PEERS, 'ort/peer.ts')),
  has: hasFile('ort', '.ts'),
});

/** Its WebAssembly backend takes more threads in browsers only. */
const tfjs = (): Peer => ({
  name: 'tfjs',
  command: tsx(path.join(PEERS, 'tfjs/peer.ts')),
  has: (group, threads) => threads === 1 && hasFile('tfjs', '.ts')(group),
});

/** Installs what npm has into bench/peers, without install scripts: onnxruntime's would fetch CUDA. */
function install(): void {
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  execFileSync(npm, ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: PEERS,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
}

/** All that this machine has; says which it lacks. */
export function findPeers(): Peer[] {
  install();
  const found = [torch(), onnxruntime(), tfjs(), openblas()];
  for (const peer of found) if (typeof peer === 'string') console.log(`without ${peer}`);
  return found.filter((peer) => typeof peer !== 'string');
}

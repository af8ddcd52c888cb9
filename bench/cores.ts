// Which core a program runs on. What else runs on a rented core's host can halve what it does, and differs from core to
// core: programs that are compared had better share one.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

type Command = readonly [program: string, ...args: string[]];

/** The numbers of a list such as `0-3,8`. */
export function coresOf(list: string): number[] {
  return list.split(',').flatMap((range) => {
    const [first, last = first] = range.split('-').map(Number);
    return Array.from({ length: last! - first! + 1 }, (_, i) => first! + i);
  });
}

/** The cores that this process may use; none where the system does not say or cannot be told to use one of them. */
function findCores(): number[] {
  try {
    execFileSync('taskset', ['--version'], { stdio: 'ignore' });
    const allowed = /^Cpus_allowed_list:\s*(\S+)/m.exec(readFileSync('/proc/self/status', 'utf8'));
    return coresOf(allowed![1]!);
  } catch {
    return [];
  }
}
const cores = findCores();

/** The command of a program of so many threads: one thread on one core, another core in the next round. */
export function placed(command: Command, threads: number, round: number): Command {
  if (threads !== 1 || cores.length < 2) return command;
  return ['taskset', '--cpu-list', String(cores[round % cores.length]), ...command];
}

// Interleaved measurement: a fresh process for each peer, group and round; the order of the peers reversed each round.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { placed } from './cores.js';
import type { Row, Version } from './report.js';
import type { Trial } from './trials/trial.js';

const run = promisify(execFile);

/**
 * A program that is called with a group, a number of threads and rows, and prints lines of JSON: who it is, then
 * {name, ns} or {name, error} for each row that it has.
 */
export interface Peer {
  readonly name: string;
  readonly command: readonly [program: string, ...args: string[]];
  /** Where it runs, if not here. */
  readonly cwd?: string;
  /** Whether it has anything of a group with so many threads. */
  readonly has: (group: string, threads: number) => boolean;
  /** The arguments that ask for rows; their names, unless given. */
  readonly ask?: (group: string, threads: number, trials: readonly Trial[]) => string[];
}

type Line = { readonly name: string } & ({ readonly ns: number } | { readonly error: string });

export interface Measured {
  readonly rows: Row[];
  readonly versions: Record<string, Version>;
  /** What a peer could not run, each once. */
  readonly problems: string[];
}

const named = (group: string, threads: number, trials: readonly Trial[]): string[] => [
  group,
  String(threads),
  ...trials.map(({ name }) => name),
];

async function ask(
  peer: Peer,
  round: number,
  group: string,
  threads: number,
  trials: readonly Trial[],
): Promise<[Version, Line[]]> {
  const [program, ...args] = placed(peer.command, threads, round);
  const asked = (peer.ask ?? named)(group, threads, trials);
  const { stdout } = await run(program, [...args, ...asked], { cwd: peer.cwd, maxBuffer: 1 << 24 });
  const [version, ...lines] = stdout.trim().split('\n');
  return [JSON.parse(version!), lines.map((line) => JSON.parse(line))];
}

type Failure = Error & { readonly code?: number | string; readonly stderr?: string };

/** What a program says of its failure; not its command, which differs from round to round. */
const reason = ({ stderr, code, message }: Failure): string =>
  stderr || (code === undefined ? message : `ended with ${code}`);

function costsOf({ flops, read, written, precision, note, series }: Trial): Row['costs'] {
  // Through JSON, so that what a row does not state is no key.
  return JSON.parse(JSON.stringify({ flops, read, written, precision, note, series }));
}

export async function runGroup(
  peers: readonly Peer[],
  group: string,
  trials: readonly Trial[],
  threads: number,
  rounds: number,
  commit: string,
): Promise<Measured> {
  const rows: Row[] = trials.map((trial) => ({
    group,
    name: trial.name,
    threads,
    commit,
    costs: costsOf(trial),
    raw: {},
  }));
  const byName = new Map(rows.map((row) => [row.name, row]));
  const versions: Record<string, Version> = {};
  const problems = new Set<string>();
  const able = peers.filter((peer) => peer.has(group, threads));
  for (let round = 0; round < rounds; round++) {
    for (const peer of round % 2 === 0 ? able : able.toReversed()) {
      try {
        const [version, lines] = await ask(peer, round, group, threads, trials);
        versions[peer.name] = version;
        for (const line of lines) {
          const raw = byName.get(line.name)?.raw;
          if ('error' in line) problems.add(`${peer.name}, ${line.name}: ${line.error}`);
          else if (raw !== undefined) raw[peer.name] = [...(raw[peer.name] ?? []), line.ns];
        }
      } catch (error) {
        problems.add(`${peer.name}, ${group}: ${reason(error as Failure).slice(0, 2000)}`);
      }
    }
  }
  return { rows, versions, problems: [...problems] };
}

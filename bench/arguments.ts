import { parseArgs } from 'node:util';

export interface Arguments {
  readonly words: readonly string[];
  readonly rounds: number;
  readonly threads: readonly number[];
  readonly peers: boolean;
  readonly into: string | undefined;
}

function count(text: string, option: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new Error(`--${option}: expected a positive integer, got '${text}'`);
  return value;
}

export function readArguments(args: readonly string[]): Arguments {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      peers: { type: 'boolean', default: false },
      rounds: { type: 'string', default: '5' },
      threads: { type: 'string', default: '1,2' },
      into: { type: 'string' },
    },
  });
  return {
    words: positionals,
    rounds: count(values.rounds, 'rounds'),
    threads: values.threads.split(',').map((text) => count(text, 'threads')),
    peers: values.peers,
    into: values.into,
  };
}

import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

export interface Example {
  /** File and line, as `lib/ops/shape/join.ts:35`. */
  readonly source: string;
  readonly code: string;
}

const root = path.resolve(import.meta.dirname, '../..');

function filesBelow(folder: string, extension: string): string[] {
  return readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith(extension))
    .map((file) => path.join(folder, file))
    .sort();
}

const read = (file: string): string => readFileSync(path.join(root, file), 'utf8');
const lineOf = (text: string, position: number): number => text.slice(0, position).split('\n').length;

/** What follows `@example` in the doc comments of lib/. */
export function docstringExamples(): Example[] {
  return filesBelow('lib', '.ts').flatMap((file) => {
    const text = read(file);
    return [...text.matchAll(/@example\n(?<body>(?: *\*(?!\/).*\n)+)/g)].map((match) => ({
      source: `${file}:${lineOf(text, match.index) + 1}`,
      code: match.groups!.body!.replaceAll(/^ *\* ?/gm, ''),
    }));
  });
}

/** The fenced blocks of the README and of docs/ whose info string is `info`. */
export function markdownBlocks(info: string): Example[] {
  return ['README.md', ...filesBelow('docs', '.md')].flatMap((file) => {
    const text = read(file);
    return [...text.matchAll(/^```(?<info>.*)\n(?<body>[\s\S]*?)^```$/gm)]
      .filter((match) => match.groups!.info === info)
      .map((match) => ({ source: `${file}:${lineOf(text, match.index) + 1}`, code: match.groups!.body! }));
  });
}

/** All of our own sources, for blocks that quote them. */
export function sources(): string {
  return ['lib', 'examples', 'test/parity'].flatMap((folder) => filesBelow(folder, '.ts').map(read)).join('\n');
}

// House rules for files: every source is compiled, nothing outgrows its reader, nothing unfinished is left.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { listFiles, report } from './files.mjs';
import { root, sources } from './sources.mjs';

const MAX_LINES = 500;
const MAX_KERNEL_LINES = 800;
const CODE = /\.(ts|mjs|cpp|h|inc|def)$/;
const UNFINISHED = /\b(TODO|FIXME|XXX)\b|^#if 0|@ts-(ignore|nocheck)/;

const problems = [];

const compiled = [...sources.kernels, ...sources.core, ...sources.binding];
for (const file of listFiles(['native'], /\.cpp$/).filter((name) => !compiled.includes(name))) {
  problems.push(`${file}: in no folder that tools/sources.mjs names, so nothing compiles it`);
}

for (const file of listFiles(['lib', 'native', 'test', 'bench', 'examples'], CODE)) {
  const lines = readFileSync(path.join(root, file), 'utf8').trimEnd().split('\n');
  const limit = file.startsWith('native/kernels/') ? MAX_KERNEL_LINES : MAX_LINES;
  if (lines.length > limit) problems.push(`${file}: ${lines.length} lines; at most ${limit}, then it is two files`);
  lines.forEach((line, i) => {
    if (UNFINISHED.test(line)) problems.push(`${file}:${i + 1}: ${line.trim()}`);
  });
}

report(problems);

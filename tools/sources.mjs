// What is compiled, and how: the sources are those that lie in native/, the flags are in native/sources.json.
// As a program: node tools/sources.mjs kernels <isa>|core|binding|kernelFlags|coreFlags|isas <arch>|isaFlags <isa>|msvcFlags <isa>
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

/** The folders of native/ that are the core: all but the kernels, which know one ISA, and the binding, which knows Node. */
const CORE = ['dispatch', 'parallel', 'memory', 'tensor', 'drivers', 'ops', 'plan'];

/** The .cpp files of folders of native/ and of the folders in them, in an order that no file system decides. @param {string[]} folders */
function sourcesIn(...folders) {
  const files = readdirSync(path.join(root, 'native'), { recursive: true, encoding: 'utf8' });
  return files
    .map((file) => file.split(path.sep).join('/'))
    .filter((file) => file.endsWith('.cpp') && folders.includes(file.split('/')[0] ?? ''))
    .map((file) => `native/${file}`)
    .sort();
}

/**
 * @type {{
 *   kernelsOf: Record<string, string[]>, isa: Record<string, Record<string, string[]>>,
 *   msvcFlags: Record<string, string[]>, kernelFlags: string[], coreFlags: string[],
 * }}
 */
const flags = JSON.parse(readFileSync(path.join(root, 'native/sources.json'), 'utf8'));

export const sources = {
  ...flags,
  kernels: sourcesIn('kernels'),
  core: sourcesIn(...CORE),
  binding: sourcesIn('binding'),
};

/** The sources of an ISA's library: all kernels, or what differs from the ISA that it extends. @param {string} isa */
const kernelsOf = (isa) => sources.kernelsOf[isa] ?? sources.kernels;

/** @type {Record<string, (argument: string) => string[] | undefined>} */
const QUERIES = {
  kernels: (isa) => kernelsOf(isa),
  core: () => sources.core,
  binding: () => sources.binding,
  kernelFlags: () => sources.kernelFlags,
  coreFlags: () => sources.coreFlags,
  isas: (arch) => sources.isa[arch] && Object.keys(sources.isa[arch]),
  isaFlags: (isa) => Object.values(sources.isa).find((isas) => isas[isa])?.[isa],
  msvcFlags: (isa) => sources.msvcFlags[isa],
};

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [query = '', argument = ''] = process.argv.slice(2);
  const lines = QUERIES[query]?.(argument);
  if (!lines) throw new Error(`sources: nothing is known of '${query} ${argument}' in native/sources.json`);
  console.log(lines.join('\n'));
}

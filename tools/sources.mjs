// Reads native/sources.json, the one list of native sources and flags, for binding.gyp and for the checks.
// As a program: node tools/sources.mjs kernels <isa>|core|binding|kernelFlags|coreFlags|isas <arch>|isaFlags <isa>|msvcFlags <isa>
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

/**
 * @type {{
 *   kernels: string[], kernelsOf: Record<string, string[]>, core: string[], binding: string[],
 *   isa: Record<string, Record<string, string[]>>, msvcFlags: Record<string, string[]>,
 *   kernelFlags: string[], coreFlags: string[],
 * }}
 */
export const sources = JSON.parse(readFileSync(path.join(root, 'native/sources.json'), 'utf8'));

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

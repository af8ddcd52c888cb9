// Proves on the built objects that no ISA's code can leak into another: what a linker may merge is visible here.
// Reads what node-gyp built with make; needs nm and objdump.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { report } from './files.mjs';
import { root, sources } from './sources.mjs';

const BUILD = path.join(root, 'build/Release');
// What kernels may call: memory blocks, and mathematics where the vector forms hand over to libm.
const CALLABLE = new RegExp(
  `^(${[
    'mem(cpy|move|set)|_GLOBAL_OFFSET_TABLE_|__stack_chk_fail|_DYNAMIC',
    '(a?(sin|cos|tan)h?|sincos|atan2|exp|exp2|expm1|log|log2|log10|log1p|pow|fmod|erfc?|cbrt|hypot)f?',
    '(floor|ceil|round|trunc|rint|nearbyint|sqrt|fma|ldexp|frexp|scalbn|remainder|lgamma|tgamma)f?',
  ].join('|')})$`,
);
// Every AVX instruction's name begins with v; these three older ones do too.
const AVX = /^\s*[0-9a-f]+:\s+(?!verr|verw|vm[a-z]+$)(v[a-z0-9]+)\s.*$/m;

/** @param {string} command @param {string[]} args */
const run = (command, args) => execFileSync(command, args, { encoding: 'utf8', maxBuffer: 1 << 30 });

/** Symbols of an object or archive. @param {string} file @param {string[]} flags */
function symbols(file, flags = []) {
  const lines = run('nm', ['--format=posix', ...flags, file]).split('\n');
  return lines.flatMap((line) => {
    const [name = '', type = ''] = line.split(' ');
    return type ? [{ name, type }] : [];
  });
}

/** @param {string} isa */
function checkKernels(isa) {
  const archive = path.join(BUILD, `obj.target/${isa}.a`);
  const own = new RegExp(`^_ZNK?8flambeau${isa.length}${isa}`);
  const base = /-DFLAMBEAU_BASE=(\w+)/.exec(sources.isa[process.arch]?.[isa]?.join(' ') ?? '')?.[1];
  const callable = base ? new RegExp(`${CALLABLE.source}|^_ZNK?8flambeau${base.length}${base}`) : CALLABLE;
  const problems = [];
  for (const { name, type } of symbols(archive)) {
    if (/^[WwVvu]$/.test(type)) {
      problems.push(`${isa}: ${name} is weak: the linker may pick this ISA's copy for every ISA`);
    } else if (type === 'U') {
      if (!own.test(name) && !callable.test(name)) problems.push(`${isa}: calls ${name}, which kernels may not`);
    } else if (/^[A-Z]$/.test(type) && !own.test(name)) {
      problems.push(`${isa}: ${name} is global outside namespace flambeau::${isa}`);
    }
  }
  if (/\.(init_array|ctors)/.test(run('objdump', ['-h', archive]))) {
    problems.push(`${isa}: runs code when the addon is loaded (a static initialiser)`);
  }
  return problems;
}

/** Nothing that runs before or besides the dispatch may need more than the baseline CPU. @param {string} file */
function checkBaseline(file) {
  const found = AVX.exec(run('objdump', ['-d', '--no-show-raw-insn', path.join(BUILD, 'obj.target', file)]));
  return found ? [`${file}: holds an AVX instruction: ${found[0].trim()}`] : [];
}

/** @param {string} file */
const objectOf = (file) => `flambeau/${file.replace(/\.cpp$/, '.o')}`;

function checkAddon() {
  const allowed = /^(napi_register_module_v1|node_api_module_get_api_version_v1)$/;
  return symbols(path.join(BUILD, 'flambeau.node'), ['-D', '--defined-only'])
    .filter(({ name }) => !allowed.test(name))
    .map(({ name }) => `flambeau.node: exports ${name}; tools/exports.map lists what it may`);
}

if (process.platform !== 'linux') {
  console.log('symbols are checked on Linux');
} else if (!existsSync(path.join(BUILD, 'flambeau.node'))) {
  report(['build/Release/flambeau.node does not exist: npm run build:native']);
} else {
  const isas = Object.keys(sources.isa[process.arch] ?? {});
  const baseline = [...sources.core, ...sources.binding].map(objectOf);
  report([
    ...isas.flatMap(checkKernels),
    ...(process.arch === 'x64' ? [...baseline, 'baseline.a'].flatMap(checkBaseline) : []),
    ...checkAddon(),
  ]);
}

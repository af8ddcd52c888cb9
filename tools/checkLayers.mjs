// Proves that dependencies point one way: imports in lib/, includes in native/.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { listFiles, report } from './files.mjs';
import { root } from './sources.mjs';

/** What each folder of lib/ may import besides itself. Only tensor sees the addon. @type {Record<string, string[]>} */
const LIB = {
  native: [],
  tensor: ['native'],
  autograd: ['tensor'],
  ops: ['autograd', 'tensor'],
  nn: ['ops', 'autograd', 'tensor'],
  optim: ['nn', 'ops', 'autograd', 'tensor'],
  data: ['nn', 'ops', 'autograd', 'tensor'],
  io: ['nn', 'ops', 'autograd', 'tensor'],
  compile: ['nn', 'ops', 'autograd', 'tensor'],
  serve: ['compile', 'nn', 'ops', 'autograd', 'tensor'],
  'index.ts': ['serve', 'compile', 'io', 'data', 'optim', 'nn', 'ops', 'autograd', 'tensor'],
};

/** What each folder of native/ may include besides itself, by prefix. @type {Record<string, string[]>} */
const NATIVE = {
  kernels: ['dtype.h'],
  dispatch: ['dtype.h', 'kernels/table.h', 'kernels/families.inc', 'kernels/kernels.def', 'tensor/error.h'],
  tensor: ['dtype.h', 'kernels/table.h', 'kernels/box_muller.h', 'dispatch/dispatch.h'],
  plan: ['dtype.h', 'kernels/table.h', 'dispatch/dispatch.h', 'tensor/'],
  binding: ['dtype.h', 'kernels/table.h', 'dispatch/dispatch.h', 'tensor/', 'plan/'],
};
// Static imports and exports (their clause has no quotes), augmentations, and import() in code or in types.
const IMPORT = /(?:^(?:import|export)\s(?:[\w$\s{},*]*\sfrom\s)?|^declare module |\bimport\()\s*['"]([^'"]+)['"]/gm;
// C headers: no templates that would leave weak symbols, no allocation.
const KERNEL_HEADERS = /^(c?(std(def|int)|math|string|float|limits)(\.h)?|type_traits|immintrin\.h|arm_neon\.h)$/;
const NODE_HEADERS = /^(napi|node_api|node|v8|uv|js_native_api)(-inl)?\.h$/;

/** @param {string} file */
const read = (file) => readFileSync(path.join(root, file), 'utf8');
/** @param {string} file @param {string} relative */
const resolve = (file, relative) => path.posix.join(path.posix.dirname(file), relative);

/** @param {string} file */
function checkImports(file) {
  const problems = [];
  const layer = file.split('/')[1] ?? '';
  const allowed = LIB[layer];
  if (!allowed) return [`${file}: lib/${layer} is not a layer; tools/checkLayers.mjs lists them`];
  for (const [, target = ''] of read(file).matchAll(IMPORT)) {
    if (target.startsWith('node:')) continue;
    if (!target.startsWith('.')) {
      problems.push(`${file}: imports ${target}; lib/ imports only its own files and node: modules`);
      continue;
    }
    const other = resolve(file, target).split('/')[1] ?? '';
    if (other !== layer && !allowed.includes(other)) {
      problems.push(`${file}: imports ${target}; ${layer} may import ${allowed.join(', ') || 'nothing else'}`);
    }
  }
  return problems;
}

/** @param {string} file */
function checkIncludes(file) {
  const problems = [];
  const [, layer = ''] = file.split('/');
  const allowed = file === 'native/dtype.h' ? [] : NATIVE[layer];
  if (!allowed) return [`${file}: native/${layer} is not a layer; tools/checkLayers.mjs lists them`];
  for (const [, bracket, target = ''] of read(file).matchAll(/^\s*#\s*include\s*([<"])([^>"]+)[>"]/gm)) {
    if (NODE_HEADERS.test(target) && layer !== 'binding') {
      problems.push(`${file}: includes ${target}; only native/binding knows Node`);
    } else if (bracket === '<') {
      if (layer === 'kernels' && !KERNEL_HEADERS.test(target)) {
        problems.push(`${file}: includes <${target}>; kernels include C headers and intrinsics only`);
      }
    } else {
      const other = resolve(file, target).replace(/^native\//, '');
      if (!other.startsWith(`${layer}/`) && !allowed.some((prefix) => other.startsWith(prefix))) {
        problems.push(`${file}: includes ${target}; ${layer} may include ${allowed.join(', ')}`);
      }
    }
  }
  return problems;
}

report([
  ...listFiles(['lib'], /\.ts$/).flatMap(checkImports),
  ...listFiles(['native'], /\.(cpp|h|inc|def)$/).flatMap(checkIncludes),
]);

// Proves that dependencies point one way: imports in lib/, includes in native/.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { listFiles, report } from './files.mjs';
import { root } from './sources.mjs';

/**
 * What each room of lib/ may import besides itself and, of rooms inside a room, their common files. A file belongs to
 * the innermost room that is named here. @type {Record<string, string[]>}
 */
const LIB = {
  native: [],
  tensor: ['native'],
  raw: ['native', 'tensor'],
  autograd: ['raw', 'tensor'],
  'ops/shape': ['autograd', 'raw', 'tensor'],
  'ops/elementwise': ['ops/shape', 'autograd', 'raw', 'tensor'],
  'ops/random': ['autograd', 'raw', 'tensor'],
  'ops/matmul': ['ops/elementwise', 'ops/shape', 'autograd', 'raw', 'tensor'],
  'ops/indexing': ['ops/elementwise', 'ops/shape', 'autograd', 'raw', 'tensor'],
  'ops/reduce': ['ops/indexing', 'ops/elementwise', 'ops/shape', 'autograd', 'raw', 'tensor'],
  'ops/loss': ['ops/reduce', 'ops/indexing', 'ops/elementwise', 'ops/shape', 'autograd', 'raw', 'tensor'],
  'ops/nn': ['ops/reduce', 'ops/matmul', 'ops/indexing', 'ops/elementwise', 'ops/shape', 'autograd', 'raw', 'tensor'],
  ops: ['ops/', 'autograd', 'raw', 'tensor'],
  'nn/module': ['ops', 'autograd', 'raw', 'tensor'],
  'nn/init': ['nn/module', 'ops', 'autograd', 'raw', 'tensor'],
  'nn/layers': ['nn/containers', 'nn/init', 'nn/module', 'ops', 'autograd', 'raw', 'tensor'],
  'nn/containers': ['nn/layers', 'nn/module', 'ops', 'autograd', 'raw', 'tensor'],
  'nn/quantized': ['nn/layers', 'nn/module', 'ops', 'autograd', 'raw', 'tensor'],
  'nn/utils': ['ops', 'autograd', 'raw', 'tensor'],
  nn: ['nn/', 'ops', 'autograd', 'raw', 'tensor'],
  optim: ['ops', 'autograd', 'raw', 'tensor'],
  data: ['nn', 'ops', 'autograd', 'raw', 'tensor'],
  io: ['nn', 'ops', 'autograd', 'raw', 'tensor'],
  compile: ['nn', 'ops', 'autograd', 'raw', 'tensor'],
  serve: ['compile', 'nn', 'ops', 'autograd', 'raw', 'tensor'],
  'index.ts': ['serve', 'compile', 'io', 'data', 'optim', 'nn', 'ops', 'autograd', 'tensor'],
};
/** The addon, and the file that hands it on: for these rooms alone. */
const ADDON = { files: ['lib/native/addon.ts', 'lib/tensor/runtime.ts'], rooms: ['native', 'tensor', 'raw'] };

/** What each folder of native/ may include besides itself, by prefix. @type {Record<string, string[]>} */
const NATIVE = {
  kernels: ['dtype.h'],
  dispatch: ['dtype.h', 'error.h', 'kernels/table.h', 'kernels/families.inc', 'kernels/kernels.def'],
  parallel: ['error.h'],
  memory: ['error.h', 'parallel/'],
  tensor: ['dtype.h', 'error.h', 'kernels/elementwise.h', 'dispatch/dispatch.h', 'parallel/', 'memory/'],
  drivers: ['dtype.h', 'error.h', 'kernels/', 'dispatch/dispatch.h', 'parallel/', 'memory/', 'tensor/'],
  ops: ['dtype.h', 'error.h', 'kernels/', 'dispatch/dispatch.h', 'parallel/', 'memory/', 'tensor/', 'drivers/'],
  plan: [
    'dtype.h',
    'error.h',
    'kernels/',
    'dispatch/dispatch.h',
    'parallel/',
    'memory/',
    'tensor/',
    'drivers/',
    'ops/',
  ],
  binding: [
    'dtype.h',
    'error.h',
    'kernels/',
    'dispatch/',
    'parallel/',
    'memory/',
    'tensor/',
    'drivers/',
    'ops/',
    'plan/',
  ],
};
// Static imports and exports (their clause has no quotes), augmentations, and import() in code or in types.
const IMPORT = /(?:^(?:import|export)\s(?:[\w$\s{},*]*\sfrom\s)?|^declare module |\bimport\()\s*['"]([^'"]+)['"]/gm;
// The clause and the file of an import or export; the clause is empty where a file is imported for what it does.
const CLAUSE = /^(?:import|export)\s(?:([\w$\s{},*]*)\sfrom\s)?\s*'(\.[^']+)'/gm;
// C headers: no templates that would leave weak symbols, no allocation.
const KERNEL_HEADERS = /^(c?(std(def|int)|math|string|float|limits)(\.h)?|type_traits|immintrin\.h|arm_neon\.h)$/;
const NODE_HEADERS = /^(napi|node_api|node|v8|uv|js_native_api)(-inl)?\.h$/;

/** @param {string} file */
const read = (file) => readFileSync(path.join(root, file), 'utf8');
/** @param {string} file @param {string} relative */
const resolve = (file, relative) => path.posix.join(path.posix.dirname(file), relative);

/** The innermost room of lib/ that a file is in. @param {string} file */
function roomOf(file) {
  const parts = file.split('/').slice(1);
  for (let n = parts.length; n > 0; n--) {
    const room = parts.slice(0, n).join('/');
    if (LIB[room]) return room;
  }
  return null;
}

/** Whether `room` may import from `other`: itself, the common files of the room around it, and what LIB says. */
function mayImport(/** @type {string} */ room, /** @type {string} */ other) {
  if (other === room || room.startsWith(`${other}/`)) return true;
  return (LIB[room] ?? []).some(
    (allowed) => other === allowed || other.startsWith(allowed.endsWith('/') ? allowed : `${allowed}/`),
  );
}

/** @param {string} file */
function checkImports(file) {
  const room = roomOf(file);
  if (room === null) return [`${file}: belongs to no layer; tools/checkLayers.mjs lists them`];
  const problems = [];
  for (const [, target = ''] of read(file).matchAll(IMPORT)) {
    if (target.startsWith('node:')) continue;
    if (!target.startsWith('.')) {
      problems.push(`${file}: imports ${target}; lib/ imports only its own files and node: modules`);
      continue;
    }
    const other = resolve(file, target).replace(/\.js$/, '.ts');
    const otherRoom = roomOf(other);
    if (otherRoom === null || !mayImport(room, otherRoom)) {
      problems.push(`${file}: imports ${target}; ${room} may import ${LIB[room]?.join(', ') || 'nothing else'}`);
    } else if (ADDON.files.includes(other) && !ADDON.rooms.includes(room)) {
      problems.push(`${file}: imports ${target}; only ${ADDON.rooms.join(', ')} see the addon`);
    }
  }
  return problems;
}

/** What a file imports when it runs: the clauses that are not types alone. @param {string} file */
function importsAtRunTime(file) {
  const targets = [];
  for (const [, clause = '', target = ''] of read(file).matchAll(CLAUSE)) {
    if (/^type\s/.test(clause)) continue;
    const names = /\{([^}]*)\}/.exec(clause)?.[1]?.split(',') ?? [];
    const onlyTypes = clause.startsWith('{') && names.every((name) => /^\s*(type\s|$)/.test(name));
    if (!onlyTypes) targets.push(resolve(file, target).replace(/\.js$/, '.ts'));
  }
  return targets;
}

/** Import circles that exist when the program runs. @param {string[]} files */
function findCircles(files) {
  const graph = new Map(files.map((file) => [file, importsAtRunTime(file)]));
  /** @type {Map<string, 'open' | 'done'>} */
  const state = new Map();
  /** @type {string[]} */
  const path = [];
  /** @type {string[]} */
  const problems = [];
  const visit = (/** @type {string} */ file) => {
    if (state.get(file) === 'done') return;
    if (state.get(file) === 'open') {
      problems.push(`import circle: ${[...path.slice(path.indexOf(file)), file].join(' → ')}`);
      return;
    }
    state.set(file, 'open');
    path.push(file);
    for (const target of graph.get(file) ?? []) visit(target);
    path.pop();
    state.set(file, 'done');
  };
  files.forEach(visit);
  return problems;
}

/** @param {string} file */
function checkIncludes(file) {
  const problems = [];
  const [, layer = ''] = file.split('/');
  const allowed = layer.endsWith('.h') ? [] : NATIVE[layer];
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

const libFiles = listFiles(['lib'], /\.ts$/);
report([
  ...libFiles.flatMap(checkImports),
  ...findCircles(libFiles),
  ...listFiles(['native'], /\.(cpp|h|inc|def)$/).flatMap(checkIncludes),
]);

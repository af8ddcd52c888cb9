// Proves the package as a consumer gets it: packs it, installs the tarball offline, with scripts off, into an empty
// folder where PATH has nothing but node, and loads it from ESM, from require and from strict TypeScript.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { root } from './sources.mjs';

const MAX_BYTES = 20e6;
const PROGRAM = `
manualSeed(0);
const model = new nn.Sequential(new nn.Linear(10, 50), new nn.ReLU(), new nn.Linear(50, 2), new nn.Sigmoid());
const y = model(randn([1, 10]));
const values = [...y.toTypedArray()].map((value) => Number(value).toFixed(6)).join(' ');
if (values !== '0.513739 0.513109') throw new Error('the model gave ' + values);
`;

const npm = process.env.npm_execpath;
if (!npm) throw new Error('testPackage: run it as npm run test:package');
const tsc = path.join(path.dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin/tsc');
const nodeTypes = path.join(root, 'node_modules/@types');
const folder = mkdtempSync(path.join(tmpdir(), 'flambeau-package-'));
const bin = path.join(folder, 'bin');
const app = path.join(folder, 'app');

try {
  mkdirSync(bin);
  mkdirSync(app);
  symlinkSync(process.execPath, path.join(bin, path.basename(process.execPath)));

  for (const script of ['prebuildify', 'build:ts']) node(root, process.env, npm, 'run', script);
  const [packed] = JSON.parse(
    execFileSync(process.execPath, [npm, 'pack', '--json', '--ignore-scripts', '--pack-destination', folder], {
      cwd: root,
      encoding: 'utf8',
    }),
  );
  /** @type {string[]} */
  const files = packed.files.map((/** @type {{ path: string }} */ file) => file.path);
  const binaries = files.filter((file) => /^prebuilds\/[^/]+\/flambeau.*\.node$/.test(file));
  if (binaries.length === 0) throw new Error('testPackage: the tarball has no prebuilt binary');
  const stray = files.filter((file) => /binding\.gyp$|^(native|tools|test)\//.test(file));
  if (stray.length > 0) throw new Error(`testPackage: the tarball should not have ${stray.join(', ')}`);
  if (packed.size > MAX_BYTES) throw new Error(`testPackage: the tarball has ${packed.size} bytes`);
  console.log(
    `${packed.filename}: ${packed.size} bytes packed, ${packed.unpackedSize} unpacked, ${binaries.join(', ')}`,
  );

  write('package.json', JSON.stringify({ name: 'app', private: true }));
  const bare = { PATH: bin, HOME: folder, npm_config_cache: path.join(folder, 'cache') };
  node(app, bare, npm, 'install', '--offline', '--ignore-scripts', path.join(folder, packed.filename));

  const names = '{ manualSeed, nn, randn }';
  write('program.mjs', `import ${names} from 'flambeau';${PROGRAM}console.log('ESM: ok');`);
  write('program.cjs', `const ${names} = require('flambeau');${PROGRAM}console.log('require: ok');`);
  write('strict.mts', `import ${names} from 'flambeau';${PROGRAM}console.log('strict TypeScript: ok');`);
  const strict = ['--strict', '--exactOptionalPropertyTypes', '--module', 'nodenext', '--target', 'es2023'];
  node(app, bare, tsc, ...strict, '--types', 'node', '--typeRoots', nodeTypes, 'strict.mts');
  for (const program of ['program.mjs', 'program.cjs', 'strict.mjs']) node(app, bare, program);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** @param {string} cwd @param {NodeJS.ProcessEnv} env @param {string[]} args */
function node(cwd, env, ...args) {
  execFileSync(process.execPath, args, { cwd, env, stdio: 'inherit' });
}

/** @param {string} name @param {string} text */
function write(name, text) {
  writeFileSync(path.join(app, name), text);
}

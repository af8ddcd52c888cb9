import path from 'node:path';
import { defineConfig } from 'vitest/config';
import { loadAddon } from './lib/native/loader.js';

const root = import.meta.dirname;
const { supportedIsas } = loadAddon(root) as { supportedIsas(): string[] };

// Everything runs once on the best ISA of the machine; the parity suite then runs on each ISA below it too.
export default defineConfig({
  resolve: { alias: { flambeau: path.join(root, 'lib/index.ts') } },
  test: {
    pool: 'forks',
    execArgv: ['--expose-gc'],
    testTimeout: 60_000,
    projects: [
      { extends: true, test: { name: 'all', include: ['test/**/*.test.ts'] } },
      ...supportedIsas()
        .slice(0, -1)
        .map((isa) => ({
          extends: true as const,
          test: { name: isa, include: ['test/parity/**/*.test.ts'], env: { FLAMBEAU_ISA: isa } },
        })),
    ],
  },
});

import path from 'node:path';
import { defineConfig } from 'vitest/config';

// The tests that run lib/ from its sources, where mutants are; those that run dist/ or programs of their own see none.
const root = path.resolve(import.meta.dirname, '../..');

export default defineConfig({
  root,
  resolve: { alias: { flambeau: path.join(root, 'lib/index.ts') } },
  test: {
    include: ['test/unit/**/*.test.ts', 'test/parity/**/*.test.ts', 'test/examples/**/*.test.ts'],
    exclude: ['test/unit/bench/**', 'test/unit/native/**'],
    testTimeout: 60_000,
    // One import of lib/ for all files of a run. Each change still gets a worker of its own.
    isolate: false,
  },
});

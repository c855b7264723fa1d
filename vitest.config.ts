import { join } from 'node:path';
import type { ViteUserConfig } from 'vitest/config';
import { publicEntries } from './scripts/entries.js';

const root = import.meta.dirname;

const config: ViteUserConfig = {
  resolve: {
    // Tests and examples import the package by its name and get the sources.
    alias: publicEntries(root).map(({ subpath, source }) => ({
      find: new RegExp(`^pipewright${subpath.slice(1)}$`),
      replacement: join(root, source),
    })),
  },
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    testTimeout: 30_000,
    coverage: { provider: 'v8', include: ['src/**/*.ts'], exclude: ['src/**/*.test.ts', 'src/**/*.test-d.ts'] },
  },
};

export default config;

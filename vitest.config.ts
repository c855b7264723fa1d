import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const src = (path: string): string => fileURLToPath(new URL(`src/${path}`, import.meta.url));

const config: ReturnType<typeof defineConfig> = defineConfig({
  resolve: {
    // Tests and examples import the package by its name and get the sources.
    alias: [
      { find: /^pipewright$/, replacement: src('index.ts') },
      { find: /^pipewright\/(openai|anthropic|extractive)$/, replacement: `${src('provider/')}$1/index.ts` },
      { find: /^pipewright\/(.+)$/, replacement: `${src('')}$1/index.ts` },
    ],
  },
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    typecheck: { enabled: false, include: ['src/**/*.test-d.ts', 'test/types/**/*.test-d.ts'] },
    testTimeout: 30_000,
    coverage: { provider: 'v8', include: ['src/**/*.ts'], exclude: ['src/**/*.test.ts', 'src/**/*.test-d.ts'] },
  },
});

export default config;

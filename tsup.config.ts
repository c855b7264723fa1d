import { readFileSync } from 'node:fs';
import type { Options } from 'tsup';
import { commandSource, publicEntries } from './scripts/entries.js';

const root = process.cwd();
const entries = Object.fromEntries(publicEntries(root).map(({ name, source }) => [name, source]));
const command = commandSource(root);
const { optionalDependencies } = JSON.parse(readFileSync('package.json', 'utf8'));

const shared: Options = {
  target: 'node20',
  platform: 'node',
  // The core must exist once per format, whichever entries a program imports.
  splitting: true,
  sourcemap: true,
  // tsup leaves dependencies and peers alone by itself, but would pack optional dependencies in.
  external: Object.keys(optionalDependencies),
  // Loading them from files of their own takes longer than all of our own code (decision 0005).
  noExternal: ['eventemitter3', 'p-retry', 'is-network-error', 'stemmer', 'eventsource-parser'],
  silent: true,
};

const modules: Options = {
  ...shared,
  format: 'esm',
  entry: { ...entries, ...(command === undefined ? {} : { 'cli/main': command }) },
};
// With `treeshake`, Rollup turns the split chunks into CommonJS; without it tsup's own way rewrites `?.` and `??` into helper calls.
const commonJs: Options = { ...shared, format: 'cjs', entry: entries, treeshake: true };
// One compilation gives the declarations of both formats. They take most of the time, and running needs none.
const types: Options = { ...shared, format: ['esm', 'cjs'], entry: entries, dts: { only: true } };

const config: readonly Options[] =
  process.env.PIPEWRIGHT_BUILD === 'quick' ? [modules, commonJs] : [modules, commonJs, types];

export default config;

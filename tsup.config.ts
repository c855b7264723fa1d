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
  // The types take most of the time, and running needs none.
  dts: process.env.PIPEWRIGHT_BUILD === 'quick' ? false : { entry: entries },
  silent: true,
};

const config: readonly Options[] = [
  { ...shared, format: 'esm', entry: { ...entries, ...(command === undefined ? {} : { 'cli/main': command }) } },
  // With `treeshake`, Rollup turns the split chunks into CommonJS; without it tsup's own way rewrites `?.` and `??` into helper calls.
  { ...shared, format: 'cjs', entry: entries, treeshake: true },
];

export default config;

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { commandSource, type Entry, exportsOf, pathsOf } from '../entries.js';
import type { Problem } from './source.js';

/** What package.json and tsconfig.json must say about the entries. */
export interface EntryFields {
  readonly packageJson: Readonly<Record<string, unknown>>;
  readonly paths: Readonly<Record<string, readonly string[]>>;
}

export const entryFields = (root: string, entries: readonly Entry[]): EntryFields => ({
  packageJson: {
    main: './dist/index.cjs',
    types: './dist/index.d.cts',
    ...(commandSource(root) === undefined ? {} : { bin: { pipewright: './dist/cli/main.js' } }),
    exports: exportsOf(entries),
  },
  paths: pathsOf(entries),
});

/** Holds package.json and tsconfig.json to the entries that exist. */
export const checkExports = (root: string, entries: readonly Entry[]): readonly Problem[] => {
  const read = (path: string) => JSON.parse(readFileSync(join(root, path), 'utf8'));
  const packageJson = read('package.json');
  const { packageJson: fields, paths } = entryFields(root, entries);
  const wrong = Object.keys(fields).filter((field) => !isDeepStrictEqual(packageJson[field], fields[field]));
  const advice = 'Run: npm run exports';
  return [
    ...wrong.map((field) => ({
      path: 'package.json',
      message: `\`${field}\` does not match the entries in src. ${advice}`,
    })),
    ...(isDeepStrictEqual(read('tsconfig.json').compilerOptions.paths, paths)
      ? []
      : [{ path: 'tsconfig.json', message: `\`paths\` does not match the entries in src. ${advice}` }]),
  ];
};

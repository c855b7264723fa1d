import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** One thing that users can import: `pipewright`, or a subpath such as `pipewright/rag`. */
export interface Entry {
  /** Its key in the `exports` of package.json: `.` or `./rag`. */
  readonly subpath: string;
  /** Its file in `dist`, without the ending: `index` or `rag`. */
  readonly name: string;
  /** Its source, from the root of the project. */
  readonly source: string;
}

/** Folders that users do not import by name: `core` is the root entry, `cli` is the command, the others serve the rest. */
const innerFolders: ReadonlySet<string> = new Set([
  'core',
  'text',
  'filter',
  'terms',
  'ask',
  'thread',
  'cli',
  'provider',
  'provider/shared',
]);

const foldersOf = (path: string): readonly string[] =>
  existsSync(path)
    ? readdirSync(path, { withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .map((entry) => entry.name)
        .sort()
    : [];

/** Every entry that exists now: each public folder with an `index.ts`, each provider, and the suites for implementers. */
export const publicEntries = (root: string): readonly Entry[] => {
  const folders = [
    ...foldersOf(join(root, 'src')).map((folder) => ({ name: folder, folder })),
    ...foldersOf(join(root, 'src/provider')).map((name) => ({ name, folder: `provider/${name}` })),
    { name: 'testing/suites', folder: 'testing/suites' },
  ];
  const entries = folders
    .filter(({ folder }) => !innerFolders.has(folder) && existsSync(join(root, 'src', folder, 'index.ts')))
    .map(({ name, folder }) => ({ subpath: `./${name}`, name, source: `src/${folder}/index.ts` }));
  return [{ subpath: '.', name: 'index', source: 'src/index.ts' }, ...entries];
};

/** The command's source, where there is one. */
export const commandSource = (root: string): string | undefined =>
  existsSync(join(root, 'src/cli/main.ts')) ? 'src/cli/main.ts' : undefined;

/** The `exports` that package.json must hold for these entries. */
export const exportsOf = (entries: readonly Entry[]): Readonly<Record<string, unknown>> => ({
  ...Object.fromEntries(
    entries.map(({ subpath, name }) => [
      subpath,
      {
        import: { types: `./dist/${name}.d.ts`, default: `./dist/${name}.js` },
        require: { types: `./dist/${name}.d.cts`, default: `./dist/${name}.cjs` },
      },
    ]),
  ),
  './package.json': './package.json',
});

/** The `paths` that tsconfig.json must hold, so that sources, tests and examples import the package by its name. */
export const pathsOf = (entries: readonly Entry[]): Readonly<Record<string, readonly string[]>> => {
  const special = entries.filter(({ name, source }) => source !== `src/${name}/index.ts`);
  return {
    ...Object.fromEntries(special.map(({ subpath, source }) => [`pipewright${subpath.slice(1)}`, [`./${source}`]])),
    'pipewright/*': ['./src/*/index.ts'],
  };
};

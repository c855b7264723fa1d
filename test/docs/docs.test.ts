import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { isTest, readSources } from '../../scripts/check/source.js';
import { isBuilt } from '../../scripts/setup.mjs';
import { root, toJavaScript, typeErrorsOf } from './compile.js';
import { type DocExample, examplesOf, returningLast } from './examples.js';
import { promisedOutput, type Snippet, snippetsOf } from './snippets.js';

const pages = [
  ...readSources(root, ['docs'], ['.md']),
  ...['README.md', 'CONTRIBUTING.md', 'ARCHITECTURE.md']
    .filter((path) => existsSync(join(root, path)))
    .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') })),
];
const snippets = pages.flatMap(snippetsOf);
const isTypeScript = ({ language }: Snippet): boolean => language === 'ts';
const nameOf = ({ path, line }: { readonly path: string; readonly line: number }): string => `${path}:${line}`;

// Snippets stand inside the project, where `pipewright` is the built package, and run in an empty folder.
const snippetFolder = join(root, '.cache/docs');
let emptyFolder = '';
let before = '';
beforeAll(() => {
  mkdirSync(snippetFolder, { recursive: true });
  emptyFolder = mkdtempSync(join(tmpdir(), 'pipewright-docs-'));
  before = process.cwd();
  process.chdir(emptyFolder);
});
afterAll(() => {
  process.chdir(before);
  rmSync(emptyFolder, { recursive: true, force: true });
});

describe('the code of the pages', () => {
  it('is correctly typed', () => {
    // Blank lines before the code give it the line numbers of its page.
    const texts = snippets
      .filter(isTypeScript)
      .map((snippet): [string, string] => [
        `${snippet.path}.${snippet.line}.ts`,
        `${'\n'.repeat(snippet.line - 1)}${snippet.code}\nexport {};`,
      ]);
    expect(typeErrorsOf(new Map(texts))).toEqual([]);
  });

  const runnable = snippets.filter((snippet) => isTypeScript(snippet) && !snippet.flags.includes('no-run'));
  it.each(runnable.map((snippet) => [nameOf(snippet), snippet] as const))(
    '%s runs and prints what it says',
    async (name, snippet) => {
      if (!isBuilt()) throw new Error('dist is older than the sources. Run `npm test`, or `npm run build` first.');
      const file = join(snippetFolder, `${name.replace(/\W/g, '-')}.mjs`);
      const cwd = mkdtempSync(join(emptyFolder, 'run-'));
      writeFileSync(file, toJavaScript(snippet.code));
      const { stdout } = await promisify(execFile)(process.execPath, [file], { cwd });
      const lines = stdout.split('\n').map((line) => line.trim());
      const promised = promisedOutput(snippet.code);
      expect(lines.filter((line) => promised.includes(line))).toEqual(promised);
    },
  );
});

describe('the commands of the pages', () => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const isKnown = (command: string): boolean => {
    const [program, first = '', second = ''] = command.split(/\s+/);
    if (program === 'npx' && first === 'pipewright') return true;
    if (program === 'npx' && first === 'tsx') return existsSync(join(root, second));
    if (program !== 'npm') return ['git', 'cd', '.ci/run', 'bash'].includes(program ?? '');
    return (
      ['install', 'install-scripts', 'rebuild', 'ci', 'pack'].includes(first) ||
      (first === 'run' ? second : first) in scripts
    );
  };
  const commands = snippets
    .filter(({ language }) => language === 'sh')
    .flatMap((snippet) =>
      snippet.code.split('\n').map((line) => [nameOf(snippet), line.replace(/\s*#.*$/, '')] as const),
    )
    .filter(([, line]) => line !== '');

  it.each(commands)('%s: `%s` exists', (_, command) => {
    expect(command.split(' && ').filter((part) => !isKnown(part))).toEqual([]);
  });
});

describe('the examples of the docstrings', () => {
  const examples = readSources(root, ['src'], ['.ts'])
    .filter(({ path }) => !isTest(path))
    .flatMap(examplesOf);
  const promising = examples.filter(({ expected }) => expected !== undefined);

  /** What an example may name: its own file and folder, and what everybody has. */
  const scopeOf = async ({ path }: DocExample): Promise<Readonly<Record<string, unknown>>> => {
    const folder = dirname(path);
    const index = [folder, dirname(folder)].map((at) => join(root, at, 'index.ts')).find(existsSync);
    const common = ['', 'text/', 'store/', 'tool/', 'agent/', 'testing/'];
    const modules = common.map((at) => join(root, `src/${at}index.ts`));
    const all = [...modules, ...(index === undefined ? [] : [index]), join(root, path)];
    return Object.assign({ z }, ...(await Promise.all(all.map((module) => import(module)))));
  };

  const AsyncFunction = (async () => undefined).constructor as new (
    ...parts: string[]
  ) => (...values: unknown[]) => Promise<unknown>;

  it.each(promising.map((example) => [nameOf(example), example] as const))(
    '%s gives what it promises',
    async (_, example) => {
      const scope = await scopeOf(example);
      const body = toJavaScript(returningLast(example.code));
      const run = new AsyncFunction(...Object.keys(scope), body);
      const promised = new AsyncFunction(`return (${example.expected});`);
      expect(await run(...Object.values(scope))).toEqual(await promised());
    },
  );
});

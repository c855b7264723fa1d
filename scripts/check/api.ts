import { createHash } from 'node:crypto';
import { join } from 'node:path';
import ts from 'typescript';
import type { Entry } from '../entries.js';
import type { Problem } from './source.js';

/** The file that lists every public name. */
export const apiPath = 'api.txt';

const compilerOptions = (root: string): ts.CompilerOptions => {
  const path = join(root, 'tsconfig.json');
  return ts.parseJsonConfigFileContent(ts.readConfigFile(path, ts.sys.readFile).config, ts.sys, root).options;
};

const kindOf = (name: ts.Symbol, checker: ts.TypeChecker): string => {
  const symbol = name.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(name) : name;
  if (symbol.flags & ts.SymbolFlags.Class) return 'class';
  if (symbol.flags & ts.SymbolFlags.Function) return 'function';
  if (symbol.flags & ts.SymbolFlags.Variable) {
    return checker.getTypeOfSymbol(symbol).getCallSignatures().length > 0 ? 'function' : 'const';
  }
  return symbol.flags & ts.SymbolFlags.Interface ? 'interface' : 'type';
};

/** One line for each public name of each entry: `pipewright/rag function answer`. */
export const publicNames = (root: string, entries: readonly Entry[]): readonly string[] => {
  const files = entries.map(({ source }) => join(root, source));
  const program = ts.createProgram(files, compilerOptions(root));
  const checker = program.getTypeChecker();
  return entries.flatMap(({ subpath, source }) => {
    const file = program.getSourceFile(join(root, source));
    const module = file === undefined ? undefined : checker.getSymbolAtLocation(file);
    const names = module === undefined ? [] : checker.getExportsOfModule(module);
    return names.map((name) => `pipewright${subpath.slice(1)} ${kindOf(name, checker)} ${name.name}`).sort();
  });
};

/** What identifies a state of the changelog. */
const changelogMark = (changelog: string): string =>
  createHash('sha256').update(changelog.trim()).digest('hex').slice(0, 16);

const header = 'Every public name of the package. `npm run api` writes this file, and asks for a line in CHANGELOG.md.';

/** The text of the list. It remembers the changelog that it was written with. */
export const apiText = (names: readonly string[], changelog: string): string =>
  [`# ${header}`, `# changelog ${changelogMark(changelog)}`, ...names, ''].join('\n');

const namesIn = (text: string): readonly string[] =>
  text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));

/** The names that came and went between the list and the sources. */
export const apiChanges = (listed: string, names: readonly string[]): readonly string[] => {
  const before = new Set(namesIn(listed));
  const now = new Set(names);
  return [
    ...[...now].filter((name) => !before.has(name)).map((name) => `+ ${name}`),
    ...[...before].filter((name) => !now.has(name)).map((name) => `- ${name}`),
  ];
};

/** Whether the list may be written anew: when the public names changed, the changelog must have changed with them. */
export const mayRewrite = (listed: string, names: readonly string[], changelog: string): boolean =>
  apiChanges(listed, names).length === 0 || !listed.includes(`# changelog ${changelogMark(changelog)}`);

/** Holds the public names to the list. */
export const checkApi = (listed: string, names: readonly string[]): readonly Problem[] => {
  const changes = apiChanges(listed, names);
  const advice = 'The public names changed. Describe it in CHANGELOG.md, then run: npm run api';
  return changes.length === 0 ? [] : [{ path: apiPath, message: [advice, ...changes].join('\n    ') }];
};

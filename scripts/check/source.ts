import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

/** A file as a check sees it: its path from the root of the project, with `/`, and its text. */
export interface Source {
  readonly path: string;
  readonly text: string;
}

/** What a check found: where, what is wrong, and what to do. */
export interface Problem {
  readonly path: string;
  /** From 1. */
  readonly line?: number;
  readonly message: string;
}

const ignored: ReadonlySet<string> = new Set([
  'node_modules',
  'dist',
  'coverage',
  'fixtures',
  '.git',
  '.cache',
  '.pipewright',
]);

const pathsBelow = (root: string, folder: string): readonly string[] =>
  readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) return ignored.has(entry.name) ? [] : pathsBelow(root, path);
    return entry.isFile() ? [path] : [];
  });

/** The files below the folders whose names end in one of `endings`, in a stable order. */
export const readSources = (root: string, folders: readonly string[], endings: readonly string[]): readonly Source[] =>
  folders
    .flatMap((folder) => pathsBelow(root, folder))
    .filter((path) => endings.some((ending) => path.endsWith(ending)))
    .sort()
    .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));

export const isTest = (path: string): boolean => /\.(test|test-d)\.ts$/.test(path);

const parsed = new WeakMap<Source, ts.SourceFile>();

/** The syntax tree of a file; parsed once for all checks. */
export const treeOf = (source: Source): ts.SourceFile => {
  const known = parsed.get(source);
  if (known !== undefined) return known;
  const tree = ts.createSourceFile(source.path, source.text, ts.ScriptTarget.Latest, true);
  parsed.set(source, tree);
  return tree;
};

const walked = new WeakMap<ts.Node, readonly ts.Node[]>();

/** Every node of a tree, outer ones first; walked once for all checks. */
export const nodesOf = (tree: ts.Node): readonly ts.Node[] => {
  const known = walked.get(tree);
  if (known !== undefined) return known;
  const nodes: ts.Node[] = [];
  const walk = (node: ts.Node): void => {
    nodes.push(node);
    ts.forEachChild(node, walk);
  };
  walk(tree);
  walked.set(tree, nodes);
  return nodes;
};

/** The line on which a node starts, from 1, comments before it left out. */
export const lineOf = (node: ts.Node): number => {
  const tree = node.getSourceFile();
  return tree.getLineAndCharacterOfPosition(node.getStart(tree)).line + 1;
};

/** How many lines a node covers, comments before it left out. */
export const lineCountOf = (node: ts.Node): number =>
  node.getSourceFile().getLineAndCharacterOfPosition(node.getEnd()).line + 2 - lineOf(node);

import ts from 'typescript';
import { isTest, lineCountOf, lineOf, nodesOf, type Problem, type Source, treeOf } from './source.js';

const maxFileLines = 300;
/** Tests are lists of sentences; a long one is read in parts. */
const maxTestLines = 500;
const maxFunctionLines = 60;
const maxOptions = 8;

const nameOf = (node: ts.SignatureDeclaration): string => {
  if (node.name !== undefined) return node.name.getText();
  const { parent } = node;
  return ts.isVariableDeclaration(parent) || ts.isPropertyAssignment(parent) ? parent.name.getText() : 'a function';
};

const longFunctions = (source: Source): readonly Problem[] =>
  nodesOf(treeOf(source))
    .filter((node) => ts.isFunctionLike(node) && 'body' in node && node.body !== undefined)
    .filter((node) => lineCountOf(node) > maxFunctionLines)
    .map((node) => ({
      path: source.path,
      line: lineOf(node),
      message: `${nameOf(node as ts.SignatureDeclaration)} has ${lineCountOf(node)} lines; at most ${maxFunctionLines}. Give its parts names of their own.`,
    }));

const wideOptions = (source: Source): readonly Problem[] =>
  nodesOf(treeOf(source))
    .filter(ts.isInterfaceDeclaration)
    .filter(({ name, members }) => name.text.endsWith('Options') && members.length > maxOptions)
    .map((node) => ({
      path: source.path,
      line: lineOf(node),
      message: `${node.name.text} has ${node.members.length} fields; at most ${maxOptions}. Group what belongs together, or split the function.`,
    }));

/** Tests, and the suites that implementers run: `describe` holds what belongs together, however much that is. */
const isOfTests = (path: string): boolean => isTest(path) || path.startsWith('src/testing/suites/');

/** Holds files, functions and option objects to a size that can be read. */
export const checkSizes = (sources: readonly Source[]): readonly Problem[] =>
  sources.flatMap((source) => {
    const lines = source.text.trimEnd().split('\n').length;
    const maxLines = isTest(source.path) ? maxTestLines : maxFileLines;
    const tooLong = { path: source.path, message: `has ${lines} lines; at most ${maxLines}. Split it by idea.` };
    return [
      ...(lines > maxLines ? [tooLong] : []),
      ...(isOfTests(source.path) ? [] : longFunctions(source)),
      ...wideOptions(source),
    ];
  });

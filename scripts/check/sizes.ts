import ts from 'typescript';
import { isTest, lineCountOf, lineOf, nodesOf, type Problem, type Source, treeOf } from './source.js';

const maxFileLines = 300;
const maxFunctionLines = 60;
const maxOptions = 8;

const nameOf = (node: ts.SignatureDeclaration): string => {
  if (node.name !== undefined) return node.name.getText();
  const { parent } = node;
  return ts.isVariableDeclaration(parent) || ts.isPropertyAssignment(parent) ? parent.name.getText() : 'a function';
};

const longFunctions = (source: Source): readonly Problem[] =>
  [...nodesOf(treeOf(source))]
    .filter((node) => ts.isFunctionLike(node) && 'body' in node && node.body !== undefined)
    .filter((node) => lineCountOf(node) > maxFunctionLines)
    .map((node) => ({
      path: source.path,
      line: lineOf(node),
      message: `${nameOf(node as ts.SignatureDeclaration)} has ${lineCountOf(node)} lines; at most ${maxFunctionLines}. Give its parts names of their own.`,
    }));

const wideOptions = (source: Source): readonly Problem[] =>
  [...nodesOf(treeOf(source))]
    .filter(ts.isInterfaceDeclaration)
    .filter(({ name, members }) => name.text.endsWith('Options') && members.length > maxOptions)
    .map((node) => ({
      path: source.path,
      line: lineOf(node),
      message: `${node.name.text} has ${node.members.length} fields; at most ${maxOptions}. Group what belongs together, or split the function.`,
    }));

/** Holds files, functions and option objects to a size that can be read. Only files of tests may hold long functions. */
export const checkSizes = (sources: readonly Source[]): readonly Problem[] =>
  sources.flatMap((source) => {
    const lines = source.text.trimEnd().split('\n').length;
    const tooLong = { path: source.path, message: `has ${lines} lines; at most ${maxFileLines}. Split it by idea.` };
    return [
      ...(lines > maxFileLines ? [tooLong] : []),
      ...(isTest(source.path) ? [] : longFunctions(source)),
      ...wideOptions(source),
    ];
  });

import ts from 'typescript';
import { isTest, lineOf, nodesOf, type Problem, type Source, treeOf } from './source.js';

/** The one file that may read the machine's time and chance. */
const clockFile = 'src/core/clock.ts';

const timeAndChance: ReadonlySet<string> = new Set([
  'Date.now',
  'Date',
  'setTimeout',
  'setInterval',
  'setImmediate',
  'Math.random',
  'crypto.randomUUID',
  'randomUUID',
]);

/** The forbidden call that a node is, as it is written; undefined for any other node. */
const forbiddenCall = (node: ts.Node): string | undefined => {
  if (ts.isNewExpression(node)) {
    return node.expression.getText() === 'Date' && (node.arguments ?? []).length === 0 ? 'new Date()' : undefined;
  }
  // Also where it is handed on without a call: `const now = Date.now`.
  const isName = ts.isPropertyAccessExpression(node) || (ts.isCallExpression(node) && ts.isIdentifier(node.expression));
  const name = ts.isCallExpression(node) ? node.expression.getText() : node.getText();
  return isName && timeAndChance.has(name.replace(/^globalThis\./, '')) ? name : undefined;
};

const checkClock = (source: Source): readonly Problem[] => {
  if (source.path === clockFile || isTest(source.path)) return [];
  return nodesOf(treeOf(source)).flatMap((node) => {
    const call = forbiddenCall(node);
    const message = `uses ${call}. Time and chance come from the run: \`run.clock\`, \`run.random\`, \`sleep\`.`;
    return call === undefined ? [] : [{ path: source.path, line: lineOf(node), message }];
  });
};

const checkExportStar = (source: Source): readonly Problem[] =>
  nodesOf(treeOf(source))
    .filter((node) => ts.isExportDeclaration(node) && node.exportClause === undefined)
    .map((node) => ({
      path: source.path,
      line: lineOf(node),
      message: 'has `export *`. List the public names one by one.',
    }));

const unfinished = /\b(TODO|FIXME|XXX|not implemented)\b/;

const checkWords = (source: Source): readonly Problem[] =>
  source.text.split('\n').flatMap((text, index) => {
    const word = unfinished.exec(text)?.[0];
    const message = `says "${word}". Finish it, or say in docs what is not there yet.`;
    return word === undefined ? [] : [{ path: source.path, line: index + 1, message }];
  });

const checkName = (source: Source): readonly Problem[] => {
  const name = source.path.split('/').at(-1) ?? '';
  return /^[a-z0-9]+(-[a-z0-9]+)*(\.(test|test-d|d))?\.ts$/.test(name)
    ? []
    : [{ path: source.path, message: 'is not named in kebab-case.' }];
};

/** The rules of the house that the linter does not know. */
export const checkStyle = (sources: readonly Source[]): readonly Problem[] =>
  sources.flatMap((source) => [
    ...checkName(source),
    ...checkClock(source),
    ...checkExportStar(source),
    ...checkWords(source),
  ]);

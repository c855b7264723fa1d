import ts from 'typescript';
import { lineOf, nodesOf, type Source, treeOf } from '../../scripts/check/source.js';

/** The `@example` of a docstring. */
export interface DocExample {
  readonly path: string;
  readonly line: number;
  readonly code: string;
  /** The value that the last line promises, as JavaScript; undefined where it promises none. */
  readonly expected: string | undefined;
}

export const examplesOf = (source: Source): readonly DocExample[] => {
  const documented = nodesOf(treeOf(source)).filter((node) => ts.isStatement(node) || ts.isTypeElement(node));
  const tags = documented.flatMap((node) =>
    ts.getJSDocCommentsAndTags(node).flatMap((doc) => (ts.isJSDoc(doc) ? (doc.tags ?? []) : [])),
  );
  return tags
    .filter((tag) => tag.tagName.text === 'example')
    .map((tag) => {
      const [code = '', expected] = (ts.getTextOfJSDocComment(tag.comment) ?? '').split(/\/\/ =>/);
      return { path: source.path, line: lineOf(tag), code: code.trim(), expected: expected?.trim() };
    });
};

/** The last statement of a code becomes what the code returns; what stands before it is run. */
export const returningLast = (code: string): string => {
  const tree = ts.createSourceFile('x.ts', code, ts.ScriptTarget.Latest, true);
  const last = tree.statements.at(-1);
  if (last === undefined || !ts.isExpressionStatement(last)) return code;
  return `${code.slice(0, last.getStart(tree))}return (${last.expression.getText(tree)});`;
};

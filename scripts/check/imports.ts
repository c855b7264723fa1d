import ts from 'typescript';
import { lineOf, nodesOf, type Source, treeOf } from './source.js';

/** One mention of another module. */
export interface Import {
  /** As written; undefined where it is computed. */
  readonly specifier: string | undefined;
  readonly line: number;
  /** `type`: gone after compilation; `static`: loaded with the file; `lazy`: an `import()` or `require()` inside a function. */
  readonly how: 'type' | 'static' | 'lazy';
}

const textOf = (node: ts.Node | undefined): string | undefined =>
  node !== undefined && ts.isStringLiteralLike(node) ? node.text : undefined;

const isTypeClause = (clause: ts.ImportClause | undefined): boolean => {
  if (clause === undefined) return false;
  if (clause.phaseModifier === ts.SyntaxKind.TypeKeyword) return true;
  const { name, namedBindings } = clause;
  if (name !== undefined || namedBindings === undefined || !ts.isNamedImports(namedBindings)) return false;
  return namedBindings.elements.length > 0 && namedBindings.elements.every((element) => element.isTypeOnly);
};

const isTypeExport = ({ isTypeOnly, exportClause }: ts.ExportDeclaration): boolean =>
  isTypeOnly ||
  (exportClause !== undefined &&
    ts.isNamedExports(exportClause) &&
    exportClause.elements.length > 0 &&
    exportClause.elements.every((element) => element.isTypeOnly));

const isLoadCall = (node: ts.Node): node is ts.CallExpression =>
  ts.isCallExpression(node) &&
  (node.expression.kind === ts.SyntaxKind.ImportKeyword ||
    (ts.isIdentifier(node.expression) && node.expression.text === 'require'));

const importOf = (node: ts.Node): Omit<Import, 'line'> | undefined => {
  if (ts.isImportDeclaration(node)) {
    return { specifier: textOf(node.moduleSpecifier), how: isTypeClause(node.importClause) ? 'type' : 'static' };
  }
  if (ts.isExportDeclaration(node) && node.moduleSpecifier !== undefined) {
    return { specifier: textOf(node.moduleSpecifier), how: isTypeExport(node) ? 'type' : 'static' };
  }
  if (ts.isImportTypeNode(node)) {
    return { specifier: ts.isLiteralTypeNode(node.argument) ? textOf(node.argument.literal) : undefined, how: 'type' };
  }
  return isLoadCall(node) ? { specifier: textOf(node.arguments[0]), how: 'lazy' } : undefined;
};

/** Everything that a file imports, re-exports, loads or names as a type from elsewhere. */
export const importsOf = (source: Source): readonly Import[] =>
  nodesOf(treeOf(source)).flatMap((node) => {
    const found = importOf(node);
    return found === undefined ? [] : [{ ...found, line: lineOf(node) }];
  });

/** The package that a specifier names: `@scope/name` of `@scope/name/sub`; undefined for relative and built-in modules. */
export const packageOf = (specifier: string): string | undefined => {
  if (specifier.startsWith('.') || specifier.startsWith('node:') || specifier.startsWith('#')) return undefined;
  const parts = specifier.split('/');
  return parts.slice(0, specifier.startsWith('@') ? 2 : 1).join('/');
};

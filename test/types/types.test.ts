import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const options = ts.parseJsonConfigFileContent(
  ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile).config,
  ts.sys,
  root,
).options;

/** Type instantiations that each file may cost: about a fifth above what was measured. */
const budgets: Readonly<Record<string, number>> = JSON.parse(
  readFileSync(new URL('instantiations.json', import.meta.url), 'utf8'),
);

const host = ts.createCompilerHost(options);
/** Many pipes, written here because nobody wants to read them. */
const manyPipes = [
  "import { pipe } from 'pipewright';",
  ...Array.from(
    { length: 150 },
    (_, index) =>
      `export const p${index} = pipe((n: number) => n, (n) => [n], (l) => l.length, (n) => ({ n }), (o) => o.n, String);`,
  ),
].join('\n');
const written: Readonly<Record<string, string>> = { [join(root, 'test/types/many-pipes.ts')]: manyPipes };

/** Compiles one file and checks only that file: what it costs is what its author pays. */
const compile = (name: string): { readonly errors: readonly string[]; readonly instantiations: number } => {
  const path = join(root, 'test/types', name);
  const program = ts.createProgram(
    [path],
    { ...options, isolatedDeclarations: false, declaration: false },
    {
      ...host,
      fileExists: (file) => file in written || host.fileExists(file),
      getSourceFile: (file, language) => {
        const text = written[file];
        return text === undefined ? host.getSourceFile(file, language) : ts.createSourceFile(file, text, language);
      },
    },
  );
  const file = program.getSourceFile(path);
  const found = [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)];
  return {
    errors: found.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n')),
    instantiations: program.getInstantiationCount(),
  };
};

describe('Q08 types', () => {
  it.each(Object.entries(budgets))('%s compiles within %i instantiations', (name, maxInstantiations) => {
    const { errors, instantiations } = compile(name);
    expect(errors).toEqual([]);
    expect(instantiations).toBeLessThanOrEqual(maxInstantiations);
    // A budget far above the cost guards nothing.
    expect(instantiations).toBeGreaterThan(maxInstantiations / 2);
  });
});

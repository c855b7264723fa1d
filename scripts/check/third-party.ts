import { importsOf, packageOf } from './imports.js';
import { isTest, type Problem, type Source } from './source.js';

/** The packages that a folder may load: with its files (`static`), or inside the function that needs them (`lazy`). */
export interface Allowance {
  readonly static?: readonly string[];
  readonly lazy?: readonly string[];
}

export type AllowanceTable = Readonly<Record<string, Allowance>>;

/** The longest key of the table that the file lies below: `provider/openai` comes before `provider`. */
const allowanceOf = (path: string, table: AllowanceTable): Allowance => {
  const keys = Object.keys(table).filter((key) => path.startsWith(`src/${key}/`));
  const key = keys.sort((a, b) => b.length - a.length)[0];
  return (key === undefined ? undefined : table[key]) ?? {};
};

/** Holds third-party code to the folders that exist for it, and heavy packages to a lazy `import()` with a literal name. */
export const checkThirdParty = (sources: readonly Source[], table: AllowanceTable): readonly Problem[] =>
  sources
    .filter(({ path }) => !isTest(path))
    .flatMap((source) => {
      const { static: loaded = [], lazy = [] } = allowanceOf(source.path, table);
      return importsOf(source).flatMap(({ specifier, line, how }) => {
        const at = { path: source.path, line };
        if (specifier === undefined) {
          return [
            { ...at, message: 'loads a module by a computed name. Write the name out, so that bundlers see it.' },
          ];
        }
        const name = packageOf(specifier);
        if (name === undefined || loaded.includes(name)) return [];
        if (lazy.includes(name)) {
          return how === 'static'
            ? [
                {
                  ...at,
                  message: `loads ${name} with the file. Use \`loadOptional\` inside the function that needs it.`,
                },
              ]
            : [];
        }
        return [{ ...at, message: `imports ${name}, which this folder may not. See scripts/third-party.json.` }];
      });
    });

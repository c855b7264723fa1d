import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** This file, in an ES module and in CommonJS. */
const here = (): string => (typeof __filename === 'string' ? pathToFileURL(__filename).href : import.meta.url);

/** From where a thread can `require` a package that this one could; undefined where it is not installed, or in a bundle. */
export const packagePath = (name: string): string | undefined => {
  try {
    return createRequire(here()).resolve(name);
  } catch {
    return undefined;
  }
};

/** From where a thread can import a public folder of this package; undefined in a bundle, and in the sources. */
export const entryUrl = (folder: string): string | undefined => {
  const entry = new URL(`./${folder}.js`, here());
  try {
    const { name } = createRequire(entry)('../package.json') as { readonly name?: string };
    return name === 'pipewright' && existsSync(fileURLToPath(entry)) ? entry.href : undefined;
  } catch {
    return undefined;
  }
};

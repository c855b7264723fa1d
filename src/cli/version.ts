import { createRequire } from 'node:module';

interface Manifest {
  readonly version: string;
}

/** The package's version. The manifest stands two folders above this file, in the sources and in the build alike. */
export const version: string = (createRequire(import.meta.url)('../../package.json') as Manifest).version;

import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
/** Loads a package by a name that the compiler does not follow: types of peers are theirs to check. */
export const peer = async <T>(name: string): Promise<T> => {
  try {
    return (await import(name)) as T;
  } catch {
    return require(name) as T;
  }
};

/** Candidates to look at, from few to many. */
export const efforts: readonly number[] = [10, 16, 24, 32, 48, 64, 96, 128, 192, 256];
/** A store without a setting has one effort. */
export const only: readonly number[] = [64];

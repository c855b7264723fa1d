import { createHash } from 'node:crypto';
import { basename, join, resolve } from 'node:path';

/**
 * Where the index of some folders is kept when the person does not say: `.pipewright/<name>-<hash>` in the working folder,
 * one for each set of folders, so that a question about one is never answered from another.
 */
export const indexFolder = (cwd: string, paths: readonly string[]): string => {
  const absolute = paths.map((path) => resolve(cwd, path)).sort();
  const hash = createHash('sha256').update(absolute.join('\n')).digest('hex').slice(0, 8);
  const name = basename(absolute[0] ?? cwd).replace(/[^\w.-]+/g, '-') || 'root';
  return join(cwd, '.pipewright', `${name}-${hash}`);
};

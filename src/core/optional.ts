import { PipewrightError } from './errors.js';

const isMissing = (error: unknown, packageName: string): boolean => {
  const { code, message } = (error ?? {}) as { readonly code?: string; readonly message?: string };
  return (
    (code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND') && (message ?? '').includes(`'${packageName}'`)
  );
};

/**
 * Loads an optional package: `loadOptional('unpdf', 'reading PDF files', () => import('unpdf'))`.
 * @throws {PipewrightError} `dependency-missing` with the command that installs it.
 */
export const loadOptional = async <Module>(
  packageName: string,
  purpose: string,
  load: () => Promise<Module>,
): Promise<Module> => {
  try {
    return await load();
  } catch (cause) {
    if (!isMissing(cause, packageName)) throw cause;
    throw new PipewrightError(
      'dependency-missing',
      `${purpose[0]?.toUpperCase()}${purpose.slice(1)} needs the package \`${packageName}\`. Run: npm install ${packageName}`,
      { cause },
    );
  }
};

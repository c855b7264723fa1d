import { isPipewrightError, messageOf, PipewrightError } from '../core/index.js';

/** The error itself where it is one of ours; else what the file system or a parser meant by it. */
export const asLoadError = (source: string, error: unknown): PipewrightError => {
  if (isPipewrightError(error)) return error;
  const { code } = error as { readonly code?: string };
  const options = { cause: error, details: { where: source } };
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return new PipewrightError('not-found', `There is no file ${source}. Check the path.`, options);
    case 'EACCES':
    case 'EPERM':
      return new PipewrightError(
        'not-allowed',
        `${source} may not be read by this process. Check its permissions.`,
        options,
      );
    case 'EISDIR':
      return new PipewrightError('bad-input', `${source} is a folder. Use \`loadFolder\`.`, options);
    default:
      return new PipewrightError('document-damaged', `${source} cannot be read: ${messageOf(error)}.`, options);
  }
};

import { isPipewrightError, loadOptional, PipewrightError } from '../core/index.js';

/** The library's index class, with its own types. */
export type Hnswlib = typeof import('hnswlib-node').HierarchicalNSW;

/** `auto` builds a graph where it can, `hnsw` insists on it, `exact` never does. */
export type Engine = 'auto' | 'hnsw' | 'exact';

/** npm 12 installs the package without running the script that builds it; then it is there but cannot be loaded. */
const remedy = (error: unknown): string =>
  isPipewrightError(error)
    ? 'Run: npm install hnswlib-node'
    : 'Run: npm rebuild hnswlib-node (with npm 12: npm install-scripts approve hnswlib-node && npm rebuild hnswlib-node)';

let hasWarned = false;

const warnOnce = (error: unknown): void => {
  if (hasWarned) return;
  hasWarned = true;
  process.emitWarning(
    `hnswlib-node cannot be loaded, so vector searches compare with every vector: the results are the same, but large collections answer slower. ${remedy(error)}`,
    { type: 'PipewrightWarning' },
  );
};

/** The library, or undefined where it is not wanted or cannot be loaded. */
export const loadHnswlib = async (engine: Engine): Promise<Hnswlib | undefined> => {
  if (engine === 'exact') return undefined;
  try {
    const library = await loadOptional('hnswlib-node', 'a graph over vectors', () => import('hnswlib-node'));
    return library.default.HierarchicalNSW;
  } catch (cause) {
    if (engine === 'hnsw') {
      throw new PipewrightError(
        'dependency-missing',
        `The engine \`hnsw\` needs hnswlib-node, which cannot be loaded. ${remedy(cause)}`,
        {
          cause,
        },
      );
    }
    warnOnce(cause);
    return undefined;
  }
};

import { checkAtLeast, type Embedder, PipewrightError, type Store } from '../core/index.js';
import type { Engine } from './hnswlib.js';
import { type Meta, newMeta } from './records.js';
import type { Metric } from './vectors.js';

export interface HnswOptions {
  /** Length of the vectors. @default that of the embedder, or of the collection that is opened */
  readonly dimensions?: number;
  /** Makes the vectors of entries without one, and those of the questions to a retriever. */
  readonly embedder?: Embedder;
  /** Folder that holds the collection and its graph file. @default none: in memory only */
  readonly path?: string;
  /**
   * Holds the documents and vectors in place of a store of its own; give each collection its own part with `scoped`. It stays
   * open when the collection is closed. The graph is still saved in `path`; without that it is built anew at each opening.
   */
  readonly store?: Store;
  /** How nearness is measured. @default 'cosine', or that of the collection that is opened */
  readonly metric?: Metric;
  /** `auto` builds a graph where hnswlib-node can be loaded, `hnsw` fails where it cannot, `exact` always compares with all. @default 'auto' */
  readonly engine?: Engine;
  readonly graph?: HnswGraphOptions;
}

/** Malkov and Yashunin, "Efficient and robust approximate nearest neighbor search using HNSW graphs", 2016. */
export interface HnswGraphOptions {
  /** Neighbours of each vector; more find better and take more memory. @default 16 */
  readonly m?: number;
  /** Candidates looked at when a vector is added; more build better and slower. @default 200 */
  readonly efConstruction?: number;
  /** Candidates looked at by a search; more find better and slower. @default 64 */
  readonly efSearch?: number;
  /** Smaller collections have no graph: comparing with all is exact and as fast. @default 1000 */
  readonly minCount?: number;
}

export const resolveGraph = (options: HnswGraphOptions = {}): Required<HnswGraphOptions> => {
  const { m = 16, efConstruction = 200, efSearch = 64, minCount = 1_000 } = options;
  const limits = { m: 2, efConstruction: 1, efSearch: 1, minCount: 1 };
  const resolved = { m, efConstruction, efSearch, minCount };
  for (const name of ['m', 'efConstruction', 'efSearch', 'minCount'] as const) {
    checkAtLeast(`graph.${name}`, resolved[name], limits[name]);
    if (!Number.isInteger(resolved[name])) {
      throw new PipewrightError('bad-option', `\`graph.${name}\` must be a whole number, got ${resolved[name]}.`);
    }
  }
  return resolved;
};

const metrics: readonly Metric[] = ['cosine', 'dot', 'euclidean'];
const engines: readonly Engine[] = ['auto', 'hnsw', 'exact'];

const checkOneOf = <T>(option: string, value: T | undefined, allowed: readonly T[]): void => {
  if (value === undefined || allowed.includes(value)) return;
  throw new PipewrightError('bad-option', `\`${option}\` must be one of ${allowed.join(', ')}, got ${String(value)}.`);
};

/** Throws `bad-option` for options that contradict themselves. */
export const checkOptions = ({ dimensions, embedder, metric, engine, path }: HnswOptions): void => {
  checkOneOf('metric', metric, metrics);
  checkOneOf('engine', engine, engines);
  if (path === '') throw new PipewrightError('bad-option', '`path` must be a folder, got an empty text.');
  if (dimensions !== undefined && !(Number.isInteger(dimensions) && dimensions > 0)) {
    throw new PipewrightError('bad-option', `\`dimensions\` must be a whole number above 0, got ${dimensions}.`);
  }
  if (dimensions !== undefined && embedder !== undefined && dimensions !== embedder.dimensions) {
    throw new PipewrightError(
      'bad-option',
      `\`dimensions\` is ${dimensions}, but the embedder ${embedder.id} makes vectors of ${embedder.dimensions}. Leave \`dimensions\` out.`,
    );
  }
};

const differs = (where: string, what: string, stored: string | number, given: string | number): PipewrightError =>
  new PipewrightError(
    'bad-option',
    `The collection in ${where} has ${what} ${stored}, and is opened with ${given}. Open it with ${stored}, or fill a new collection.`,
    { details: { where } },
  );

/** The head of the collection: a new one, or the stored one if the options agree with it. */
export const resolveMeta = (stored: Meta | undefined, options: HnswOptions, where: string): Meta => {
  const { embedder, metric } = options;
  const dimensions = options.dimensions ?? embedder?.dimensions;
  if (stored === undefined) {
    if (dimensions !== undefined) return newMeta(dimensions, metric ?? 'cosine', embedder?.id);
    throw new PipewrightError('bad-option', 'A new collection needs `dimensions` or an `embedder`.');
  }
  // The embedder first: another model is the cause, its dimensions the effect.
  if (embedder !== undefined && stored.embedder !== undefined && embedder.id !== stored.embedder) {
    throw differs(where, 'vectors of the embedder', stored.embedder, embedder.id);
  }
  if (dimensions !== undefined && dimensions !== stored.dimensions) {
    throw differs(where, 'dimensions', stored.dimensions, dimensions);
  }
  if (metric !== undefined && metric !== stored.metric) throw differs(where, 'the metric', stored.metric, metric);
  return embedder === undefined ? stored : { ...stored, embedder: embedder.id };
};

import { type Embedder, PipewrightError, type Store, type Metric } from '../core/index.js';
import { type Meta, newMeta } from './records.js';

export interface HnswOptions {
  /** Length of the vectors. @default that of the embedder, or of the collection that is opened */
  readonly dimensions?: number;
  /** Makes the vectors of entries without one, and those of the questions to a retriever. */
  readonly embedder?: Embedder;
  /** Folder that holds the collection and its snapshot. @default none: in memory only */
  readonly path?: string;
  /**
   * Holds the documents and vectors in place of a store of its own; give each collection its own part with `scoped`. It stays
   * open when the collection is closed. The snapshot is still saved in `path`; without that the graph is built anew at each opening.
   */
  readonly store?: Store;
  /** How nearness is measured. @default 'cosine', or that of the collection that is opened */
  readonly metric?: Metric;
  /** `auto` searches a graph once there are `graph.minCount` entries, `exact` always compares with all. @default 'auto' */
  readonly engine?: Engine;
  /** `int8` takes a quarter of the memory for what a search reads, and is faster; hits are scored with the vectors themselves. @default 'float32' */
  readonly precision?: Precision;
  readonly graph?: HnswGraphOptions;
}

export type Engine = 'auto' | 'exact';

/** How vectors are held for searching: as 32-bit floats, or as codes of 8 bits. */
export type Precision = 'float32' | 'int8';

/** Malkov and Yashunin, "Efficient and robust approximate nearest neighbor search using HNSW graphs", 2016. */
export interface HnswGraphOptions {
  /** Neighbours of each vector; more find better and take more memory. 2 to 128. @default 16 */
  readonly m?: number;
  /** Candidates looked at when a vector is added; more build better and slower. @default 200 */
  readonly efConstruction?: number;
  /** Candidates looked at by a search; more find better and slower. @default 64 */
  readonly efSearch?: number;
  /** Smaller collections have no graph: comparing with all is exact and as fast. @default 1000 */
  readonly minCount?: number;
  /** Worker threads that build the graph; with 0 it is built in the calling thread, in short slices. @default 1 */
  readonly buildThreads?: number;
  /** Worker threads that answer `searchMany`, all on the same memory. @default 0: the calling thread */
  readonly searchThreads?: number;
  /**
   * With `int8`: where the vectors themselves are, which score the hits. In the `store` they take no memory, and each search
   * reads some of them. @default 'memory'
   */
  readonly originals?: 'memory' | 'store';
}

type GraphNumbers = Required<Omit<HnswGraphOptions, 'originals'>>;

const graphDefaults: GraphNumbers = {
  m: 16,
  efConstruction: 200,
  efSearch: 64,
  minCount: 1_000,
  buildThreads: 1,
  searchThreads: 0,
};
const graphLimits: Readonly<Record<keyof GraphNumbers, readonly [min: number, max: number]>> = {
  m: [2, 128],
  efConstruction: [1, 4_096],
  efSearch: [1, 1_000_000],
  minCount: [1, Number.MAX_SAFE_INTEGER],
  buildThreads: [0, 64],
  searchThreads: [0, 64],
};

export const resolveGraph = ({
  originals = 'memory',
  ...options
}: HnswGraphOptions = {}): Required<HnswGraphOptions> => {
  const resolved = { ...graphDefaults };
  for (const name of Object.keys(graphDefaults) as (keyof GraphNumbers)[]) {
    const value = options[name] ?? graphDefaults[name];
    const [min, max] = graphLimits[name];
    if (!(Number.isInteger(value) && value >= min && value <= max)) {
      throw new PipewrightError(
        'bad-option',
        `\`graph.${name}\` must be a whole number from ${min} to ${max}, got ${value}.`,
      );
    }
    resolved[name] = value;
  }
  checkOneOf('graph.originals', originals, ['memory', 'store']);
  return { ...resolved, originals };
};

const metrics: readonly Metric[] = ['cosine', 'dot', 'euclidean'];
const engines: readonly Engine[] = ['auto', 'exact'];

const precisions: readonly Precision[] = ['float32', 'int8'];

const checkOneOf = <T>(option: string, value: T | undefined, allowed: readonly T[]): void => {
  if (value === undefined || allowed.includes(value)) return;
  throw new PipewrightError('bad-option', `\`${option}\` must be one of ${allowed.join(', ')}, got ${String(value)}.`);
};

/** Throws `bad-option` for options that contradict themselves. */
export const checkOptions = ({ dimensions, embedder, ...options }: HnswOptions): void => {
  const { metric, engine, precision, path, store, graph } = options;
  checkOneOf('metric', metric, metrics);
  checkOneOf('engine', engine, engines);
  checkOneOf('precision', precision, precisions);
  if (graph?.originals === 'store' && (precision !== 'int8' || (store === undefined && path === undefined))) {
    throw new PipewrightError(
      'bad-option',
      "`graph.originals: 'store'` needs `precision: 'int8'`, and a `path` or `store` that holds the vectors.",
    );
  }
  if (path === '') throw new PipewrightError('bad-option', '`path` must be a folder, got an empty text.');
  if (dimensions !== undefined && !(Number.isInteger(dimensions) && dimensions > 0 && dimensions <= 16_384)) {
    throw new PipewrightError(
      'bad-option',
      `\`dimensions\` must be a whole number from 1 to 16384, got ${dimensions}.`,
    );
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

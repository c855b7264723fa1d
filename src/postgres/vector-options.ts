import { checkAtLeast, type Embedder, type Metric, PipewrightError } from '../core/index.js';

export interface PostgresVectorsOptions {
  /** Name of the collection: a table `vectors_<name>` in the schema of the handle. @default 'documents' */
  readonly name?: string;
  /** Length of the vectors. @default that of the embedder, or of the collection that is opened */
  readonly dimensions?: number;
  /** Makes the vectors of entries without one, and those of the questions to a retriever. */
  readonly embedder?: Embedder;
  /** How nearness is measured. @default 'cosine', or that of the collection that is opened */
  readonly metric?: Metric;
  /** `float16` halves table and index, for scores of three digits, and takes up to 4000 dimensions; `float32` up to 2000. @default 'float32' */
  readonly precision?: VectorPrecision;
  readonly index?: PostgresIndexOptions;
}

export type VectorPrecision = 'float32' | 'float16';

/** Malkov and Yashunin, "Efficient and robust approximate nearest neighbor search using HNSW graphs", 2016. */
export interface PostgresIndexOptions {
  /** Neighbours of each vector; more find better and take more memory. @default 16 */
  readonly m?: number;
  /** Candidates looked at when a vector is added; more build better and slower. @default 64 */
  readonly efConstruction?: number;
  /** Candidates looked at by a search; more find better and slower. @default 64 */
  readonly efSearch?: number;
  /** Entries that a search with a filter follows the index through, before it compares with all that match. @default 20000 */
  readonly maxScanned?: number;
  /** Smaller collections have no index: comparing with all is exact and fast enough. @default 10000 */
  readonly minCount?: number;
}

const metrics: readonly Metric[] = ['cosine', 'dot', 'euclidean'];
/** What pgvector can index (its documentation, "HNSW"). */
const maxDimensions: Readonly<Record<VectorPrecision, number>> = { float32: 2_000, float16: 4_000 };

export const resolveIndex = (options: PostgresIndexOptions = {}): Required<PostgresIndexOptions> => {
  const { m = 16, efConstruction = 64, efSearch = 64, maxScanned = 20_000, minCount = 10_000 } = options;
  const resolved = { m, efConstruction, efSearch, maxScanned, minCount };
  // The limits of pgvector.
  const limits = {
    m: [2, 100],
    efConstruction: [4, 1_000],
    efSearch: [1, 1_000],
    maxScanned: [1, 2_147_483_647],
    minCount: [1, Infinity],
  } as const;
  for (const name of ['m', 'efConstruction', 'efSearch', 'maxScanned', 'minCount'] as const) {
    const [least, most] = limits[name];
    checkAtLeast(`index.${name}`, resolved[name], least);
    if (resolved[name] > most || !Number.isInteger(name === 'minCount' ? 1 : resolved[name])) {
      throw new PipewrightError(
        'bad-option',
        `\`index.${name}\` must be a whole number up to ${most}, got ${resolved[name]}.`,
      );
    }
  }
  if (efConstruction < 2 * m) {
    throw new PipewrightError('bad-option', `\`index.efConstruction\` must be at least twice \`m\`, so ${2 * m}.`);
  }
  return resolved;
};

/** What a collection was made with, as the catalogue has it. */
export interface VectorSettings {
  readonly dimensions: number;
  readonly metric: Metric;
  readonly precision: VectorPrecision;
  readonly embedder?: string;
}

/** Throws `bad-option` for options that contradict themselves. */
export const checkOptions = ({ dimensions, embedder, metric, precision }: PostgresVectorsOptions): void => {
  if (metric !== undefined && !metrics.includes(metric)) {
    throw new PipewrightError('bad-option', `\`metric\` must be one of ${metrics.join(', ')}, got ${String(metric)}.`);
  }
  if (precision !== undefined && !Object.hasOwn(maxDimensions, precision)) {
    throw new PipewrightError('bad-option', `\`precision\` must be float32 or float16, got ${String(precision)}.`);
  }
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

const differs = (where: string, what: string, stored: unknown, given: unknown): PipewrightError =>
  new PipewrightError(
    'bad-option',
    `The collection in ${where} has ${what} ${stored}, and is opened with ${given}. Open it with ${stored}, or fill a new collection.`,
    { details: { where } },
  );

const newSettings = (options: PostgresVectorsOptions): VectorSettings => {
  const { embedder, metric = 'cosine', precision = 'float32' } = options;
  const dimensions = options.dimensions ?? embedder?.dimensions;
  if (dimensions === undefined) {
    throw new PipewrightError('bad-option', 'A new collection needs `dimensions` or an `embedder`.');
  }
  if (dimensions > maxDimensions[precision]) {
    const advice =
      dimensions <= maxDimensions.float16 ? 'Give `precision: "float16"`' : 'Use an embedder with shorter vectors';
    throw new PipewrightError(
      'bad-option',
      `Postgres indexes up to ${maxDimensions[precision]} dimensions as ${precision}, not ${dimensions}. ${advice}.`,
    );
  }
  return { dimensions, metric, precision, ...(embedder !== undefined && { embedder: embedder.id }) };
};

/** The settings of a new collection, or the stored ones if the options agree with them. */
export const resolveSettings = (
  stored: VectorSettings | undefined,
  options: PostgresVectorsOptions,
  where: string,
): VectorSettings => {
  if (stored === undefined) return newSettings(options);
  const { embedder, metric, precision } = options;
  // The embedder first: another model is the cause, its dimensions the effect.
  if (embedder !== undefined && stored.embedder !== undefined && embedder.id !== stored.embedder) {
    throw differs(where, 'vectors of the embedder', stored.embedder, embedder.id);
  }
  const dimensions = options.dimensions ?? embedder?.dimensions;
  if (dimensions !== undefined && dimensions !== stored.dimensions) {
    throw differs(where, 'dimensions', stored.dimensions, dimensions);
  }
  if (metric !== undefined && metric !== stored.metric) throw differs(where, 'the metric', stored.metric, metric);
  if (precision !== undefined && precision !== stored.precision) {
    throw differs(where, 'the precision', stored.precision, precision);
  }
  return embedder === undefined ? stored : { ...stored, embedder: embedder.id };
};

import type { Document, Embedder, Metadata, VectorEntry, VectorStore } from '../../core/index.js';

export type SuiteMetric = 'cosine' | 'dot' | 'euclidean';

export interface VectorStoreSuiteOptions {
  readonly dimensions: number;
  /** @default 'cosine' */
  readonly metric?: SuiteMetric;
  readonly embedder?: Embedder;
}

export type OpenVectorStore = (options: VectorStoreSuiteOptions) => Promise<VectorStore>;

export interface VectorStoreSuite {
  /** Opens a collection that is new and empty. The suite closes it. */
  readonly open: OpenVectorStore;
  /** How many entries the random test holds at most. @default 1500 */
  readonly maxEntries?: number;
  /** Metrics of the random test. @default ['cosine'] */
  readonly metrics?: readonly SuiteMetric[];
}

export const collect = async (documents: AsyncIterable<Document>): Promise<Document[]> => {
  const all: Document[] = [];
  for await (const document of documents) all.push(document);
  return all;
};

export const idsOf = (hits: readonly Document[]): string[] => hits.map(({ id }) => id);

/** Entries on a circle: `a` at 0°, `b` at 10°, and so on. */
export const onCircle = (id: string, degrees: number, metadata?: Metadata): VectorEntry => ({
  id,
  text: `text of ${id}`,
  ...(metadata !== undefined && { metadata }),
  vector: [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)],
});

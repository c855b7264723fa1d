import { describe } from 'vitest';
import { describeEmbedding } from './vector-store-embedding.js';
import type { VectorStoreSuite } from './vector-store-entries.js';
import { describeRandomWrites } from './vector-store-random.js';
import { describeSearch } from './vector-store-search.js';
import { describeConcurrency, describeWrites } from './vector-store-writes.js';

export type { VectorStoreSuite, VectorStoreSuiteOptions } from './vector-store-entries.js';

/** What every `VectorStore` must do. Run it in a vitest file of the implementation. */
export const describeVectorStore = (
  name: string,
  { open, maxEntries = 1_500, metrics = ['cosine'] }: VectorStoreSuite,
): void => {
  describe(`${name} as a vector store`, () => {
    describeSearch(open);
    describeWrites(open);
    describeConcurrency(open);
    describeEmbedding(open);
    for (const metric of metrics) describeRandomWrites(open, { metric, maxEntries });
  });
};

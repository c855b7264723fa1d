import type { KeywordIndex, Memory, VectorStore } from '../core/index.js';
import { indexedMemory, weekMs } from './indexed-memory.js';

export interface VectorMemoryOptions {
  /** Finds by words beside the vectors, which are weak alone where the embedder is small. @default none */
  readonly keywords?: KeywordIndex;
  /** What the nearness of vectors counts beside words, whose best is about 1. @default 0.3 */
  readonly vectorWeight?: number;
  /** Texts of each index that are looked at, sentence by sentence. @default 50 */
  readonly k?: number;
  /** How many of the best texts bring what was said just before and after them. @default 10 */
  readonly neighbours?: number;
  /** Room for what is recalled; a query's own wins. @default 1000 */
  readonly maxTokens?: number;
  /** Whose tokens. @default 'gpt-5' */
  readonly model?: string;
}

/**
 * Remembers what was said in all conversations of a user, and recalls the sentences that belong to the query: texts are found by
 * vector, and by keyword where there is an index, with what was said around them, and their sentences ranked by words and
 * nearness. The collections are used by this memory alone, need an embedder, and stay yours to close. Results of tools are not
 * kept.
 * @throws {PipewrightError} `bad-option`.
 * @example const memory = vectorMemory(await hnsw({ embedder: localEmbedder() }), { keywords: await bm25() })
 */
export const vectorMemory = (vectors: VectorStore, options: VectorMemoryOptions = {}): Memory => {
  const { keywords, ...rest } = options;
  return indexedMemory({
    kind: 'vectors',
    noteKind: 'turn',
    stores: keywords === undefined ? [vectors] : [vectors, keywords],
    importance: undefined,
    weights: { relevance: 1, importance: 0, recency: 0 },
    vectorWeight: 0.3,
    halfLifeMs: weekMs,
    k: 50,
    neighbours: 10,
    maxTokens: 1_000,
    model: 'gpt-5',
    ...rest,
  });
};

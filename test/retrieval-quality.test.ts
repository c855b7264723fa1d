import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { bm25 } from 'pipewright/keyword';
import { localEmbedder } from 'pipewright/model';
import { hybrid } from 'pipewright/retrieve';
import { hnsw } from 'pipewright/vector';
import { describe, expect, it } from 'vitest';
import { readCollection } from '../bench/lib/collection.js';
import { scoreRetriever } from '../bench/lib/retrieval-scores.js';

const data = process.env.PIPEWRIGHT_DATA ?? fileURLToPath(new URL('../../shared/data', import.meta.url));

/** What the vectors of the local embedder reach alone, less a hundredth for rounding and changes that help elsewhere. */
const vectorNdcg = { cranfield: 0.25, 'xquad-en': 0.91 };

describe('the recipe for hybrid retrieval without a model', () => {
  for (const [name, leastNdcg] of Object.entries(vectorNdcg)) {
    const isThere = existsSync(`${data}/retrieval/${name}`);
    if (!isThere) console.warn(`Left out: hybrid retrieval on ${name}, because ${data}/retrieval/${name} is absent.`);
    it.runIf(isThere)(`is at least as good as keywords alone on ${name}`, { timeout: 120_000 }, async () => {
      const collection = await readCollection(`${data}/retrieval`, name);
      await using keywords = await bm25();
      await using vectors = await hnsw({ embedder: localEmbedder(), engine: 'exact' });
      await keywords.add(collection.documents);
      await vectors.add(collection.documents);
      const recipe = hybrid([keywords.retriever(), vectors.retriever()], {
        fusion: 'relative-score',
        weights: [1, 0.3],
      });
      const alone = await scoreRetriever(keywords.retriever(), collection);
      const vector = await scoreRetriever(vectors.retriever(), collection);
      const both = await scoreRetriever(recipe, collection);
      expect(vector.ndcg10).toBeGreaterThanOrEqual(leastNdcg);
      expect(both.ndcg10).toBeGreaterThanOrEqual(alone.ndcg10);
      expect(both.map).toBeGreaterThanOrEqual(alone.map);
      expect(both.recall100).toBeGreaterThanOrEqual(alone.recall100);
    });
  }
});

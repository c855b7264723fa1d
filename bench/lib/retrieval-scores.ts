import type { Retriever } from '../../src/index.js';
import type { Collection } from './collection.js';
import { averagePrecision, mean, ndcg, quantile, recall, reciprocalRank } from './metrics.js';

export interface RetrievalScores {
  readonly ndcg10: number;
  readonly map: number;
  readonly mrr10: number;
  readonly recall100: number;
  /** Median time of one query for 10 hits, in milliseconds. */
  readonly p50Ms: number;
}

/** Hits asked for, as in the baselines of the collections. */
const usualDepth = 1000;

/** Means over all queries of the collection that have judgements. */
export const scoreRetriever = async (
  retriever: Retriever,
  collection: Collection,
  depth: number = usualDepth,
): Promise<RetrievalScores> => {
  const rows: { ndcg10: number; map: number; mrr10: number; recall100: number; ms: number }[] = [];
  for (const query of collection.queries) {
    const judged = collection.judgements.get(query.id);
    if (judged === undefined) continue;
    const hits = await retriever({ text: query.text, k: depth });
    const startedMs = performance.now();
    await retriever({ text: query.text, k: 10 });
    const ms = performance.now() - startedMs;
    const ranking = hits.map((hit) => hit.id);
    rows.push({
      ndcg10: ndcg(ranking, judged, 10),
      map: averagePrecision(ranking, judged),
      mrr10: reciprocalRank(ranking, judged, 10),
      recall100: recall(ranking, judged, 100),
      ms,
    });
  }
  const meanOf = (key: 'ndcg10' | 'map' | 'mrr10' | 'recall100'): number => mean(rows.map((row) => row[key]));
  return {
    ndcg10: meanOf('ndcg10'),
    map: meanOf('map'),
    mrr10: meanOf('mrr10'),
    recall100: meanOf('recall100'),
    p50Ms: quantile(
      rows.map((row) => row.ms),
      0.5,
    ),
  };
};

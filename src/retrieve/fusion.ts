import type { Hit } from '../core/index.js';

/** Hits of one retriever, best first, and how much it counts. */
export interface RankedList {
  readonly hits: readonly Hit[];
  readonly weight: number;
}

/** What a list gives to the hit at `at`, before its weight. */
type Share = (hits: readonly Hit[], at: number) => number;

/** Reciprocal rank fusion (Cormack, Clarke and Büttcher 2009): looks at ranks only, so scores of any scale may meet. */
export const reciprocalRank =
  (rankConstant: number): Share =>
  (_, at) =>
    1 / (rankConstant + at + 1);

/** The score as its place between the lowest and the highest of its list, 0 to 1. Keeps how much better a hit is. */
export const relativeScore: Share = (hits, at) => {
  const highest = hits[0]?.score ?? 0;
  const range = highest - (hits.at(-1)?.score ?? 0);
  return range > 0 ? ((hits[at]?.score ?? 0) - (highest - range)) / range : 1;
};

/** One list of all hits, each id once, best first by the weighted sum of the shares. Of equals, the one met first. */
export const fuse = (lists: readonly RankedList[], share: Share): readonly Hit[] => {
  const found = new Map<string, { readonly hit: Hit; score: number }>();
  for (const { hits, weight } of lists) {
    const seen = new Set<string>();
    hits.forEach((hit, at) => {
      if (seen.has(hit.id)) return;
      seen.add(hit.id);
      const score = weight * share(hits, at);
      const known = found.get(hit.id);
      if (known === undefined) found.set(hit.id, { hit, score });
      else known.score += score;
    });
  }
  return [...found.values()].sort((a, b) => b.score - a.score).map(({ hit, score }) => ({ ...hit, score }));
};

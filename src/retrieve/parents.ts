import {
  callStep,
  checkAtLeast,
  defineStep,
  type Document,
  type DocumentStore,
  type Hit,
  type Retriever,
  type TextRange,
} from '../core/index.js';
import { askedOf, byScore, checkOneOf, innerQuery, wanted } from './query.js';
import { joinRanges } from '../text/index.js';

/** Where whole documents are found by their id: any store, or a map. */
export type DocumentLookup = Pick<DocumentStore, 'get'> | ReadonlyMap<string, Document>;

export interface ParentsOptions {
  /** Parents at most; a query's own `k` wins. @default 10 */
  readonly k?: number;
  /** Pieces asked of the retriever. @default 4 × k */
  readonly fetchK?: number;
  /** The score of a parent: that of its best piece, or the sum over its pieces, which prefers parents that tell much. @default 'max' */
  readonly score?: 'max' | 'sum';
  /** Whether a parent carries as `highlights` where its pieces stand. @default false */
  readonly isHighlighted?: boolean;
}

/** A parent in the making. */
interface Family {
  readonly id: string;
  /** The best piece, which stands in when there is no parent. */
  readonly best: Hit;
  score: number;
  readonly ranges: TextRange[];
}

const familiesOf = (pieces: readonly Hit[], scoring: 'max' | 'sum'): readonly Family[] => {
  const families = new Map<string, Family>();
  for (const piece of [...pieces].sort(byScore)) {
    const { parentId: id = piece.id, start, end } = piece.place ?? {};
    const family = families.get(id) ?? { id, best: piece, score: piece.score, ranges: [] };
    if (family.best !== piece && scoring === 'sum') family.score += piece.score;
    if (start !== undefined && end !== undefined) family.ranges.push({ start, end });
    families.set(id, family);
  }
  return [...families.values()].sort(byScore);
};

const inLookup = async (lookup: DocumentLookup, ids: readonly string[]): Promise<readonly (Document | undefined)[]> =>
  isMap(lookup) ? ids.map((id) => lookup.get(id)) : lookup.get(ids);

const isMap = (lookup: DocumentLookup): lookup is ReadonlyMap<string, Document> => lookup instanceof Map;

/**
 * Searches small pieces and gives the documents that they were cut from, each once, by `place.parentId`. `k` and `minScore` apply to
 * parents; the filter of a query applies to the pieces. A piece without a parent stands for itself, and so does the best piece of a
 * parent that the lookup does not have. One search, and one read of the parents.
 * @throws {PipewrightError} `bad-option`; the step throws what retriever and lookup throw.
 * @example parents(pieces.retriever(), documents)
 */
export const parents = (retriever: Retriever, lookup: DocumentLookup, options: ParentsOptions = {}): Retriever => {
  const { k: defaultK = 10, score: scoring = 'max', isHighlighted = false } = options;
  checkAtLeast('k', defaultK, 1);
  checkAtLeast('fetchK', options.fetchK ?? 1, 1);
  checkOneOf('score', scoring, ['max', 'sum']);
  const info = { kind: 'parents', details: { k: defaultK, score: scoring }, children: [{ step: retriever }] };
  return defineStep(info, async (query, run) => {
    const asked = askedOf(query, defaultK);
    const fetchK = Math.max(asked.k, options.fetchK ?? 4 * asked.k);
    const pieces = await callStep(retriever, innerQuery(asked, asked.text, fetchK), run, 'retriever');
    const families = wanted(familiesOf(pieces, scoring), asked);
    const found = await inLookup(
      lookup,
      families.map(({ id }) => id),
    );
    return families.map(({ best, score, ranges }, at): Hit => {
      const parent = found[at];
      if (parent === undefined) return { ...best, score };
      return { ...parent, score, ...(isHighlighted ? { highlights: joinRanges(ranges, parent.text) } : {}) };
    });
  });
};

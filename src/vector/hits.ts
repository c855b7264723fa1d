import {
  type Document,
  diversify,
  type Hit,
  type MmrOptions,
  PipewrightError,
  resolveMmr,
  type Run,
  type VectorSearchOptions,
  yieldToEventLoop,
} from '../core/index.js';
import type { RowSet } from '../filter/index.js';
import { type Collection, checkOpen } from './collection.js';
import { distanceOf } from './plain-vectors.js';
import { byDistance, type Candidate } from './search.js';
import { scoreOf } from './vectors.js';

const defaultK = 10;

export interface HnswSearchOptions extends VectorSearchOptions {
  /** Candidates looked at by this search; more find better and slower. @default `graph.efSearch` of the collection */
  readonly efSearch?: number;
}

const checkWhole = (name: string, value: number): void => {
  if (Number.isInteger(value) && value > 0) return;
  throw new PipewrightError('bad-option', `\`${name}\` must be a whole number above 0, got ${value}.`);
};

/** A candidate with the score of a hit. */
interface Scored extends Candidate {
  readonly score: number;
}

/** What the options ask for, checked once for all queries of a call. */
interface Plan {
  readonly k: number;
  readonly ef: number;
  readonly minScore: number;
  readonly set: RowSet | undefined;
  readonly mmr: Required<MmrOptions> | undefined;
}

/** Compares anew with the vectors of the store, where those in memory are approximate. */
const rescored = async (
  { records, shape }: Collection,
  query: Float32Array,
  candidates: readonly Candidate[],
): Promise<readonly Candidate[]> => {
  if (records === undefined) return candidates;
  const distance = distanceOf(shape);
  const exact = candidates.map(async (candidate) => {
    const vector = await records.vector(candidate.key, shape.dimensions);
    // One that is gone is told by its document.
    return vector === undefined ? candidate : { ...candidate, distance: distance(query, vector) };
  });
  return (await Promise.all(exact)).sort(byDistance);
};

/** The candidates that are good enough, with their scores. */
const scored = ({ shape }: Collection, candidates: readonly Candidate[], { k, minScore, mmr }: Plan): Scored[] => {
  const found: Scored[] = [];
  for (const { row, key, distance } of candidates) {
    const score = scoreOf(shape.metric, distance);
    if (score >= minScore && found.length < (mmr?.fetchK ?? k)) found.push({ row, key, distance, score });
  }
  return found;
};

/** Those of them that differ from each other. */
const diverse = (
  { space, shape, table }: Collection,
  found: readonly Scored[],
  k: number,
  { lambda }: Required<MmrOptions>,
): Promise<readonly Scored[]> => {
  const isThere = ({ row, key }: Scored): boolean => table.keyOf(row) === key;
  const similarity = (a: Scored, b: Scored): number =>
    isThere(a) && isThere(b) ? scoreOf(shape.metric, space.vectors.distance(a.row, b.row)) : 0;
  return diversify(found, { k, lambda, similarity });
};

// By name and with the score first: a spread costs twice as much, and a score behind it twenty times.
const hitOf = ({ id, text, title, source, place, metadata }: Document, score: number): Hit => {
  const hit: { -readonly [Key in keyof Hit]: Hit[Key] } =
    metadata === undefined ? { score, id, text } : { score, id, text, metadata };
  if (title !== undefined) hit.title = title;
  if (source !== undefined) hit.source = source;
  if (place !== undefined) hit.place = place;
  return hit;
};

const isHit = (hit: Hit | undefined): hit is Hit => hit !== undefined;

/** The documents with their scores, where they are at hand; undefined for others. */
const hitsAtHand = ({ documents }: Collection, found: readonly Scored[]): (Hit | undefined)[] => {
  const hits: (Hit | undefined)[] = [];
  for (const { key, score } of found) {
    const document = documents.peek(key);
    hits.push(document === undefined ? undefined : hitOf(document, score));
  }
  return hits;
};

/** Reads the documents that were not at hand; undefined for those that are gone. */
const completed = async (
  { documents }: Collection,
  found: readonly Scored[],
  hits: readonly (Hit | undefined)[],
): Promise<readonly (Hit | undefined)[]> =>
  Promise.all(
    found.map(async ({ key, score }, i) => {
      if (hits[i] !== undefined) return hits[i];
      const document = await documents.get(key);
      return document === undefined ? undefined : hitOf(document, score);
    }),
  );

/** The hits of a query; undefined where a document is gone. Waits only for what is not in memory. */
const hitsOf = async (
  collection: Collection,
  query: Float32Array,
  candidates: readonly Candidate[],
  plan: Plan,
): Promise<readonly (Hit | undefined)[]> => {
  const { isExact } = collection.space.vectors;
  const good = scored(collection, isExact ? candidates : await rescored(collection, query, candidates), plan);
  const found = plan.mmr === undefined ? good : await diverse(collection, good, plan.k, plan.mmr);
  const hits = hitsAtHand(collection, found);
  return hits.every(isHit) ? hits : completed(collection, found, hits);
};

/** How often a search is done anew because a write took away what it had found. */
const maxTries = 5;

const planOf = ({ table, efSearch }: Collection, options: HnswSearchOptions): Plan => {
  const { k = defaultK, minScore = -Infinity, efSearch: ef = efSearch, filter, mmr } = options;
  checkWhole('k', k);
  checkWhole('efSearch', ef);
  if (Number.isNaN(minScore)) throw new PipewrightError('bad-option', '`minScore` must be a number, got NaN.');
  return {
    k,
    ef,
    minScore,
    set: filter === undefined ? undefined : table.select(filter),
    mmr: mmr === undefined ? undefined : resolveMmr(mmr, k),
  };
};

/** The documents nearest to a vector, best first. */
export const search = async (
  collection: Collection,
  query: Float32Array,
  options: HnswSearchOptions,
  run: Run | undefined,
): Promise<readonly Hit[]> => {
  for (let tries = 1; ; tries++) {
    if (collection.isTimeUp()) await yieldToEventLoop();
    run?.throwIfAborted();
    const plan = planOf(collection, options);
    const { k, ef, set, mmr } = plan;
    const nearest = collection.searcher.nearest(query, { k: mmr?.fetchK ?? k, ef, set, run });
    const candidates = nearest instanceof Promise ? await nearest : nearest;
    const hits = await hitsOf(collection, query, candidates, plan);
    const whole = hits.filter(isHit);
    if (whole.length === hits.length || tries === maxTries) return whole;
    // A write under way took some of them away: when it is over, table and store agree again.
    await collection.written;
    checkOpen(collection);
  }
};

/** So many queries are answered at once: their results are held until they have documents. */
const queriesAtOnce = 256;

/** The same for many vectors. */
export const searchMany = async (
  collection: Collection,
  queries: readonly Float32Array[],
  options: HnswSearchOptions,
  run: Run | undefined,
): Promise<readonly (readonly Hit[])[]> => {
  planOf(collection, options); // says what is wrong with them, even where there is no query
  const all: (readonly Hit[])[] = [];
  for (let start = 0; start < queries.length; start += queriesAtOnce) {
    run?.throwIfAborted();
    const part = queries.slice(start, start + queriesAtOnce);
    const plan = planOf(collection, options);
    const { k, ef, set, mmr } = plan;
    const found = await collection.searcher.nearestMany(part, { k: mmr?.fetchK ?? k, ef, set, run });
    for (const [i, candidates] of found.entries()) {
      const query = part[i] as Float32Array;
      const hits = candidates && (await hitsOf(collection, query, candidates, plan));
      // What a write took away meanwhile is searched for once more, alone.
      all.push(hits?.every(isHit) ? (hits as Hit[]) : await search(collection, query, options, run));
    }
  }
  return all;
};

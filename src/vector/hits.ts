import {
  type Document,
  type Hit,
  type MmrOptions,
  PipewrightError,
  type Run,
  type VectorSearchOptions,
  yieldToEventLoop,
} from '../core/index.js';
import type { RowSet } from '../filter/index.js';
import { type Collection, checkOpen } from './collection.js';
import { diversify, resolveMmr } from './mmr.js';
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

const scored = async (
  collection: Collection,
  query: Float32Array,
  candidates: readonly Candidate[],
  { k, minScore, mmr }: Plan,
): Promise<readonly Scored[]> => {
  const { space, shape, table } = collection;
  const { metric } = shape;
  const { vectors } = space;
  const exact = vectors.isExact ? candidates : await rescored(collection, query, candidates);
  const found: Scored[] = [];
  for (const { row, key, distance } of exact) {
    const score = scoreOf(metric, distance);
    if (score >= minScore && found.length < (mmr?.fetchK ?? k)) found.push({ row, key, distance, score });
  }
  if (mmr === undefined) return found;
  const isThere = ({ row, key }: Scored): boolean => table.keyOf(row) === key;
  const similarity = (a: Scored, b: Scored): number =>
    isThere(a) && isThere(b) ? scoreOf(metric, space.vectors.distance(a.row, b.row)) : 0;
  return diversify(found, { k, lambda: mmr.lambda, similarity });
};

// The score first: behind the spread it costs twenty times as much, for V8 makes room for it anew.
const hitOf = (document: Document, score: number): Hit => ({ score, ...document });

/** The documents with their scores; undefined when one of them is gone. */
const hitsOf = async ({ documents }: Collection, found: readonly Scored[]): Promise<(Hit | undefined)[]> => {
  const hits = new Array<Hit | undefined>(found.length);
  let isWhole = true;
  for (let i = 0; i < found.length; i++) {
    const { key, score } = found[i] as Scored;
    const document = documents.peek(key);
    if (document === undefined) isWhole = false;
    else hits[i] = hitOf(document, score);
  }
  if (isWhole) return hits;
  const missing = found.map(async ({ key, score }, i) => {
    if (hits[i] !== undefined) return;
    const document = await documents.get(key);
    if (document !== undefined) hits[i] = hitOf(document, score);
  });
  await Promise.all(missing);
  return hits;
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

const isHit = (hit: Hit | undefined): hit is Hit => hit !== undefined;

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
    const candidates = await collection.searcher.nearest(query, { k: mmr?.fetchK ?? k, ef, set, run });
    const hits = await hitsOf(collection, await scored(collection, query, candidates, plan));
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
      const hits = candidates && (await hitsOf(collection, await scored(collection, query, candidates, plan)));
      // What a write took away meanwhile is searched for once more, alone.
      all.push(hits?.every(isHit) ? (hits as Hit[]) : await search(collection, query, options, run));
    }
  }
  return all;
};

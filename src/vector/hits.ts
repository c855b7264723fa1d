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
import { byDistance, type Candidate, type SoonOrNow } from './search.js';
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

/** The documents with their scores; undefined for those that are gone. Waits only for what is not in memory. */
const documented = ({ documents }: Collection, found: readonly Scored[]): Promise<readonly (Hit | undefined)[]> =>
  Promise.all(
    found.map(async ({ key, score }) => {
      const document = documents.peek(key) ?? (await documents.get(key));
      return document === undefined ? undefined : hitOf(document, score);
    }),
  );

/** The hits of a query; undefined where a document is gone. */
const hitsOf = async (
  collection: Collection,
  query: Float32Array,
  candidates: readonly Candidate[],
  plan: Plan,
): Promise<readonly (Hit | undefined)[]> => {
  const { isExact } = collection.space.vectors;
  const good = scored(collection, isExact ? candidates : await rescored(collection, query, candidates), plan);
  return documented(collection, plan.mmr === undefined ? good : await diverse(collection, good, plan.k, plan.mmr));
};

/** The same where all of it is at hand, so that nothing has to be waited for; else undefined. */
const hitsAtHand = (
  { documents, shape, space }: Collection,
  candidates: readonly Candidate[],
  { minScore, mmr }: Plan,
): readonly Hit[] | undefined => {
  if (!space.vectors.isExact || mmr !== undefined) return undefined;
  // All documents first: they lie far apart in memory, and so the machine waits for them together.
  const found: Document[] = [];
  for (const { key, distance } of candidates) {
    if (scoreOf(shape.metric, distance) < minScore) break;
    const document = documents.peek(key);
    if (document === undefined) return undefined;
    found.push(document);
  }
  const hits: Hit[] = [];
  for (let i = 0; i < found.length; i++) {
    hits.push(hitOf(found[i] as Document, scoreOf(shape.metric, (candidates[i] as Candidate).distance)));
  }
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

/** One look for the nearest rows. */
interface Attempt {
  readonly plan: Plan;
  readonly nearest: SoonOrNow<readonly Candidate[]>;
}

const attempt = (
  collection: Collection,
  query: Float32Array,
  options: HnswSearchOptions,
  run: Run | undefined,
): Attempt => {
  checkOpen(collection);
  run?.throwIfAborted();
  const plan = planOf(collection, options);
  const { k, ef, set, mmr } = plan;
  return { plan, nearest: collection.searcher.nearest(query, { k: mmr?.fetchK ?? k, ef, set, run }) };
};

/** The same with turns for other work: from the first attempt on, or from before it. */
const searchLater = async (
  collection: Collection,
  query: Float32Array,
  options: HnswSearchOptions,
  run: Run | undefined,
  first?: Attempt,
): Promise<readonly Hit[]> => {
  for (let tries = 1, tried = first; ; tries++, tried = undefined) {
    if (tried === undefined) await yieldToEventLoop();
    const { plan, nearest } = tried ?? attempt(collection, query, options, run);
    const hits = await hitsOf(collection, query, await nearest, plan);
    const whole = hits.filter(isHit);
    if (whole.length === hits.length || tries === maxTries) return whole;
    // A write under way took some of them away: when it is over, table and store agree again.
    await collection.written;
  }
};

/**
 * The documents nearest to a vector, best first; at once where nothing has to be waited for. The vector is the caller's: what comes
 * later goes on with a copy of it.
 */
export const search = (
  collection: Collection,
  query: Float32Array,
  options: HnswSearchOptions,
  run: Run | undefined,
): SoonOrNow<readonly Hit[]> => {
  if (collection.isTimeUp()) return searchLater(collection, query.slice(), options, run);
  const first = attempt(collection, query, options, run);
  const { plan, nearest } = first;
  const now = nearest instanceof Promise ? undefined : hitsAtHand(collection, nearest, plan);
  return now ?? searchLater(collection, query.slice(), options, run, first);
};

/** So many queries are answered at once: their results are held until they have documents. */
const queriesAtOnce = 256;

/** Some queries, and what is found for each: undefined where a write came in between. */
interface Part {
  readonly queries: readonly Float32Array[];
  readonly plan: Plan;
  readonly found: Promise<readonly (readonly Candidate[] | undefined)[]>;
}

/**
 * The same for many vectors, a part at a time: while the threads are at one, the next waits in their memory, and the one before gets
 * its documents.
 */
export const searchMany = async (
  collection: Collection,
  queries: readonly Float32Array[],
  options: HnswSearchOptions,
  run: Run | undefined,
): Promise<readonly (readonly Hit[])[]> => {
  let started = 0;
  const startPart = (): Part => {
    run?.throwIfAborted();
    const plan = planOf(collection, options);
    const part = queries.slice(started, started + queriesAtOnce);
    started += part.length;
    const { k, ef, set, mmr } = plan;
    const found = collection.searcher.nearestMany(part, { k: mmr?.fetchK ?? k, ef, set, run });
    // Whoever waits for it hears of a failure; nobody does when the part before it fails.
    found.catch(() => undefined);
    return { queries: part, plan, found };
  };
  const all: (readonly Hit[])[] = [];
  const ahead = [startPart()]; // where there is no query, too: it says what is wrong with the options
  if (started < queries.length) ahead.push(startPart());
  for (let next = ahead.shift(); next !== undefined && all.length < queries.length; next = ahead.shift()) {
    const { queries: part, plan, found } = next;
    const candidates = await found;
    if (started < queries.length) ahead.push(startPart());
    for (const [i, query] of part.entries()) {
      const own = candidates[i];
      const hits = own && (hitsAtHand(collection, own, plan) ?? (await hitsOf(collection, query, own, plan)));
      // What a write took away meanwhile is searched for once more, alone.
      all.push(hits?.every(isHit) ? (hits as Hit[]) : await search(collection, query, options, run));
    }
  }
  return all;
};

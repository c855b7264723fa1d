import {
  callStep,
  checkAtLeast,
  defineStep,
  type Hit,
  PipewrightError,
  type Retriever,
  type Run,
  sliceTimer,
  yieldToEventLoop,
} from '../core/index.js';
import { words } from '../text/index.js';
import { askedOf, innerQuery, wanted } from './query.js';

export interface DistinctOptions {
  /** Hits at most; a query's own `k` wins. @default 10 */
  readonly k?: number;
  /** Hits asked of the retriever, so that enough are left. @default 2 × k */
  readonly fetchK?: number;
  /** Share of their three-word stretches (Jaccard) from which on two texts are the same, 0.5 to 1. @default 0.8 */
  readonly threshold?: number;
}

const shingleWords = 3;
const rowsInBand = 4;
const bandCount = 16;

/** FNV-1a over UTF-16 code units: 32 bits of a stretch of words. */
const hashOf = (text: string): number => {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash >>> 0;
};

/** Another 32 bits for each seed: the finaliser of MurmurHash3. */
const mixed = (hash: number, seed: number): number => {
  let value = hash ^ Math.imul(seed + 1, 0x9e3779b9);
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return (value ^ (value >>> 16)) >>> 0;
};

const shinglesOf = (text: string): ReadonlySet<number> => {
  const all = words(text);
  const shingles = new Set<number>();
  for (let at = 0; at === 0 || at + shingleWords <= all.length; at++) {
    shingles.add(hashOf(all.slice(at, at + shingleWords).join(' ')));
  }
  return shingles;
};

/** One key for each band of the signature; texts that are alike share one nearly always. */
const bandsOf = (shingles: ReadonlySet<number>): readonly string[] =>
  Array.from({ length: bandCount }, (_, band) => {
    const rows = Array.from({ length: rowsInBand }, (_row, row) => {
      let least = 0xffffffff;
      for (const shingle of shingles) least = Math.min(least, mixed(shingle, band * rowsInBand + row));
      return least;
    });
    return `${band}:${rows.join(',')}`;
  });

const likeness = (a: ReadonlySet<number>, b: ReadonlySet<number>): number => {
  let shared = 0;
  for (const shingle of a) if (b.has(shingle)) shared++;
  return shared / (a.size + b.size - shared);
};

/** The hits without those that say the same as one before them. Takes time proportional to the text. */
const withoutDuplicates = async (hits: readonly Hit[], threshold: number, run: Run): Promise<readonly Hit[]> => {
  /** By band the first text that has it: further ones that do are either the same as that, or like it by chance. */
  const known = new Map<string, ReadonlySet<number>>();
  const isSliceOver = sliceTimer();
  const kept: Hit[] = [];
  for (const hit of hits) {
    const shingles = shinglesOf(hit.text);
    const bands = bandsOf(shingles);
    const likely = [...new Set(bands.flatMap((band) => known.get(band) ?? []))];
    if (!likely.some((other) => likeness(shingles, other) >= threshold)) {
      for (const band of bands) if (!known.has(band)) known.set(band, shingles);
      kept.push(hit);
    }
    if (isSliceOver()) await yieldToEventLoop();
    run.throwIfAborted();
  }
  return kept;
};

/**
 * Leaves out hits that repeat an earlier one nearly word for word, such as versions of one page: MinHash signatures of three-word
 * stretches (Broder 1997) find those that may be alike, their exact overlap decides. The better of two stays.
 * @throws {PipewrightError} `bad-option`; the step throws what the retriever throws.
 * @example distinct(keywords.retriever())
 */
export const distinct = (retriever: Retriever, options: DistinctOptions = {}): Retriever => {
  const { k: defaultK = 10, threshold = 0.8 } = options;
  checkAtLeast('k', defaultK, 1);
  checkAtLeast('fetchK', options.fetchK ?? 1, 1);
  checkAtLeast('threshold', threshold, 0.5);
  if (threshold > 1) throw new PipewrightError('bad-option', `\`threshold\` must be at most 1, got ${threshold}.`);
  const info = { kind: 'distinct', details: { k: defaultK, threshold }, children: [{ step: retriever }] };
  return defineStep(info, async (query, run) => {
    const asked = askedOf(query, defaultK);
    const fetchK = Math.max(asked.k, options.fetchK ?? 2 * asked.k);
    const hits = await callStep(retriever, innerQuery(asked, asked.text, fetchK), run, 'retriever');
    return wanted(await withoutDuplicates(hits, threshold, run), asked);
  });
};

import {
  checkAtLeast,
  type Document,
  type Hit,
  type KeywordIndex,
  type KeywordSearchOptions,
  PipewrightError,
} from '../core/index.js';
import { highlightsOf } from '../terms/index.js';
import type { Analyzer } from '../text/index.js';
import { checkOpen, documentAt, type IndexState, presentDocument, type ReadDocument } from './index-state.js';
import type { Postings } from './postings.js';
import { queryTerms } from './query-terms.js';
import { score } from './score.js';
import { sumsPool } from './sums.js';
import type { Scored } from './top-k.js';
import { createVocabulary } from './vocabulary.js';

const checkOptions = ({ k = 10, maxEdits = 0 }: KeywordSearchOptions): void => {
  checkAtLeast('k', k, 1);
  if (maxEdits !== 0 && maxEdits !== 1 && maxEdits !== 2) {
    throw new PipewrightError('bad-option', `\`maxEdits\` must be 0, 1 or 2, got ${maxEdits}.`);
  }
};

/** Makes the search of an index. */
export const searcher = (state: IndexState, { analyzer }: { readonly analyzer: Analyzer }): KeywordIndex['search'] => {
  const pool = sumsPool();
  const vocabularyOf = createVocabulary();

  const find = async (text: string, options: KeywordSearchOptions, postings: Postings): Promise<Found> => {
    const { k = 10, minScore = 0, filter } = options;
    const allowed = filter === undefined ? undefined : postings.filters.select(filter);
    const terms = await queryTerms(postings, vocabularyOf, analyzer, text, options);
    const sums = pool.take(postings.documents.length);
    try {
      const rows = await score(postings, terms, sums, { k: Math.floor(k), minScore, allowed });
      return { rows, terms: terms.map(({ number }) => postings.names[number] ?? '') };
    } finally {
      pool.giveBack(sums);
    }
  };

  return async (text, options = {}, run) => {
    checkOpen(state);
    run?.throwIfAborted();
    checkOptions(options);
    const attempt = async (read: ReadDocument): Promise<readonly Hit[] | undefined> => {
      const { postings } = state;
      const { rows, terms } = await find(text, options, postings);
      run?.throwIfAborted();
      const hits = await hitsOf(state, postings, rows, read);
      run?.throwIfAborted();
      checkOpen(state);
      if (hits === undefined || options.isHighlighted !== true) return hits;
      const marked = new Set(terms);
      const isMarked = (term: string): boolean => marked.has(term);
      return Promise.all(
        hits.map(async (hit) => ({ ...hit, highlights: await highlightsOf(analyzer, hit.text, isMarked) })),
      );
    };
    // Where a document went before it could be read, once more while nothing is written.
    return (
      (await attempt(documentAt)) ??
      (await state.lock.run(async () => {
        checkOpen(state);
        return attempt(presentDocument);
      }, run?.signal)) ??
      []
    );
  };
};

interface Found {
  readonly rows: readonly Scored[];
  /** All terms that were searched for. */
  readonly terms: readonly string[];
}

/** The documents that were found; undefined where one of them has gone meanwhile. */
const hitsOf = async (
  state: IndexState,
  postings: Postings,
  found: readonly Scored[],
  read: ReadDocument,
): Promise<readonly Hit[] | undefined> => {
  const reading = found.map(({ row }) => read(state, postings, row));
  const documents = state.persistence === undefined ? reading : await Promise.all(reading);
  const hits: Hit[] = [];
  for (const [at, { score }] of found.entries()) {
    const document = documents[at] as Document | undefined;
    if (document === undefined) return undefined;
    hits.push({ ...document, score });
  }
  return hits;
};

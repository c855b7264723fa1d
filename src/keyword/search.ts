import {
  checkAtLeast,
  type Document,
  type Hit,
  type KeywordIndex,
  type KeywordSearchOptions,
  PipewrightError,
} from '../core/index.js';
import type { Analyzer } from '../text/index.js';
import { missing } from './document-log.js';
import { highlightsOf } from './highlight.js';
import { checkOpen, documentAt, type IndexState } from './index-state.js';
import type { Postings } from './postings.js';
import { queryTerms } from './query-terms.js';
import { score } from './score.js';
import { sumsPool } from './sums.js';
import type { Scored } from './top-k.js';
import { createVocabulary } from './vocabulary.js';

/** A search whose documents are read from a store while others write is made again, so often at most. */
const maxAttempts = 4;

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
  return async (text, options = {}, run) => {
    checkOpen(state);
    run?.throwIfAborted();
    checkOptions(options);
    const { k = 10, minScore = 0, filter, isHighlighted = false } = options;
    for (let attempt = 1; ; attempt++) {
      const { postings } = state;
      const allowed = filter === undefined ? undefined : postings.filters.select(filter);
      const terms = await queryTerms(postings, vocabularyOf, analyzer, text, options);
      const sums = pool.take(postings.ids.length);
      let found: readonly Scored[];
      try {
        found = await score(postings, terms, sums, { k: Math.floor(k), minScore, allowed });
      } finally {
        pool.giveBack(sums);
      }
      run?.throwIfAborted();
      const hits = await hitsOf(state, postings, found);
      run?.throwIfAborted();
      checkOpen(state);
      if (hits.length < found.length && attempt < maxAttempts) continue;
      if (!isHighlighted) return hits;
      const names = new Set(terms.map(({ number }) => postings.names[number] ?? ''));
      return Promise.all(
        hits.map(async (hit) => ({ ...hit, highlights: await highlightsOf(analyzer, hit.text, names) })),
      );
    }
  };
};

/** The documents that were found, without those that went meanwhile. */
const hitsOf = async (state: IndexState, postings: Postings, found: readonly Scored[]): Promise<readonly Hit[]> => {
  const reading = found.map(({ row }) => documentAt(state, postings, row));
  const documents = state.persistence === undefined ? reading : await Promise.all(reading);
  const hits: Hit[] = [];
  for (const [at, { row, score }] of found.entries()) {
    const document = documents[at] as Document | undefined;
    if (document !== undefined) hits.push({ ...document, score });
    else if (isThere(state, postings, row)) throw missing(Number(postings.documents[row]));
  }
  return hits;
};

/** Whether the row holds its document still. */
const isThere = (state: IndexState, postings: Postings, row: number): boolean => {
  const id = postings.ids[row];
  return id !== undefined && state.postings === postings && postings.rows.get(id) === row;
};

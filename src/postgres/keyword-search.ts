import { checkAtLeast, type Hit, type KeywordSearchOptions, PipewrightError, type Run } from '../core/index.js';
import { highlightsOf } from '../terms/index.js';
import type { Analyzer } from '../text/index.js';
import { readSums } from './catalog.js';
import { decodeDocument, type Documents } from './documents.js';
import { filterSql, parameters } from './filter-sql.js';
import { candidatesOf, type KnownTerm, storedTerm, weightsOf } from './keyword-terms.js';
import type { Session } from './session.js';

export interface KeywordTables {
  /** `id`, `term` */
  readonly terms: string;
  /** `term`, `number` of the document, `frequency` of the term in it, `length` of the document */
  readonly postings: string;
}

export interface KeywordSearcher {
  readonly documents: Documents;
  readonly tables: KeywordTables;
  readonly analyzer: Analyzer;
  readonly k1: number;
  readonly b: number;
  /** Qualified name of the function; undefined where the server does not have it. */
  readonly levenshtein: string | undefined;
}

const checkOptions = (
  { documents, levenshtein }: KeywordSearcher,
  { k = 10, maxEdits = 0 }: KeywordSearchOptions,
): void => {
  checkAtLeast('k', k, 1);
  if (maxEdits !== 0 && maxEdits !== 1 && maxEdits !== 2) {
    throw new PipewrightError('bad-option', `\`maxEdits\` must be 0, 1 or 2, got ${maxEdits}.`);
  }
  if (maxEdits > 0 && levenshtein === undefined) {
    throw new PipewrightError(
      'unsupported',
      `\`maxEdits\` needs the extension fuzzystrmatch in ${documents.db.where}. Run there: CREATE EXTENSION fuzzystrmatch`,
    );
  }
};

const knownTerms = (
  { tables }: KeywordSearcher,
  session: Session,
  terms: readonly string[],
): Promise<readonly KnownTerm[]> =>
  session.query<KnownTerm>(
    `SELECT id, term, (SELECT count(*) FROM ${tables.postings} p WHERE p.term = t.id)::float8 AS frequency
     FROM ${tables.terms} t WHERE term = ANY($1::text[])`,
    [terms],
  );

interface Scored {
  readonly document: string;
  readonly score: number;
}

/** Sums the shares of all terms, as BM25 defines them; a filter looks at documents, so only then all of them are read. */
const scored = (
  searcher: KeywordSearcher,
  session: Session,
  weights: ReadonlyMap<number, number>,
  average: number,
  { k = 10, minScore = 0, filter }: KeywordSearchOptions,
): Promise<readonly Scored[]> => {
  const { documents, tables, k1, b } = searcher;
  const values = parameters([...weights.keys()], [...weights.values()], k1 * (1 - b), (k1 * b) / average, minScore);
  const limit = `LIMIT ${values.add(Math.floor(k))}::int`;
  const best = `ORDER BY score DESC, number ${limit}`;
  const sums = `SELECT p.number, sum(w.weight * p.frequency / (p.frequency + $3::float8 + $4::float8 * p.length)) AS score
    FROM unnest($1::int[], $2::float8[]) AS w(term, weight) JOIN ${tables.postings} p ON p.term = w.term
    GROUP BY p.number`;
  const found = filter === undefined ? `${sums} ${best}` : sums;
  return session.query<Scored>(
    `SELECT document, score FROM (${found}) AS found JOIN ${documents.table} USING (number)
     WHERE score >= $5::float8 AND ${filterSql(filter, values)} ${best}`,
    values.values,
  );
};

/** The documents that share the words of a text, best first by BM25. */
export const searchKeywords = async (
  searcher: KeywordSearcher,
  text: string,
  options: KeywordSearchOptions,
  run: Run | undefined,
): Promise<readonly Hit[]> => {
  checkOptions(searcher, options);
  run?.throwIfAborted();
  const { documents, tables, analyzer, levenshtein, k1 } = searcher;
  const { db, name } = documents;
  // A malformed filter is refused, also where nothing would be looked for.
  filterSql(options.filter, parameters());
  const { rows, terms } = await db.transaction(
    async (session) => {
      const asked = await candidatesOf({ session, table: tables.terms, levenshtein, analyzer }, text, options);
      if (asked.candidates.length === 0) return { rows: [], terms: [] };
      const known = await knownTerms(searcher, session, [...new Set(asked.candidates.map(({ term }) => term))]);
      const { count, totalLength } = await readSums(db, session, name);
      const weights = weightsOf(known, asked, count, k1);
      if (weights.size === 0 || totalLength <= 0) return { rows: [], terms: [] };
      return {
        rows: await scored(searcher, session, weights, totalLength / count, options),
        terms: known.filter(({ id }) => weights.has(id)).map(({ term }) => term),
      };
    },
    { run, settings: { jit: 'off' } },
  );
  const hits = rows.map(({ document, score }): Hit => ({ ...decodeDocument(document), score }));
  if (options.isHighlighted !== true) return hits;
  const wanted = new Set(terms);
  const isWanted = (term: string): boolean => wanted.has(storedTerm(term));
  return Promise.all(
    hits.map(async (hit) => ({ ...hit, highlights: await highlightsOf(analyzer, hit.text, isWanted) })),
  );
};

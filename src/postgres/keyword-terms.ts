import type { KeywordSearchOptions } from '../core/index.js';
import { type Analyzer, locateTerms } from '../text/index.js';
import { toSqlText } from './sql-text.js';
import type { Session } from './session.js';

/** Longer terms are hashes and the like: their beginning tells them apart, and an index takes it. */
const maxTermLength = 200;

/** A term as the tables hold it. */
export const storedTerm = (term: string): string => toSqlText(term.slice(0, maxTermLength));

/** Terms that may stand for one of the query, at most. */
const maxExpansions = 50;
/** Of many terms with the same beginning, the shortest are looked at. */
const maxBeginnings = 200;
/** What a similar term counts, by its edits. */
const similarWeight = [1, 0.5, 0.25] as const;
const shortestStem = 3;
/** PostgreSQL's levenshtein takes no longer ones. */
const maxWordLength = 64;

/** Elasticsearch's rule for `fuzziness: AUTO`. */
const allowedEdits = (word: string, maxEdits: number): number =>
  word.length > maxWordLength ? 0 : Math.min(maxEdits, word.length < 3 ? 0 : word.length < 6 ? 1 : 2);

/** A term that a search counts, with its share of the idf of `base`. */
interface Candidate {
  readonly term: string;
  readonly base: string;
  readonly factor: number;
}

/** What a query asks for before it is known which terms there are. */
export interface QueryTerms {
  readonly session: Session;
  /** Qualified name of the table of terms. */
  readonly table: string;
  /** Qualified name of the function, where there are edits to count. */
  readonly levenshtein: string | undefined;
  readonly analyzer: Analyzer;
}

const similar = async (
  { session, table, levenshtein }: QueryTerms,
  term: string,
  edits: number,
): Promise<Candidate[]> => {
  const rows = await session.query<{ term: string; edits: number }>(
    `SELECT term, edits FROM (
       SELECT term, ${levenshtein}(term, $1, $2::int) AS edits FROM ${table}
       WHERE length(term) BETWEEN length($1) - $2::int AND length($1) + $2::int) AS near
     WHERE edits BETWEEN 1 AND $2::int ORDER BY edits, term LIMIT ${maxExpansions}`,
    [term, edits],
  );
  return rows.map((row) => ({ term: row.term, base: term, factor: similarWeight[row.edits] ?? 0 }));
};

const longer = async ({ session, table }: QueryTerms, term: string, beginning: string): Promise<Candidate[]> => {
  const rows = await session.query<{ term: string }>(
    `SELECT term FROM ${table} WHERE term >= $1 AND term < $2 AND term <> $3 ORDER BY length(term), term LIMIT ${maxBeginnings}`,
    // No term holds this character: it is above all that `toSqlText` makes.
    [beginning, `${beginning}\uf8ff`, term],
  );
  return rows.map((row) => ({ term: row.term, base: term, factor: beginning.length / row.term.length }));
};

/**
 * While somebody types `refunding`, `refundi` is the beginning of no term, because the index holds the stem `refund`: then the
 * longest term that `refundi` begins with stands for it.
 */
const stemOf = async ({ session, table }: QueryTerms, term: string, word: string): Promise<Candidate[]> => {
  const stems: string[] = [];
  for (let length = word.length - 1; length >= Math.max(shortestStem, word.length / 2); length--) {
    stems.push(word.slice(0, length));
  }
  const rows = await session.query<{ term: string }>(
    `SELECT term FROM ${table} WHERE term = ANY($1::text[]) OR term = $2 ORDER BY length(term) DESC LIMIT 1`,
    [stems, term],
  );
  return rows.map((row) => ({ term: row.term, base: term, factor: row.term.length / word.length }));
};

/** The terms that the last word of a text gives, with the word as it stands there. */
const endingsOf = (analyzer: Analyzer, text: string): ReadonlyMap<string, string> => {
  const located = locateTerms(analyzer, text);
  const end = located.reduce((last, term) => Math.max(last, term.end), 0);
  return new Map(
    located.filter((term) => term.end === end).map(({ term, word }) => [storedTerm(term), storedTerm(word)]),
  );
};

/** The terms of a query with their counts, and those that may stand for them. */
export const candidatesOf = async (
  query: QueryTerms,
  text: string,
  { isPrefix = false, maxEdits = 0 }: Pick<KeywordSearchOptions, 'isPrefix' | 'maxEdits'>,
): Promise<{ readonly counts: ReadonlyMap<string, number>; readonly candidates: readonly Candidate[] }> => {
  const counts = new Map<string, number>();
  for (const term of query.analyzer(text)) counts.set(storedTerm(term), (counts.get(storedTerm(term)) ?? 0) + 1);
  const endings = isPrefix && !/\s$/u.test(text) ? endingsOf(query.analyzer, text) : new Map<string, string>();
  const candidates: Candidate[] = [];
  for (const term of counts.keys()) {
    const edits = allowedEdits(term, maxEdits);
    const own = edits === 0 ? [] : await similar(query, term, edits);
    const beginning = endings.get(term);
    if (beginning !== undefined) own.push(...(await longer(query, term, beginning)));
    if (own.length === 0 && beginning !== undefined && query.analyzer.isStemmed === true) {
      own.push(...(await stemOf(query, term, beginning)));
    }
    candidates.push({ term, base: term, factor: 1 }, ...own.filter((other) => other.term !== term));
  }
  return { counts, candidates };
};

/** A term with its number and in how many documents it is. */
export interface KnownTerm {
  readonly id: number;
  readonly term: string;
  readonly frequency: number;
}

const idfOf = (frequency: number, count: number): number => Math.log(1 + (count - frequency + 0.5) / (frequency + 0.5));

/**
 * What each known term counts: its idf × (k1 + 1) × its count in the query. One that stands for a term of the query counts less,
 * and its idf is at most that of the term itself, so that a rare misspelling does not outweigh the word.
 */
export const weightsOf = (
  known: readonly KnownTerm[],
  { counts, candidates }: { readonly counts: ReadonlyMap<string, number>; readonly candidates: readonly Candidate[] },
  documentCount: number,
  k1: number,
): ReadonlyMap<number, number> => {
  const byTerm = new Map(known.map((term) => [term.term, term]));
  const idfFor = (term: string): number => {
    const frequency = byTerm.get(term)?.frequency ?? 0;
    return frequency > 0 ? idfOf(frequency, documentCount) : Number.POSITIVE_INFINITY;
  };
  // Of many the closest count, and then the most frequent.
  const ranked = [...candidates].sort(
    (a, b) => b.factor - a.factor || (byTerm.get(b.term)?.frequency ?? 0) - (byTerm.get(a.term)?.frequency ?? 0),
  );
  const weights = new Map<number, number>();
  const used = new Map<string, number>();
  for (const { term, base, factor } of ranked) {
    const found = byTerm.get(term);
    if (found === undefined || found.frequency === 0) continue;
    const order = used.get(base) ?? 0;
    if (order > maxExpansions) continue;
    used.set(base, order + 1);
    const weight = Math.min(idfFor(base), idfFor(term)) * (k1 + 1) * (counts.get(base) ?? 0) * factor;
    weights.set(found.id, (weights.get(found.id) ?? 0) + weight);
  }
  return weights;
};

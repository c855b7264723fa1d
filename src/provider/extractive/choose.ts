import type { SourcePart } from '../../core/index.js';
import type { Candidate } from './candidates.js';
import type { Scored } from './score.js';
import type { Tokenizer } from './tokens.js';

/** What is quoted: a stretch of a source, letter by letter. */
export interface Quote {
  readonly part: SourcePart;
  readonly start: number;
  readonly end: number;
}

export interface ChooseOptions {
  readonly maxQuotes: number;
  /** Whether the question asks how something is done. */
  readonly isInstruction: boolean;
}

/** A further quote must score within this of the best one: it is then about a third as likely to hold the answer. */
const maxScoreGap = 1;
/** Two sentences that share more of their words than this say the same. */
const sameRatio = 0.85;
/** Code below a sentence is quoted with it up to this length; longer code is left to the reader. */
const maxCodeLength = 1_200;
const maxCodeLines = 30;

/** The quotes that answer best, best first. */
export const chooseQuotes = (
  scored: readonly Scored[],
  sources: readonly SourcePart[],
  tokensOf: Tokenizer,
  options: ChooseOptions,
): readonly Quote[] => {
  const ranked = scored.map((one, at) => ({ ...one, at })).sort((a, b) => b.score - a.score);
  const [best] = ranked;
  if (best === undefined) return [];
  const wordsOf = ({ part, start, end }: Quote): ReadonlySet<string> =>
    new Set(tokensOf(part.text.slice(start, end)).map(({ term }) => term));
  const quotes: Quote[] = [];
  const said: ReadonlySet<string>[] = [];
  for (const { match, score, at } of ranked) {
    if (quotes.length >= options.maxQuotes || score < best.score - maxScoreGap) break;
    const next = options.isInstruction ? scored[at + 1]?.match.candidate : undefined;
    const quote = quoteOf(match.candidate, next, sources);
    const words = wordsOf(quote);
    if (quotes.some((known) => overlap(known, quote)) || said.some((known) => areAlike(known, words))) continue;
    quotes.push(quote);
    said.push(words);
  }
  return quotes;
};

const overlap = (a: Quote, b: Quote): boolean => a.part === b.part && a.start < b.end && b.start < a.end;

const areAlike = (a: ReadonlySet<string>, b: ReadonlySet<string>): boolean => {
  const [small, large] = a.size <= b.size ? [a, b] : [b, a];
  let shared = 0;
  for (const word of small) if (large.has(word)) shared++;
  return shared >= sameRatio * small.size;
};

/**
 * The candidate with the code below it, where that is short. An instruction ends in the code that shows it, so it takes the
 * next sentence along when the code stands below that one.
 */
const quoteOf = (candidate: Candidate, next: Candidate | undefined, sources: readonly SourcePart[]): Quote => {
  const { source, start, end, code, isCode } = candidate;
  const part = sources[source] as SourcePart;
  if (isCode) return { part, start, end: start + shortened(part.text.slice(start, end)).length };
  const shows = code ?? (next?.source === source ? next.code : undefined);
  if (shows === undefined || shows.end - start > maxCodeLength) return { part, start, end };
  return { part, start, end: shows.end };
};

/** Code that stands alone is quoted up to a number of lines. */
const shortened = (code: string): string => code.split('\n').slice(0, maxCodeLines).join('\n');

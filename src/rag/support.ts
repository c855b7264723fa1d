import type { Hit } from '../core/index.js';
import { sentenceSpans, stem, stopWords, type TextSpan, words } from '../text/index.js';

/** A source made ready for checking claims against it. */
export interface CheckedSource {
  readonly hit: Hit;
  readonly plain: PlainText;
  readonly sentences: readonly SourceSentence[];
  /** Every term of the source, with the number of the first sentence that has it; -1 for title and headings. */
  readonly terms: ReadonlyMap<string, number>;
}

interface SourceSentence extends TextSpan {
  readonly terms: ReadonlySet<string>;
  readonly isNegated: boolean;
}

/** A text with each run of white space as one space, and where each of its characters stood before. */
interface PlainText {
  readonly text: string;
  readonly offsets: Uint32Array;
}

/** How far a source supports a claim, and where. */
export interface Support {
  /** Share of the claim that the best place holds, 0 to 1. */
  readonly score: number;
  readonly isVerbatim: boolean;
  /** The claim holds a number, or words in quotation marks, that the source does not hold. */
  readonly isContradicted: boolean;
  readonly span?: TextSpan;
}

export const noSupport: Support = { score: 0, isVerbatim: false, isContradicted: false };

/** What a support counts: nothing, where the source contradicts the claim. */
export const scoreOf = ({ score, isContradicted }: Support): number => (isContradicted ? 0 : score);

/** The least score at which a claim counts as supported. Measured: see docs/question-answering.md. */
export const supportThreshold = 0.52;

const plainOf = (text: string): PlainText => {
  const offsets = new Uint32Array(text.length);
  const pieces: string[] = [];
  let length = 0;
  for (const { 0: piece, index } of text.matchAll(/\s+|\S+/gu)) {
    const isSpace = piece.trim() === '';
    for (let i = 0; i < (isSpace ? 1 : piece.length); i++) offsets[length + i] = index + i;
    pieces.push(isSpace ? ' ' : piece);
    length += isSpace ? 1 : piece.length;
  }
  return { text: pieces.join(''), offsets: offsets.subarray(0, length) };
};

const negation =
  /\b(?:not|no|never|none|nothing|neither|nor|without|cannot|n't|isn't|aren't|wasn't|weren't|don't|doesn't|didn't|won't|can't|couldn't|shouldn't|wouldn't|hasn't|haven't)\b/iu;

/** Small numbers as figures, so that "five" and "5" are the same. */
const figures: ReadonlyMap<string, string> = new Map(
  ['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten', 'eleven', 'twelve'].map(
    (word, value) => [word, String(value)],
  ),
);

const termsOf = (text: string): readonly string[] =>
  words(text.replace(/(?<=\d),(?=\d{3})/gu, ''))
    .filter((word) => !stopWords.has(word))
    .map((word) => figures.get(word) ?? stem(word));

export const checkedSource = (hit: Hit): CheckedSource => {
  const sentences = sentenceSpans(hit.text).map(({ start, end }): SourceSentence => {
    const text = hit.text.slice(start, end);
    return { start, end, terms: new Set(termsOf(text)), isNegated: negation.test(text) };
  });
  const terms = new Map([hit.title ?? '', ...(hit.place?.headings ?? [])].flatMap(termsOf).map((term) => [term, -1]));
  for (const [i, sentence] of sentences.entries()) {
    for (const term of sentence.terms) if (!terms.has(term)) terms.set(term, i);
  }
  return { hit, plain: plainOf(hit.text), sentences, terms };
};

const isWordAt = (text: string, at: number): boolean => /[\p{L}\p{N}]/u.test(text.charAt(at));

/** Where words stand in a source letter by letter, up to white space, from word to word. */
export const findQuote = ({ plain }: CheckedSource, quote: string): TextSpan | undefined => {
  const wanted = quote.trim().replace(/\s+/gu, ' ');
  if (wanted === '') return undefined;
  for (let at = plain.text.indexOf(wanted); at >= 0; at = plain.text.indexOf(wanted, at + 1)) {
    const end = at + wanted.length;
    const cutsWord =
      (isWordAt(plain.text, at - 1) && isWordAt(plain.text, at)) ||
      (isWordAt(plain.text, end - 1) && isWordAt(plain.text, end));
    if (!cutsWord) return { start: plain.offsets[at] ?? 0, end: (plain.offsets[end - 1] ?? 0) + 1 };
  }
  return undefined;
};

/** Parts of a claim in quotation marks, from four words on: they promise to be letter by letter. */
const quotation = /["“”«]([^"“”«»]{12,})["“”»]/gu;

const quotedParts = (claim: string): readonly string[] =>
  [...claim.matchAll(quotation)]
    .map(([, part = '']) => part.replace(/[.,;:]+$/u, ''))
    .filter((part) => words(part).length >= 4);

/** What is left of the support when only one side says "not". */
const negationFactor = 0.45;
/** What a name counts that is not in the sentences looked at but before them. */
const knownNameShare = 0.7;
/** Neighbouring sentences looked at together: a claim often sums up a few. */
const maxWindow = 3;

/**
 * Compares a claim with a source. Words are compared by their stems; names and numbers count double; a "not" that only one side
 * has takes most of the support away.
 */
export const supportOf = (claim: string, source: CheckedSource): Support => {
  const exact = findQuote(source, claim.replace(/^["“”«]|["“”»]$/gu, '').replace(/[\s.,;:]+$/u, ''));
  const terms = [...new Set(termsOf(claim))];
  if (exact !== undefined && terms.length > 0)
    return { score: 1, isVerbatim: true, isContradicted: false, span: exact };
  const quoted = quotedParts(claim).map((part) => findQuote(source, part));
  const lacksNumber = terms.some((term) => isNumber.test(term) && !source.terms.has(term));
  const isContradicted = lacksNumber || quoted.includes(undefined);
  return { ...bestWindow(terms, negation.test(claim), source, namesOf(claim)), isContradicted };
};

const isNumber = /\p{N}/u;

const namesOf = (claim: string): ReadonlySet<string> =>
  new Set([...claim.matchAll(/(?<=[\p{L}\p{N},;]\s)\p{Lu}[\p{L}\p{N}'’-]*/gu)].flatMap(([name]) => termsOf(name)));

/** What the words of a claim count: names and numbers double. */
const weightsOf = (terms: readonly string[], names: ReadonlySet<string>): ReadonlyMap<string, number> =>
  new Map(terms.map((term) => [term, names.has(term) || isNumber.test(term) ? 2 : 1]));

const sumOf = (weights: Iterable<number>): number => {
  let sum = 0;
  for (const weight of weights) sum += weight;
  return sum;
};

const bestWindow = (
  terms: readonly string[],
  isNegated: boolean,
  { sentences, terms: all }: CheckedSource,
  names: ReadonlySet<string>,
): Support => {
  const weights = weightsOf(terms, names);
  const total = Math.max(1, sumOf(weights.values()));
  const weightOf = (term: string): number => weights.get(term) ?? 0;
  // A name in the title or earlier in the passage is what the passage is about, though its sentences say "it".
  const isKnownBefore = (term: string, first: number): boolean => names.has(term) && (all.get(term) ?? first) < first;
  const heldBy = (found: ReadonlySet<string>, first: number): number =>
    terms.reduce((sum, term) => {
      const share = found.has(term) ? 1 : isKnownBefore(term, first) ? knownNameShare : 0;
      return sum + weightOf(term) * share;
    }, 0);
  let best = noSupport;
  for (const [first, { start }] of sentences.entries()) {
    const found = new Set<string>();
    let hasNegation = false;
    for (const { end, terms: own, isNegated: isOwnNegated } of sentences.slice(first, first + maxWindow)) {
      const added = terms.filter((term) => own.has(term) && !found.has(term));
      // A "not" in a sentence that adds nothing to the claim is about something else.
      hasNegation ||= isOwnNegated && added.length > 0;
      for (const term of added) found.add(term);
      const score = (heldBy(found, first) / total) * (isNegated === hasNegation ? 1 : negationFactor);
      if (score > best.score + 0.02) best = { ...noSupport, score, span: { start, end } };
    }
  }
  return best;
};

/** A sentence that holds a part of a claim. */
export interface StitchedPart {
  readonly source: CheckedSource;
  readonly span: TextSpan;
}

/** The places that hold a claim together, the largest part first. */
export interface Stitching {
  readonly score: number;
  readonly parts: readonly StitchedPart[];
}

const maxParts = 4;
/** A place counts as a part of the claim when it adds more than this much of it. */
const minPartShare = 0.2;

/**
 * Covers a claim with sentences of several places, always taking the one that adds most: the greedy way to cover a set, which
 * is at most a logarithm away from the best (Chvátal 1979). Sentences that say "not" when the claim does not, or the reverse,
 * are left out.
 */
export const stitch = (claim: string, sources: readonly CheckedSource[]): Stitching => {
  const terms = [...new Set(termsOf(claim))];
  const left = new Map(weightsOf(terms, namesOf(claim)));
  const total = sumOf(left.values());
  const isNegated = negation.test(claim);
  const sentences = sources.flatMap((source) =>
    source.sentences
      .filter((sentence) => sentence.isNegated === isNegated)
      .map((sentence) => ({ source, sentence, gain: 0 })),
  );
  const parts: StitchedPart[] = [];
  while (parts.length < maxParts && left.size > 0) {
    let best: (typeof sentences)[number] | undefined;
    for (const one of sentences) {
      one.gain = sumOf([...left].map(([term, weight]) => (one.sentence.terms.has(term) ? weight : 0)));
      if (one.gain > (best?.gain ?? 0)) best = one;
    }
    if (best === undefined || best.gain <= minPartShare * total) break;
    parts.push({ source: best.source, span: { start: best.sentence.start, end: best.sentence.end } });
    for (const term of best.sentence.terms) left.delete(term);
  }
  const lacksNumber = [...left.keys()].some((term) => isNumber.test(term));
  return { score: total === 0 || lacksNumber ? 0 : 1 - sumOf(left.values()) / total, parts };
};

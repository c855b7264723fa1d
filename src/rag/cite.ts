import type { ModelCitation } from '../model/index.js';
import { sentenceSpans, type TextSpan } from '../text/index.js';
import type { Claim } from './types.js';

/** A source that a claim names: by its number or, from a model with citations of its own, by its id and words. */
export interface Mention {
  readonly number: number;
  readonly quote?: string;
}

/** A claim and what it cites; nothing when it cites nothing. */
export interface CitedClaim {
  readonly claim: Claim;
  readonly mentions: readonly Mention[];
}

/** `[1]`, `[1, 2]`, `[2-4]`, `[source 1]`, `[^1]`, `【1】`; no link `[1](…)` and no index `list[1]`. */
const marker =
  /(?<![\p{L}\p{N}_)])\s*[[【]\s*(?:sources?\s+|\^)?(\d{1,3}(?:\s*[,;–-]\s*\d{1,3})*)\s*(?:†[^】\]]*)?[\]】](?!\()/giu;
const code = /```[\s\S]*?(?:```|$)|`[^`\n]*`/gu;
const letter = /[\p{L}\p{N}]/u;
/** The most numbers that one range may stand for. */
const maxRange = 50;

const numbersOf = (list: string): readonly number[] =>
  list.split(/\s*[,;]\s*/u).flatMap((part) => {
    const [first = 0, last = first] = part.split(/\s*[–-]\s*/u).map(Number);
    return Array.from({ length: Math.min(maxRange, Math.max(0, last - first) + 1) }, (_, i) => first + i);
  });

export interface Mark extends TextSpan {
  readonly numbers: readonly number[];
}

/** The marks of a text; neighbours with nothing but white space between them cite together. */
export const marksOf = (text: string): readonly Mark[] => {
  const marks: Mark[] = [];
  for (const { 0: found, 1: list = '', index } of blanked(text, code).matchAll(marker)) {
    const mark = { start: index, end: index + found.length, numbers: numbersOf(list) };
    const last = marks.at(-1);
    if (last?.end !== mark.start) marks.push(mark);
    else marks[marks.length - 1] = { ...mark, start: last.start, numbers: [...last.numbers, ...mark.numbers] };
  }
  return marks;
};

const blanked = (text: string, pattern: RegExp): string => text.replace(pattern, (found) => ' '.repeat(found.length));

/** The text with these stretches filled, so that offsets stay. */
const filled = (text: string, stretches: readonly TextSpan[], fill: string): string => {
  const pieces: string[] = [];
  let from = 0;
  for (const { start, end } of stretches) {
    if (end <= from) continue;
    pieces.push(text.slice(from, start), fill.repeat(end - Math.max(from, start)));
    from = end;
  }
  return pieces.join('') + text.slice(from);
};

/** The claim between two offsets; undefined when no word stands there. */
const claimOf = (plain: string, from: number, to: number): Claim | undefined => {
  const stretch = plain.slice(from, to);
  const first = stretch.search(/[^\s,;:.–—-]/u);
  if (first < 0 || !letter.test(stretch)) return undefined;
  const start = from + first;
  const end = from + stretch.trimEnd().length;
  return {
    text: plain
      .slice(start, end)
      .replace(/\s+/gu, ' ')
      .replace(/ (?=[.,;:!?])/gu, ''),
    start,
    end,
  };
};

const isStatement = (text: string): boolean => text.split(/\s+/u).filter((word) => letter.test(word)).length > 3;

/**
 * The claims of an answer that cites by numbers in brackets. A claim is a sentence or, where marks stand inside it, the part of
 * the sentence up to its marks. Marks behind the full stop belong to the sentence before them.
 * @example citedClaims('Tea is at four [1].')[0]?.mentions // => [{ number: 1 }]
 */
export const citedClaims = (text: string): readonly CitedClaim[] => {
  const marks = marksOf(text);
  const plain = filled(text, marks, ' ');
  const sentences = sentenceSpans(plain);
  let next = 0;
  return sentences.flatMap((sentence, i) => {
    const limit = sentences[i + 1]?.start ?? text.length;
    const own: Mark[] = [];
    for (let mark = marks[next]; mark !== undefined && mark.start < limit; mark = marks[++next]) own.push(mark);
    return claimsOf(plain, sentence, own);
  });
};

const claimsOf = (plain: string, sentence: TextSpan, marks: readonly Mark[]): readonly CitedClaim[] => {
  const claims: CitedClaim[] = [];
  const push = (from: number, to: number, numbers: readonly number[]): void => {
    const claim = claimOf(plain, from, to);
    if (claim !== undefined) claims.push({ claim, mentions: [...new Set(numbers)].map((number) => ({ number })) });
  };
  let from = sentence.start;
  for (const [i, mark] of marks.entries()) {
    // A few words behind the last mark belong to it; more are a statement of their own.
    const isWhole = i === marks.length - 1 && !isStatement(plain.slice(mark.end, sentence.end));
    const to = isWhole ? sentence.end : Math.min(mark.start, sentence.end);
    push(from, Math.max(from, to), mark.numbers);
    from = Math.max(from, to);
  }
  if (from < sentence.end) push(from, sentence.end, []);
  return claims;
};

/** The claims of an answer whose model cites natively. What no citation covers is uncited. */
export const nativeClaims = (
  text: string,
  citations: readonly ModelCitation[],
  numberOf: (sourceId: string) => number,
): readonly CitedClaim[] => {
  const bySpan = new Map<string, { readonly start: number; readonly end: number; readonly mentions: Mention[] }>();
  for (const { sourceId, quote, start, end } of citations) {
    const key = `${start}-${end}`;
    const known = bySpan.get(key) ?? { start, end, mentions: [] };
    known.mentions.push({ number: numberOf(sourceId), quote });
    bySpan.set(key, known);
  }
  const spans = [...bySpan.values()].sort((a, b) => a.start - b.start || a.end - b.end);
  const cited = spans.map(
    ({ start, end, mentions }): CitedClaim => ({ claim: { text: text.slice(start, end), start, end }, mentions }),
  );
  const rest = filled(text, spans, '\n');
  const uncited = sentenceSpans(rest).flatMap(({ start, end }): CitedClaim[] => {
    const claim = claimOf(rest, start, end);
    return claim === undefined ? [] : [{ claim, mentions: [] }];
  });
  return [...cited, ...uncited].sort((a, b) => a.claim.start - b.claim.start);
};

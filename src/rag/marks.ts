import { marksOf } from './cite.js';
import type { Answer, Citation, Claim } from './types.js';

/**
 * A text without the marks that cite: `[1]`, `[2][3]`.
 * @example withoutMarks('Tea is at four [1].') // => 'Tea is at four.'
 */
export const withoutMarks = (text: string): string =>
  rewritten(text, () => '')
    .text.replace(/ {2,}/gu, ' ')
    .replace(/ (?=[.,;:!?])/gu, '')
    .trim();

interface Rewritten {
  readonly text: string;
  /** Where what stood at an offset stands now. */
  readonly offsetOf: (before: number) => number;
}

/** Puts something else in the place of each mark. */
const rewritten = (text: string, markOf: (numbers: readonly number[], mark: string) => string): Rewritten => {
  const pieces: string[] = [];
  const shifts: { readonly end: number; readonly shift: number }[] = [];
  let from = 0;
  let shift = 0;
  for (const { start, end, numbers } of marksOf(text)) {
    const mark = markOf(numbers, text.slice(start, end));
    pieces.push(text.slice(from, start), mark);
    shift += mark.length - (end - start);
    shifts.push({ end, shift });
    from = end;
  }
  pieces.push(text.slice(from));
  return {
    text: pieces.join(''),
    offsetOf: (before) => before + (shifts.findLast(({ end }) => end <= before)?.shift ?? 0),
  };
};

/** The parts of an answer that have numbers and offsets. */
export type CitedText = Pick<Answer, 'text' | 'citations' | 'uncited'>;

/** The same text with other numbers for its sources, in the marks and in the citations, and with offsets that fit. */
export const renumbered = (cited: CitedText, numberOf: (number: number) => number): CitedText => {
  const { text, offsetOf } = rewritten(cited.text, (numbers, mark) => {
    const space = mark.slice(0, mark.length - mark.trimStart().length);
    return `${space}${numbers.map((number) => `[${numberOf(number)}]`).join('')}`;
  });
  const moved = (claim: Claim): Claim => ({ ...claim, start: offsetOf(claim.start), end: offsetOf(claim.end) });
  const citations = cited.citations.map(
    (citation): Citation => ({ ...citation, number: numberOf(citation.number), claim: moved(citation.claim) }),
  );
  return { text, citations, uncited: cited.uncited.map(moved) };
};

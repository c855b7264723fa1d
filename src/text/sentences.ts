import { type TextBlock, type TextSpan, textBlocks } from './blocks.js';
import { isSentenceEnd } from './sentence-end.js';

/** `Intl.Segmenter` takes time that grows with the square of the text on Node 20, so it gets slices. */
const sliceLength = 4096;

let shared: Intl.Segmenter | undefined;
/** The locale is fixed, so that every machine cuts alike. */
const segmenter = (): Intl.Segmenter => {
  shared ??= new Intl.Segmenter('en', { granularity: 'sentence' });
  return shared;
};

const lineBreak = /[\r\n\u0085\u2028\u2029]/gu;

/** Plain text without a mark before its last words is one sentence: most lines of lists, tables and headings. */
const mayHoldEnd = /[^\0-\x7f]|[.!?]\s*\S/u;

/** Where the segmenter would end a sentence inside the block; the end of the block comes last. */
function* candidateEnds(text: string, block: TextBlock): Generator<number, void, undefined> {
  for (let from = block.start; !block.isWhole && from < block.end; ) {
    const limit = sliceEnd(text, from, block.end);
    // A line break ends a sentence for the segmenter; inside a paragraph it is a space.
    const slice = text.slice(from, limit).replace(lineBreak, ' ');
    if (limit === block.end && !mayHoldEnd.test(slice)) break;
    let last = from;
    let next = from;
    for (const { index, segment } of segmenter().segment(slice)) {
      if (next > last) yield next;
      last = from + index;
      next = last + segment.length;
    }
    // The last segment may go on behind the slice: look at it again from its start, unless it fills the slice.
    from = limit === block.end || last === from ? limit : last;
  }
  yield block.end;
}

const sliceEnd = (text: string, from: number, end: number): number => {
  const limit = from + sliceLength;
  if (limit >= end) return end;
  for (let at = limit; at > from + sliceLength / 2; at--) if (isSpace(text, at - 1)) return at;
  const code = text.charCodeAt(limit);
  return code >= 0xdc00 && code <= 0xdfff ? limit - 1 : limit;
};

const isSpace = (text: string, at: number): boolean => /\s/u.test(text.charAt(at));

/**
 * The sentences of a text, in order, without the white space around them. Abbreviations, initials, decimals, versions, file
 * names and URLs do not end a sentence, and neither does a line break inside a paragraph. Blank lines, headings, list items,
 * table rows and lines of fenced code do; the marks before headings, list items and quotations are left out, and so are lines
 * of marks alone. Takes time proportional to the text.
 * @example sentenceSpans('Dr. No left. Why?').map(({ start, end }) => 'Dr. No left. Why?'.slice(start, end))
 * // => ['Dr. No left.', 'Why?']
 */
export const sentenceSpans = (text: string): readonly TextSpan[] => {
  const spans: TextSpan[] = [];
  for (const block of textBlocks(text)) {
    let start = block.start;
    for (const end of candidateEnds(text, block)) {
      if (end < block.end && !isSentenceEnd(text, start, end, block.end)) continue;
      const span = trimmed(text, start, end);
      if (span.end > span.start) spans.push(span);
      start = end;
    }
  }
  return spans;
};

const trimmed = (text: string, from: number, to: number): TextSpan => {
  let start = from;
  let end = to;
  while (start < end && isSpace(text, start)) start++;
  while (end > start && isSpace(text, end - 1)) end--;
  return { start, end };
};

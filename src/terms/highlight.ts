import { sliceTimer, type TextRange, yieldToEventLoop } from '../core/index.js';
import { type Analyzer, locateTerms, textPieces } from '../text/index.js';

/** Where words with a wanted term stand in a text, in order; those that touch inside a word or overlap are one. Gives way to other work. */
export const highlightsOf = async (
  analyzer: Analyzer,
  text: string,
  isWanted: (term: string) => boolean,
): Promise<readonly TextRange[]> => {
  const isTimeUp = sliceTimer();
  const found: TextRange[] = [];
  let offset = 0;
  for (const piece of textPieces(text)) {
    for (const { term, start, end } of locateTerms(analyzer, piece)) {
      if (isWanted(term)) found.push({ start: offset + start, end: offset + end });
    }
    offset += piece.length;
    if (isTimeUp()) await yieldToEventLoop();
  }
  return joined(found);
};

const joined = (ranges: readonly TextRange[]): readonly TextRange[] => {
  const out: TextRange[] = [];
  for (const range of [...ranges].sort((a, b) => a.start - b.start || b.end - a.end)) {
    const last = out.at(-1);
    if (last === undefined || range.start > last.end) out.push(range);
    else if (range.end > last.end) out[out.length - 1] = { start: last.start, end: range.end };
  }
  return out;
};

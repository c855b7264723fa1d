import { type Document, sliceTimer, yieldToEventLoop } from '../core/index.js';
import { textPieces } from '../text/index.js';

/** The terms of a document with how often each occurs; a word of the title counts as often as it weighs. */
export interface CountedTerms {
  readonly counts: ReadonlyMap<string, number>;
  /** The sum of the counts. */
  readonly length: number;
}

/** Counts the terms of one document after the other, and gives way to other work between them. */
export const termCounter = (
  analyzer: (text: string) => readonly string[],
  titleWeight: number,
): ((document: Pick<Document, 'title' | 'text'>) => Promise<CountedTerms>) => {
  const isTimeUp = sliceTimer();
  return async ({ title = '', text }) => {
    const counts = new Map<string, number>();
    let length = 0;
    const count = async (part: string, weight: number): Promise<void> => {
      for (const piece of textPieces(part)) {
        const terms = analyzer(piece);
        for (const term of terms) counts.set(term, (counts.get(term) ?? 0) + weight);
        length += weight * terms.length;
        if (isTimeUp()) await yieldToEventLoop();
      }
    };
    if (titleWeight > 0) await count(title, titleWeight);
    await count(text, 1);
    return { counts, length };
  };
};

import { type Document, sliceTimer, yieldToEventLoop } from '../core/index.js';
import type { Analyzer } from '../text/index.js';
import type { AnalyzedDocument } from './postings.js';

/** Reads a document with an analyzer; each term gets its number from `numberOf`. */
export type DocumentAnalyzer = (document: Document, numberOf: (term: string) => number) => Promise<AnalyzedDocument>;

/** Longest text given to the analyzer at once, in UTF-16 units, so that a book does not hold up the event loop. */
const pieceLength = 1 << 16;

function* piecesOf(text: string): Generator<string, void, undefined> {
  for (let from = 0; from < text.length; ) {
    const limit = from + pieceLength;
    const space = limit < text.length ? text.lastIndexOf(' ', limit) : -1;
    const to = space > from ? space : Math.min(limit, text.length);
    yield text.slice(from, to);
    from = to;
  }
}

/** Makes a document analyzer that gives way to other work; words of the title count `titleWeight` times. */
export const documentAnalyzer = (analyzer: Analyzer, titleWeight: number): DocumentAnalyzer => {
  const isTimeUp = sliceTimer();
  return async (document, numberOf) => {
    const counts = new Map<string, number>();
    let length = 0;
    const count = async (text: string, weight: number): Promise<void> => {
      for (const piece of piecesOf(text)) {
        const terms = analyzer(piece);
        for (const term of terms) counts.set(term, (counts.get(term) ?? 0) + weight);
        length += weight * terms.length;
        if (isTimeUp()) await yieldToEventLoop();
      }
    };
    if (titleWeight > 0) await count(document.title ?? '', titleWeight);
    await count(document.text, 1);
    return {
      document,
      length,
      terms: Int32Array.from(counts.keys(), numberOf),
      frequencies: Float32Array.from(counts.values()),
    };
  };
};

import { type Document, sliceTimer, yieldToEventLoop } from '../core/index.js';
import { type Analyzer, textPieces } from '../text/index.js';
import type { AnalyzedDocument } from './postings.js';

/** Reads a document with an analyzer; each term gets its number from `numberOf`. */
export type DocumentAnalyzer = (document: Document, numberOf: (term: string) => number) => Promise<AnalyzedDocument>;

/** Makes a document analyzer that gives way to other work; words of the title count `titleWeight` times. */
export const documentAnalyzer = (analyzer: Analyzer, titleWeight: number): DocumentAnalyzer => {
  const isTimeUp = sliceTimer();
  return async (document, numberOf) => {
    const counts = new Map<string, number>();
    let length = 0;
    const count = async (text: string, weight: number): Promise<void> => {
      for (const piece of textPieces(text)) {
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

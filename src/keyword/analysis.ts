import type { Document } from '../core/index.js';
import { termCounter } from '../terms/index.js';
import type { Analyzer } from '../text/index.js';
import type { AnalyzedDocument } from './postings.js';

/** Reads a document with an analyzer; each term gets its number from `numberOf`. */
export type DocumentAnalyzer = (document: Document, numberOf: (term: string) => number) => Promise<AnalyzedDocument>;

/** Makes a document analyzer that gives way to other work; words of the title count `titleWeight` times. */
export const documentAnalyzer = (analyzer: Analyzer, titleWeight: number): DocumentAnalyzer => {
  const countTerms = termCounter(analyzer, titleWeight);
  return async (document, numberOf) => {
    const { counts, length } = await countTerms(document);
    return {
      document,
      length,
      terms: Int32Array.from(counts.keys(), numberOf),
      frequencies: Float32Array.from(counts.values()),
    };
  };
};

export {
  analyze,
  type AnalyzeOptions,
  type Analyzer,
  analyzer,
  analyzerOf,
  type AnalyzerParts,
  type LocatedTerm,
  locateTerms,
} from './analyze.js';
export type { TextSpan } from './blocks.js';
export { type FoundNumber, type NumberValue, numberInWords, numbersIn } from './numbers.js';
export { textPieces } from './pieces.js';
export { joinRanges } from './ranges.js';
export { sentenceSpans } from './sentences.js';
export { stem } from './stem.js';
export { stopWords } from './stop-words.js';
export { type Unit, unitOf } from './units.js';
export { wordRarity } from './word-rarity.js';
export { identifierWords, words } from './words.js';

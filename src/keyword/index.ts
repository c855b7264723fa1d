export { type AnalyzeOptions, type Analyzer, analyzer, type LocatedTerm, stopWords } from '../text/index.js';
export { bm25, type Bm25Options } from './bm25.js';
export { type Language, languageAnalyzer, type LanguageAnalyzerOptions } from './language.js';

export { answer, type AnswerOptions, type ConversationQuestion } from './answer.js';
export { type CheckedCitations, checkCitations } from './check-citations.js';
export { placeLabel } from './evidence.js';
export { type Library, type LibraryOptions, type LibraryStats, openLibrary } from './library.js';
export { failureLines, type IngestFailure, type IngestReport } from './library-ingest.js';
export type { SourceRecord } from './library-manifest.js';
export { packSources, type PackedSources, type PackOptions } from './pack.js';
export type {
  Answer,
  AnswerAction,
  Citation,
  Claim,
  Evidence,
  LeftOutHit,
  Question,
  QuestionWithOptions,
  Verdict,
} from './types.js';

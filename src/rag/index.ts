export { adaptive, type AdaptiveAnswerer, type AdaptiveOptions, type StrategyInsight } from './adaptive.js';
export { answer, type AnswerOptions } from './answer.js';
export { byModality, type ByModalityOptions } from './by-modality.js';
export { captioner, type CaptionerOptions } from './captioner.js';
export { type CheckedCitations, checkCitations } from './check-citations.js';
export type { Policy } from './bandit.js';
export type { ConversationTurn, TurnCitation } from './conversation-store.js';
export { conversational, type ConversationalAnswerer, type ConversationalOptions } from './conversational.js';
export { corrective, type CorrectiveOptions } from './corrective.js';
export { citationCritic, type Critic, type Critique, type CritiqueInput, modelCritic } from './critic.js';
export {
  type AnalyzedTable,
  type DocumentAnalysis,
  documentAnalyzer,
  type DocumentAnalyzerOptions,
  type OutlineEntry,
  type SummaryPoint,
} from './document-analyzer.js';
export type { DocumentFact } from './document-facts.js';
export type { OnRejected } from './draft.js';
export { placeLabel } from './evidence.js';
export { graphAnswer, type GraphAnswerOptions } from './graph-answer.js';
export { type GradeInput, type Grader, lexicalGrader, modelGrader } from './grader.js';
export { type Library, type LibraryOptions, openLibrary } from './library.js';
export { failureLines, type IngestFailure, type IngestReport } from './library-ingest.js';
export type { SourceRecord } from './library-manifest.js';
export type { LibraryStats, LibraryTypeStats } from './library-stats.js';
export { withoutMarks } from './marks.js';
export { multiHopAnswer, type MultiHopAnswerOptions } from './multi-hop-answer.js';
export { packSources, type PackedSources, type PackOptions } from './pack.js';
export { modelQueryKind, type QueryKind, queryKind } from './query-kind.js';
export { queryWithHistory } from './query-with-history.js';
export { splitQuestion } from './split-question.js';
export { type RefineInput, reflective, type ReflectiveOptions } from './reflective.js';
export { numberIn, type TableColumn, tableColumns } from './table-columns.js';
export type { ConversationQuestion } from '../retrieve/index.js';
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

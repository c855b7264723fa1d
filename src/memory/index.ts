export { composeMemory, type ComposeMemoryOptions } from './compose-memory.js';
export {
  bufferMemory,
  type BufferMemoryOptions,
  tokenMemory,
  type TokenMemoryOptions,
  windowMemory,
  type WindowMemoryOptions,
} from './conversation-memory.js';
export {
  type EpisodicMemory,
  episodicMemory,
  type EpisodicMemoryOptions,
  type ForgetEpisodes,
} from './episodic-memory.js';
export { type FactExtractor, type FactInput, modelFactExtractor, patternFactExtractor } from './fact-extractors.js';
export {
  type FactMemory,
  factMemory,
  type FactMemoryOptions,
  type ForgetFacts,
  type ListFactsOptions,
  type ScoredFact,
} from './fact-memory.js';
export type { Fact, NewFact } from './facts.js';
export { type ImportanceScorer, lexicalImportance, modelImportance } from './importance.js';
export type { NoteWeights } from './indexed-memory.js';
export { logIdOf } from './scope.js';
export {
  summaryBufferMemory,
  type SummaryBufferMemoryOptions,
  summaryMemory,
  type SummaryMemoryOptions,
} from './summary-memory.js';
export { extractiveSummarizer, modelSummarizer, type Summarizer, type SummaryInput } from './summarizer.js';
export { vectorMemory, type VectorMemoryOptions } from './vector-memory.js';
export {
  type SetOptions,
  type WorkingMemory,
  workingMemory,
  type WorkingMemoryOptions,
  type WorkingValue,
} from './working-memory.js';

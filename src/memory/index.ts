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

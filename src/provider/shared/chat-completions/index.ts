export { chunkOf, type WireChunk } from './chunk.js';
export { readChunks } from './events.js';
export {
  type ChatQuirks,
  type ChatSettings,
  reasoningFields,
  reasoningGrades,
  type ReasoningGrades,
  type ReasoningPlace,
  type Wire,
} from './quirks.js';
export { isStrictSchema, wireRequest } from './request.js';

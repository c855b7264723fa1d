import { chat } from './chat.js';
import { cohereChat } from './cohere-chat.js';
import { cohereEmbeddings } from './cohere-embeddings.js';
import type { WireApi } from './describe-wire.js';
import { googleGemini } from './google.js';
import { googleEmbeddings } from './google-embeddings.js';
import { rerank } from './rerank.js';
import { voyageEmbeddings } from './voyage-embeddings.js';

/** Every API whose recordings are tested, by name. */
export const apis: Readonly<Record<string, WireApi>> = {
  chat,
  'cohere chat': cohereChat,
  'cohere embeddings': cohereEmbeddings,
  'google embeddings': googleEmbeddings,
  'google gemini': googleGemini,
  rerank,
  'voyage embeddings': voyageEmbeddings,
};

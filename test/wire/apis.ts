import { chat } from './chat.js';
import { anthropicMessages } from './anthropic.js';
import { cohereChat } from './cohere-chat.js';
import { cohereEmbeddings } from './cohere-embeddings.js';
import { anthropicCountTokens } from './count-tokens.js';
import { completions } from './completions.js';
import type { WireApi } from './describe-wire.js';
import { embeddings } from './embeddings.js';
import { googleGemini } from './google.js';
import { googleEmbeddings } from './google-embeddings.js';
import { models } from './models.js';
import { moderations } from './moderations.js';
import { ollamaNative } from './ollama.js';
import { rerank } from './rerank.js';
import { responses } from './responses.js';
import { voyageEmbeddings } from './voyage-embeddings.js';

/** Every API whose recordings are tested, by name. */
export const apis: Readonly<Record<string, WireApi>> = {
  chat,
  'anthropic count-tokens': anthropicCountTokens,
  'anthropic messages': anthropicMessages,
  'cohere chat': cohereChat,
  'cohere embeddings': cohereEmbeddings,
  completions,
  embeddings,
  'google embeddings': googleEmbeddings,
  'google gemini': googleGemini,
  models,
  moderations,
  'ollama native': ollamaNative,
  rerank,
  responses,
  'voyage embeddings': voyageEmbeddings,
};

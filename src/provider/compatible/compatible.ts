import { PipewrightError, type Run } from '../../core/index.js';
import {
  type ChatModel,
  type ChatRequest,
  chatModel,
  limitsOf,
  type ModelEvent,
  type ModelFeatures,
  type ModelLimits,
  type ModelPrice,
} from '../../model/index.js';
import {
  type ChatSettings,
  chunkOf,
  guardedCall,
  type HttpCall,
  httpPieces,
  httpJson,
  readChunks,
  replyHeaders,
  type WireChunk,
  wireRequest,
  parseEvent,
} from '../shared/index.js';
import { type CompatibleServerName, compatibleServers } from './presets.js';
import {
  baseUrlOf,
  type CompatibleServer,
  type Connection,
  type ConnectionOptions,
  keyHeaders,
  resolveConnection,
  urlOf,
} from './server.js';

export interface CompatibleOptions {
  /** @default the environment variable of the server, such as GROQ_API_KEY, read at every call */
  readonly apiKey?: string;
  /** @default that of the server; one on this machine needs no key */
  readonly baseUrl?: string;
  /** Sent with every request. @default none */
  readonly headers?: Readonly<Record<string, string>>;
  /** Set to false for a server that cannot stream: the reply then comes in one piece. @default true */
  readonly isStreaming?: boolean;
  /** What the model can do, where it differs from what is known of the server. @default that of the server */
  readonly features?: Partial<ModelFeatures>;
  /** @default what is known of the model */
  readonly limits?: ModelLimits;
  /** USD for a million tokens. @default nothing for a server of one's own, else the price table */
  readonly price?: ModelPrice;
}

/** Nothing is refused on behalf of a server that is not known. */
const features: ModelFeatures = {
  tools: true,
  jsonSchema: true,
  jsonSchemaWithTools: true,
  images: true,
  files: true,
  audio: true,
  reasoning: true,
  citations: false,
  logProbs: true,
};

/**
 * A chat model behind any server that speaks OpenAI's Chat Completions API: one of those that are known, or one of your own.
 * Needs no package. Nothing is sent before the first call. Calls throw `not-allowed` without a key, `bad-option` where it is not
 * known where the server is, and the server's failures as `openai` does.
 * @example compatible('groq', 'llama-3.3-70b-versatile').id // => 'groq:llama-3.3-70b-versatile'
 */
export const compatible = (
  server: CompatibleServerName | CompatibleServer,
  model: string,
  options: CompatibleOptions = {},
): ChatModel => {
  const known = serverOf(server);
  const { name, quirks = {} } = known;
  const { isStreaming = true, headers = {}, price = known.price } = options;
  const connection: ConnectionOptions = { apiKey: options.apiKey, baseUrl: options.baseUrl };
  // Where a variable says where the server is, that is read when it is called.
  if (options.baseUrl !== undefined || known.baseUrlVariable === undefined) baseUrlOf(known, connection);
  const id = `${name}:${model}`;
  const settings: ChatSettings = { id, provider: name, model, quirks, isStreaming };
  const spread = price === undefined ? {} : { price };
  return chatModel({
    id,
    model,
    provider: name,
    features: { ...features, ...known.features, ...options.features },
    limits: { ...limitsOf(model), ...limitsOf(id), ...options.limits },
    ...spread,
    stream: (request, run) => {
      const { baseUrl, apiKey } = resolveConnection(id, known, connection);
      const url = urlOf(known, baseUrl, model);
      const secrets = (): readonly string[] => [apiKey, ...Object.values(headers)];
      const all = { ...keyHeaders(known, apiKey), ...headers };
      return guardedCall({ id, secrets }, run, (signal) =>
        answer(settings, { url, headers: all, signal }, request, run),
      );
    },
  });
};

/**
 * Where a server is and the key that it wants, as both are now, for whatever else it serves:
 * `openaiEmbedder('nomic-embed-text', { ...connectionOf('ollama'), dimensions: 768 })`. Throws as `compatible` does.
 * @example connectionOf('ollama').baseUrl // => 'http://127.0.0.1:11434/v1'
 */
export const connectionOf = (
  server: CompatibleServerName | CompatibleServer,
  options: ConnectionOptions = {},
): Connection => {
  const known = serverOf(server);
  return resolveConnection(known.name, known, options);
};

const serverOf = (server: CompatibleServerName | CompatibleServer): CompatibleServer => {
  if (typeof server !== 'string') return server;
  if (Object.hasOwn(compatibleServers, server)) return compatibleServers[server];
  const names = Object.keys(compatibleServers).join(', ');
  throw new PipewrightError(
    'bad-option',
    `\`${String(server)}\` is no known server. Known are ${names}; describe any other by an object.`,
  );
};

async function* answer(
  settings: ChatSettings,
  call: Omit<HttpCall, 'body'>,
  request: ChatRequest,
  run: Run,
): AsyncGenerator<ModelEvent, void, undefined> {
  const body = wireRequest(settings, request, run);
  if (settings.isStreaming) {
    const { events, headers } = await httpPieces({ ...call, body }, parseEvent<WireChunk>);
    yield* readChunks(settings, { chunks: events, headers: replyHeaders(headers), body }, run);
    return;
  }
  const { data, headers } = await httpJson({ ...call, body });
  yield* readChunks(settings, { chunks: [chunkOf(settings.id, data)], headers: replyHeaders(headers), body }, run);
}

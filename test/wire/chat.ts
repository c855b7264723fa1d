import type { Message } from '../../src/core/index.js';
import type { ChatModel, ChatRequest, ModelFeatures } from '../../src/model/index.js';
import { compatible, type CompatibleServerName, compatibleServers } from '../../src/provider/compatible/index.js';
import { openai } from '../../src/provider/openai/index.js';
import { replayServer } from '../../src/testing/index.js';
import { canonical } from './chat-canonical.js';
import { expected } from './chat-expected.js';
import { requestOf } from './chat-request.js';
import { streamed } from './chat-stream.js';
import type { WireApi } from './describe-wire.js';
import type { Recording } from './recordings.js';

// biome-ignore lint/suspicious/noExplicitAny: recorded JSON of many servers
type Json = any;

/** Folders that are not called like our presets. */
const presets: Record<string, CompatibleServerName> = { 'azure-openai': 'azure', moonshotai: 'moonshot' };

/** What the caller knows of the model: what a recording shows that a server refused must reach the server. */
const features: Partial<ModelFeatures> = {
  ...{ tools: true, jsonSchema: true, jsonSchemaWithTools: true, images: true, files: true },
  ...{ audio: true, reasoning: true, logProbs: true },
};

const endpoint = '/chat/completions';

const deploymentPath = /^\/openai\/deployments\/[^/]+/;

const modelOf = ({ provider, request, response, ...recording }: Recording, url: string): ChatModel => {
  const body = (request?.body ?? {}) as Json;
  const isStreaming = body.stream === true || response.text !== undefined;
  const model = body.model ?? recording.model ?? 'recorded';
  const path = request?.path.split('?')[0]?.replace(endpoint, '') ?? '/v1';
  const common = { apiKey: 'k', isStreaming, features };
  if (provider === 'openai') {
    const maxTokensField = body.max_tokens == null ? 'max_completion_tokens' : 'max_tokens';
    return openai(model, { ...common, baseUrl: url + path, maxTokensField });
  }
  const name = presets[provider] ?? (provider as CompatibleServerName);
  if (deploymentPath.test(path)) {
    const deployment = { ...compatibleServers[name], path: `/openai/deployments/{model}${endpoint}` };
    return compatible(deployment, model, { ...common, baseUrl: url });
  }
  const server = { ...compatibleServers[name], path: endpoint };
  return compatible(server, model, { ...common, baseUrl: url + path });
};

/** The message that comes out when the server answers with this one. */
const replayed =
  (recording: Recording) =>
  async (message: Json): Promise<Message> => {
    const body = { choices: [{ message, finish_reason: 'stop' }] };
    const answer: Recording = { ...recording, request: null, response: { status: 200, headers: {}, body } };
    await using server = await replayServer([answer]);
    return (await modelOf(answer, server.url)('Hi')).message;
  };

const question: ChatRequest = { messages: [{ role: 'user', content: 'Hi' }] };

export const chat: WireApi = {
  covers: ({ api }) => api === 'chat',
  call: async (recording, url, run) => {
    const body = recording.request?.body;
    const request = body == null ? question : await requestOf(body, replayed(recording));
    return modelOf(recording, url)(request, run);
  },
  expected,
  canonical,
  // The recordings have lost their queries.
  canonicalPath: (path) => path.split('?')[0] ?? path,
  streamed,
};

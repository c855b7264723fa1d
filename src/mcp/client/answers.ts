import { basename } from 'node:path';
import { pathToFileURL } from 'node:url';
import type {
  Client,
  ClientCapabilities,
  CreateMessageRequest,
  CreateMessageResult,
  ElicitRequest,
  ElicitResult,
  SamplingMessage,
} from '@modelcontextprotocol/client';
import {
  createRun,
  isRecord,
  type JsonSchema,
  type Message,
  type Part,
  PipewrightError,
  type Run,
} from '../../core/index.js';
import type { ChatRequest } from '../../model/index.js';
import { contentOf, partOf } from './content.js';
import type { McpAnswers, McpSampling } from './types.js';

/** What the client says that it can do: nothing that the caller did not give. */
export const capabilitiesOf = ({ sampling, elicit, roots }: McpAnswers): ClientCapabilities => ({
  ...(sampling === undefined ? {} : { sampling: {} }),
  ...(elicit === undefined ? {} : { elicitation: { form: {} } }),
  ...(roots === undefined ? {} : { roots: {} }),
});

const partsOfBlock = (block: SamplingMessage['content']): readonly Part[] => {
  const blocks = Array.isArray(block) ? block : [block];
  return blocks.map((each) => {
    if (each.type === 'tool_use' || each.type === 'tool_result') {
      throw new PipewrightError('unsupported', 'A server may not have tools called in its requests to a model.');
    }
    return partOf(contentOf(each));
  });
};

const requestOf = (params: CreateMessageRequest['params'], maxOutputTokens: number): ChatRequest => {
  const messages = params.messages.map(({ role, content }): Message => ({ role, content: partsOfBlock(content) }));
  const { systemPrompt, maxTokens, temperature, stopSequences } = params;
  return {
    messages: systemPrompt === undefined ? messages : [{ role: 'system', content: systemPrompt }, ...messages],
    maxOutputTokens: Math.min(maxTokens, maxOutputTokens),
    ...(temperature === undefined ? {} : { temperature }),
    ...(stopSequences === undefined ? {} : { stop: stopSequences }),
  };
};

/** An answer that a server may read: nothing of what went wrong here. */
const refusal = (message: string): Error => Object.assign(new Error(message), { code: -1 });

const sample = async (
  { model, approve, maxOutputTokens = 1_024 }: McpSampling,
  params: CreateMessageRequest['params'],
  run: Run,
): Promise<CreateMessageResult> => {
  const request = requestOf(params, maxOutputTokens);
  if ((await approve(request, run)) !== true) throw refusal('The request to the model was refused.');
  try {
    const { text, finishReason, model: id } = await model(request, run);
    const stopReason = finishReason === 'length' ? 'maxTokens' : 'endTurn';
    return { role: 'assistant', content: { type: 'text', text }, model: id, stopReason };
  } catch {
    throw refusal('The model did not answer.');
  }
};

const elicit = async (
  ask: NonNullable<McpAnswers['elicit']>,
  server: string,
  params: ElicitRequest['params'],
  run: Run,
): Promise<ElicitResult> => {
  if (params.mode === 'url') return { action: 'decline' };
  const schema = isRecord(params.requestedSchema) ? (params.requestedSchema as JsonSchema) : {};
  const answer = await ask({ server, message: params.message, schema }, run);
  return answer.action === 'accept' ? { action: 'accept', content: { ...answer.content } } : answer;
};

/**
 * Answers what a server asks, on behalf of the request that waits for it: with its budget, its events and its end. What comes when
 * nobody waits has a run of its own.
 */
export const answerOn = (client: Client, server: string, answers: McpAnswers, runs: () => readonly Run[]): void => {
  const { sampling, elicit: ask, roots } = answers;
  const runFor = (name: string): Run => (runs().at(-1) ?? createRun()).child(name);
  if (sampling !== undefined) {
    client.setRequestHandler('sampling/createMessage', ({ params }) => sample(sampling, params, runFor('sampling')));
  }
  if (ask !== undefined) {
    client.setRequestHandler('elicitation/create', ({ params }) => elicit(ask, server, params, runFor('elicitation')));
  }
  if (roots !== undefined) {
    const listed = roots.map((folder) => ({ uri: pathToFileURL(folder).href, name: basename(folder) }));
    client.setRequestHandler('roots/list', () => ({ roots: listed }));
  }
};

import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { createOpenAICompatible as createPrevious } from '@ai-sdk/openai-compatible-2';
import { describe, expect, it } from 'vitest';
import { recordings } from '../../../test/wire/recordings.js';
import type { ChatModel, ChatReply } from '../../model/index.js';
import { replayServer } from '../../testing/index.js';
import { openai } from '../openai/index.js';
import { fromAiSdk } from './index.js';

/** Real models of the AI SDK: of its current and its previous specification. */
const packages = [
  ['current', createOpenAICompatible],
  ['previous', createPrevious],
] as const;

/** Refusals are left out: the previous version of the package reads no `refusal`. */
const answered = recordings.filter(
  ({ provider, api, kind, response }) =>
    provider === 'openai' && api === 'chat' && response.status === 200 && kind !== 'refusal',
);

/** What both readers of one recording must agree on. */
const facts = async (model: ChatModel): Promise<unknown> => {
  const { text, toolCalls, finishReason, usage }: ChatReply = await model('Hi');
  const { inputTokens, outputTokens } = usage;
  return {
    text,
    calls: toolCalls.map(({ name, input }) => ({ name, input })),
    finishReason,
    inputTokens,
    outputTokens,
  };
};

describe.runIf(answered.length > 0).each(packages)('fromAiSdk over a real model of the %s version', (_name, create) => {
  it.each(answered.map((recording) => [recording.file, recording] as const))(
    '%s comes out as from our own provider',
    async (_file, recording) => {
      await using server = await replayServer([{ ...recording, request: null }]);
      const isStreaming = recording.response.text !== undefined;
      const bridged = create({ name: 'openai', baseURL: server.url, includeUsage: true })('gpt-4o');
      const own = openai('gpt-4o', { baseUrl: server.url, apiKey: 'key', isStreaming });
      expect(await facts(fromAiSdk(bridged, { isStreaming }))).toEqual(await facts(own));
    },
  );
});

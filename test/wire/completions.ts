import type { FinishReason } from '../../src/model/index.js';
import { openaiCompletion } from '../../src/provider/openai/index.js';
import { sseText } from '../../src/testing/index.js';
import { dataOf, type WireApi } from './describe-wire.js';
import { requestBody } from './plain-json.js';

interface WireRequest {
  readonly model: string;
  readonly prompt: string | readonly string[];
  readonly max_tokens?: number;
  readonly temperature?: number;
  readonly top_p?: number;
}

interface Completion {
  readonly choices: readonly { readonly text: string; readonly finish_reason: FinishReason | null }[];
  readonly usage?: { readonly prompt_tokens: number; readonly completion_tokens: number };
}

const promptOf = (prompt: string | readonly string[]): string => (typeof prompt === 'string' ? prompt : prompt.join());

/** The older Completions API. */
export const completions: WireApi = {
  covers: ({ api }) => api === 'completions',
  call: (recording, url, run) => {
    const { model, prompt, max_tokens, temperature, top_p, ...others } = requestBody<WireRequest>(recording);
    const complete = openaiCompletion(model, {
      baseUrl: `${url}/v1`,
      isStreaming: recording.response.text !== undefined,
    });
    const request = {
      messages: [{ role: 'user', content: promptOf(prompt) } as const],
      ...(max_tokens === undefined ? {} : { maxOutputTokens: max_tokens }),
      ...(temperature === undefined ? {} : { temperature }),
      ...(top_p === undefined ? {} : { topP: top_p }),
      // Penalties, biases and the number of answers have no field of ours.
      providerOptions: others,
    };
    return complete(request, run);
  },
  expected: ({ response }) => {
    const chunks = (response.text === undefined ? [response.body] : dataOf(response.text)) as readonly Completion[];
    const usage = chunks.map((chunk) => chunk.usage).findLast((figures) => figures);
    return {
      reply: {
        text: chunks.map(({ choices }) => choices[0]?.text ?? '').join(''),
        finishReason: chunks.map(({ choices }) => choices[0]?.finish_reason).findLast((reason) => reason) ?? 'other',
        toolCalls: [],
        usage: usage && { inputTokens: usage.prompt_tokens, outputTokens: usage.completion_tokens },
      },
    };
  },
  canonical: (body) => {
    // A list of one prompt is that prompt. Not streamed is what is left out. We ask a stream for figures, which this one was not.
    const {
      prompt,
      stream,
      stream_options: _figures,
      ...rest
    } = body as WireRequest & {
      readonly stream?: boolean;
      readonly stream_options?: unknown;
    };
    return { ...rest, prompt: promptOf(prompt), isStream: stream === true };
  },
  streamed: (recording) => {
    const { status, body } = recording.response;
    const { choices, usage, ...rest } = body as Completion;
    const pieces = choices[0]?.text.match(/.{1,7}/gs) ?? [];
    const chunk = (text: string, finish_reason: string | null): object => ({
      ...rest,
      choices: [{ text, finish_reason }],
    });
    const last = chunk('', choices[0]?.finish_reason ?? null);
    const events = [...pieces.map((text) => chunk(text, null)), last, { ...rest, choices: [], usage }];
    return { ...recording, response: { status, headers: {}, text: `${sseText(events)}data: [DONE]\n\n` } };
  },
};

import type { FinishReason } from '../../src/model/index.js';
import { cohere } from '../../src/provider/cohere/index.js';
import { canonical, isOld, oldRequestOf, requestOf, type WireCall, type WirePart } from './cohere-chat-request.js';
import { dataOf, type Expected, type WireApi } from './describe-wire.js';
import { requestBody } from './plain-json.js';
import type { Recording } from './recordings.js';

interface WireUsage {
  readonly billed_units: { readonly input_tokens: number; readonly output_tokens: number };
  readonly tokens: {
    readonly input_tokens: number;
    readonly output_tokens: number;
    readonly image_tokens?: number;
    readonly reasoning_tokens?: number;
  };
  readonly cached_tokens?: number;
}

/** A reply put together in the plainest way from whatever form it came in. */
interface PlainReply {
  readonly text: string;
  readonly thinking: string;
  readonly calls: readonly WireCall[];
  readonly reason: string;
  readonly usage: WireUsage;
}

const reasons: Readonly<Record<string, FinishReason>> = {
  COMPLETE: 'stop',
  STOP_SEQUENCE: 'stop',
  TOOL_CALL: 'tool-call',
  MAX_TOKENS: 'length',
};

const plainOne = ({ body, text }: Recording['response']): PlainReply => {
  const lines = text?.trim().split('\n') ?? [];
  const last = lines.length === 0 ? body : JSON.parse(lines.at(-1) ?? '').response;
  return { text: last.text, thinking: '', calls: [], reason: last.finish_reason, usage: last.meta };
};

const plainWhole = (body: unknown): PlainReply => {
  const { message, finish_reason, usage } = body as {
    readonly message: { content?: WirePart[]; tool_plan?: string; tool_calls?: WireCall[] };
    readonly finish_reason: string;
    readonly usage: WireUsage;
  };
  const { content = [], tool_plan = '', tool_calls = [] } = message;
  return {
    text: content.map(({ text = '' }) => text).join(''),
    thinking: content.map(({ thinking = '' }) => thinking).join('') + tool_plan,
    calls: tool_calls,
    reason: finish_reason,
    usage,
  };
};

const plainStream = (stream: string): PlainReply => {
  // biome-ignore lint/suspicious/noExplicitAny: read in the plainest way
  const events = dataOf(stream) as readonly any[];
  const content = events.map(({ delta }) => delta?.message?.content ?? {});
  const calls: { id: string; function: { name: string; arguments: string } }[] = [];
  for (const { type, index, delta } of events) {
    if (type === 'tool-call-start') calls[index] = structuredClone(delta.message.tool_calls);
    const call = calls[index];
    if (type === 'tool-call-delta' && call !== undefined) {
      call.function.arguments += delta.message.tool_calls.function.arguments;
    }
  }
  const { finish_reason, usage } = events.at(-1)?.delta ?? {};
  return {
    text: content.map(({ text = '' }) => text).join(''),
    thinking: [
      ...content.map(({ thinking = '' }) => thinking),
      ...events.map(({ delta }) => delta?.message?.tool_plan ?? ''),
    ].join(''),
    calls,
    reason: finish_reason,
    usage,
  };
};

const expectedReply = ({ text, thinking, calls, reason, usage }: PlainReply): Expected => {
  const { tokens, billed_units, cached_tokens } = usage;
  return {
    reply: {
      text,
      reasoning: thinking,
      finishReason: reasons[reason] ?? 'other',
      toolCalls: calls.map(({ id, function: { name, arguments: json } }) => ({ id, name, input: JSON.parse(json) })),
      usage: {
        inputTokens: tokens.input_tokens + (tokens.image_tokens ?? 0),
        outputTokens: tokens.output_tokens,
        ...(cached_tokens === undefined ? {} : { cachedInputTokens: cached_tokens }),
        ...(tokens.reasoning_tokens === undefined ? {} : { reasoningTokens: tokens.reasoning_tokens }),
      },
      also: {
        usage: { billed: { inputTokens: billed_units.input_tokens, outputTokens: billed_units.output_tokens } },
        // All that was cited are results of tools, which are no sources.
        citations: [],
      },
    },
  };
};

const data = (event: object): string => `data: ${JSON.stringify(event)}\n\n`;

/** The reply of one piece in the events of a stream, each text in two pieces. */
const streamOf = (body: unknown): string => {
  const { message, finish_reason, usage } = body as {
    readonly message: { content?: WirePart[]; tool_plan?: string; tool_calls?: WireCall[]; citations?: object[] };
    readonly finish_reason: string;
    readonly usage: WireUsage;
  };
  const halves = (text: string): readonly string[] => [text.slice(0, text.length >> 1), text.slice(text.length >> 1)];
  const delta = (type: string, index: number, inner: object): string =>
    data({ type, index, delta: { message: inner } });
  return [
    data({
      type: 'message-start',
      id: 'x',
      delta: { message: { role: 'assistant', content: [], tool_plan: '', tool_calls: [], citations: [] } },
    }),
    ...(message.content ?? []).flatMap(({ type, text, thinking }, index) => {
      const field = type === 'thinking' ? 'thinking' : 'text';
      const pieces = halves(text ?? thinking ?? '');
      return [
        delta('content-start', index, { content: { type, [field]: '' } }),
        ...pieces.map((piece) => delta('content-delta', index, { content: { [field]: piece } })),
        data({ type: 'content-end', index }),
      ];
    }),
    ...halves(message.tool_plan ?? '').map((tool_plan) => delta('tool-plan-delta', 0, { tool_plan })),
    ...(message.tool_calls ?? []).flatMap(({ id, function: { name, arguments: json } }, index) => [
      delta('tool-call-start', index, { tool_calls: { id, type: 'function', function: { name, arguments: '' } } }),
      ...halves(json).map((piece) =>
        delta('tool-call-delta', index, { tool_calls: { function: { arguments: piece } } }),
      ),
      data({ type: 'tool-call-end', index }),
    ]),
    ...(message.citations ?? []).map((citations, index) => delta('citation-start', index, { citations })),
    data({ type: 'message-end', delta: { finish_reason, usage } }),
    'data: [DONE]\n\n',
  ].join('');
};

/** Cohere's Chat API in both versions. */
export const cohereChat: WireApi = {
  covers: ({ api }) => api === 'cohere-chat',
  call: (recording, url, run) => {
    const isStreaming = recording.response.text !== undefined;
    const apiVersion = isOld(recording) ? 1 : 2;
    const model = cohere(recording.model ?? 'some-model', { baseUrl: url, isStreaming, apiVersion });
    if (recording.request === null) return model('Hi', run);
    const request = isOld(recording) ? oldRequestOf(requestBody(recording)) : requestOf(requestBody(recording));
    return model(request, run);
  },
  expected: (recording) => {
    const { status, body, text } = recording.response;
    if (status === 404) return { failure: { code: 'not-found', status, says: (body as { message: string }).message } };
    if (isOld(recording)) return expectedReply(plainOne(recording.response));
    return expectedReply(text === undefined ? plainWhole(body) : plainStream(text));
  },
  canonical,
  streamed: (recording) => {
    const { status, headers, body } = recording.response;
    if (status !== 200) return undefined;
    const one = (): string =>
      `${JSON.stringify({ event_type: 'text-generation', text: (body as { text: string }).text })}\n${JSON.stringify({ event_type: 'stream-end', finish_reason: 'COMPLETE', response: body })}\n`;
    const response = isOld(recording)
      ? { status, headers: { 'content-type': 'application/stream+json' }, text: one() }
      : { status, headers: { ...headers, 'content-type': 'text/event-stream' }, text: streamOf(body) };
    return { ...recording, response };
  },
};

import type { Part, ProviderPart } from '../../src/core/index.js';
import { anthropic } from '../../src/provider/anthropic/index.js';
import { canonicalBody } from './anthropic-canonical.js';
import { chatRequestOf, citesFiles } from './anthropic-request.js';
import { dataOf, type Expected, type ExpectedReply, type WireApi } from './describe-wire.js';
import type { Recording } from './recordings.js';

interface WireBlock {
  readonly type: string;
  readonly text?: string;
  readonly thinking?: string;
  readonly signature?: string;
  readonly data?: string;
  readonly id?: string;
  readonly name?: string;
  readonly input?: unknown;
  readonly citations?: readonly WireCitation[] | null;
}

interface WireCitation {
  readonly cited_text: string;
  readonly document_index?: number;
  readonly source?: string;
  readonly url?: string;
  readonly title?: string | null;
}

interface WireMessage {
  readonly model: string;
  readonly content: readonly WireBlock[];
  readonly stop_reason: string;
  readonly usage: Readonly<Record<string, number | null>>;
  readonly container?: Readonly<Record<string, unknown>> | null;
}

interface WireError {
  readonly type: string;
  readonly message: string;
}

const finishReasons: Readonly<Record<string, ExpectedReply['finishReason']>> = {
  end_turn: 'stop',
  stop_sequence: 'stop',
  max_tokens: 'length',
  model_context_window_exceeded: 'length',
  tool_use: 'tool-call',
  refusal: 'content-filter',
  pause_turn: 'other',
};

const codes: Readonly<Record<string, string>> = {
  invalid_request_error: 'bad-input',
  authentication_error: 'not-allowed',
  permission_error: 'not-allowed',
  not_found_error: 'not-found',
  rate_limit_error: 'rate-limited',
  overloaded_error: 'model-overloaded',
  api_error: 'model-failed',
};

/** The message that the events of a stream add up to. */
const messageOf = ({ response }: Recording): WireMessage => {
  if (response.text === undefined) return response.body as WireMessage;
  const blocks: Record<string, unknown>[] = [];
  const json: string[] = [];
  let message: Record<string, unknown> = {};
  let usage: Record<string, unknown> = {};
  for (const event of dataOf(response.text) as unknown as readonly Record<string, Record<string, unknown>>[]) {
    const at = event.index as unknown as number;
    const { delta = {} } = event;
    if (event.message !== undefined) {
      message = { ...event.message };
      usage = { ...(event.message.usage as object) };
    } else if (event.content_block !== undefined) blocks[at] = { ...event.content_block };
    else if (event.usage !== undefined) {
      for (const [name, value] of Object.entries(event.usage)) if (value !== null) usage[name] = value;
      message = { ...message, ...delta };
    } else if (delta.type !== undefined) {
      const block = blocks[at] ?? {};
      for (const name of ['text', 'thinking', 'signature']) {
        if (delta[name] !== undefined) block[name] = `${block[name] ?? ''}${String(delta[name])}`;
      }
      if (delta.citation !== undefined) block.citations = [...((block.citations ?? []) as []), delta.citation];
      json[at] = (json[at] ?? '') + String(delta.partial_json ?? '');
    }
  }
  const content = blocks.map((block, at) => (json[at] ? { ...block, input: JSON.parse(json[at]) } : block));
  return { ...message, content, usage } as unknown as WireMessage;
};

/** The parts of the reply's message, plainly. */
const partsIn = ({ content, container }: WireMessage): readonly Part[] => {
  const parts: Part[] = [];
  for (const block of content) {
    const last = parts.at(-1);
    const { text = '', thinking = '', id = '', name = '', input } = block;
    if (block.type === 'text' && last?.type === 'text') parts[parts.length - 1] = { ...last, text: last.text + text };
    else if (block.type === 'text') {
      if (text !== '') parts.push({ type: 'text', text });
    } else if (block.type === 'thinking') {
      parts.push({ type: 'reasoning', text: thinking, opaque: `anthropic-signature:${block.signature}` });
    } else if (block.type === 'redacted_thinking') {
      parts.push({ type: 'reasoning', text: '', opaque: `anthropic-redacted:${block.data}` });
    } else if (block.type === 'tool_use') parts.push({ type: 'tool-call', id, name, input });
    else parts.push({ type: 'provider', provider: 'anthropic', data: block });
  }
  const used: readonly ProviderPart[] = container
    ? [{ type: 'provider', provider: 'anthropic', data: { type: 'container', ...container } }]
    : [];
  return [...parts, ...used];
};

/** The names that our requests give to the documents, in the order in which they are written. */
const documentsOf = ({ request }: Recording): readonly string[] => {
  const { messages = [] } = (request?.body ?? {}) as { readonly messages?: readonly { readonly content: unknown }[] };
  const blocks = messages.flatMap(({ content }) => (Array.isArray(content) ? content : []));
  return blocks
    .filter(({ type }) => type === 'document')
    .map(({ title }, index) => String(title ?? `document-${index}`));
};

const citationsIn = (recording: Recording, { content }: WireMessage): readonly object[] => {
  const documents = documentsOf(recording);
  let length = 0;
  return content.flatMap(({ text = '', citations }) => {
    const start = length;
    length += text.length;
    return (citations ?? []).map(({ cited_text, document_index = -1, source, url, title }) => ({
      sourceId: url ?? source ?? documents[document_index],
      quote: cited_text,
      ...(url !== undefined && title ? { title } : {}),
      start,
      end: length,
    }));
  });
};

const expectedReply = (recording: Recording): ExpectedReply => {
  const message = messageOf(recording);
  const { usage } = message;
  const figure = (name: string): number => usage[name] ?? 0;
  const parts = partsIn(message);
  const kept = /^(?:request-id|anthropic-ratelimit-.*)$/;
  const headers = Object.entries(recording.response.headers).filter(([name]) => kept.test(name));
  return {
    text: parts.map((part) => (part.type === 'text' ? part.text : '')).join(''),
    finishReason: finishReasons[message.stop_reason] ?? 'other',
    toolCalls: parts.flatMap((part) => (part.type === 'tool-call' ? [part] : [])),
    usage: {
      inputTokens: figure('input_tokens') + figure('cache_read_input_tokens') + figure('cache_creation_input_tokens'),
      outputTokens: figure('output_tokens'),
      cachedInputTokens: figure('cache_read_input_tokens'),
      cacheWriteTokens: figure('cache_creation_input_tokens'),
    },
    reasoning: parts.map((part) => (part.type === 'reasoning' ? part.text : '')).join(''),
    also: {
      message: { role: 'assistant', content: parts },
      citations: citationsIn(recording, message),
      model: message.model,
      headers: Object.fromEntries(headers),
    },
  };
};

const errorOf = ({ response }: Recording): WireError | undefined => {
  if (response.text === undefined) return (response.body as { readonly error?: WireError }).error;
  return (dataOf(response.text) as readonly { readonly error?: WireError }[]).find(({ error }) => error)?.error;
};

const expected = (recording: Recording): Expected => {
  const error = errorOf(recording);
  if (error === undefined) return { reply: expectedReply(recording) };
  const { status } = recording.response;
  const code = codes[error.type] ?? 'model-failed';
  return { failure: { code, says: error.message.slice(0, 60), ...(status === 200 ? {} : { status }) } };
};

/** The deltas in which the server would send a block, in pieces of a few characters. */
const deltasOf = (block: WireBlock): readonly object[] => {
  const pieces = (text: string): readonly string[] => text.match(/[\s\S]{1,40}/g) ?? [];
  switch (block.type) {
    case 'text':
      return [
        ...(block.citations ?? []).map((citation) => ({ type: 'citations_delta', citation })),
        ...pieces(block.text ?? '').map((text) => ({ type: 'text_delta', text })),
      ];
    case 'thinking':
      return [
        ...pieces(block.thinking ?? '').map((thinking) => ({ type: 'thinking_delta', thinking })),
        { type: 'signature_delta', signature: block.signature },
      ];
    default:
      if (block.input === undefined) return [];
      return pieces(JSON.stringify(block.input)).map((partial_json) => ({ type: 'input_json_delta', partial_json }));
  }
};

const openingOf = (block: WireBlock): object => {
  if (block.type === 'text') return { type: 'text', text: '' };
  if (block.type === 'thinking') return { type: 'thinking', thinking: '', signature: '' };
  return block.input === undefined ? block : { ...block, input: {} };
};

interface StreamEvent {
  readonly type: string;
  readonly [field: string]: unknown;
}

/** What the server sends when the same message is streamed. */
const streamed = (recording: Recording): Recording | undefined => {
  if (recording.response.status !== 200) return undefined;
  const { content, stop_reason, container, ...message } = recording.response.body as WireMessage;
  const events: readonly StreamEvent[] = [
    { type: 'message_start', message: { ...message, content: [], usage: { ...message.usage, output_tokens: 1 } } },
    { type: 'ping' },
    ...content.flatMap((block, index) => [
      { type: 'content_block_start', index, content_block: openingOf(block) },
      ...deltasOf(block).map((delta) => ({ type: 'content_block_delta', index, delta })),
      { type: 'content_block_stop', index },
    ]),
    {
      type: 'message_delta',
      delta: { stop_reason, ...(container ? { container } : {}) },
      usage: { output_tokens: message.usage.output_tokens, output_tokens_details: message.usage.output_tokens_details },
    },
    { type: 'message_stop' },
  ];
  const text = events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join('');
  const { body: _body, ...response } = recording.response;
  return { ...recording, response: { ...response, headers: { 'content-type': 'text/event-stream' }, text } };
};

export const anthropicMessages: WireApi = {
  covers: ({ provider, api }) => provider === 'anthropic' && api === 'messages',
  call: async (recording, url, run) => {
    const { model, request, response } = recording;
    const body = (request?.body ?? {}) as Readonly<Record<string, unknown>>;
    const options = { isStreaming: response.text !== undefined, citesFiles: citesFiles(body) };
    const ask = anthropic(String(body.model ?? model ?? 'claude-sonnet-4-5'), {
      baseUrl: url,
      apiKey: 'key',
      ...options,
    });
    return await ask(request === null ? 'Hi' : chatRequestOf(body), run);
  },
  expected,
  canonical: canonicalBody,
  streamed,
};

import { expect } from 'vitest';
import type { FinishReason } from '../../src/model/index.js';
import { sseText } from '../../src/testing/index.js';
import { dataOf, type Expected, type WireApi } from './describe-wire.js';
import type { Recording } from './recordings.js';
import { modelOf, requestOf } from './responses-request.js';

interface Content {
  readonly type: string;
  readonly text?: string;
  readonly refusal?: string;
  readonly logprobs?: readonly { readonly token: string; readonly logprob: number }[];
  readonly annotations?: readonly {
    readonly url?: string;
    readonly file_id?: string;
    readonly start_index?: number;
    readonly end_index?: number;
    readonly index?: number;
  }[];
}

interface Item {
  readonly type: string;
  readonly content?: readonly Content[];
  readonly summary?: readonly { readonly text: string }[];
  readonly phase?: string;
  readonly call_id?: string;
  readonly name?: string;
  readonly arguments?: string;
  readonly result?: string;
}

interface Response {
  readonly model: string;
  readonly status: string;
  readonly output: readonly Item[];
  readonly error?: { readonly code: string; readonly message: string } | null;
  readonly incomplete_details?: { readonly reason: string } | null;
  readonly usage: {
    readonly input_tokens: number;
    readonly output_tokens: number;
    readonly input_tokens_details?: { readonly cached_tokens?: number; readonly cache_write_tokens?: number };
    readonly output_tokens_details?: { readonly reasoning_tokens?: number };
  };
}

/** The response as it stood at the end. What was encrypted on the way differs from event to event; the items tell what to keep. */
const finalResponse = ({ response }: Recording): Response => {
  if (response.text === undefined) return response.body as Response;
  const events = dataOf(response.text) as unknown as readonly {
    readonly type: string;
    readonly response: Response;
    readonly item: Item;
  }[];
  const last = events.findLast(({ type }) => /^response\.(?:completed|incomplete|failed)$/.test(type));
  if (last === undefined) throw new Error('The stream does not end.');
  const output = events.filter(({ type }) => type === 'response.output_item.done').map(({ item }) => item);
  return { ...last.response, output };
};

const contentText = ({ text, refusal }: Content): string => text ?? refusal ?? '';

const textsOf = (item: Item): string => (item.type === 'message' ? (item.content ?? []).map(contentText).join('') : '');

const thoughtOf = (item: Item): string =>
  item.type === 'reasoning'
    ? [...(item.summary ?? []), ...(item.content ?? [])].map(({ text }) => text).join('\n\n')
    : '';

const finishOf = ({ status, output, incomplete_details }: Response): FinishReason => {
  if (status === 'incomplete') return incomplete_details?.reason === 'max_output_tokens' ? 'length' : 'content-filter';
  if (output.some(({ type }) => type === 'function_call')) return 'tool-call';
  return output.some(({ content }) => content?.some(({ type }) => type === 'refusal')) ? 'content-filter' : 'stop';
};

/** The parts of the message, item by item. */
const partsOf = (provider: string, item: Item): readonly object[] => {
  const own = (data: unknown): object => ({ type: 'provider', provider, data });
  switch (item.type) {
    case 'message': {
      const text = textsOf(item);
      return [
        ...(text === '' ? [] : [{ type: 'text', text }]),
        ...(item.phase ? [own({ type: 'message', phase: item.phase })] : []),
      ];
    }
    case 'reasoning':
      return [{ type: 'reasoning', text: thoughtOf(item), opaque: expect.stringContaining(`responses/${provider}:{`) }];
    case 'function_call':
      return [{ type: 'tool-call', id: item.call_id, name: item.name, input: JSON.parse(item.arguments ?? '') }];
    case 'image_generation_call': {
      const { result = '', ...rest } = item;
      return [
        own(rest),
        { type: 'image', data: new Uint8Array(Buffer.from(result, 'base64')), mediaType: 'image/png' },
      ];
    }
    default:
      return [own(item)];
  }
};

const citationsOf = (output: readonly Item[]): readonly object[] => {
  let start = 0;
  const citations: object[] = [];
  for (const content of output.flatMap((item) => (item.type === 'message' ? (item.content ?? []) : []))) {
    const { length } = contentText(content);
    for (const { url, file_id, start_index, end_index, index } of content.annotations ?? []) {
      const from = start_index ?? index ?? 0;
      citations.push({
        sourceId: url ?? file_id,
        quote: '',
        start: start + from,
        end: start + (end_index ?? index ?? length),
      });
    }
    start += length;
  }
  return citations;
};

const failures: Readonly<Record<string, string>> = {
  invalid_value: 'bad-input',
  unsupported_file: 'bad-input',
  model_not_found: 'not-found',
  insufficient_quota: 'quota-exhausted',
  invalid_api_key: 'not-allowed',
};

const expected = (recording: Recording): Expected => {
  const { response, provider } = recording;
  if (response.status !== 200) {
    const { error } = response.body as { readonly error: { readonly code: string; readonly message: string } };
    return { failure: { code: failures[error.code] ?? '', status: response.status, says: error.message.slice(0, 40) } };
  }
  const final = finalResponse(recording);
  if (final.error)
    return { failure: { code: failures[final.error.code] ?? '', says: final.error.message.slice(0, 40) } };
  const { output, usage, model } = final;
  const calls = output.filter(({ type }) => type === 'function_call');
  const cachedInputTokens = usage.input_tokens_details?.cached_tokens;
  const cacheWriteTokens = usage.input_tokens_details?.cache_write_tokens;
  const reasoningTokens = usage.output_tokens_details?.reasoning_tokens;
  const tokens = output.flatMap(({ content }) => content ?? []).flatMap(({ logprobs }) => logprobs ?? []);
  return {
    reply: {
      text: output.map(textsOf).join(''),
      finishReason: finishOf(final),
      toolCalls: calls.map(({ call_id, name, arguments: json }) => ({
        id: call_id ?? '',
        name: name ?? '',
        input: JSON.parse(json ?? ''),
      })),
      usage: {
        inputTokens: usage.input_tokens,
        outputTokens: usage.output_tokens,
        ...(cachedInputTokens === undefined ? {} : { cachedInputTokens }),
        ...(cacheWriteTokens === undefined ? {} : { cacheWriteTokens }),
        ...(reasoningTokens === undefined ? {} : { reasoningTokens }),
      },
      reasoning: output.map(thoughtOf).join(''),
      also: {
        model,
        message: { role: 'assistant', content: output.flatMap((item) => partsOf(provider, item)) },
        citations: citationsOf(output),
        ...(tokens.length === 0 ? {} : { logProbs: tokens.map(({ token, logprob }) => ({ token, logProb: logprob })) }),
      },
    },
  };
};

const piecesOf = (text: string): readonly string[] => text.match(/.{1,7}/gs) ?? [];

/** The events by which a server would have sent this item. */
const eventsOf = (item: Item, output_index: number): readonly object[] => {
  const done = { type: 'response.output_item.done', output_index, item };
  const deltas = (type: string, text: string, place: object): readonly object[] =>
    piecesOf(text).map((delta) => ({ type: `response.${type}.delta`, output_index, ...place, delta }));
  if (item.type === 'function_call') {
    const added = { type: 'response.output_item.added', output_index, item: { ...item, arguments: '' } };
    return [added, ...deltas('function_call_arguments', item.arguments ?? '', {}), done];
  }
  const summary = (item.summary ?? []).flatMap(({ text }, summary_index) =>
    deltas('reasoning_summary_text', text, { summary_index }),
  );
  const content = (item.content ?? []).flatMap((part, content_index) => {
    const type = item.type === 'reasoning' ? 'reasoning_text' : part.type === 'refusal' ? 'refusal' : 'output_text';
    return deltas(type, contentText(part), { content_index });
  });
  return [...summary, ...content, done];
};

const streamed = (recording: Recording): Recording | undefined => {
  const { status, headers, body } = recording.response;
  if (status !== 200) return undefined;
  const response = body as Response;
  const events = [
    { type: 'response.created', response: { ...response, status: 'in_progress', output: [], usage: null } },
    ...response.output.flatMap(eventsOf),
    { type: response.status === 'incomplete' ? 'response.incomplete' : 'response.completed', response },
  ];
  const type = { ...headers, 'content-type': 'text/event-stream' };
  return { ...recording, response: { status, headers: type, text: sseText(events, true) } };
};

type Json = Readonly<Record<string, unknown>>;

const isSaid = (value: unknown): boolean => value !== undefined && value !== null && value !== '';

/** Long data was cut when it was recorded, also inside the last group of four letters, which then stand for no bytes. */
const wholeGroups = (value: unknown): unknown =>
  typeof value === 'string' && value.startsWith('data:')
    ? value.replace(/^(data:[^,]*,(?:[^=]{4})*).*$/s, '$1')
    : value;

const withWholeGroups = (parts: readonly Json[]): readonly Json[] =>
  parts.map((part) => Object.fromEntries(Object.entries(part).map(([name, value]) => [name, wholeGroups(value)])));

const plainText = (content: unknown): unknown => {
  if (typeof content === 'string') return content;
  const parts = withWholeGroups(content as readonly Json[]);
  const [only] = parts;
  return parts.length === 1 && typeof only?.text === 'string' ? only.text : parts;
};

const canonicalItem = (item: Json): Json => {
  const { id, status, encrypted_content, content, type, role, ...rest } = item;
  // A message needs no type. One text is as good as a list of one. The API calls the developer's voice by two names.
  if (role !== undefined) {
    return { ...rest, role: role === 'developer' ? 'system' : role, content: plainText(content) };
  }
  // Nothing is stored, so ids of calls name nothing; nor do those of reasoning that comes along encrypted.
  if (type === 'function_call') return { ...rest, type, arguments: JSON.parse(String(rest.arguments)) };
  if (type === 'reasoning') {
    const kept = isSaid(encrypted_content) ? { encrypted_content } : { id };
    return { ...rest, type, ...kept, ...(isSaid(content) ? { content } : {}) };
  }
  return Array.isArray(rest.output) ? { ...item, output: withWholeGroups(rest.output) } : item;
};

/** One spelling of a request. */
const canonical = (body: unknown): unknown => {
  const { input, instructions, stream, tools, ...rest } = body as {
    readonly input: string | readonly Json[];
    readonly instructions?: string;
    readonly stream?: boolean;
    readonly tools?: readonly Json[];
  };
  // Instructions are a system message ahead of the others; a text is one message of the user.
  const items = typeof input === 'string' ? [{ role: 'user', content: input }] : input;
  const ahead = instructions ? [{ role: 'system', content: instructions }] : [];
  // What is null, or not streamed, is what is left out; an empty description says nothing.
  const said = Object.entries(rest).filter(([, value]) => isSaid(value));
  return {
    ...Object.fromEntries(said),
    input: [...ahead, ...items].map(canonicalItem),
    isStream: stream === true,
    tools: (tools ?? []).map((tool) => Object.fromEntries(Object.entries(tool).filter(([, value]) => isSaid(value)))),
  };
};

/** The Responses API, of whoever speaks it. */
export const responses: WireApi = {
  covers: ({ api }) => api === 'responses',
  call: async (recording, url, run) => modelOf(recording, url)(await requestOf(recording), run),
  expected,
  canonical,
  streamed,
};

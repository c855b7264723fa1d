import type { FinishReason } from '../../src/model/index.js';
import { dataOf, type Expected, type ExpectedFailure } from './describe-wire.js';
import type { Recording } from './recordings.js';

// biome-ignore lint/suspicious/noExplicitAny: recorded JSON of many servers
type Json = any;

const finishReasons: Record<string, FinishReason> = {
  stop: 'stop',
  eos: 'stop',
  length: 'length',
  tool_calls: 'tool-call',
  content_filter: 'content-filter',
};

/** Every chunk of the reply; one that came whole is a single chunk. */
export const chunksOf = ({ response }: Recording): readonly Json[] =>
  response.text === undefined ? [response.body ?? {}] : dataOf(response.text);

const deltaOf = (chunk: Json, isStream: boolean): Json =>
  (isStream ? chunk.choices?.[0]?.delta : chunk.choices?.[0]?.message) ?? {};

const thoughtIn = ({ content, reasoning, reasoning_content, reasoning_details }: Json): string => {
  if (Array.isArray(content)) {
    return content.flatMap((chunk: Json) => (chunk.thinking ?? []).map((piece: Json) => piece.text)).join('');
  }
  const details = (reasoning_details ?? []).map((detail: Json) => detail.text ?? detail.summary ?? '').join('');
  return reasoning_content || reasoning || details;
};

const textIn = ({ content, refusal, audio }: Json): string => {
  const text = Array.isArray(content) ? content.map((chunk: Json) => chunk.text ?? '').join('') : (content ?? '');
  return text + (refusal ?? '') + (audio?.transcript ?? '');
};

const callsIn = (deltas: readonly Json[]): readonly { name: string; json: string; id: string }[] => {
  const calls: { name: string; json: string; id: string }[] = [];
  for (const delta of deltas) {
    (delta.tool_calls ?? []).forEach((call: Json, place: number) => {
      const at = deltas.length === 1 ? place : (call.index ?? place);
      calls[at] ??= { name: '', json: '', id: '' };
      calls[at].name ||= call.function?.name ?? '';
      calls[at].id ||= call.id ?? '';
      calls[at].json += call.function?.arguments ?? '';
    });
  }
  return calls;
};

/** What the total has beyond input and output is reasoning, or sound that was heard. */
const usageOf = (usage: Json): Json => {
  const { prompt_tokens: input, completion_tokens: output, total_tokens: total = 0 } = usage;
  const beyond = Math.max(0, total - input - output);
  const heard = beyond === usage.prompt_tokens_details?.audio_tokens ? beyond : 0;
  const { cached_tokens, cache_write_tokens } = usage.prompt_tokens_details ?? {};
  const cached = cached_tokens ?? usage.cached_tokens ?? usage.num_cached_tokens ?? usage.prompt_cache_hit_tokens;
  const reasoning = usage.completion_tokens_details?.reasoning_tokens;
  return {
    inputTokens: input + heard,
    outputTokens: output + beyond - heard,
    ...(cached != null && { cachedInputTokens: cached }),
    ...(cache_write_tokens != null && { cacheWriteTokens: cache_write_tokens }),
    ...(reasoning != null && { reasoningTokens: reasoning }),
  };
};

const citationsIn = (chunks: readonly Json[], deltas: readonly Json[], text: string): readonly Json[] => {
  const told = deltas.flatMap(({ annotations }) =>
    (annotations ?? []).map(({ url_citation: { url, title, content = '', start_index, end_index } }: Json) => ({
      ...{ sourceId: url, title, quote: content, start: start_index, end: end_index },
    })),
  );
  const pages: readonly string[] = chunks.findLast((chunk) => chunk.citations)?.citations ?? [];
  const marked = pages.flatMap((url, at) => {
    const mark = `[${at + 1}]`;
    const places: { start: number; end: number }[] = [];
    for (let start = text.indexOf(mark); start >= 0; start = text.indexOf(mark, start + 1)) {
      places.push({ start, end: start + mark.length });
    }
    return (places.length === 0 ? [{ start: 0, end: 0 }] : places).map((place) => ({
      sourceId: url,
      quote: '',
      ...place,
    }));
  });
  return [...told, ...marked];
};

const failureCodes: Record<number, string> = {
  401: 'not-allowed',
  403: 'not-allowed',
  404: 'not-found',
  429: 'rate-limited',
  529: 'model-overloaded',
};

const failureOf = (error: Json, status: number): ExpectedFailure => {
  const says: string = error?.message ?? error?.detail ?? (typeof error === 'string' ? error : '');
  const codes: Record<string, string> = {
    content_filter: 'content-refused',
    context_length_exceeded: 'context-too-long',
    insufficient_quota: 'quota-exhausted',
    tool_use_failed: 'model-failed',
  };
  const byWords = /context length/.test(says) ? 'context-too-long' : undefined;
  const byStatus = failureCodes[status] ?? (status >= 500 ? 'model-failed' : 'bad-input');
  return { code: codes[error?.code] ?? byWords ?? byStatus, status, says: says.slice(0, 60) };
};

/** The failure that a recording shows: of the call, of a reply of status 200, or in the middle of a stream. */
const failureIn = (recording: Recording, chunks: readonly Json[]): ExpectedFailure | undefined => {
  const { status, body } = recording.response;
  if (status >= 400) return failureOf((body as Json)?.error ?? body, status);
  const error = chunks.find((chunk) => chunk.error)?.error;
  return error && failureOf(error, error.status_code ?? error.status ?? error.code);
};

export const expected = (recording: Recording): Expected => {
  const chunks = chunksOf(recording);
  const failure = failureIn(recording, chunks);
  if (failure !== undefined) return { failure };
  const deltas = chunks.map((chunk) => deltaOf(chunk, recording.response.text !== undefined));
  const written = deltas.map(textIn).join('');
  // Servers of open models leave the tags in that the model thinks between.
  const [, inTags, answer] = /^\s*<think>\s*(.*?)<\/think>\s*(.*)$/s.exec(written) ?? [];
  const text = answer ?? written;
  const calls = callsIn(deltas);
  const reason = chunks.map((chunk) => chunk.choices?.[0]?.finish_reason).findLast((word) => word) as string;
  const isRefusal = deltas.some(({ refusal }) => refusal);
  const finish = calls.length > 0 && reason === 'stop' ? 'tool-call' : (finishReasons[reason] ?? 'other');
  const usage = chunks.map((chunk) => chunk.usage ?? chunk.x_groq?.usage).findLast((figures) => figures);
  const tokens = chunks.flatMap((chunk) => chunk.choices?.[0]?.logprobs?.content ?? []);
  const requestId = recording.response.headers['x-request-id'];
  const ids = calls.map(({ id }) => id);
  return {
    reply: {
      text,
      finishReason: isRefusal ? 'content-filter' : finish,
      toolCalls: calls.map(({ name, json, id }) => ({
        ...{ name, input: JSON.parse(json || '{}') },
        ...(id === '' || ids.filter((other) => other === id).length > 1 ? {} : { id }),
      })),
      usage: usage && usageOf(usage),
      reasoning: inTags ?? deltas.map(thoughtIn).join(''),
      also: {
        model: chunks.find((chunk) => chunk.model)?.model,
        citations: citationsIn(chunks, deltas, text),
        ...(requestId === undefined ? {} : { headers: { 'x-request-id': requestId } }),
        ...(tokens.length === 0 ? {} : { logProbs: tokens.map(({ token, logprob }) => ({ token, logProb: logprob })) }),
      },
    },
  };
};

import type { Run } from '../../../core/index.js';
import type { FinishReason, ModelEvent, ReplyHeaders, TokenLogProb } from '../../../model/index.js';
import { isConnectionFailure } from '../server-error.js';
import { type ToolCallReader, toolCallReader } from '../tool-calls.js';
import { type DrawnParts, drawnParts } from './drawn-parts.js';
import { annotationEvents, type PageList, pageList } from './citations.js';
import {
  chunkOf,
  isFailure,
  isWhole,
  type WireChunk,
  type WireDelta,
  type WireLogProb,
  type WireToolCall,
} from './chunk.js';
import { opaqueOf } from './opaque.js';
import type { ChatSettings, Wire } from './quirks.js';
import { type ReasoningReader, reasoningReader } from './reasoning.js';
import { type TaggedText, taggedText } from './tagged-text.js';
import { usageIn } from './usage.js';

/** The words of all servers; a word that is not here is `other`. */
const finishReasons: ReadonlyMap<string, FinishReason> = new Map([
  ['stop', 'stop'],
  ['eos', 'stop'],
  ['end_turn', 'stop'],
  ['stop_sequence', 'stop'],
  ['length', 'length'],
  ['max_tokens', 'length'],
  ['model_length', 'length'],
  ['model_context_window_exceeded', 'length'],
  ['tool_calls', 'tool-call'],
  ['tool_use', 'tool-call'],
  ['function_call', 'tool-call'],
  ['content_filter', 'content-filter'],
  ['sensitive', 'content-filter'],
]);

/** What is known while one reply is read. */
interface Reading {
  readonly provider: string;
  readonly calls: ToolCallReader;
  readonly reasoning: ReasoningReader;
  readonly tagged: TaggedText | undefined;
  readonly pages: PageList;
  readonly drawn: DrawnParts;
  isRefusal: boolean;
  /** What the server wants back with the message. */
  extra: Readonly<Record<string, unknown>> | undefined;
}

/** A reply while it arrives. */
export interface WireReply {
  /** Of a stream, or the one of a reply that came whole (`chunkOf`). */
  readonly chunks: AsyncIterable<WireChunk> | Iterable<WireChunk>;
  readonly headers: ReplyHeaders;
  /** What was asked: it says of which format the sound is. */
  readonly body: Wire;
}

const soundFormat = ({ audio }: Wire): string | undefined =>
  (audio as { readonly format?: string } | null | undefined)?.format;

/**
 * Reads the chunks of one reply. `finish` comes only where the server gave a
 * reason, after the figures. A failure inside the reply is thrown in the shape that `serverError` reads.
 */
export async function* readChunks(
  { id, provider, quirks }: ChatSettings,
  { chunks, headers, body }: WireReply,
  run: Run,
): AsyncGenerator<ModelEvent, void, undefined> {
  const reading: Reading = {
    provider,
    calls: toolCallReader(run.random),
    reasoning: reasoningReader(provider),
    tagged: quirks.reasoningTag === undefined ? undefined : taggedText(quirks.reasoningTag),
    pages: pageList(),
    drawn: drawnParts(soundFormat(body)),
    isRefusal: false,
    extra: undefined,
  };
  let hasBegun = false;
  let reason: string | undefined;
  try {
    for await (const received of chunks) {
      if (isFailure(received)) throw { error: received.error };
      const chunk = isWhole(received) ? chunkOf(id, received) : received;
      const { model, choices } = chunk;
      // Azure sends a chunk without model and choices ahead of the reply.
      if (!hasBegun && (model || choices?.length)) {
        hasBegun = true;
        yield { type: 'response-start', headers, ...(model ? { model } : {}) };
      }
      reading.pages.take(chunk);
      const choice = choices?.[0];
      if (choice?.delta) yield* readDelta(reading, choice.delta);
      const tokens = choice?.logprobs?.content;
      if (tokens?.length) yield { type: 'log-probs', tokens: tokens.map(logProbOf) };
      reason = choice?.finish_reason || reason;
      const usage = usageIn(chunk);
      if (usage !== undefined) yield { type: 'usage', usage };
    }
  } catch (error) {
    // The reply was whole; only the figures behind it are lost.
    if (reason === undefined || !isConnectionFailure(error)) throw error;
  }
  if (reason === undefined) return;
  yield* endOf(reading);
  yield { type: 'finish', reason: finishOf(reason, reading) };
}

function* readDelta(reading: Reading, delta: WireDelta): Generator<ModelEvent, void, undefined> {
  yield* reading.reasoning.take(delta);
  const { content, refusal, tool_calls, annotations, audio, images } = delta;
  if (typeof content === 'string') yield* readText(reading, content);
  else if (content) {
    for (const { text, thinking } of content) {
      const thought = typeof thinking === 'string' ? thinking : thinking?.map((piece) => piece.text ?? '').join('');
      if (thought) yield { type: 'reasoning-delta', text: thought };
      if (text) yield* readText(reading, text);
    }
  }
  if (refusal) {
    reading.isRefusal = true;
    yield* readText(reading, refusal);
  }
  if (audio?.transcript) yield* readText(reading, audio.transcript);
  if (audio?.data) reading.drawn.addSound(audio.data);
  for (const { image_url } of images ?? []) if (image_url?.url) reading.drawn.addImage(image_url.url);
  if (tool_calls?.length) yield* readCalls(reading, tool_calls);
  if (annotations?.length) yield* annotationEvents(annotations);
  if (delta.extra_content) reading.extra = delta.extra_content;
}

function* readText(reading: Reading, text: string): Generator<ModelEvent, void, undefined> {
  if (text === '') return;
  yield* reading.reasoning.end();
  for (const piece of reading.tagged?.take(text) ?? [{ type: 'text-delta', text } as const]) {
    if (piece.type === 'text-delta') reading.pages.addText(piece.text);
    yield piece;
  }
}

function* readCalls(reading: Reading, calls: readonly WireToolCall[]): Generator<ModelEvent, void, undefined> {
  yield* reading.reasoning.end();
  for (const { index, id, function: called, extra_content } of calls) {
    const text = argumentsOf(called?.arguments);
    const event = reading.calls.take({ index, id, name: called?.name, text });
    const opaque = extra_content ? { opaque: opaqueOf(reading.provider, { extra_content }) } : {};
    if (event !== undefined) yield { ...event, ...opaque };
  }
}

/** Some servers send the arguments parsed. */
const argumentsOf = (value: unknown): string | undefined =>
  typeof value === 'object' && value !== null ? JSON.stringify(value) : (value as string | undefined);

const logProbOf = ({ token, logprob, top_logprobs }: WireLogProb): TokenLogProb => ({
  token,
  logProb: logprob,
  alternatives: (top_logprobs ?? []).map((other) => ({ token: other.token, logProb: other.logprob })),
});

/** What was held back until the reply was whole. */
function* endOf({ provider, reasoning, tagged, calls, drawn, pages, extra }: Reading): Generator<ModelEvent> {
  yield* reasoning.end();
  for (const piece of tagged?.end() ?? []) {
    if (piece.type === 'text-delta') pages.addText(piece.text);
    yield piece;
  }
  yield* calls.end();
  yield* drawn.end();
  yield* pages.end();
  if (extra !== undefined) yield { type: 'reasoning-end', opaque: opaqueOf(provider, { extra_content: extra }) };
}

/** A forced tool call ends with `stop`, and so does a refusal: what came tells more than the word. */
const finishOf = (reason: string, { isRefusal, calls }: Reading): FinishReason => {
  const finish = finishReasons.get(reason.toLowerCase()) ?? 'other';
  if (finish !== 'stop') return finish;
  if (isRefusal) return 'content-filter';
  return calls.count() > 0 ? 'tool-call' : 'stop';
};

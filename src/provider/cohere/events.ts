import type { Run } from '../../core/index.js';
import type { ModelEvent } from '../../model/index.js';
import { type ToolCallReader, toolCallReader } from '../shared/index.js';
import { planMark } from './messages.js';
import {
  citationsOf,
  finishEvent,
  logProbEvents,
  usageEvents,
  type WireCitation,
  type WireLogProb,
  type WireUsage,
} from './outcome.js';

interface WireContent {
  readonly type?: string;
  readonly text?: string;
  readonly thinking?: string;
}

interface WireToolCall {
  readonly id?: string;
  readonly function?: { readonly name?: string; readonly arguments?: string };
}

/** What we read of a stream event of the Chat API v2. */
export interface WireEvent {
  readonly type?: string;
  readonly index?: number;
  readonly delta?: {
    readonly message?: {
      readonly content?: WireContent | readonly WireContent[];
      readonly tool_plan?: string;
      readonly tool_calls?: WireToolCall | readonly WireToolCall[];
      readonly citations?: WireCitation | readonly WireCitation[];
    };
    readonly finish_reason?: string;
    readonly usage?: WireUsage;
    readonly error?: string;
  };
  readonly logprobs?: WireLogProb;
  /** Of a failure that comes in place of an event. */
  readonly message?: unknown;
}

/** What we read of a reply in one piece. */
export interface WireReply {
  readonly message?: {
    readonly content?: readonly WireContent[];
    readonly tool_plan?: string;
    readonly tool_calls?: readonly WireToolCall[];
    readonly citations?: readonly WireCitation[];
  };
  readonly finish_reason?: string;
  readonly usage?: WireUsage;
  readonly logprobs?: readonly WireLogProb[];
}

/** A reply that was not streamed, as the events that it amounts to. */
export function* eventsOf({ message = {}, finish_reason, usage, logprobs }: WireReply): Generator<WireEvent> {
  const { content = [], tool_plan, tool_calls = [], citations = [] } = message;
  for (const [index, part] of content.entries()) {
    yield { type: 'content-start', index, delta: { message: { content: part } } };
    yield { type: 'content-end', index };
  }
  if (tool_plan !== undefined) yield { type: 'tool-plan-delta', delta: { message: { tool_plan } } };
  for (const [index, call] of tool_calls.entries()) {
    yield { type: 'tool-call-start', index, delta: { message: { tool_calls: call } } };
  }
  for (const citation of citations) yield { type: 'citation-start', delta: { message: { citations: citation } } };
  for (const item of logprobs ?? []) yield { type: 'logprobs', logprobs: item };
  if (finish_reason !== undefined) {
    yield { type: 'message-end', delta: { finish_reason, ...(usage === undefined ? {} : { usage }) } };
  }
}

/** What is known while one reply is read. */
interface Reading {
  readonly calls: ToolCallReader;
  /** Calls whose arguments have begun. */
  readonly begun: Set<number>;
  readonly citations: WireCitation[];
  text: string;
  thinks: 'not' | 'aloud' | 'of-tools';
}

/** Reads the events of one reply. `finish` comes only where the server gave a reason, after the figures. */
export async function* readEvents(
  events: AsyncIterable<WireEvent> | Iterable<WireEvent>,
  sourceIds: ReadonlySet<string>,
  run: Run,
): AsyncGenerator<ModelEvent, void, undefined> {
  const reading: Reading = {
    calls: toolCallReader(run.random),
    begun: new Set(),
    citations: [],
    text: '',
    thinks: 'not',
  };
  for await (const event of events) {
    if (event.type === undefined && event.message !== undefined) throw failure(event);
    yield* readEvent(reading, event);
    const { finish_reason, usage, error } = event.delta ?? {};
    if (event.type !== 'message-end' || finish_reason === undefined) continue;
    yield* reading.calls.end();
    yield* citationsOf(reading.text, reading.citations, sourceIds);
    yield* usageEvents(usage);
    yield finishEvent(finish_reason, error);
  }
}

/** In the shape that `serverError` reads. */
const failure = (event: WireEvent): Error => Object.assign(new Error('The stream tells a failure.'), { error: event });

const listOf = <T>(value: T | readonly T[] | undefined): readonly T[] =>
  value === undefined ? [] : Array.isArray(value) ? value : [value as T];

function* readEvent(reading: Reading, { index = 0, delta, logprobs }: WireEvent): Generator<ModelEvent> {
  const { content, tool_plan, tool_calls, citations } = delta?.message ?? {};
  for (const { text = '', thinking = '' } of listOf(content)) {
    if (thinking !== '') yield* think(reading, 'aloud', thinking);
    if (text === '') continue;
    yield* endThinking(reading);
    reading.text += text;
    yield { type: 'text-delta', text };
  }
  if (tool_plan !== undefined && tool_plan !== '') yield* think(reading, 'of-tools', tool_plan);
  for (const call of listOf(tool_calls)) {
    yield* endThinking(reading);
    yield* readCall(reading, index, call);
  }
  reading.citations.push(...listOf(citations));
  if (logprobs !== undefined) yield* logProbEvents([logprobs]);
}

function* think(reading: Reading, how: 'aloud' | 'of-tools', text: string): Generator<ModelEvent> {
  if (reading.thinks !== how) yield* endThinking(reading);
  reading.thinks = how;
  yield { type: 'reasoning-delta', text };
}

function* endThinking(reading: Reading): Generator<ModelEvent> {
  const { thinks } = reading;
  reading.thinks = 'not';
  if (thinks !== 'not') yield { type: 'reasoning-end', ...(thinks === 'of-tools' ? { opaque: planMark } : {}) };
}

function* readCall(reading: Reading, index: number, { id, function: called }: WireToolCall): Generator<ModelEvent> {
  const { name, arguments: written = '' } = called ?? {};
  // A tool without parameters is called with `null`.
  const text = written === 'null' && !reading.begun.has(index) ? '' : written;
  if (text !== '') reading.begun.add(index);
  const event = reading.calls.take({ index, id, name, text });
  if (event !== undefined) yield event;
}

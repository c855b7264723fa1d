import type { ImagePart, Random } from '../../../core/index.js';
import type { ModelEvent, TokenLogProb } from '../../../model/index.js';
import { type ToolCallReader, toolCallReader } from '../../shared/index.js';
import { citationsOf } from './citations.js';
import { opaqueOf, type Piece, pieceSeparator, piecesOf, reasoningOpaque } from './reasoning.js';
import type { WireEvent, WireItem, WireLogProb } from './wire.js';

export interface ItemReader {
  /** What an event inside an item tells. */
  readonly delta: (event: WireEvent) => Iterable<ModelEvent>;
  /** What is new in an item that is whole: all of it where nothing of it was streamed. */
  readonly done: (event: WireEvent) => Iterable<ModelEvent>;
  /** What was held back until the reply was whole. */
  readonly end: () => Iterable<ModelEvent>;
  readonly facts: ItemFacts;
}

export interface ItemFacts {
  hasRefusal: boolean;
  hasCalls: boolean;
  /** Items that came whole. */
  doneCount: number;
}

/** One item of the reply while it comes in. */
interface OpenItem {
  /** By what tells the texts of an item apart, in the order in which they began. */
  readonly texts: Map<string, { readonly start: number; length: number }>;
  /** Tells its call apart from others. */
  readonly index: number;
  /** The arguments so far. */
  json: string;
  callKey: string | undefined;
}

interface Reading {
  readonly provider: string;
  readonly facts: ItemFacts;
  readonly calls: ToolCallReader;
  /** Of the text so far. */
  textLength: number;
}

export const itemReader = (provider: string, random: Random): ItemReader => {
  const facts: ItemFacts = { hasRefusal: false, hasCalls: false, doneCount: 0 };
  const reading: Reading = { provider, facts, calls: toolCallReader(random), textLength: 0 };
  const open = openItems();
  return {
    facts,
    delta: (event) => {
      const { type, item, delta = '', content_index = 0, summary_index = 0 } = event;
      switch (type) {
        case 'response.output_item.added':
          return item?.type === 'function_call' ? addToCall(reading, open.of(event), item, '') : [];
        case 'response.refusal.delta':
          facts.hasRefusal = true;
          return addText(reading, open.of(event), `text:${content_index}`, delta);
        case 'response.output_text.delta':
          return addText(reading, open.of(event), `text:${content_index}`, delta);
        case 'response.reasoning_summary_text.delta':
          return addReasoning(open.of(event), `summary:${summary_index}`, delta);
        case 'response.reasoning_text.delta':
          return addReasoning(open.of(event), `content:${content_index}`, delta);
        case 'response.function_call_arguments.delta': {
          const call = open.of(event);
          // Of a call that nobody announced neither id nor name is known; it comes whole at its end.
          return call.callKey === undefined ? [] : addToCall(reading, call, {}, delta);
        }
        default:
          return [];
      }
    },
    done: (event) => {
      facts.doneCount += 1;
      const item = open.of(event);
      open.close(event);
      return event.item === undefined ? [] : itemDone(reading, item, event.item);
    },
    end: () => reading.calls.end(),
  };
};

const itemDone = (reading: Reading, item: OpenItem, wire: WireItem): Iterable<ModelEvent> => {
  switch (wire.type) {
    case 'message':
      return messageDone(reading, item, wire);
    case 'reasoning':
      return reasoningDone(reading, item, wire);
    case 'function_call':
      return callDone(reading, item, wire);
    case 'image_generation_call':
      return drawingDone(reading, wire);
    default:
      return [providerPart(reading, wire)];
  }
};

function* addText(reading: Reading, item: OpenItem, key: string, delta: string): Iterable<ModelEvent> {
  const text = item.texts.get(key) ?? { start: reading.textLength, length: 0 };
  item.texts.set(key, text);
  text.length += delta.length;
  reading.textLength += delta.length;
  if (delta !== '') yield { type: 'text-delta', text: delta };
}

function* addReasoning(item: OpenItem, key: string, delta: string): Iterable<ModelEvent> {
  const separator = item.texts.size > 0 && !item.texts.has(key) ? pieceSeparator : '';
  const piece = item.texts.get(key) ?? { start: 0, length: 0 };
  item.texts.set(key, piece);
  piece.length += delta.length;
  if (separator + delta !== '') yield { type: 'reasoning-delta', text: separator + delta };
}

function* addToCall(
  { calls, facts }: Reading,
  item: OpenItem,
  { call_id: id, name }: WireItem,
  delta: string,
): Iterable<ModelEvent> {
  facts.hasCalls = true;
  item.json += delta;
  const event = calls.take({ index: item.index, id, name, text: delta });
  if (event === undefined) return;
  item.callKey ??= event.key;
  yield event;
}

function* messageDone(reading: Reading, item: OpenItem, { content, phase }: WireItem): Iterable<ModelEvent> {
  for (const [index, { type, text, refusal, annotations, logprobs }] of (content ?? []).entries()) {
    const key = `text:${index}`;
    if (type === 'refusal') reading.facts.hasRefusal = true;
    const whole = (type === 'refusal' ? refusal : text) ?? '';
    const { start, length } = item.texts.get(key) ?? { start: reading.textLength, length: 0 };
    yield* addText(reading, item, key, whole.slice(length));
    if (logprobs && logprobs.length > 0) yield { type: 'log-probs', tokens: logprobs.map(tokenOf) };
    for (const citation of citationsOf(annotations ?? [], whole, start)) yield { type: 'citation', citation };
  }
  // Whether a message was the answer or a word on the way to it: some models want that back.
  if (phase) yield providerPart(reading, { type: 'message', phase });
}

function* reasoningDone({ provider }: Reading, item: OpenItem, wire: WireItem): Iterable<ModelEvent> {
  const counts = { summary: 0, content: 0 };
  for (const { kind, text } of piecesOf(wire)) {
    const key = `${kind}:${counts[kind]++}`;
    yield* addReasoning(item, key, text.slice(item.texts.get(key)?.length ?? 0));
  }
  const pieces = [...item.texts].map(
    ([key, { length }]): Piece => [key.startsWith('summary') ? 'summary' : 'content', length],
  );
  yield { type: 'reasoning-end', opaque: reasoningOpaque(provider, wire, pieces) };
}

function* callDone(reading: Reading, item: OpenItem, wire: WireItem): Iterable<ModelEvent> {
  const { arguments: whole, namespace, caller } = wire;
  yield* addToCall(reading, item, wire, typeof whole === 'string' ? missingOf(whole, item.json) : '');
  const kept = { ...(namespace ? { namespace } : {}), ...(caller ? { caller } : {}) };
  if (item.callKey === undefined || Object.keys(kept).length === 0) return;
  yield { type: 'tool-call-delta', key: item.callKey, text: '', opaque: opaqueOf(reading.provider, kept) };
}

/** What of the arguments was not streamed. Some servers stream `{}` ahead of them, or send nothing but the whole. */
const missingOf = (whole: string, streamed: string): string => {
  if (whole.startsWith(streamed)) return whole.slice(streamed.length);
  return streamed === '{}' ? whole : '';
};

/** The picture comes as one, behind the item without its bytes; they are put together again when both go back. */
function* drawingDone(reading: Reading, wire: WireItem): Iterable<ModelEvent> {
  const { result, ...rest } = wire;
  yield providerPart(reading, rest);
  if (!result) return;
  const mediaType = `image/${wire.output_format ?? 'png'}`;
  const part: ImagePart = { type: 'image', data: new Uint8Array(Buffer.from(result, 'base64')), mediaType };
  yield { type: 'part', part };
}

const providerPart = ({ provider }: Reading, data: unknown): ModelEvent => ({
  type: 'part',
  part: { type: 'provider', provider, data },
});

const tokenOf = ({ token, logprob, top_logprobs }: WireLogProb): TokenLogProb => ({
  token,
  logProb: logprob,
  alternatives: (top_logprobs ?? []).map((other) => ({ token: other.token, logProb: other.logprob })),
});

interface OpenItems {
  /** The item that an event belongs to, opened if it is a new one. */
  readonly of: (event: WireEvent) => OpenItem;
  readonly close: (event: WireEvent) => void;
}

/** Items are told apart by their index, else by their id; an event without either belongs to the item before it. */
const openItems = (): OpenItems => {
  const items = new Map<number | string, OpenItem>();
  let count = 0;
  let lastKey: number | string = '';
  const keyOf = ({ output_index, item_id, item }: WireEvent): number | string =>
    output_index ?? item_id ?? item?.id ?? lastKey;
  return {
    of: (event) => {
      const key = keyOf(event);
      const item = items.get(key) ?? { texts: new Map(), index: count++, json: '', callKey: undefined };
      items.set(key, item);
      lastKey = key;
      return item;
    },
    close: (event) => void items.delete(keyOf(event)),
  };
};

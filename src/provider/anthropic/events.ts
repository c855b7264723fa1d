import { PipewrightError, type Usage } from '../../core/index.js';
import type { FinishReason, ModelCitation, ModelEvent, ReplyHeaders } from '../../model/index.js';
import { isConnectionFailure } from '../shared/index.js';
import { opaqueRedacted, opaqueSignature } from './reasoning.js';

/** What we read of a stream event of the Messages API. */
export type WireEvent =
  | { readonly type: 'message_start'; readonly message: { readonly model?: string; readonly usage?: WireUsage } }
  | { readonly type: 'content_block_start'; readonly index: number; readonly content_block: WireBlock }
  | { readonly type: 'content_block_delta'; readonly index: number; readonly delta: WireDelta }
  | { readonly type: 'content_block_stop'; readonly index: number }
  | {
      readonly type: 'message_delta';
      readonly delta: { readonly stop_reason?: string | null };
      readonly usage?: WireUsage;
    }
  | { readonly type: 'message_stop' };

export interface WireBlock {
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

interface WireDelta {
  readonly type: string;
  readonly text?: string;
  readonly thinking?: string;
  readonly signature?: string;
  readonly partial_json?: string;
  readonly citation?: WireCitation;
}

interface WireCitation {
  readonly cited_text?: string;
  readonly document_index?: number;
}

interface WireUsage {
  readonly input_tokens?: number | null;
  readonly output_tokens?: number | null;
  readonly cache_read_input_tokens?: number | null;
  readonly cache_creation_input_tokens?: number | null;
  readonly output_tokens_details?: { readonly thinking_tokens?: number | null } | null;
}

const finishReasons: ReadonlyMap<string, FinishReason> = new Map([
  ['end_turn', 'stop'],
  ['stop_sequence', 'stop'],
  ['max_tokens', 'length'],
  ['model_context_window_exceeded', 'length'],
  ['tool_use', 'tool-call'],
  ['refusal', 'content-filter'],
]);

/** The API counts cached input beside the rest; with us it is a part of the input. */
const usageOf = (wire: WireUsage): Usage => {
  const cached = wire.cache_read_input_tokens ?? 0;
  const written = wire.cache_creation_input_tokens ?? 0;
  const reasoningTokens = wire.output_tokens_details?.thinking_tokens;
  return {
    inputTokens: (wire.input_tokens ?? 0) + cached + written,
    outputTokens: wire.output_tokens ?? 0,
    cachedInputTokens: cached,
    cacheWriteTokens: written,
    ...(typeof reasoningTokens === 'number' ? { reasoningTokens } : {}),
  };
};

/** Later figures replace earlier ones, field by field: the last event often names the output alone. */
const mergeUsage = (earlier: WireUsage, later: WireUsage): WireUsage => ({
  input_tokens: later.input_tokens ?? earlier.input_tokens ?? null,
  output_tokens: later.output_tokens ?? earlier.output_tokens ?? null,
  cache_read_input_tokens: later.cache_read_input_tokens ?? earlier.cache_read_input_tokens ?? null,
  cache_creation_input_tokens: later.cache_creation_input_tokens ?? earlier.cache_creation_input_tokens ?? null,
  output_tokens_details: later.output_tokens_details ?? earlier.output_tokens_details ?? null,
});

/** A reply that was not streamed, as the events that it amounts to. */
export const eventsOf = (id: string, message: unknown): readonly WireEvent[] => {
  const { model, usage, content, stop_reason } = (message ?? {}) as {
    readonly model?: string;
    readonly usage?: WireUsage;
    readonly content?: readonly WireBlock[];
    readonly stop_reason?: string | null;
  };
  if (!Array.isArray(content)) {
    throw new PipewrightError(
      'model-failed',
      `${id} answered with something that is no message. Check the base URL, or try again.`,
      { retryable: true },
    );
  }
  const blocks = (content as readonly WireBlock[]).flatMap((content_block, index): readonly WireEvent[] => [
    { type: 'content_block_start', index, content_block },
    { type: 'content_block_stop', index },
  ]);
  return [
    { type: 'message_start', message: model === undefined ? {} : { model } },
    ...blocks,
    { type: 'message_delta', delta: { stop_reason: stop_reason ?? null }, usage: usage ?? {} },
    { type: 'message_stop' },
  ];
};

/** The content block that is being read. */
interface OpenBlock {
  readonly block: WireBlock;
  /** Where its text begins in the text of the reply. */
  readonly start: number;
  readonly citations: WireCitation[];
  signature: string;
  hasInput: boolean;
}

/** Reads the events of one reply. `finish` comes only where the server gave a reason, after the figures. */
export async function* readEvents(
  events: AsyncIterable<WireEvent> | Iterable<WireEvent>,
  headers: ReplyHeaders,
  documentIds: readonly string[],
): AsyncGenerator<ModelEvent, void, undefined> {
  let usage: WireUsage = {};
  let reason: string | undefined;
  const reader = blockReader(documentIds);
  try {
    for await (const event of events) {
      if (event.type === 'message_start') {
        const { model } = event.message;
        yield { type: 'response-start', headers, ...(model === undefined ? {} : { model }) };
        usage = event.message.usage ?? usage;
      } else if (event.type === 'message_delta') {
        reason = event.delta.stop_reason ?? reason;
        usage = mergeUsage(usage, event.usage ?? {});
      }
      if (event.type.startsWith('message_') && typeof usage.output_tokens === 'number') {
        yield { type: 'usage', usage: usageOf(usage) };
      }
      yield* reader(event);
    }
  } catch (error) {
    // The reply was whole; only what comes behind it is lost.
    if (reason === undefined || !isConnectionFailure(error)) throw error;
  }
  if (reason !== undefined) yield { type: 'finish', reason: finishReasons.get(reason) ?? 'other' };
}

/** Turns the events of content blocks into ours, and keeps count of the text for the places of citations. */
const blockReader = (documentIds: readonly string[]): ((event: WireEvent) => readonly ModelEvent[]) => {
  const open = new Map<number, OpenBlock>();
  let length = 0;

  const text = (value: string | undefined): readonly ModelEvent[] => {
    if (value === undefined || value === '') return [];
    length += value.length;
    return [{ type: 'text-delta', text: value }];
  };

  const start = (index: number, block: WireBlock): readonly ModelEvent[] => {
    const { id, name } = block;
    open.set(index, {
      block,
      start: length,
      citations: [...(block.citations ?? [])],
      signature: block.signature ?? '',
      hasInput: false,
    });
    if (block.type === 'text') return text(block.text);
    // A thinking block may come without any text; the delta opens a part for it all the same.
    if (block.type === 'thinking' || block.type === 'redacted_thinking') {
      return [{ type: 'reasoning-delta', text: block.thinking ?? '' }];
    }
    if (block.type !== 'tool_use') return [];
    return [{ type: 'tool-call-delta', key: String(index), id: id ?? `call_${index}`, name: name ?? '', text: '' }];
  };

  const delta = (index: number, wire: WireDelta): readonly ModelEvent[] => {
    const at = open.get(index);
    if (wire.type === 'text_delta') return text(wire.text);
    if (wire.type === 'thinking_delta') return wire.thinking ? [{ type: 'reasoning-delta', text: wire.thinking }] : [];
    if (wire.type === 'signature_delta' && at !== undefined) at.signature += wire.signature ?? '';
    if (wire.type === 'citations_delta' && wire.citation !== undefined) at?.citations.push(wire.citation);
    if (wire.type !== 'input_json_delta' || at?.block.type !== 'tool_use' || !wire.partial_json) return [];
    at.hasInput = true;
    return [{ type: 'tool-call-delta', key: String(index), text: wire.partial_json }];
  };

  const stop = (index: number): readonly ModelEvent[] => {
    const at = open.get(index);
    if (at === undefined) return [];
    open.delete(index);
    const { block, citations, signature } = at;
    if (block.type === 'thinking') {
      return [{ type: 'reasoning-end', ...(signature === '' ? {} : { opaque: opaqueSignature(signature) }) }];
    }
    if (block.type === 'redacted_thinking')
      return [{ type: 'reasoning-end', opaque: opaqueRedacted(block.data ?? '') }];
    if (block.type === 'tool_use' && !at.hasInput) {
      return [{ type: 'tool-call-delta', key: String(index), text: JSON.stringify(block.input ?? {}) }];
    }
    return citations.flatMap((wire) => {
      const citation = citationOf(wire, documentIds, at.start, length);
      return citation === undefined ? [] : [{ type: 'citation' as const, citation }];
    });
  };

  return (event) => {
    switch (event.type) {
      case 'content_block_start':
        return start(event.index, event.content_block);
      case 'content_block_delta':
        return delta(event.index, event.delta);
      case 'content_block_stop':
        return stop(event.index);
      default:
        return [];
    }
  };
};

/** A citation supports the whole text block that it came with. Those of things that were no source of ours are left out. */
const citationOf = (
  { cited_text, document_index }: WireCitation,
  documentIds: readonly string[],
  start: number,
  end: number,
): ModelCitation | undefined => {
  const sourceId = document_index === undefined ? undefined : documentIds[document_index];
  return sourceId === undefined || sourceId === '' || cited_text === undefined
    ? undefined
    : { sourceId, quote: cited_text, start, end };
};

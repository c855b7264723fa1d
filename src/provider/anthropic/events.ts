import { PipewrightError, type ProviderPart, type Usage } from '../../core/index.js';
import type { FinishReason, ModelEvent, ReplyHeaders } from '../../model/index.js';
import { isConnectionFailure } from '../shared/index.js';
import { blockReader, type WireBlock, type WireDelta } from './blocks.js';
import type { DocumentIds } from './citations.js';
import type { Block } from './thinking.js';

/** What we read of a stream event of the Messages API. */
export type WireEvent =
  | { readonly type: 'message_start'; readonly message: { readonly model?: string; readonly usage?: WireUsage } }
  | { readonly type: 'content_block_start'; readonly index: number; readonly content_block: WireBlock }
  | { readonly type: 'content_block_delta'; readonly index: number; readonly delta: WireDelta }
  | { readonly type: 'content_block_stop'; readonly index: number }
  | {
      readonly type: 'message_delta';
      readonly delta: { readonly stop_reason?: string | null; readonly container?: Block | null };
      readonly usage?: WireUsage;
    }
  | { readonly type: 'message_stop' };

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
  const { model, usage, content, stop_reason, container } = (message ?? {}) as {
    readonly model?: string;
    readonly usage?: WireUsage;
    readonly content?: readonly WireBlock[];
    readonly stop_reason?: string | null;
    readonly container?: Block | null;
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
    {
      type: 'message_delta',
      delta: { stop_reason: stop_reason ?? null, container: container ?? null },
      usage: usage ?? {},
    },
    { type: 'message_stop' },
  ];
};

/** Where the server ran code; the next request of the conversation goes on there. */
const containerPart = (container: Block): ProviderPart => ({
  type: 'provider',
  provider: 'anthropic',
  data: { type: 'container', ...container },
});

/** Reads the events of one reply. `finish` comes only where the server gave a reason, after the figures. */
export async function* readEvents(
  events: AsyncIterable<WireEvent> | Iterable<WireEvent>,
  headers: ReplyHeaders,
  documentIds: DocumentIds,
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
        if (event.delta.container) yield { type: 'part', part: containerPart(event.delta.container) };
      }
      if (event.type.startsWith('message_') && typeof usage.output_tokens === 'number') {
        yield { type: 'usage', usage: usageOf(usage) };
      }
      if (event.type === 'content_block_start') yield* reader.start(event.index, event.content_block);
      if (event.type === 'content_block_delta') yield* reader.delta(event.index, event.delta);
      if (event.type === 'content_block_stop') yield* reader.stop(event.index);
    }
  } catch (error) {
    // The reply was whole; only what comes behind it is lost.
    if (reason === undefined || !isConnectionFailure(error)) throw error;
  }
  if (reason !== undefined) yield { type: 'finish', reason: finishReasons.get(reason) ?? 'other' };
}

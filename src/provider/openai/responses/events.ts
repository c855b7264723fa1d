import { PipewrightError, type Run, type Usage } from '../../../core/index.js';
import type { FinishReason, ModelEvent, ReplyHeaders } from '../../../model/index.js';
import { type ItemFacts, type ItemReader, itemReader } from './item-reader.js';
import type { WireEvent, WireFailure, WireResponse, WireUsage } from './wire.js';

const usageOf = (wire: WireUsage): Usage => {
  const cachedInputTokens = wire.input_tokens_details?.cached_tokens;
  const cacheWriteTokens = wire.input_tokens_details?.cache_write_tokens;
  const reasoningTokens = wire.output_tokens_details?.reasoning_tokens;
  return {
    inputTokens: wire.input_tokens ?? 0,
    outputTokens: wire.output_tokens ?? 0,
    ...(typeof cachedInputTokens === 'number' ? { cachedInputTokens } : {}),
    ...(typeof cacheWriteTokens === 'number' ? { cacheWriteTokens } : {}),
    ...(typeof reasoningTokens === 'number' ? { reasoningTokens } : {}),
  };
};

/** A reply that was not streamed, as the events that it amounts to. */
export const eventsOf = (id: string, body: unknown): readonly WireEvent[] => {
  const response = (body ?? {}) as WireResponse;
  // Some servers put a failure into a reply of status 200.
  if (response.error) throw failureOf(response.error);
  if (!Array.isArray(response.output)) {
    throw new PipewrightError(
      'model-failed',
      `${id} answered with something that is no response. Check the base URL, or try again.`,
      { retryable: true },
    );
  }
  return [
    { type: 'response.created', response },
    { type: 'response.completed', response },
  ];
};

/** Codes that blame what was sent, where the server gives no status to tell it by. */
const blamesRequest = /^(?:invalid_|unsupported_|empty_|image_|failed_to_download_)/;

/** A failure in the shape in which the SDK throws it. */
const failureOf = ({ code, message }: WireFailure): { readonly error: object } => ({
  error: { code, message, ...(blamesRequest.test(code ?? '') ? { type: 'invalid_request_error' } : {}) },
});

/** Reads the events of one reply. `finish` comes only where the server said that the response is over, after the figures. */
export async function* readEvents(
  events: AsyncIterable<WireEvent> | Iterable<WireEvent>,
  headers: ReplyHeaders,
  { provider, run }: { readonly provider: string; readonly run: Run },
): AsyncGenerator<ModelEvent, void, undefined> {
  const reader = itemReader(provider, run.random);
  let hasBegun = false;
  for await (const event of events) {
    const { type, response } = event;
    if (!hasBegun) {
      hasBegun = true;
      yield { type: 'response-start', headers, ...(response?.model ? { model: response.model } : {}) };
    }
    // Servers put the facts of a failure into the event, or into a field of it.
    if (type === 'error' || event.error) throw failureOf(event.error ?? event);
    if (response !== undefined && isOver(type)) {
      yield* closing(reader, { status: type.slice('response.'.length), ...response });
      return;
    }
    if (type === 'response.output_item.done') yield* reader.done(event);
    else yield* reader.delta(event);
  }
}

const isOver = (type: string): boolean =>
  type === 'response.completed' || type === 'response.incomplete' || type === 'response.failed';

function* closing(reader: ItemReader, response: WireResponse): Generator<ModelEvent, void, undefined> {
  // A reply in one piece, or a server that streams no items.
  if (reader.facts.doneCount === 0) {
    for (const [output_index, item] of (response.output ?? []).entries())
      yield* reader.done({ type: '', output_index, item });
  }
  yield* reader.end();
  if (response.usage) yield { type: 'usage', usage: usageOf(response.usage) };
  yield { type: 'finish', reason: finishOf(response, reader.facts) };
}

/** Only a completed response, or one that says why it is not, has an answer. */
const finishOf = (response: WireResponse, { hasRefusal, hasCalls }: ItemFacts): FinishReason => {
  const { status, error, incomplete_details } = response;
  if (status === 'incomplete') {
    const reason = incomplete_details?.reason;
    return reason === 'max_output_tokens' ? 'length' : reason === 'content_filter' ? 'content-filter' : 'other';
  }
  if (status !== 'completed') {
    throw failureOf(error ?? { code: 'server_error', message: `The response has the status ${status}.` });
  }
  if (hasCalls) return 'tool-call';
  return hasRefusal ? 'content-filter' : 'stop';
};

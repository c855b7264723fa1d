import { PipewrightError, type Run, type Usage } from '../../core/index.js';
import type { FinishReason, ModelEvent, ReplyHeaders } from '../../model/index.js';
import { isConnectionFailure, toolCallReader } from '../shared/index.js';

/** What we read of a chunk. Servers that only resemble the API leave out any of it. */
export interface WireChunk {
  readonly model?: string;
  readonly choices?: readonly WireChoice[] | null;
  readonly usage?: WireUsage | null;
}

interface WireChoice {
  readonly delta?: WireDelta | null;
  readonly finish_reason?: string | null;
}

interface WireDelta {
  readonly content?: string | null;
  readonly refusal?: string | null;
  /** Not of this API, but of servers that resemble it. */
  readonly reasoning_content?: string | null;
  readonly reasoning?: string | null;
  readonly tool_calls?: readonly WireToolCall[] | null;
}

interface WireToolCall {
  readonly index?: number;
  readonly id?: string | null;
  readonly function?: { readonly name?: string | null; readonly arguments?: string | null } | null;
}

interface WireUsage {
  readonly prompt_tokens?: number;
  readonly completion_tokens?: number;
  readonly prompt_tokens_details?: { readonly cached_tokens?: number } | null;
  readonly completion_tokens_details?: { readonly reasoning_tokens?: number } | null;
}

const finishReasons: ReadonlyMap<string, FinishReason> = new Map([
  ['stop', 'stop'],
  ['length', 'length'],
  ['tool_calls', 'tool-call'],
  ['function_call', 'tool-call'],
  ['content_filter', 'content-filter'],
]);

const usageOf = (wire: WireUsage): Usage => {
  const cachedInputTokens = wire.prompt_tokens_details?.cached_tokens;
  const reasoningTokens = wire.completion_tokens_details?.reasoning_tokens;
  return {
    inputTokens: wire.prompt_tokens ?? 0,
    outputTokens: wire.completion_tokens ?? 0,
    ...(cachedInputTokens === undefined ? {} : { cachedInputTokens }),
    ...(reasoningTokens === undefined ? {} : { reasoningTokens }),
  };
};

/** A reply that was not streamed, as the one chunk that it amounts to. */
export const chunkOf = (id: string, completion: unknown): WireChunk => {
  const { model, choices, usage, error } = (completion ?? {}) as {
    readonly model?: string;
    readonly choices?: readonly { readonly message?: WireDelta; readonly finish_reason?: string }[];
    readonly usage?: WireUsage;
    readonly error?: unknown;
  };
  // Some servers put a failure into a reply of status 200.
  if (error !== undefined && error !== null) throw { error };
  const choice = choices?.[0];
  if (choice === undefined) {
    throw new PipewrightError(
      'model-failed',
      `${id} answered with something that is no chat completion. Check the base URL, or try again.`,
      { retryable: true },
    );
  }
  const { message = {}, finish_reason = null } = choice;
  const tool_calls = message.tool_calls?.map((call, index) => ({ ...call, index }));
  const delta: WireDelta = { ...message, ...(tool_calls === undefined ? {} : { tool_calls }) };
  return { ...(model === undefined ? {} : { model }), choices: [{ delta, finish_reason }], usage: usage ?? null };
};

/** Reads the chunks of one reply. `finish` comes only where the server gave a reason, after the figures. */
export async function* readChunks(
  chunks: AsyncIterable<WireChunk> | Iterable<WireChunk>,
  headers: ReplyHeaders,
  run: Run,
): AsyncGenerator<ModelEvent, void, undefined> {
  const calls = toolCallReader(run.random);
  let hasBegun = false;
  let isRefusal = false;
  let reason: string | undefined;
  try {
    for await (const { model, choices, usage } of chunks) {
      // Azure sends a chunk without model and choices ahead of the reply.
      if (!hasBegun && (model || choices?.length)) {
        hasBegun = true;
        yield { type: 'response-start', headers, ...(model ? { model } : {}) };
      }
      const choice = choices?.[0];
      const delta = choice?.delta;
      const reasoning = delta?.reasoning_content ?? delta?.reasoning;
      if (reasoning) yield { type: 'reasoning-delta', text: reasoning };
      if (delta?.content) yield { type: 'text-delta', text: delta.content };
      if (delta?.refusal) {
        isRefusal = true;
        yield { type: 'text-delta', text: delta.refusal };
      }
      for (const call of delta?.tool_calls ?? []) {
        const event = calls.take({
          index: call.index,
          id: call.id,
          name: call.function?.name,
          text: call.function?.arguments,
        });
        if (event !== undefined) yield event;
      }
      reason = choice?.finish_reason ?? reason;
      if (usage) yield { type: 'usage', usage: usageOf(usage) };
    }
  } catch (error) {
    // The reply was whole; only the figures behind it are lost.
    if (reason === undefined || !isConnectionFailure(error)) throw error;
  }
  if (reason === undefined) return;
  yield* calls.end();
  yield { type: 'finish', reason: finishOf(reason, isRefusal, calls.count() > 0) };
}

/** A forced tool call ends with `stop`, and so does a refusal: what came tells more than the word. */
const finishOf = (reason: string, isRefusal: boolean, hasCalls: boolean): FinishReason => {
  const finish = finishReasons.get(reason) ?? 'other';
  if (finish !== 'stop') return finish;
  if (isRefusal) return 'content-filter';
  return hasCalls ? 'tool-call' : 'stop';
};

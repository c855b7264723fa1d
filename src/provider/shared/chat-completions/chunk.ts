import { PipewrightError } from '../../../core/index.js';

/** What we read of a chunk. Servers that only resemble the API leave out any of it, or spell it otherwise. */
export interface WireChunk {
  readonly model?: string;
  readonly choices?: readonly WireChoice[] | null;
  readonly usage?: WireUsage | null;
  /** Groq's place for the figures of a stream. */
  readonly x_groq?: { readonly usage?: WireUsage | null } | null;
  /** Perplexity and xAI: the pages that the whole answer rests on. */
  readonly citations?: readonly unknown[] | null;
  readonly search_results?: readonly { readonly url?: string; readonly title?: string }[] | null;
  /** A failure inside a reply of status 200. */
  readonly error?: unknown;
}

interface WireChoice {
  readonly delta?: WireDelta | null;
  /** A whole reply has this instead. */
  readonly message?: WireDelta | null;
  readonly finish_reason?: string | null;
  readonly logprobs?: { readonly content?: readonly WireLogProb[] | null } | null;
}

export interface WireDelta {
  /** Mistral: also a list of chunks. */
  readonly content?: string | readonly WireContent[] | null;
  readonly refusal?: string | null;
  readonly reasoning_content?: string | null;
  readonly reasoning?: string | null;
  readonly reasoning_details?: readonly WireReasoningDetail[] | null;
  readonly tool_calls?: readonly WireToolCall[] | null;
  readonly annotations?: readonly WireAnnotation[] | null;
  readonly audio?: WireAudio | null;
  readonly images?: readonly { readonly image_url?: { readonly url?: string } }[] | null;
  /** Google: what it wants back with the message. */
  readonly extra_content?: Readonly<Record<string, unknown>> | null;
}

interface WireContent {
  readonly type?: string;
  readonly text?: string;
  readonly thinking?: string | readonly { readonly text?: string }[];
}

/** OpenRouter: a stretch of reasoning, or a piece of one. */
export interface WireReasoningDetail {
  readonly type?: string;
  readonly index?: number;
  readonly text?: string | null;
  readonly summary?: string | null;
  readonly data?: string | null;
  readonly signature?: string | null;
}

export interface WireToolCall {
  readonly index?: number;
  readonly id?: string | null;
  readonly function?: { readonly name?: string | null; readonly arguments?: unknown } | null;
  readonly extra_content?: Readonly<Record<string, unknown>> | null;
}

export interface WireAnnotation {
  readonly type?: string;
  readonly url_citation?: {
    readonly url?: string;
    readonly title?: string;
    readonly content?: string;
    readonly start_index?: number;
    readonly end_index?: number;
  };
}

export interface WireAudio {
  readonly data?: string;
  readonly transcript?: string;
}

export interface WireLogProb {
  readonly token: string;
  readonly logprob: number;
  readonly top_logprobs?: readonly WireLogProb[] | null;
}

export interface WireUsage {
  readonly prompt_tokens?: number;
  readonly completion_tokens?: number;
  readonly total_tokens?: number;
  readonly prompt_tokens_details?: {
    readonly cached_tokens?: number | null;
    readonly cache_write_tokens?: number | null;
    readonly audio_tokens?: number | null;
  } | null;
  readonly completion_tokens_details?: { readonly reasoning_tokens?: number | null } | null;
  /** Other places of the tokens from a cache: Together and Moonshot, Mistral, DeepSeek. */
  readonly cached_tokens?: number;
  readonly num_cached_tokens?: number;
  readonly prompt_cache_hit_tokens?: number;
}

/** A reply that was not streamed, as the one chunk that it amounts to. */
export const chunkOf = (id: string, completion: unknown): WireChunk => {
  const whole = (completion ?? {}) as WireChunk;
  if (isFailure(whole)) return whole;
  const choice = whole.choices?.[0];
  if (choice === undefined) {
    throw new PipewrightError(
      'model-failed',
      `${id} answered with something that is no chat completion. Check the base URL, or try again.`,
      { retryable: true },
    );
  }
  const { message } = choice;
  const tool_calls = message?.tool_calls?.map((call, index) => ({ ...call, index })) ?? [];
  return { ...whole, choices: [{ ...choice, delta: { ...message, tool_calls } }] };
};

/** Whether the chunk says that the call failed. */
export const isFailure = ({ error }: WireChunk): boolean => error !== undefined && error !== null;

/**
 * Whether a server that was asked for a stream sent the reply in one piece. Perplexity repeats the message so far beside each
 * delta.
 */
export const isWhole = ({ choices }: WireChunk): boolean => choices?.[0]?.message != null && choices[0].delta == null;

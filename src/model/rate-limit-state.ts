import type { ReplyHeaders } from './types.js';

/** What a server still allows of one thing. What it does not say is left out. */
export interface RateLimitWindow {
  readonly limit?: number;
  readonly remaining?: number;
  /** Until the limit is whole again, from now. */
  readonly resetMs?: number;
}

export interface RateLimitState {
  readonly requests?: RateLimitWindow;
  /** Input and output together. */
  readonly tokens?: RateLimitWindow;
  readonly inputTokens?: RateLimitWindow;
  readonly outputTokens?: RateLimitWindow;
  /** How long the server asks to wait before the next call. */
  readonly retryAfterMs?: number;
}

type Kind = 'requests' | 'tokens' | 'inputTokens' | 'outputTokens';

/** How headers are named: `*` stands for limit, remaining or reset. */
interface Form {
  readonly kind: Kind;
  readonly header: string;
  /** How often the limit renews, where no header tells. */
  readonly periodMs?: number;
}

const minuteMs = 60_000;

/**
 * The names in use, the more exact first. OpenAI, Azure, Groq, xAI, DeepSeek and Together share the first two; then Anthropic,
 * Mistral, Cerebras, and the plain form of OpenRouter and others, which counts requests.
 */
const forms: readonly Form[] = [
  { kind: 'requests', header: 'x-ratelimit-*-requests' },
  { kind: 'tokens', header: 'x-ratelimit-*-tokens' },
  { kind: 'requests', header: 'anthropic-ratelimit-requests-*' },
  { kind: 'tokens', header: 'anthropic-ratelimit-tokens-*' },
  { kind: 'inputTokens', header: 'anthropic-ratelimit-input-tokens-*' },
  { kind: 'outputTokens', header: 'anthropic-ratelimit-output-tokens-*' },
  { kind: 'requests', header: 'x-ratelimit-*-req-minute', periodMs: minuteMs },
  { kind: 'tokens', header: 'x-ratelimit-*-tokens-minute', periodMs: minuteMs },
  { kind: 'requests', header: 'x-ratelimit-*-requests-minute', periodMs: minuteMs },
  { kind: 'requests', header: 'x-ratelimit-*-requests-day' },
  { kind: 'requests', header: 'x-ratelimit-*' },
];

/** A figure; Azure writes -1 for one that it does not know. */
const figureOf = (text: string | undefined): number | undefined =>
  text !== undefined && /^\d+(?:\.\d+)?$/u.test(text.trim()) ? Number(text) : undefined;

const unitsMs: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: minuteMs, h: 3_600_000, d: 86_400_000 };
const duration = /^(?:\d+(?:\.\d+)?(?:ms|[smhd]))+$/u;
const durationPart = /(\d+(?:\.\d+)?)(ms|[smhd])/gu;

/** A time since 1970 in seconds from here on, in milliseconds from the second on; less is a number of seconds from now. */
const epochSeconds = 1e9;
const epochMs = 1e11;

/** Milliseconds from now: of `6m0s` or `12ms`, of a number of seconds, of a time since 1970, of a date. */
const untilMs = (value: string | undefined, nowMs: number): number | undefined => {
  if (value === undefined) return undefined;
  const text = value.trim();
  if (duration.test(text)) {
    const parts = [...text.matchAll(durationPart)];
    return Math.round(parts.reduce((sum, [, count, unit]) => sum + Number(count) * (unitsMs[unit ?? ''] ?? 0), 0));
  }
  const figure = figureOf(text);
  if (figure !== undefined && figure < epochSeconds) return Math.round(figure * 1_000);
  const atMs = figure === undefined ? Date.parse(text) : figure < epochMs ? figure * 1_000 : figure;
  return Number.isNaN(atMs) ? undefined : Math.max(0, Math.round(atMs - nowMs));
};

const windowOf = (headers: ReplyHeaders, { header, periodMs }: Form, nowMs: number): RateLimitWindow | undefined => {
  const at = (what: string): string | undefined => headers[header.replace('*', what)];
  const limit = figureOf(at('limit'));
  const remaining = figureOf(at('remaining'));
  if (limit === undefined && remaining === undefined) return undefined;
  const resetMs = untilMs(at('reset'), nowMs) ?? periodMs;
  return {
    ...(limit === undefined ? {} : { limit }),
    ...(remaining === undefined ? {} : { remaining }),
    ...(resetMs === undefined ? {} : { resetMs }),
  };
};

/**
 * What the headers of a reply tell of the server's rate limits, in one form for all providers; empty when they tell nothing. Where
 * a server has limits by the minute and by the day, that by the minute counts. Names are in lower case, as in `reply.headers`.
 * Sources: the documentation of each provider, and recorded replies.
 * @param nowMs the time now in milliseconds since 1970 (`run.clock.now()`), for resets that are given as a date
 * @example rateLimitState({ 'x-ratelimit-remaining-requests': '99', 'x-ratelimit-reset-requests': '1m6s' }, 0) // => { requests: { remaining: 99, resetMs: 66000 } }
 */
export const rateLimitState = (headers: ReplyHeaders, nowMs: number): RateLimitState => {
  const state: { -readonly [K in Kind]?: RateLimitWindow } = {};
  for (const form of forms) {
    if (state[form.kind] !== undefined) continue;
    const found = windowOf(headers, form, nowMs);
    if (found !== undefined) state[form.kind] = found;
  }
  const retryAfterMs = figureOf(headers['retry-after-ms']) ?? untilMs(headers['retry-after'], nowMs);
  return { ...state, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
};

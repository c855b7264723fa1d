import { describe, expect, it } from 'vitest';
import { recordings } from '../../test/wire/recordings.js';
import { rateLimitState } from './index.js';

const nowMs = Date.parse('2026-11-20T10:00:00Z');

describe('rateLimitState', () => {
  it.each<[string, Record<string, string>, object]>([
    [
      'OpenAI, Groq and those like them',
      {
        'x-ratelimit-limit-requests': '10000',
        'x-ratelimit-remaining-requests': '9999',
        'x-ratelimit-reset-requests': '8.64s',
        'x-ratelimit-limit-tokens': '200000',
        'x-ratelimit-remaining-tokens': '199984',
        'x-ratelimit-reset-tokens': '20m52.666s',
      },
      {
        requests: { limit: 10_000, remaining: 9_999, resetMs: 8_640 },
        tokens: { limit: 200_000, remaining: 199_984, resetMs: 1_252_666 },
      },
    ],
    [
      'Anthropic',
      {
        'anthropic-ratelimit-requests-limit': '50',
        'anthropic-ratelimit-requests-remaining': '49',
        'anthropic-ratelimit-requests-reset': '2026-11-20T10:00:02Z',
        'anthropic-ratelimit-input-tokens-remaining': '30000',
        'anthropic-ratelimit-output-tokens-remaining': '0',
        'anthropic-ratelimit-output-tokens-reset': '2026-11-20T09:59:00Z',
      },
      {
        requests: { limit: 50, remaining: 49, resetMs: 2_000 },
        inputTokens: { remaining: 30_000 },
        outputTokens: { remaining: 0, resetMs: 0 },
      },
    ],
    [
      'Mistral, by the minute before the month',
      {
        'x-ratelimit-limit-req-minute': '360',
        'x-ratelimit-remaining-req-minute': '358',
        'x-ratelimit-remaining-tokens-minute': '199533',
        'x-ratelimit-limit-tokens-month': '200000000000',
      },
      { requests: { limit: 360, remaining: 358, resetMs: 60_000 }, tokens: { remaining: 199_533, resetMs: 60_000 } },
    ],
    [
      'a plain form with a time since 1970, in milliseconds or seconds',
      { 'x-ratelimit-limit': '20', 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(nowMs + 500) },
      { requests: { limit: 20, remaining: 0, resetMs: 500 } },
    ],
    [
      'seconds since 1970',
      { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(nowMs / 1_000 + 3) },
      { requests: { remaining: 0, resetMs: 3_000 } },
    ],
    [
      'several at once, the most exact first',
      { 'x-ratelimit-remaining': '7', 'x-ratelimit-remaining-requests': '9' },
      { requests: { remaining: 9 } },
    ],
    ['Azure, which says -1 for what it does not know', { 'x-ratelimit-limit-tokens': '-1' }, {}],
    ['a wait in seconds', { 'retry-after': '2.5' }, { retryAfterMs: 2_500 }],
    ['a wait in milliseconds first', { 'retry-after': '9', 'retry-after-ms': '120' }, { retryAfterMs: 120 }],
    ['a wait until a date', { 'retry-after': 'Fri, 20 Nov 2026 10:00:07 GMT' }, { retryAfterMs: 7_000 }],
    ['what cannot be read', { 'x-ratelimit-remaining-tokens': 'many', 'retry-after': 'soon' }, {}],
    ['no headers', {}, {}],
  ])('reads the form of %s', (_, headers, state) => {
    expect(rateLimitState(headers, nowMs)).toEqual(state);
  });

  it('reads every recorded reply that tells what remains', () => {
    const told = recordings
      .map(({ file, response }) => ({ file, headers: Object.entries(response.headers ?? {}) }))
      .filter(({ headers }) => headers.some(([name]) => /ratelimit.*remaining/iu.test(name)))
      .map(({ file, headers }) => {
        const lower = Object.fromEntries(headers.map(([name, value]) => [name.toLowerCase(), String(value)]));
        return { file, state: rateLimitState(lower, 0) };
      });
    expect(told.filter(({ state }) => Object.keys(state).length === 0)).toEqual([]);
    for (const { state } of told) {
      for (const window of Object.values(state)) {
        if (typeof window === 'object') expect(window.remaining).toBeGreaterThanOrEqual(0);
      }
    }
    if (recordings.length > 0) expect(told.length).toBeGreaterThan(100);
  });
});

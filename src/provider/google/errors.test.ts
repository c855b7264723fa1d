import { describe, expect, it } from 'vitest';
import { googleError } from './errors.js';

const context = { id: 'google:x', secrets: [], nowMs: 0 };

const failed = (status: number, error: object, headers: Record<string, string> = {}): object => ({
  status,
  headers: new Headers(headers),
  error: { error: { code: status, ...error } },
});

const quota = (quotaId: string, quotaValue = '20'): object => ({
  '@type': 'type.googleapis.com/google.rpc.QuotaFailure',
  violations: [{ quotaId, quotaValue }],
});
const retryIn = (retryDelay: string): object => ({
  '@type': 'type.googleapis.com/google.rpc.RetryInfo',
  retryDelay,
});
const exhausted = { status: 'RESOURCE_EXHAUSTED', message: 'You exceeded your current quota' };

describe('googleError', () => {
  it.each<readonly [string, number, object, string, boolean]>([
    ['a bad request', 400, { status: 'INVALID_ARGUMENT', message: 'No' }, 'bad-input', false],
    ['a bad key', 400, { status: 'INVALID_ARGUMENT', details: [{ reason: 'API_KEY_INVALID' }] }, 'not-allowed', false],
    [
      'a long prompt',
      400,
      {
        status: 'INVALID_ARGUMENT',
        message: 'The input token count (9) exceeds the maximum number of tokens allowed (8).',
      },
      'context-too-long',
      false,
    ],
    [
      'a country without free tier',
      400,
      { status: 'FAILED_PRECONDITION', message: 'Enable billing' },
      'not-allowed',
      false,
    ],
    ['no credentials', 401, { status: 'UNAUTHENTICATED' }, 'not-allowed', false],
    ['no permission', 403, { status: 'PERMISSION_DENIED' }, 'not-allowed', false],
    ['no such model', 404, { status: 'NOT_FOUND' }, 'not-found', false],
    [
      'too much in a minute',
      429,
      { ...exhausted, details: [quota('GenerateRequestsPerMinute')] },
      'rate-limited',
      true,
    ],
    ['too much without details', 429, exhausted, 'rate-limited', true],
    [
      'too much for a day',
      429,
      { ...exhausted, details: [quota('GenerateRequestsPerDay-FreeTier')] },
      'quota-exhausted',
      false,
    ],
    ['a model outside the tier', 429, { ...exhausted, details: [quota('PerMinute', '0')] }, 'quota-exhausted', false],
    [
      'no money',
      429,
      { status: 'RESOURCE_EXHAUSTED', message: 'Your prepayment credits are depleted.' },
      'quota-exhausted',
      false,
    ],
    ['a caller that left', 499, { status: 'CANCELLED' }, 'model-failed', true],
    ['an internal failure', 500, { status: 'INTERNAL' }, 'model-failed', true],
    ['an overload', 503, { status: 'UNAVAILABLE', message: 'The model is overloaded.' }, 'model-overloaded', true],
    ['a deadline', 504, { status: 'DEADLINE_EXCEEDED' }, 'model-failed', true],
  ])('reads %s', (_what, status, error, code, retryable) => {
    expect(googleError(failed(status, error), context)).toMatchObject({ code, retryable, details: { status } });
  });

  it.each([
    ['48s', 48_000],
    ['0.25s', 250],
    ['soon', undefined],
  ])('waits as long as RetryInfo says: %s', (retryDelay, waitMs) => {
    const error = googleError(failed(429, { ...exhausted, details: [retryIn(retryDelay)] }), context);
    expect(error.details.retryAfterMs).toBe(waitMs);
  });

  it('waits as the header says where there is no RetryInfo', () => {
    expect(googleError(failed(429, exhausted, { 'retry-after': '3' }), context).details.retryAfterMs).toBe(3000);
  });

  it('reads failures inside a stream, and in a list', () => {
    const inner = { code: 503, status: 'UNAVAILABLE', message: 'Later' };
    expect(googleError({ error: { error: inner } }, context)).toMatchObject({
      code: 'model-overloaded',
      details: { status: 503 },
    });
    expect(googleError({ status: 503, error: [{ error: inner }] }, context)).toMatchObject({
      code: 'model-overloaded',
    });
  });

  it('leaves what is not of Google to the reader of all servers', () => {
    expect(googleError({ status: 502, error: '<html>' }, context).code).toBe('model-failed');
    expect(googleError(new SyntaxError('x'), context).code).toBe('model-failed');
    expect(googleError({ status: 400, error: { error: { details: 'odd' } } }, context).code).toBe('bad-input');
  });
});

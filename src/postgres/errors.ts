import { type ErrorCode, isPipewrightError, messageOf, PipewrightError, scrubText } from '../core/index.js';

interface Failure {
  readonly code: ErrorCode;
  readonly isRetryable: boolean;
  readonly advice: string;
}

const lost: Failure = {
  code: 'connection-lost',
  isRetryable: true,
  advice: 'Try again; a write that was under way may have been done.',
};
const slow: Failure = {
  code: 'timeout',
  isRetryable: true,
  advice: 'Try again, or allow it more time with `statementTimeoutMs`.',
};
const locked: Failure = { code: 'store-locked', isRetryable: true, advice: 'Nothing was written. Try again.' };
const busy: Failure = {
  code: 'queue-full',
  isRetryable: true,
  advice: 'The server takes no further connections. Lower `maxConnections`, or put a pooler before it.',
};
const denied: Failure = {
  code: 'not-allowed',
  isRetryable: false,
  advice: 'Check the user, its password and its rights.',
};
const full: Failure = { code: 'quota-exhausted', isRetryable: false, advice: 'Make room on the server.' };
const damaged: Failure = { code: 'store-damaged', isRetryable: false, advice: 'Restore it from a backup.' };
const missing: Failure = { code: 'not-found', isRetryable: false, advice: 'It was dropped or never made.' };
const tooLong: Failure = { code: 'bad-input', isRetryable: false, advice: 'A value is too long for the database.' };

/** By SQLSTATE, or by its first two letters, which name the class (PostgreSQL documentation, appendix A). */
const byState: Readonly<Record<string, Failure>> = {
  '08': lost,
  '25': denied,
  '28': denied,
  '40': locked,
  '53': full,
  '54': tooLong,
  '57': lost,
  '58': damaged,
  XX: damaged,
  '3D000': missing,
  '3F000': missing,
  '42P01': missing,
  '42501': denied,
  '53300': busy,
  '55P03': locked,
  '57014': slow,
};

/** What Node and the driver say when there is no answer. */
const byMessage: readonly (readonly [RegExp, Failure])[] = [
  [
    /timeout exceeded when trying to connect/,
    { ...slow, advice: 'No connection became free. Raise `maxConnections`, or try again.' },
  ],
  [/read timeout|timeout expired|connection timeout/i, slow],
  [
    /terminated|ECONN|EPIPE|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ENOENT|socket|not queryable|connection ended|has ended/i,
    lost,
  ],
];

const stateOf = (error: unknown): string => {
  const { code } = (error ?? {}) as { readonly code?: unknown };
  return typeof code === 'string' ? code : '';
};

/** Whether the server itself answered with this SQLSTATE. */
export const hasState = (error: unknown, state: string): boolean => stateOf(error) === state;

/**
 * Whether the connection is good for another statement: the server has answered, with a SQLSTATE, and not in order to end the
 * connection (57P) or because of it (08).
 */
export const isUsableAfter = (error: unknown): boolean => /^(?!57P|08)[0-9HPX][0-9A-Z]{4}$/.test(stateOf(error));

/**
 * Our error for whatever the driver threw. Its cause carries the message and the SQLSTATE only: the driver's own error may
 * hold the values of the statement.
 */
export const failureOf = (error: unknown, where: string, secrets: readonly string[]): PipewrightError => {
  if (isPipewrightError(error)) return error as PipewrightError;
  const state = stateOf(error);
  const inner = error instanceof AggregateError ? error.errors.map(messageOf).join('; ') : '';
  const message = scrubText([messageOf(error), inner].filter((part) => part !== '').join(': '), secrets);
  const found =
    byState[state] ?? byState[state.slice(0, 2)] ?? byMessage.find(([shape]) => shape.test(`${state} ${message}`))?.[1];
  const cause = Object.assign(new Error(message), state === '' ? {} : { code: state });
  const { code, isRetryable, advice } = found ?? { code: 'bad-input', isRetryable: false, advice: '' };
  return new PipewrightError(code, `${where}: ${message || 'no answer'}. ${advice}`.trim(), {
    retryable: isRetryable,
    cause,
    details: { where },
  });
};

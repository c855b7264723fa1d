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

/** What the server answers begins with a word for the kind of error; the driver and Node have texts of their own. */
const byMessage: readonly (readonly [RegExp, Failure])[] = [
  [
    /^OOM |maxmemory/,
    { code: 'quota-exhausted', isRetryable: false, advice: 'Make room on the server, or raise `maxmemory`.' },
  ],
  [
    /^(?:NOAUTH|WRONGPASS|NOPERM|ERR invalid password)/,
    { code: 'not-allowed', isRetryable: false, advice: 'Check the user, its password and its rights.' },
  ],
  [
    /^(?:LOADING|READONLY|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|BUSY|MISCONF|UNBLOCKED)/,
    { ...lost, advice: 'The server cannot do this now. Try again.' },
  ],
  [/^WRONGTYPE/, { code: 'store-damaged', isRetryable: false, advice: 'Something else uses this `prefix`.' }],
  [
    /Command timed out|ETIMEDOUT/,
    { code: 'timeout', isRetryable: true, advice: 'Try again; a write that was under way may have been done.' },
  ],
];

/** Our error for whatever the driver threw. Its own error is not kept: that holds the arguments of the command. */
export const failureOf = (error: unknown, where: string, secrets: readonly string[]): PipewrightError => {
  if (isPipewrightError(error)) return error;
  const message = scrubText(messageOf(error), secrets);
  const isReply = error instanceof Error && error.name === 'ReplyError';
  const unknown: Failure = isReply ? { code: 'unsupported', isRetryable: false, advice: '' } : lost;
  const { code, isRetryable, advice } = byMessage.find(([shape]) => shape.test(message))?.[1] ?? unknown;
  return new PipewrightError(code, `${where}: ${message || 'no answer'}. ${advice}`.trim(), {
    retryable: isRetryable,
    details: { where },
  });
};

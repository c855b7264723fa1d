import { type ErrorCode, isPipewrightError } from '../../core/index.js';

/** The AI SDK knows its errors by these marks, whichever copy of it made them. */
const marks = ['vercel.ai.error', 'vercel.ai.error.AI_APICallError'];

/** What servers answer for such failures, where no server answered. */
const statuses: Partial<Record<ErrorCode, number>> = {
  'rate-limited': 429,
  'model-overloaded': 529,
  timeout: 408,
};

/**
 * A failure as the AI SDK's own `APICallError`, so that its retries see whether and when another try makes sense. Ours is its
 * `cause`. Anything else, such as the reason of an abort, goes on as it is.
 */
export const callError = (error: unknown): unknown => {
  if (!isPipewrightError(error)) return error;
  const { code, message, retryable, details } = error;
  const { status = statuses[code], retryAfterMs } = details;
  const failure = Object.assign(new Error(message, { cause: error }), {
    name: 'AI_APICallError',
    url: '',
    requestBodyValues: {},
    isRetryable: retryable,
    responseHeaders: retryAfterMs === undefined ? {} : { 'retry-after-ms': String(retryAfterMs) },
    ...(status === undefined ? {} : { statusCode: status }),
  });
  for (const mark of marks) Object.defineProperty(failure, Symbol.for(mark), { value: true });
  return failure;
};

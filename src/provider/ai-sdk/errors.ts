import { PipewrightError } from '../../core/index.js';

/** What is read of errors that AI SDK models throw. */
interface AiSdkError {
  readonly name?: string;
  readonly message?: string;
  readonly statusCode?: number;
  readonly responseHeaders?: Readonly<Record<string, string>>;
  readonly responseBody?: string;
  readonly data?: unknown;
  readonly cause?: unknown;
}

/** Codes of the AI SDK's errors that no server sent, by their names. */
const codes = new Map([
  ['AI_LoadAPIKeyError', 'not-allowed'],
  ['AI_NoSuchModelError', 'not-found'],
  ['AI_UnsupportedFunctionalityError', 'unsupported'],
  ['AI_InvalidPromptError', 'bad-input'],
  ['AI_InvalidArgumentError', 'bad-input'],
  ['AI_TooManyEmbeddingValuesForCallError', 'bad-input'],
] as const);

/** Failures to read what a server sent; another try may go better. */
const unreadable = new Set([
  'AI_EmptyResponseBodyError',
  'AI_InvalidResponseDataError',
  'AI_JSONParseError',
  'AI_NoContentGeneratedError',
  'AI_TypeValidationError',
]);

export const isUnsupported = (error: unknown): boolean =>
  (error as AiSdkError | null)?.name === 'AI_UnsupportedFunctionalityError';

/**
 * The failure in the shape in which the SDKs of providers throw it, with the status, the headers and what the server said; or as
 * one of ours. `serverError` reads both.
 */
export const readableError = (error: unknown, id: string): unknown => {
  if (typeof error !== 'object' || error === null) return { message: String(error), error: String(error) };
  const { name = '', message = '', statusCode, responseHeaders, responseBody, data, cause } = error as AiSdkError;
  // A body that breaks off carries the status of its good beginning.
  if (statusCode !== undefined && statusCode >= 400) {
    return {
      status: statusCode,
      headers: new Headers(responseHeaders ?? {}),
      error: data ?? parsed(responseBody) ?? message,
    };
  }
  const code = [...codes].find(([known]) => known === name)?.[1];
  if (code !== undefined) return new PipewrightError(code, `${id} could not be called: ${message}`);
  if (unreadable.has(name)) {
    return new PipewrightError('model-failed', `${id} sent something that cannot be read. Try again.`, {
      retryable: true,
    });
  }
  // The AI SDK wraps a socket's failure in an error of its own.
  return name === 'AI_APICallError' && cause !== undefined ? cause : error;
};

const parsed = (body: string | undefined): unknown => {
  try {
    return body === undefined || body === '' ? undefined : JSON.parse(body);
  } catch {
    // A proxy's page.
    return body;
  }
};

import {
  type ErrorCode,
  type ErrorDetails,
  isPipewrightError,
  messageOf,
  PipewrightError,
  scrubText,
} from '../../core/index.js';
import { retryAfterMs } from './retry-after.js';

export interface CallContext {
  /** Who was called: `openai:gpt-5-mini`. */
  readonly id: string;
  /** What must not show in a message: the key and the values of own headers. */
  readonly secrets: readonly string[];
  readonly nowMs: number;
}

/** Codes and types by which servers say more than their status does. */
const codeByServerCode: ReadonlyMap<string, ErrorCode> = new Map([
  ['insufficient_quota', 'quota-exhausted'],
  ['billing_hard_limit_reached', 'quota-exhausted'],
  ['billing_not_active', 'quota-exhausted'],
  ['billing_error', 'quota-exhausted'],
  ['contract_spend_limit_reached', 'quota-exhausted'],
  ['context_length_exceeded', 'context-too-long'],
  ['string_above_max_length', 'context-too-long'],
  ['content_filter', 'content-refused'],
  ['content_policy_violation', 'content-refused'],
  ['invalid_prompt', 'content-refused'],
  ['rate_limit_exceeded', 'rate-limited'],
  ['rate_limit_error', 'rate-limited'],
  ['overloaded_error', 'model-overloaded'],
  ['server_is_overloaded', 'model-overloaded'],
  ['slow_down', 'model-overloaded'],
  ['invalid_api_key', 'not-allowed'],
  ['authentication_error', 'not-allowed'],
  ['permission_error', 'not-allowed'],
  ['model_not_found', 'not-found'],
  ['not_found_error', 'not-found'],
  ['api_error', 'model-failed'],
  ['server_error', 'model-failed'],
  ['timeout_error', 'model-failed'],
  // Groq: the call that the model wrote does not fit the tool.
  ['tool_use_failed', 'model-failed'],
]);

/** What servers only say in words, in a 400 or a 413. */
const codeByWords: readonly (readonly [RegExp, ErrorCode])[] = [
  [
    /prompt is too long|maximum context length|context (?:window|length)|too many (?:input )?tokens/i,
    'context-too-long',
  ],
  [/credit balance is too low/i, 'quota-exhausted'],
  [/content (?:filter|policy|management policy)|safety system/i, 'content-refused'],
];

const codeByStatus: ReadonlyMap<number, ErrorCode> = new Map([
  [401, 'not-allowed'],
  [402, 'quota-exhausted'],
  [403, 'not-allowed'],
  [404, 'not-found'],
  [408, 'model-failed'],
  [409, 'model-failed'],
  [429, 'rate-limited'],
  [529, 'model-overloaded'],
]);

const retryable: ReadonlySet<ErrorCode> = new Set([
  'rate-limited',
  'model-overloaded',
  'model-failed',
  'connection-lost',
]);

const advice: Partial<Record<ErrorCode, string>> = {
  'bad-input': 'Correct the request; sending it again as it is will not help.',
  'connection-lost': 'Check the network and the base URL, or try again.',
  'content-refused': "The provider's content rules refuse this; change the prompt.",
  'context-too-long': 'Shorten the messages or choose a model with a larger context.',
  'model-failed': 'The failure is on the server; try again.',
  'model-overloaded': 'Try again later or fall back to another model.',
  'not-allowed': 'Check the API key and what it may use.',
  'not-found': 'Check the model name and the base URL.',
  'quota-exhausted': 'Check the plan and the billing of the account; trying again will not help.',
  'rate-limited': 'Wait and try again, or lower the rate.',
};

/** What the SDKs' errors have in common, and the bodies of servers that speak their protocol. */
interface SdkError {
  readonly status?: number;
  readonly headers?: Headers;
  readonly error?: unknown;
  readonly cause?: unknown;
  readonly code?: unknown;
}

interface Told {
  readonly message: string;
  readonly codes: readonly string[];
  /** Some servers put the status here when the failure comes inside a stream. */
  readonly status?: number;
  readonly requestId?: string;
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;

const maxMessageLength = 600;

const textIn = (...values: readonly unknown[]): string =>
  values.find((value): value is string => typeof value === 'string' && value !== '') ?? '';

/** Reads `{ message, code, type }`, `{ error: { … } }`, `{ error: "…" }`, `{ detail: "…" }` or a bare text. */
const toldBy = (body: unknown): Told => {
  const outer = isObject(body) ? body : {};
  const inner = isObject(outer.error) ? outer.error : outer;
  const codes = [inner.code, inner.type].filter((code): code is string => typeof code === 'string');
  const requestId = textIn(outer.request_id, inner.request_id);
  const status = [inner.status_code, inner.status, inner.code].find((value) => typeof value === 'number');
  return {
    message: textIn(inner.message, inner.error, inner.detail, body),
    codes,
    ...(status === undefined ? {} : { status }),
    ...(requestId === '' ? {} : { requestId }),
  };
};

const codeOf = (told: Told, status: number | undefined): ErrorCode => {
  for (const serverCode of told.codes) {
    const code = codeByServerCode.get(serverCode);
    // `api_error` is a word for everything: a status that means one thing says more.
    if (code !== undefined && !(code === 'model-failed' && codeByStatus.has(status ?? 0))) return code;
  }
  if (status === undefined || status === 400 || status === 413) {
    const match = codeByWords.find(([words]) => words.test(told.message));
    if (match !== undefined) return match[1];
  }
  if (status === undefined) return told.codes.includes('invalid_request_error') ? 'bad-input' : 'model-failed';
  return codeByStatus.get(status) ?? (status >= 500 ? 'model-failed' : 'bad-input');
};

const shortened = (text: string): string =>
  text.length <= maxMessageLength ? text : `${text.slice(0, maxMessageLength)}…`;

const answered = (error: SdkError, body: unknown, { id, secrets, nowMs }: CallContext): PipewrightError => {
  const told = toldBy(body);
  const { headers } = error;
  const status = error.status ?? told.status;
  const code = codeOf(told, status);
  const requestId = headers?.get('x-request-id') ?? headers?.get('request-id') ?? told.requestId;
  const waitMs = headers === undefined ? undefined : retryAfterMs(headers, nowMs);
  const details: ErrorDetails = {
    ...(status === undefined ? {} : { status }),
    ...(requestId === undefined ? {} : { requestId: scrubText(requestId, secrets) }),
    ...(waitMs === undefined ? {} : { retryAfterMs: waitMs }),
  };
  const said = shortened(scrubText(told.message, secrets)) || 'no explanation';
  const wait = waitMs === undefined ? '' : ` The server asks to wait ${waitMs} ms.`;
  return new PipewrightError(
    code,
    `${id} answered ${status === undefined ? 'with an error' : status}: ${said}${/[.!?…]$/.test(said) ? '' : '.'}${wait} ${advice[code] ?? ''}`.trim(),
    { retryable: retryable.has(code), details },
  );
};

/** The innermost cause: the SDKs and fetch wrap what the socket said twice. */
const rootOf = (error: unknown): unknown => {
  let root = error;
  for (let depth = 0; depth < 8 && isObject(root) && root.cause !== undefined; depth += 1) root = root.cause;
  return root;
};

/** Whether no server answered, or it stopped in the middle: the socket failed, not the request. */
export const isConnectionFailure = (error: unknown): boolean => {
  if (!isObject(error) || error.status !== undefined || isObject(error.error)) return false;
  const root = rootOf(error) as SdkError;
  return root !== error || (typeof root.code === 'string' && /^(?:E[A-Z]+|UND_ERR_.+)$/.test(root.code));
};

/** The same failure without anything that could hold a secret: no headers, no bodies, no request. */
const cleanCause = (error: unknown, secrets: readonly string[]): Error => {
  const root = rootOf(error);
  const clean = new Error(scrubText(messageOf(root), secrets));
  const { code } = root as SdkError;
  return typeof code === 'string' ? Object.assign(clean, { code }) : clean;
};

/**
 * Whatever a call threw as one of our errors: what the server said, without secrets, and what to do about it.
 * SDK errors hold headers and bodies, so they are never attached as they are.
 */
export const serverError = (error: unknown, context: CallContext): PipewrightError => {
  if (isPipewrightError(error)) return error;
  const { id, secrets } = context;
  const sdkError: SdkError = isObject(error) ? error : {};
  if (sdkError.status !== undefined || sdkError.error !== undefined) {
    return answered(sdkError, sdkError.error ?? messageOf(error), context);
  }
  const cause = cleanCause(error, secrets);
  if (isConnectionFailure(error)) {
    const { code } = cause as SdkError;
    const what = cause.message === '' ? String(code) : cause.message;
    return new PipewrightError(
      'connection-lost',
      `The connection to ${id} failed: ${what}. ${advice['connection-lost']}`,
      { retryable: true, cause },
    );
  }
  if (error instanceof SyntaxError) {
    return new PipewrightError('model-failed', `${id} sent something that is not JSON. ${advice['model-failed']}`, {
      retryable: true,
      cause,
    });
  }
  return new PipewrightError('model-failed', `${id} could not be called: ${cause.message}`, { cause });
};

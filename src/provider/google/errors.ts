import type { PipewrightError } from '../../core/index.js';
import { type CallContext, serverError } from '../shared/index.js';

/** An error of Google's APIs: https://google.aip.dev/193. */
interface GoogleFailure {
  readonly code?: number;
  readonly message?: string;
  readonly status?: string;
  readonly details?: readonly Detail[];
}

interface Detail {
  readonly '@type'?: string;
  readonly reason?: string;
  readonly retryDelay?: string;
  readonly violations?: readonly { readonly quotaId?: string; readonly quotaValue?: string }[];
}

/** Names of states in the words of `serverError`; the others are told by their HTTP status. */
const wordOf: ReadonlyMap<string, string> = new Map([
  ['UNAVAILABLE', 'overloaded_error'],
  ['UNAUTHENTICATED', 'authentication_error'],
  ['PERMISSION_DENIED', 'permission_error'],
  // No free tier in this country, or no billing.
  ['FAILED_PRECONDITION', 'permission_error'],
  ['NOT_FOUND', 'not_found_error'],
  ['INTERNAL', 'server_error'],
  ['DEADLINE_EXCEEDED', 'timeout_error'],
  ['CANCELLED', 'server_error'],
  ['ABORTED', 'server_error'],
]);

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;

/** Reads `{ error: { … } }`, in a list where a stream failed before it began. */
const failureIn = (body: unknown): GoogleFailure | undefined => {
  const first: unknown = Array.isArray(body) ? body[0] : body;
  const inner = isObject(first) ? first.error : undefined;
  return isObject(inner) ? inner : undefined;
};

/** A quota for a day, or none at all, does not come back within a call's patience; nor does money. */
const isUsedUp = ({ message = '' }: GoogleFailure, details: readonly Detail[]): boolean =>
  /prepa(?:id|yment) credits|billing account|spend(?:ing)? (?:cap|limit)/i.test(message) ||
  details
    .flatMap(({ violations = [] }) => violations)
    .some(({ quotaId = '', quotaValue }) => /PerDay|PerMonth/.test(quotaId) || quotaValue === '0');

const wordFor = (failure: GoogleFailure, details: readonly Detail[]): string | undefined => {
  const { status = '', message = '' } = failure;
  if (status === 'RESOURCE_EXHAUSTED') {
    return isUsedUp(failure, details) ? 'insufficient_quota' : 'rate_limit_exceeded';
  }
  if (details.some(({ reason }) => reason === 'API_KEY_INVALID')) return 'invalid_api_key';
  if (/token count.*exceeds the maximum/is.test(message)) return 'context_length_exceeded';
  return wordOf.get(status);
};

/** `48s`, `0.5s`: https://protobuf.dev/reference/protobuf/google.protobuf/#duration. */
const delayMs = (details: readonly Detail[]): number | undefined => {
  const text = details.find(({ retryDelay }) => retryDelay !== undefined)?.retryDelay;
  const seconds = /^(\d+(?:\.\d+)?)s$/.exec(text ?? '')?.[1];
  return seconds === undefined ? undefined : Math.round(Number(seconds) * 1000);
};

/** Whatever a call threw as one of our errors: Google's own words are put into those that every server's are read in. */
export const googleError = (error: unknown, context: CallContext): PipewrightError => {
  const failure = isObject(error) ? failureIn(error.error) : undefined;
  if (failure === undefined || !isObject(error)) return serverError(error, context);
  const details = Array.isArray(failure.details) ? failure.details.filter(isObject) : [];
  const headers = new Headers(error.headers instanceof Headers ? error.headers : {});
  const waitMs = delayMs(details);
  if (waitMs !== undefined) headers.set('retry-after-ms', String(waitMs));
  const word = wordFor(failure, details);
  const body = { message: failure.message, ...(word === undefined ? {} : { code: word }) };
  return serverError({ status: error.status ?? failure.code, headers, error: body }, context);
};

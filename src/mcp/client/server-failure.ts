import { type ErrorCode, isPipewrightError, messageOf, PipewrightError, scrubText } from '../../core/index.js';
import { member, numberIn, textIn } from '../../ask/index.js';
import { streamEndedCode, tooLongCode } from './request-streams.js';

/** What is known about a connection when something on it fails. */
export interface FailureContext {
  /** Our name for the server. */
  readonly server: string;
  /** Texts that no message may quote. */
  readonly secrets: ReadonlySet<string>;
  /** The last words of a process on its standard error. */
  readonly lastWords?: string;
}

interface Kind {
  readonly code: ErrorCode;
  readonly retryable?: boolean;
  /** The connection is of no use any more. */
  readonly isLost?: boolean;
}

const lost: Kind = { code: 'connection-lost', retryable: true, isLost: true };
const late: Kind = { code: 'timeout', retryable: true };

/** The codes of the SDK's own errors. */
const sdkKinds: Readonly<Record<string, Kind>> = {
  REQUEST_TIMEOUT: late,
  CONNECTION_CLOSED: lost,
  NOT_CONNECTED: lost,
  SEND_FAILED: lost,
  CLIENT_HTTP_AUTHENTICATION: { code: 'not-allowed' },
  INVALID_RESULT: { code: 'output-invalid' },
  UNSUPPORTED_RESULT_TYPE: { code: 'output-invalid' },
  CLIENT_HTTP_UNEXPECTED_CONTENT: { code: 'output-invalid' },
  INPUT_REQUIRED_ROUNDS_EXCEEDED: { code: 'not-allowed' },
  METHOD_NOT_SUPPORTED_BY_PROTOCOL_VERSION: { code: 'unsupported' },
  CAPABILITY_NOT_SUPPORTED: { code: 'unsupported' },
  ERA_NEGOTIATION_FAILED: { code: 'unsupported' },
};

/** The codes that servers answer with (JSON-RPC 2.0, and those that the protocol adds). */
const answerKinds: ReadonlyMap<number, Kind> = new Map<number, Kind>([
  [streamEndedCode, lost],
  [tooLongCode, { code: 'output-invalid' }],
  [-32_601, { code: 'unsupported' }],
  [-32_602, { code: 'bad-input' }],
  [-32_002, { code: 'not-found' }],
  [-32_042, { code: 'not-allowed' }],
]);

const statusKind = (status: number): Kind => {
  if (status === 401 || status === 403) return { code: 'not-allowed' };
  if (status === 429) return { code: 'rate-limited', retryable: true };
  // A session that the server has forgotten is told by 404; servers made before that was settled say 400.
  if (status === 404 || status === 400 || status >= 500) return lost;
  return { code: 'tool-failed' };
};

/** What `fetch` and processes throw when there is nobody at the other end. */
const isUnreachable = (error: unknown): boolean =>
  error instanceof TypeError || /ECONN|EPIPE|Not connected|socket|terminated/u.test(messageOf(error));

const kindOf = (error: unknown): Kind => {
  const status = numberIn(member(error, 'data'), 'status');
  if (status !== undefined) return statusKind(status);
  const code = member(error, 'code');
  if (code === 'ENOENT' || code === 'EACCES') return { code: 'not-found' };
  if (typeof code === 'number') return answerKinds.get(code) ?? { code: 'tool-failed' };
  const known = sdkKinds[String(code)];
  if (known !== undefined) return known;
  const name = textIn(error, 'name') || (error instanceof Error ? error.name : '');
  if (name === 'UnauthorizedError' || name === 'InsufficientScopeError') return { code: 'not-allowed' };
  if (name === 'ZodError' || error instanceof SyntaxError) return { code: 'output-invalid' };
  return isUnreachable(error) ? lost : { code: 'tool-failed' };
};

/** What is quoted of a server's words. */
const maxQuoteLength = 500;

export const quoted = (text: string, { secrets }: FailureContext): string => {
  const clean = scrubText(text, [...secrets]).trim();
  return clean.length <= maxQuoteLength ? clean : `${clean.slice(0, maxQuoteLength)}…`;
};

const advice: Partial<Record<ErrorCode, string>> = {
  'connection-lost': ' Try again: it is connected to anew.',
  'not-found': ' Look at its name, and whether it is there.',
  'not-allowed': ' Look at the token, and at what it may do.',
};

export interface ServerFailure {
  readonly error: PipewrightError;
  readonly isLost: boolean;
}

/** A failure in our words. What the server said is quoted without secrets; the raw error is not kept, for it may hold some. */
export const serverFailure = (error: unknown, what: string, context: FailureContext): ServerFailure => {
  if (isPipewrightError(error)) return { error, isLost: error.code === 'connection-lost' };
  const { code, retryable = false, isLost = false } = kindOf(error);
  const status = numberIn(member(error, 'data'), 'status');
  const words = quoted(messageOf(error), context);
  const stderr = isLost && context.lastWords !== undefined ? quoted(context.lastWords, context) : '';
  const said = stderr === '' ? words : `${words} (its last words: ${stderr})`;
  const message = `The MCP server \`${context.server}\` failed at ${what}: ${said}${/[.!?]$/u.test(said) ? '' : '.'}${advice[code] ?? ''}`;
  const details = status === undefined ? {} : { details: { status } };
  return { error: new PipewrightError(code, message, { retryable, ...details }), isLost };
};

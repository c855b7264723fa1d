/** What can go wrong, as a closed list: switch over it. */
export type ErrorCode =
  | 'bad-option'
  | 'bad-input'
  | 'bad-schema'
  | 'budget-exceeded'
  | 'bus-closed'
  | 'cassette-mismatch'
  | 'circuit-open'
  | 'connection-lost'
  | 'content-refused'
  | 'context-too-long'
  | 'dependency-missing'
  | 'document-damaged'
  | 'document-encrypted'
  | 'document-unsupported'
  | 'duplicate-id'
  | 'journal-mismatch'
  | 'member-failed'
  | 'member-left'
  | 'memory-full'
  | 'model-failed'
  | 'model-overloaded'
  | 'not-allowed'
  | 'not-found'
  | 'output-invalid'
  | 'price-unknown'
  | 'queue-full'
  | 'quota-exhausted'
  | 'rate-limited'
  | 'store-closed'
  | 'store-damaged'
  | 'store-locked'
  | 'store-newer'
  | 'stream-cut'
  | 'text-retracted'
  | 'timeout'
  | 'tool-failed'
  | 'unsupported'
  | 'variable-extra'
  | 'variable-missing'
  | 'wait-cycle'
  | 'worker-failed';

/** Facts about a failure that a program may act on. Never holds a secret. */
export interface ErrorDetails {
  /** HTTP status, when a server answered. */
  readonly status?: number;
  /** The server's id of the request, for its support desk. */
  readonly requestId?: string;
  /** How long the server asked us to wait. */
  readonly retryAfterMs?: number;
  /** Text that had arrived before the failure. */
  readonly partialText?: string;
  /** File, URL or place in a value that the failure is about. */
  readonly where?: string;
  /** The limit that a call would have broken, and what would have been spent: USD, tokens, calls or milliseconds. */
  readonly budget?: BudgetBreach;
  /** What a schema found wrong, one line each. */
  readonly issues?: readonly string[];
  /** Places in the input list of the items that the failure is about. */
  readonly items?: readonly number[];
}

export interface BudgetBreach {
  readonly limit: 'maxCostUsd' | 'maxTokens' | 'maxCalls' | 'maxMs';
  readonly allowed: number;
  /** What the limit's figure would have been, with this call and all under way. */
  readonly wouldBe: number;
}

export interface PipewrightErrorOptions {
  /** Whether the same call may succeed when tried again. @default false */
  readonly retryable?: boolean;
  readonly cause?: unknown;
  readonly details?: ErrorDetails;
}

const brand = Symbol.for('pipewright.error');

/**
 * The one error class of the package. The message says what was wrong, where, and what to do; `code` is for programs.
 * A cancelled call does not throw this: it rejects with the `reason` of the signal.
 */
export class PipewrightError extends Error {
  static {
    Object.defineProperty(PipewrightError.prototype, brand, { value: true });
  }
  override readonly name: string = 'PipewrightError';
  readonly code: ErrorCode;
  readonly retryable: boolean;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, message: string, options: PipewrightErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.retryable = options.retryable ?? false;
    this.details = options.details ?? {};
  }
}

/**
 * Tells whether a caught value is ours, also when two copies of the package are installed.
 * @example isPipewrightError(new PipewrightError('timeout', 'Too slow.')) // => true
 */
export const isPipewrightError = (error: unknown): error is PipewrightError =>
  typeof error === 'object' && error !== null && brand in error;

/** For the end of a `switch` over a union: a new member then fails the build where it is not handled. */
export const assertNever = (value: never): never => {
  throw new PipewrightError('bad-input', `Unexpected value: ${JSON.stringify(value)}.`);
};

/** The message of whatever was thrown, for texts that quote it. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Throws `bad-option` unless `value` is a number of at least `min`. `Infinity` passes; NaN does not. */
export const checkAtLeast = (option: string, value: number, min: number): void => {
  if (!(value >= min)) throw new PipewrightError('bad-option', `\`${option}\` must be at least ${min}, got ${value}.`);
};

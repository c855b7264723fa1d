import { checkAtLeast, PipewrightError, type StepInfo, type Store } from '../core/index.js';
import { checkCount } from './failure.js';
import type { Rate } from './gcra.js';

export interface RateLimiterOptions {
  /** All of them hold at once. */
  readonly limits: readonly RateLimit[];
  /** What events and errors call it, and the store keeps it by. @default 'rate limit', in `rateLimit` the name of the step */
  readonly name?: string;
  /** Longest wait; a call that would wait longer is refused at once. @default 60_000 */
  readonly maxWaitMs?: number;
  /** Calls that wait; one more is refused at once. @default 1_000 */
  readonly maxQueued?: number;
  /** Tokens that a call will take, as near as can be told before; put right by the reply's `usage`. @default what calls took so far */
  readonly estimateTokens?: (input: never) => number;
  /** Whether to slow down to what the `headers` of a reply say is left. @default true */
  readonly shouldReadHeaders?: boolean;
  /** Counts together with other processes, under `name`. While it fails each process counts for itself. */
  readonly store?: Store;
}

/** So many calls, tokens or both in a time. */
export interface RateLimit {
  readonly requests?: number;
  /** Of input and output together. */
  readonly tokens?: number;
  /** @default 60_000 */
  readonly perMs?: number;
}

export interface RateSettings
  extends Required<Pick<RateLimiterOptions, 'name' | 'maxWaitMs' | 'maxQueued' | 'shouldReadHeaders'>> {
  readonly rates: readonly Rate[];
  readonly hasTokens: boolean;
  readonly estimateTokens: ((input: never) => number) | undefined;
  readonly store: Store | undefined;
  /** Where the store keeps it; other limits are another place. */
  readonly key: string;
  readonly limitsText: string;
  readonly details: NonNullable<StepInfo['details']>;
}

const ratesOf = ({ requests, tokens, perMs = 60_000 }: RateLimit): readonly Rate[] => {
  if (requests === undefined && tokens === undefined) {
    throw new PipewrightError('bad-option', 'Each of `limits` needs `requests`, `tokens` or both.');
  }
  checkAtLeast('limits.perMs', perMs, 1);
  return [['requests', requests] as const, ['tokens', tokens] as const].flatMap(([unit, max]) => {
    if (max === undefined) return [];
    if (!(max > 0 && max < Infinity)) {
      throw new PipewrightError('bad-option', `\`limits.${unit}\` must be a number above 0, got ${max}.`);
    }
    return [{ unit, max, perMs }];
  });
};

export const resolveOptions = (options: RateLimiterOptions): RateSettings => {
  const { name = 'rate limit', maxWaitMs = 60_000, maxQueued = 1_000, shouldReadHeaders = true } = options;
  const { estimateTokens, store } = options;
  const rates = options.limits.flatMap(ratesOf);
  if (rates.length === 0) throw new PipewrightError('bad-option', 'A rate limit needs at least one of `limits`.');
  if (store !== undefined && options.name === undefined) {
    throw new PipewrightError('bad-option', 'A rate limit with a `store` needs a `name` to be found there by others.');
  }
  checkAtLeast('maxWaitMs', maxWaitMs, 0);
  checkCount('maxQueued', maxQueued, 0);
  const limitsText = rates.map(({ unit, max, perMs }) => `${max} ${unit} in ${perMs} ms`).join(', ');
  return {
    name,
    maxWaitMs,
    maxQueued,
    shouldReadHeaders,
    rates,
    hasTokens: rates.some(({ unit }) => unit === 'tokens'),
    estimateTokens,
    store,
    key: `rate-limit/${name}/${limitsText}`,
    limitsText,
    details: {
      limiter: name,
      limits: limitsText,
      maxWaitMs,
      maxQueued,
      shouldReadHeaders,
      isShared: store !== undefined,
    },
  };
};

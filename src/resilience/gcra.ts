/** So many requests or tokens in a time. */
export interface Rate {
  readonly unit: 'requests' | 'tokens';
  readonly max: number;
  readonly perMs: number;
}

/** How full a bucket is, as two times. */
export interface Bucket {
  /** When it would be empty again: the "theoretical arrival time". */
  readonly tatMs: number;
  /** Since when it has not been empty. */
  readonly sinceMs: number;
}

/** What limits calls at a moment; plain data. */
export interface RateState {
  readonly buckets: readonly Bucket[];
  /** The server asked to be left alone until then. */
  readonly pausedUntilMs: number;
}

export const emptyState = (rates: readonly Rate[]): RateState => ({
  buckets: rates.map(() => ({ tatMs: 0, sinceMs: 0 })),
  pausedUntilMs: 0,
});

const amountOf = ({ unit }: Rate, requests: number, tokens: number): number =>
  unit === 'requests' ? requests : tokens;

/**
 * How long until a call may start: the virtual scheduling form of the generic cell rate algorithm (ATM Forum, Traffic Management
 * Specification 4.0, 1996, 4.4.2), which keeps the same count as a token bucket that refills steadily. A call larger than a
 * bucket waits until that is empty.
 */
export const waitMsFor = (
  rates: readonly Rate[],
  { buckets, pausedUntilMs }: RateState,
  nowMs: number,
  tokens: number,
  ahead: Ahead = nobody,
): number => {
  let waitMs = Math.max(0, pausedUntilMs - nowMs);
  for (const [index, rate] of rates.entries()) {
    const tatMs = Math.max(buckets[index]?.tatMs ?? 0, nowMs);
    const amount = amountOf(rate, ahead.requests, ahead.tokens) + Math.min(amountOf(rate, 1, tokens), rate.max);
    waitMs = Math.max(waitMs, tatMs + (amount * rate.perMs) / rate.max - rate.perMs - nowMs);
  }
  return waitMs;
};

/** What those take who come before. */
export interface Ahead {
  readonly requests: number;
  readonly tokens: number;
}

const nobody: Ahead = { requests: 0, tokens: 0 };

/** Counts a call that starts now. */
export const charge = (rates: readonly Rate[], state: RateState, nowMs: number, tokens: number): RateState => ({
  ...state,
  buckets: rates.map((rate, index) => add(rate, state.buckets[index], nowMs, amountOf(rate, 1, tokens))),
});

const add = ({ max, perMs }: Rate, bucket: Bucket | undefined, nowMs: number, amount: number): Bucket => {
  const amountMs = (amount * perMs) / max;
  return bucket === undefined || bucket.tatMs <= nowMs
    ? { tatMs: nowMs + amountMs, sinceMs: nowMs }
    : { tatMs: bucket.tatMs + amountMs, sinceMs: bucket.sinceMs };
};

/** What a call turned out to be. */
export interface Correction {
  /** When it was charged. */
  readonly chargedMs: number;
  /** Tokens that it took beyond those charged; negative when it took fewer. */
  readonly extraTokens: number;
  /** What the server said was left of its limits when the call started. */
  readonly remaining: Remaining;
  /** The server asked to be left alone until then; 0 when it did not. */
  readonly pausedUntilMs: number;
}

export interface Remaining {
  readonly requests?: number;
  readonly tokens?: number;
}

export const correct = (
  rates: readonly Rate[],
  state: RateState,
  nowMs: number,
  correction: Correction,
): RateState => ({
  pausedUntilMs: Math.max(state.pausedUntilMs, correction.pausedUntilMs),
  buckets: rates.map((rate, index) => correctBucket(rate, state.buckets[index], nowMs, correction)),
});

const correctBucket = (
  rate: Rate,
  bucket: Bucket = { tatMs: 0, sinceMs: 0 },
  nowMs: number,
  { chargedMs, extraTokens, remaining }: Correction,
): Bucket => {
  const extra = amountOf(rate, 0, extraTokens);
  // What was charged too much has run out by itself if the bucket was empty in between.
  const isLeft = extra >= 0 || bucket.sinceMs <= chargedMs;
  const own =
    extra > 0
      ? add(rate, bucket, nowMs, extra)
      : { ...bucket, tatMs: bucket.tatMs + (isLeft ? (extra * rate.perMs) / rate.max : 0) };
  const left = remaining[rate.unit];
  if (left === undefined) return own;
  // The server saw the call as early as when it was charged; its bucket has run on since, as ours has.
  const serverTatMs = chargedMs + rate.perMs * (1 - Math.min(left, rate.max) / rate.max);
  return serverTatMs > own.tatMs ? { ...own, tatMs: serverTatMs } : own;
};

export const isSameState = (a: RateState, b: RateState): boolean =>
  a.pausedUntilMs === b.pausedUntilMs && a.buckets.every(({ tatMs }, index) => tatMs === b.buckets[index]?.tatMs);

export const decodeState = (value: unknown): RateState | undefined => {
  const { buckets, pausedUntilMs } = Object(value) as Partial<RateState>;
  if (!Array.isArray(buckets) || !Number.isFinite(pausedUntilMs)) return undefined;
  const isBucket = (bucket: unknown): boolean => {
    const { tatMs, sinceMs } = Object(bucket) as Partial<Bucket>;
    return Number.isFinite(tatMs) && Number.isFinite(sinceMs);
  };
  return buckets.every(isBucket) ? ({ buckets, pausedUntilMs } as RateState) : undefined;
};

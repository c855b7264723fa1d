/** Tokens that a model call took. */
export interface Usage {
  /** All input tokens, those from a cache included. */
  readonly inputTokens: number;
  /** All output tokens, reasoning included. */
  readonly outputTokens: number;
  /** The part of `inputTokens` that was read from the provider's prompt cache. */
  readonly cachedInputTokens?: number;
  /** The part of `inputTokens` that was written to the provider's prompt cache. */
  readonly cacheWriteTokens?: number;
  /** The part of `outputTokens` spent on reasoning. */
  readonly reasoningTokens?: number;
  /** True when the provider did not say (an aborted or broken call) and the figures are our estimate. */
  readonly isEstimated?: boolean;
  /** What the call is paid by, where the provider says that it is other than the tokens above. */
  readonly billed?: BilledUnits;
}

/** What a provider puts on the bill. */
export interface BilledUnits {
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** One query against up to 100 texts, by which rerankers are paid. */
  readonly searchUnits?: number;
}

export const noUsage: Usage = { inputTokens: 0, outputTokens: 0 };

/** The sum of two usages; it is marked estimated when either is. */
export const addUsage = (a: Usage, b: Usage): Usage => ({
  inputTokens: a.inputTokens + b.inputTokens,
  outputTokens: a.outputTokens + b.outputTokens,
  cachedInputTokens: (a.cachedInputTokens ?? 0) + (b.cachedInputTokens ?? 0),
  cacheWriteTokens: (a.cacheWriteTokens ?? 0) + (b.cacheWriteTokens ?? 0),
  reasoningTokens: (a.reasoningTokens ?? 0) + (b.reasoningTokens ?? 0),
  isEstimated: a.isEstimated === true || b.isEstimated === true,
  ...(a.billed === undefined && b.billed === undefined ? {} : { billed: addBilled(a, b) }),
});

/** A call without units of its own is paid by its tokens. */
const addBilled = (a: Usage, b: Usage): BilledUnits => {
  const first: BilledUnits = a.billed ?? a;
  const second: BilledUnits = b.billed ?? b;
  return {
    inputTokens: first.inputTokens + second.inputTokens,
    outputTokens: first.outputTokens + second.outputTokens,
    searchUnits: (first.searchUnits ?? 0) + (second.searchUnits ?? 0),
  };
};

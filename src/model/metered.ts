import { type ErrorCode, isPipewrightError, noUsage, type Run, type Usage } from '../core/index.js';
import { costOf } from './prices.js';
import { priceIn } from './run-prices.js';
import type { ModelPrice } from './types.js';

/** A call that is paid for, as the meter sees it. */
export interface MeteredCall {
  /** Who is called: `openai:text-embedding-3-small`. */
  readonly id: string;
  /** As the price table has it, unless it was set for this model; undefined when it is not known. */
  readonly price: ModelPrice | undefined;
  /** What the call may take at most; asked when a budget limits tokens or money, and when the server does not say. */
  readonly estimate: () => Usage;
}

/**
 * Makes one call that is no chat: holds room in the budget, calls, settles what the server told (or the estimate), and reports
 * `usage`. A call that is refused costs nothing; one whose fate is not known, such as an aborted one, costs the estimate.
 * @example await metered(createRun(), { id: 'test', price: undefined, estimate: () => noUsage }, async () => ({ value: 1, usage: undefined })) // => 1
 */
export const metered = async <T>(
  run: Run,
  { id, price: listed, estimate }: MeteredCall,
  call: () => Promise<{ readonly value: T; readonly usage: Usage | undefined }>,
): Promise<T> => {
  run.throwIfAborted();
  const price = priceIn(run, id, listed);
  const costUsdOf = (usage: Usage): number | undefined => (price === undefined ? undefined : costOf(usage, price));
  const held = run.meter.isLimited ? estimate() : noUsage;
  const tokens = held.inputTokens + held.outputTokens;
  const hold = run.meter.reserve({ label: id, tokens, costUsd: costUsdOf(held) });
  const settle = (usage: Usage): void => {
    const costUsd = costUsdOf(usage);
    hold.settle(usage, costUsd);
    run.emit({ type: 'usage', model: id, usage, ...(costUsd === undefined ? {} : { costUsd }) });
  };
  try {
    const { value, usage } = await call();
    settle(usage ?? { ...estimate(), isEstimated: true });
    return value;
  } catch (error) {
    const mayCost = run.signal.aborted || isFateUnknown(error);
    settle(mayCost ? { ...estimate(), isEstimated: true } : noUsage);
    throw error;
  }
};

/** Whether the server may have done the work all the same. A refusal (401, 429, 500, a missing key) tells that it has not. */
export const isFateUnknown = (error: unknown): boolean => !isPipewrightError(error) || unknownFates.has(error.code);

const unknownFates: ReadonlySet<string> = new Set<ErrorCode>(['connection-lost', 'stream-cut', 'timeout']);

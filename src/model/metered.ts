import { noUsage, type Run, type Usage } from '../core/index.js';
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
 * `usage`. A call that fails costs nothing.
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
    settle(run.signal.aborted ? { ...estimate(), isEstimated: true } : noUsage);
    throw error;
  }
};

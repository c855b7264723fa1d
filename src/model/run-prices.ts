import { type Run, type RunKey, runKey } from '../core/index.js';
import { priceOf, type PriceTable } from './prices.js';
import type { ModelPrice } from './types.js';

/**
 * The price table of a run, in place of the package's own: every model called with the run finds its price there. Spread
 * `priceTable` into yours to add to it.
 * @example createRun({ values: new Map([[pricesKey, priceTable]]) }).get(pricesKey) === priceTable // => true
 */
export const pricesKey: RunKey<PriceTable> = runKey<PriceTable>('prices');

/**
 * What a model costs in a run. A price that was set for the model itself wins over both tables; `price` may come from the
 * package's own table, whose place the run's takes.
 */
export const priceIn = (run: Run, model: string, price: ModelPrice | undefined): ModelPrice | undefined => {
  if (price !== undefined && price !== priceOf(model)) return price;
  return priceOf(model, run.get(pricesKey), run.clock.now());
};

/** What a chat model costs in a run: what stands under its id, else what stands under its name. */
export const chatPriceIn = (
  run: Run,
  { id, model }: { readonly id: string; readonly model: string },
  price?: ModelPrice,
): ModelPrice | undefined => priceIn(run, id, price) ?? priceIn(run, model, price);

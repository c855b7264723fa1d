import type { BilledUnits, Usage } from '../core/index.js';
import { bareModelName, modelFamily } from './model-name.js';
import { priceTable } from './price-table.js';
import type { ModelLimits, ModelPrice } from './types.js';

/** What is known of a model, and where and when it was read. */
export interface PriceEntry {
  readonly price: ModelPrice;
  /** A change that the provider has announced: from the beginning of this day (UTC, `YYYY-MM-DD`) this price holds. */
  readonly next?: { readonly from: string; readonly price: ModelPrice };
  readonly limits: ModelLimits;
  /** Where the figures were read. */
  readonly source: string;
  /** The day they were true, `YYYY-MM-DD`. */
  readonly seenOn: string;
}

/**
 * Entries by model name, in lower case and without date; by the model's whole id (`groq:openai/gpt-oss-120b`) where its price is
 * that of one server only.
 */
export type PriceTable = Readonly<Record<string, PriceEntry>>;

/**
 * The entry of a model. Names with a date or a provider (`gpt-5-mini-2025-08-07`, `anthropic/claude-opus-5-5`) find that of
 * their family, unless they have one of their own. Fine-tuned models have prices of their own and find none.
 */
export const priceEntryOf = (model: string, table: PriceTable = priceTable): PriceEntry | undefined => {
  if (model.startsWith('ft:')) return undefined;
  const name = [model, bareModelName(model), modelFamily(model)].find((candidate) => Object.hasOwn(table, candidate));
  return name === undefined ? undefined : table[name];
};

/**
 * The price of a model, or undefined where the table does not have it. Spread `priceTable` into a table of your own to add
 * to it. With a time (milliseconds since 1970) an announced change counts from its day on.
 * @example priceOf('gpt-5-mini-2025-08-07')?.input // => 0.25
 */
export const priceOf = (
  model: string,
  table: PriceTable = priceTable,
  atMs: number = Number.NEGATIVE_INFINITY,
): ModelPrice | undefined => {
  const entry = priceEntryOf(model, table);
  const { next } = entry ?? {};
  return next !== undefined && atMs >= Date.parse(next.from) ? next.price : entry?.price;
};

/**
 * The context window and the longest reply of a model; empty where the table does not have it.
 * @example limitsOf('claude-sonnet-4-5-20250929').contextTokens // => 200000
 */
export const limitsOf = (model: string, table: PriceTable = priceTable): ModelLimits =>
  priceEntryOf(model, table)?.limits ?? {};

const tokensPerPrice = 1_000_000;

/**
 * What one call cost, in USD. Tokens read from or written to a prompt cache are part of the input and are not counted twice.
 * @example costOf({ inputTokens: 1_000_000, outputTokens: 0, cachedInputTokens: 400_000 }, { input: 2, output: 8, cachedInput: 0.5 }) // => 1.4
 */
export const costOf = (usage: Usage, price: ModelPrice): number => {
  // What is on the bill has the provider's own discounts in it.
  const paid: BilledUnits & Partial<Usage> = usage.billed ?? usage;
  const { inputTokens, outputTokens, searchUnits = 0, cachedInputTokens = 0, cacheWriteTokens = 0 } = paid;
  const { longInput } = price;
  const rate = longInput !== undefined && inputTokens > longInput.aboveTokens ? longInput.price : price;
  const read = Math.min(cachedInputTokens, inputTokens);
  const written = Math.min(cacheWriteTokens, inputTokens - read);
  const cost =
    (inputTokens - read - written) * rate.input +
    read * (rate.cachedInput ?? rate.input) +
    written * (rate.cacheWrite ?? rate.input) +
    outputTokens * rate.output +
    searchUnits * (rate.searchUnit ?? 0);
  return cost / tokensPerPrice;
};

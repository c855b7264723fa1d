import { chatEntry, modelsDev, modelsDevInJuly, type Origin, withDoubleAbove } from './price-entry.js';
import type { PriceEntry, PriceTable } from './prices.js';

const july = modelsDevInJuly('xai');
const of = (seenOn: string, commit: string, model: string): Origin =>
  modelsDev(seenOn, commit, `xai/models/${model}.toml`);
const grok47 = of('2026-09-21', 'c8249f138322f68aa6dd7beed34ca0a27fc78ccf', 'grok-4.7');
const grok46 = of('2026-11-20', 'e23d24b5f6794d41127c9709c95f87950abf5953', 'grok-4.6');
const grok45 = of('2026-11-20', '4772f8992e75d2cc8adf9e713c4f09fd11fcbc7d', 'grok-4.5');

const grok = (
  origin: Origin,
  price: readonly [number, number, number],
  contextTokens: number,
  maxOutputTokens: number,
): PriceEntry => withDoubleAbove(200_000, chatEntry(origin, price, contextTokens, maxOutputTokens));

const million = 1_000_000;
const grok4x = (origin: Origin): PriceEntry => grok(origin, [2, 6, 0.5], 500_000, 500_000);
const grok420 = grok(july, [1.25, 2.5, 0.2], million, 30_000);

/** Grok, which costs twice as much once the input is longer than 200,000 tokens. Its searches are not in it. */
export const xaiPrices: PriceTable = {
  'grok-4.7': grok4x(grok47),
  'grok-4.6': grok4x(grok46),
  'grok-4.5': grok4x(grok45),
  'grok-4.3': grok420,
  'grok-4.20-0309-reasoning': grok420,
  'grok-4.20-0309-non-reasoning': grok420,
  'grok-build-0.1': grok(july, [1, 2, 0.2], 256_000, 256_000),
};

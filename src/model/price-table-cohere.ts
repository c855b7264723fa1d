import { chatEntry, inputEntry, modelsDevInJuly, type Origin } from './price-entry.js';
import type { PriceEntry, PriceTable } from './prices.js';

const july = modelsDevInJuly('cohere');
const inJune: Origin = { source: 'https://developer.puter.com/tutorials/cohere-api-pricing/', seenOn: '2026-06-01' };
const inApril: Origin = {
  source: 'https://github.com/wangyong9999/lakehouse-wiki/blob/main/docs/compare/rerank-models.md',
  seenOn: '2026-04-18',
};

const chat = (input: number, output: number, contextTokens: number, maxOutputTokens: number): PriceEntry =>
  chatEntry(july, [input, output], contextTokens, maxOutputTokens);

/** USD for a million searches, each of a query against up to a hundred texts. */
const rerank = (origin: Origin, searchUnit: number, contextTokens: number): PriceEntry => ({
  price: { input: 0, output: 0, searchUnit },
  limits: { contextTokens },
  ...origin,
});

/** Cohere; embeddings of text, not of pictures. */
export const coherePrices: PriceTable = {
  'command-a-03-2025': chat(2.5, 10, 256_000, 8_000),
  'command-a-reasoning-08-2025': chat(2.5, 10, 256_000, 32_000),
  'command-a-vision-07-2025': chat(2.5, 10, 128_000, 8_000),
  'command-a-translate-08-2025': chat(2.5, 10, 8_000, 8_000),
  'command-r-plus-08-2024': chat(2.5, 10, 128_000, 4_000),
  'command-r-08-2024': chat(0.15, 0.6, 128_000, 4_000),
  'command-r7b-12-2024': chat(0.0375, 0.15, 128_000, 4_000),
  'embed-v4.0': inputEntry(inJune, 0.12, 128_000),
  'rerank-v4.0-pro': rerank(inJune, 2_500, 32_768),
  'rerank-v4.0-fast': rerank(inJune, 2_000, 32_768),
  'rerank-v3.5': rerank(inApril, 2_000, 4_096),
};

import { inputEntry, type Origin } from './price-entry.js';
import type { PriceEntry, PriceTable } from './prices.js';

const inMay: Origin = {
  source: 'https://hivebook.wiki/wiki/voyage-ai-embeddings-rerankers-for-rag',
  seenOn: '2026-05-01',
};
const reading: Origin = { source: 'https://usagepricing.com/blueprint/voyage-ai', seenOn: '2026-11-20' };

const embedding = (input: number, contextTokens = 32_000): PriceEntry => inputEntry(inMay, input, contextTokens);

/** Voyage, for text. The tokens that are free for each account are not taken into account. */
export const voyagePrices: PriceTable = {
  'voyage-4-large': embedding(0.12),
  'voyage-4': embedding(0.06),
  'voyage-4-lite': embedding(0.02),
  'voyage-context-3': embedding(0.18),
  'voyage-code-3': embedding(0.18),
  'voyage-3-large': embedding(0.18),
  'voyage-3.5': embedding(0.06),
  'voyage-3.5-lite': embedding(0.02),
  'voyage-finance-2': embedding(0.12),
  'voyage-law-2': embedding(0.12, 16_000),
  'voyage-multilingual-2': embedding(0.12),
  'rerank-2.5': inputEntry(reading, 0.05, 32_000),
  'rerank-2.5-lite': inputEntry(reading, 0.02, 32_000),
};

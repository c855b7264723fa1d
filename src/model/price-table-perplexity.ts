import { inputEntry, type Origin } from './price-entry.js';
import type { PriceTable } from './prices.js';

const embeddings: Origin = { source: 'https://docs.perplexity.ai/docs/embeddings', seenOn: '2026-11-20' };

/** Perplexity's embeddings. The Sonar chat API ended on 2026-09-27, and what answers under its names now costs otherwise. */
export const perplexityPrices: PriceTable = {
  'pplx-embed-v1-0.6b': inputEntry(embeddings, 0.004, 32_000),
  'pplx-embed-v1-4b': inputEntry(embeddings, 0.03, 32_000),
  'pplx-embed-context-v1-0.6b': inputEntry(embeddings, 0.008, 32_000),
  'pplx-embed-context-v1-4b': inputEntry(embeddings, 0.05, 32_000),
};

import { chatEntry, type Origin } from './price-entry.js';
import type { PriceTable } from './prices.js';

const pricing: Origin = { source: 'https://api-docs.deepseek.com/quick_start/pricing', seenOn: '2026-11-15' };

const million = 1_000_000;
const maxOutputTokens = 393_216;
const flash = chatEntry(pricing, [0.3, 1.2, 0.006], million, maxOutputTokens);

/**
 * DeepSeek at its peak rates, so that a budget holds: outside 01:00–04:00 and 06:00–10:00 UTC from Monday to Friday it bills half.
 * Models whose weights are open have other prices elsewhere, and stand under their server.
 */
export const deepseekPrices: PriceTable = {
  'deepseek-flash': flash,
  'deepseek:deepseek-v4-flash': flash,
  'deepseek:deepseek-v4-pro': chatEntry(pricing, [1.32, 3.96, 0.044], million, maxOutputTokens),
};

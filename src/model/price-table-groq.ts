import { chatEntry, modelsDev, modelsDevInJuly } from './price-entry.js';
import type { PriceTable } from './prices.js';

const july = modelsDevInJuly('groq');
const qwen38 = modelsDev('2026-08-29', 'b035760ce44702cbe962d575790ca4dfe841a1c8', 'groq/models/qwen/qwen3.8-27b.toml');

/** Groq. Models that others serve too, at other prices, stand under their server. */
export const groqPrices: PriceTable = {
  'llama-3.3-70b-versatile': chatEntry(july, [0.59, 0.79], 131_072, 32_768),
  'llama-3.1-8b-instant': chatEntry(july, [0.05, 0.08], 131_072, 131_072),
  'groq:openai/gpt-oss-120b': chatEntry(july, [0.15, 0.6, 0.075], 131_072, 65_536),
  'groq:openai/gpt-oss-20b': chatEntry(july, [0.075, 0.3, 0.0375], 131_072, 65_536),
  'groq:qwen/qwen3-32b': chatEntry(july, [0.29, 0.59], 131_072, 40_960),
  'groq:qwen/qwen3.8-27b': chatEntry(qwen38, [0.8, 4, 0.4], 131_042, 16_384),
};

import { chatEntry, inputEntry, modelsDev, modelsDevInJuly, type Origin } from './price-entry.js';
import type { PriceEntry, PriceTable } from './prices.js';

const july = modelsDevInJuly('mistral');
const large4 = modelsDev(
  '2026-10-06',
  'd89d7764783b9837c6f77ce0dd2bef914526d47d',
  'mistral/models/mistral-large-4.toml',
);
const codestralEmbed: Origin = {
  source: 'https://github.com/iyulab/tokenmeter/releases/tag/v0.15.0',
  seenOn: '2026-11-20',
};

/** Input from the cache costs a tenth: https://docs.mistral.ai/api, `prompt_cache_key`. */
const chat = (input: number, output: number, contextTokens: number, maxOutputTokens: number): PriceEntry =>
  chatEntry(july, [input, output, input / 10], contextTokens, maxOutputTokens);

const medium35 = chat(1.5, 7.5, 262_144, 262_144);
const large4Preview = chatEntry(large4, [0.68, 2.09, 0.07], 1_048_576);

/**
 * Mistral. `mistral-large-4` costs half as long as it is a preview. `mistral-large-latest` is not in it, since it was not to be
 * found out which model that is now.
 */
export const mistralPrices: PriceTable = {
  'mistral-large-4': large4Preview,
  'mistral-large-4-0': large4Preview,
  'mistral-large-2512': chat(0.5, 1.5, 262_144, 262_144),
  'mistral-medium': medium35,
  'mistral-medium-3.5': medium35,
  'mistral-medium-3-5': medium35,
  'mistral-medium-2604': medium35,
  'mistral-medium-2508': chat(0.4, 2, 262_144, 262_144),
  'mistral-medium-2505': chat(0.4, 2, 131_072, 131_072),
  'mistral-small': chat(0.15, 0.6, 256_000, 256_000),
  'mistral-small-2603': chat(0.15, 0.6, 256_000, 256_000),
  'mistral-small-2506': chat(0.1, 0.3, 128_000, 16_384),
  'magistral-medium': chat(2, 5, 128_000, 16_384),
  codestral: chat(0.3, 0.9, 256_000, 4_096),
  'mistral-embed': inputEntry(july, 0.1, 8_000),
  'codestral-embed': inputEntry(codestralEmbed, 0.15, 8_192),
};

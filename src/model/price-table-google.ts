import { chatEntry, inputEntry, modelsDevInJuly, type Origin } from './price-entry.js';
import type { PriceEntry, PriceTable } from './prices.js';
import type { ModelPrice } from './types.js';

const modelsDev: Origin = modelsDevInJuly('google');
const flash38: Origin = {
  source:
    'https://github.com/anomalyco/models.dev/blob/91a19838362bf054937e0e5534d8871762f354f8/providers/google/models/gemini-3.8-flash.toml',
  seenOn: '2026-10-07',
};
const flash36And37: Origin = { source: 'https://github.com/simonw/llm-prices/pull/68', seenOn: '2026-08-22' };
const flashLite35: Origin = { source: 'https://github.com/linuxarena/control-tower/pull/1380', seenOn: '2026-08-14' };
const argon: Origin = { source: 'https://github.com/iyulab/TokenMeter/releases/tag/v0.13.1', seenOn: '2026-10-13' };
const carbon: Origin = {
  source: 'https://docs.laozhang.ai/en/announcements/gemini-4-carbon-2026-11',
  seenOn: '2026-11-11',
};
const hydrogen: Origin = {
  source: 'https://docs.laozhang.ai/announcements/gemini-4-hydrogen-2026-11.md',
  seenOn: '2026-11-14',
};

const embedding2: Origin = {
  source:
    'https://github.com/api-evangelist/deepmind/blob/47a9772bdb46163b5e5560285bbc88bb11b86073/plans/deepmind-plans-pricing.yml',
  seenOn: '2026-10-07',
};

const million = 1_048_576;

const entry = (
  origin: Origin,
  prices: readonly [number, number, number?],
  contextTokens: number = million,
  maxOutputTokens = 65_536,
): PriceEntry => chatEntry(origin, prices, contextTokens, maxOutputTokens);

/** Twice as much from this day on: the rates until then are introductory. */
const doublingFrom = (from: string, entry: PriceEntry): PriceEntry => {
  const { input, output, cachedInput } = entry.price;
  const cached = cachedInput === undefined ? {} : { cachedInput: cachedInput * 2 };
  return { ...entry, next: { from, price: { input: input * 2, output: output * 2, ...cached } } };
};

/** Pro models cost more once the input is longer than 200,000 tokens. */
const pro = (origin: Origin, price: ModelPrice, longPrice: ModelPrice): PriceEntry => ({
  price: { ...price, longInput: { aboveTokens: 200_000, price: longPrice } },
  limits: { contextTokens: million, maxOutputTokens: 65_536 },
  ...origin,
});

const pro3 = pro(modelsDev, { input: 2, output: 12, cachedInput: 0.2 }, { input: 4, output: 18, cachedInput: 0.4 });
const pro25 = pro(
  modelsDev,
  { input: 1.25, output: 10, cachedInput: 0.125 },
  { input: 2.5, output: 15, cachedInput: 0.25 },
);

/**
 * Gemini on the paid tier of the Gemini API, for text, pictures and video; sound costs more with some models, and so do drawn
 * pictures beside text. Thoughts are billed as output. Storage of explicit caches and searches are not in it.
 */
export const googlePrices: PriceTable = {
  'gemini-4-hydrogen': entry(hydrogen, [1.5, 7.5, 0.075]),
  'gemini-4-carbon': doublingFrom('2026-12-01', entry(carbon, [2, 10, 0.1])),
  'gemini-4-argon': doublingFrom('2026-12-01', entry(argon, [2, 10, 0.1])),
  'gemini-3.8-flash': doublingFrom('2027-01-01', entry(flash38, [0.75, 3.75, 0.075])),
  'gemini-3.7-flash': doublingFrom('2027-01-01', entry(flash36And37, [0.75, 3.75, 0.075])),
  'gemini-3.6-flash': doublingFrom('2027-01-01', entry(flash36And37, [0.75, 3.75, 0.075])),
  'gemini-3.5-flash': entry(modelsDev, [1.5, 9, 0.15]),
  'gemini-3.5-flash-lite': entry(flashLite35, [0.3, 2.5, 0.03]),
  'gemini-3.1-pro-preview': pro3,
  'gemini-3.1-pro-preview-customtools': pro3,
  'gemini-3.1-flash-lite': entry(modelsDev, [0.25, 1.5, 0.025]),
  'gemini-3.1-flash-lite-preview': entry(modelsDev, [0.25, 1.5, 0.025]),
  'gemini-3-pro-preview': pro3,
  'gemini-3-flash-preview': entry(modelsDev, [0.5, 3, 0.05]),
  'gemini-2.5-pro': pro25,
  'gemini-2.5-flash': entry(modelsDev, [0.3, 2.5, 0.03]),
  'gemini-2.5-flash-lite': entry(modelsDev, [0.1, 0.4, 0.01]),
  'gemini-2.5-flash-image': entry(modelsDev, [0.3, 30, 0.075], 32_768, 32_768),
  'gemini-3-pro-image-preview': entry(modelsDev, [2, 120], 131_072, 32_768),
  'gemini-3.1-flash-image-preview': entry(modelsDev, [0.5, 60], 65_536, 65_536),
  'gemini-2.0-flash': entry(modelsDev, [0.1, 0.4, 0.025], million, 8_192),
  'gemini-2.0-flash-lite': entry(modelsDev, [0.075, 0.3], million, 8_192),
  'gemini-embedding-001': inputEntry(modelsDev, 0.15, 2_048),
  'gemini-embedding-2': inputEntry(embedding2, 0.2, 8_192),
};

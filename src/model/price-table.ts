import { inputEntry, modelsDevInJuly, type Origin } from './price-entry.js';
import { cerebrasPrices } from './price-table-cerebras.js';
import { coherePrices } from './price-table-cohere.js';
import { deepseekPrices } from './price-table-deepseek.js';
import { googlePrices } from './price-table-google.js';
import { groqPrices } from './price-table-groq.js';
import { mistralPrices } from './price-table-mistral.js';
import { moonshotPrices } from './price-table-moonshot.js';
import { perplexityPrices } from './price-table-perplexity.js';
import { voyagePrices } from './price-table-voyage.js';
import { xaiPrices } from './price-table-xai.js';
import { zaiPrices } from './price-table-zai.js';
import type { PriceEntry, PriceTable } from './prices.js';
import type { ModelPrice } from './types.js';

const modelsDevOpenai: Origin = modelsDevInJuly('openai');
const modelsDevAnthropic: Origin = modelsDevInJuly('anthropic');
const openaiModels: Origin = { source: 'https://developers.openai.com/api/docs/models', seenOn: '2026-09-07' };
const gpt6SolAndLuna: Origin = { source: 'https://docs.litellm.ai/blog/gpt_6_sol_luna', seenOn: '2026-09-22' };
const gpt61Sol: Origin = { source: 'https://docs.litellm.ai/blog/gpt_6_1_sol', seenOn: '2026-09-29' };
const gpt61Terra: Origin = { source: 'https://docs.litellm.ai/blog/gpt-6-1-terra', seenOn: '2026-10-26' };
const claudePricing: Origin = {
  source: 'https://platform.claude.com/docs/en/about-claude/pricing',
  seenOn: '2026-10-24',
};

const million = 1_000_000;

/** OpenAI bills a request of more than 272,000 input tokens at twice the input and 1.5 times the output price. */
const withLongInput = (price: ModelPrice): ModelPrice => {
  const { input, output, cachedInput, cacheWrite } = price;
  const long: ModelPrice = {
    input: input * 2,
    output: output * 1.5,
    ...(cachedInput === undefined ? {} : { cachedInput: cachedInput * 2 }),
    ...(cacheWrite === undefined ? {} : { cacheWrite: cacheWrite * 2 }),
  };
  return { ...price, longInput: { aboveTokens: 272_000, price: long } };
};

const entry = (origin: Origin, price: ModelPrice, contextTokens: number, maxOutputTokens: number): PriceEntry => ({
  price,
  limits: { contextTokens, maxOutputTokens },
  ...origin,
});

/** GPT from 5.4 on, with a context of 1.05 million tokens. From 5.6 on, writing to the cache costs 1.25 times the input. */
const longGpt = (origin: Origin, price: ModelPrice): PriceEntry =>
  entry(origin, withLongInput(price), 1_050_000, 128_000);
const gpt5 = (input: number, output: number, cachedInput: number): PriceEntry =>
  entry(modelsDevOpenai, { input, output, cachedInput }, 400_000, 128_000);
const embedding = (input: number, contextTokens: number): PriceEntry =>
  inputEntry(modelsDevOpenai, input, contextTokens);

/** Claude, with the price of the five-minute cache. */
const claude = (
  origin: Origin,
  [input, output, cachedInput, cacheWrite]: readonly [number, number, number, number],
  contextTokens: number,
  maxOutputTokens: number,
): PriceEntry => entry(origin, { input, output, cachedInput, cacheWrite }, contextTokens, maxOutputTokens);

const openai: PriceTable = {
  'gpt-6.1-sol': longGpt(gpt61Sol, { input: 2, output: 10, cachedInput: 0.1, cacheWrite: 2.5 }),
  'gpt-6.1-terra': longGpt(gpt61Terra, { input: 1, output: 5, cachedInput: 0.05, cacheWrite: 1.25 }),
  'gpt-6-astra': longGpt(openaiModels, { input: 10, output: 50, cachedInput: 1, cacheWrite: 12.5 }),
  'gpt-6-sol': longGpt(gpt6SolAndLuna, { input: 2, output: 10, cachedInput: 0.2, cacheWrite: 2.5 }),
  'gpt-6-luna': longGpt(gpt6SolAndLuna, { input: 0.1, output: 0.5, cachedInput: 0.01, cacheWrite: 0.125 }),
  'gpt-5.6': longGpt(openaiModels, { input: 4, output: 20, cachedInput: 0.4, cacheWrite: 5 }),
  'gpt-5.6-sol': longGpt(openaiModels, { input: 4, output: 20, cachedInput: 0.4, cacheWrite: 5 }),
  'gpt-5.6-terra': longGpt(openaiModels, { input: 2, output: 12, cachedInput: 0.2, cacheWrite: 2.5 }),
  'gpt-5.6-luna': longGpt(openaiModels, { input: 0.2, output: 1.2, cachedInput: 0.02, cacheWrite: 0.25 }),
  'gpt-5.5': longGpt(modelsDevOpenai, { input: 5, output: 30, cachedInput: 0.5 }),
  'gpt-5.5-pro': longGpt(modelsDevOpenai, { input: 30, output: 180 }),
  'gpt-5.4': longGpt(modelsDevOpenai, { input: 2.5, output: 15, cachedInput: 0.25 }),
  'gpt-5.4-pro': longGpt(modelsDevOpenai, { input: 30, output: 180 }),
  'gpt-5.4-mini': gpt5(0.75, 4.5, 0.075),
  'gpt-5.4-nano': gpt5(0.2, 1.25, 0.02),
  'gpt-5.3-codex': gpt5(1.75, 14, 0.175),
  'gpt-5.2': gpt5(1.75, 14, 0.175),
  'gpt-5.2-codex': gpt5(1.75, 14, 0.175),
  'gpt-5.2-pro': entry(modelsDevOpenai, { input: 21, output: 168 }, 400_000, 128_000),
  'gpt-5.1': gpt5(1.25, 10, 0.125),
  'gpt-5.1-codex': gpt5(1.25, 10, 0.125),
  'gpt-5.1-codex-max': gpt5(1.25, 10, 0.125),
  'gpt-5.1-codex-mini': gpt5(0.25, 2, 0.025),
  'gpt-5': gpt5(1.25, 10, 0.125),
  'gpt-5-codex': gpt5(1.25, 10, 0.125),
  'gpt-5-mini': gpt5(0.25, 2, 0.025),
  'gpt-5-nano': gpt5(0.05, 0.4, 0.005),
  'gpt-5-pro': entry(modelsDevOpenai, { input: 15, output: 120 }, 400_000, 272_000),
  'gpt-4.1': entry(modelsDevOpenai, { input: 2, output: 8, cachedInput: 0.5 }, 1_047_576, 32_768),
  'gpt-4.1-mini': entry(modelsDevOpenai, { input: 0.4, output: 1.6, cachedInput: 0.1 }, 1_047_576, 32_768),
  'gpt-4.1-nano': entry(modelsDevOpenai, { input: 0.1, output: 0.4, cachedInput: 0.025 }, 1_047_576, 32_768),
  'gpt-4o': entry(modelsDevOpenai, { input: 2.5, output: 10, cachedInput: 1.25 }, 128_000, 16_384),
  'gpt-4o-2024-05-13': entry(modelsDevOpenai, { input: 5, output: 15 }, 128_000, 4_096),
  'gpt-4o-mini': entry(modelsDevOpenai, { input: 0.15, output: 0.6, cachedInput: 0.075 }, 128_000, 16_384),
  'gpt-4-turbo': entry(modelsDevOpenai, { input: 10, output: 30 }, 128_000, 4_096),
  'gpt-4': entry(modelsDevOpenai, { input: 30, output: 60 }, 8_192, 8_192),
  'gpt-3.5-turbo': entry(modelsDevOpenai, { input: 0.5, output: 1.5 }, 16_385, 4_096),
  o1: entry(modelsDevOpenai, { input: 15, output: 60, cachedInput: 7.5 }, 200_000, 100_000),
  'o1-pro': entry(modelsDevOpenai, { input: 150, output: 600 }, 200_000, 100_000),
  o3: entry(modelsDevOpenai, { input: 2, output: 8, cachedInput: 0.5 }, 200_000, 100_000),
  'o3-pro': entry(modelsDevOpenai, { input: 20, output: 80 }, 200_000, 100_000),
  'o3-mini': entry(modelsDevOpenai, { input: 1.1, output: 4.4, cachedInput: 0.55 }, 200_000, 100_000),
  'o4-mini': entry(modelsDevOpenai, { input: 1.1, output: 4.4, cachedInput: 0.275 }, 200_000, 100_000),
  'text-embedding-3-large': embedding(0.13, 8_191),
  'text-embedding-3-small': embedding(0.02, 8_191),
  'text-embedding-ada-002': embedding(0.1, 8_192),
};

const opus4 = claude(modelsDevAnthropic, [15, 75, 1.5, 18.75], 200_000, 32_000);
const sonnet4 = claude(modelsDevAnthropic, [3, 15, 0.3, 3.75], 200_000, 64_000);

const anthropic: PriceTable = {
  'claude-fable-5-1': claude(claudePricing, [10, 50, 0.25, 12.5], million, 128_000),
  'claude-fable-5': claude(claudePricing, [10, 50, 1, 12.5], million, 128_000),
  'claude-opus-5-5': claude(claudePricing, [4, 20, 0.2, 5], million, 128_000),
  'claude-opus-5': claude(claudePricing, [5, 25, 0.5, 6.25], million, 128_000),
  'claude-sonnet-5-5': claude(claudePricing, [2, 10, 0.1, 2.5], million, 128_000),
  'claude-sonnet-5': claude(claudePricing, [2, 10, 0.2, 2.5], million, 128_000),
  'claude-haiku-5-5': entry(
    claudePricing,
    {
      input: 0.1,
      output: 0.5,
      cachedInput: 0.01,
      cacheWrite: 0.125,
      longInput: { aboveTokens: 100_000, price: { input: 0.5, output: 2.5, cachedInput: 0.05, cacheWrite: 0.625 } },
    },
    million,
    128_000,
  ),
  'claude-opus-4-8': claude(modelsDevAnthropic, [5, 25, 0.5, 6.25], million, 128_000),
  'claude-opus-4-7': claude(modelsDevAnthropic, [5, 25, 0.5, 6.25], million, 128_000),
  'claude-opus-4-6': claude(modelsDevAnthropic, [5, 25, 0.5, 6.25], million, 128_000),
  'claude-opus-4-5': claude(modelsDevAnthropic, [5, 25, 0.5, 6.25], 200_000, 64_000),
  'claude-opus-4-1': opus4,
  'claude-opus-4-0': opus4,
  'claude-opus-4': opus4,
  'claude-sonnet-4-6': claude(modelsDevAnthropic, [3, 15, 0.3, 3.75], million, 64_000),
  'claude-sonnet-4-5': sonnet4,
  'claude-sonnet-4-0': sonnet4,
  'claude-sonnet-4': sonnet4,
  'claude-3-7-sonnet': sonnet4,
  'claude-haiku-4-5': claude(modelsDevAnthropic, [1, 5, 0.1, 1.25], 200_000, 64_000),
  'claude-3-5-haiku': claude(claudePricing, [0.8, 4, 0.08, 1], 200_000, 8_192),
};

/**
 * Standard prices and limits of current models of OpenAI, Anthropic, Google, Mistral, DeepSeek, xAI, Groq, Cerebras, Cohere,
 * Voyage, Perplexity, Moonshot and Z.ai, each with where and when it was read. A model that several servers have, at prices of
 * their own, stands under its id (`groq:openai/gpt-oss-120b`). Batch, priority and regional rates are not in it.
 */
export const priceTable: PriceTable = {
  ...openai,
  ...anthropic,
  ...googlePrices,
  ...mistralPrices,
  ...deepseekPrices,
  ...xaiPrices,
  ...groqPrices,
  ...cerebrasPrices,
  ...coherePrices,
  ...voyagePrices,
  ...perplexityPrices,
  ...moonshotPrices,
  ...zaiPrices,
};

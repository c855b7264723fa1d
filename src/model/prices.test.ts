import { describe, expect, it } from 'vitest';
import { costOf, limitsOf, priceEntryOf, priceOf, priceTable } from './index.js';

describe('priceOf', () => {
  it('finds dated, prefixed and regional names by their family', () => {
    expect(priceOf('gpt-5-mini-2025-08-07')).toEqual(priceOf('gpt-5-mini'));
    expect(priceOf('claude-sonnet-4-5-20250929')).toMatchObject({ input: 3, output: 15, cachedInput: 0.3 });
    expect(priceOf('openai/gpt-5-mini')).toEqual(priceOf('gpt-5-mini'));
    expect(priceOf('openai:gpt-5-mini')).toEqual(priceOf('gpt-5-mini'));
    expect(priceOf('anthropic/claude-opus-4.8')).toEqual(priceOf('claude-opus-4-8'));
    expect(priceOf('us.anthropic.claude-sonnet-4-5-20250929-v1:0')).toEqual(priceOf('claude-sonnet-4-5'));
    expect(priceOf('claude-3-7-sonnet-latest')).toEqual(priceOf('claude-3-7-sonnet'));
  });

  it('prefers an entry of the dated name itself', () => {
    expect(priceOf('gpt-4o-2024-05-13')?.input).toBe(5);
    expect(priceOf('gpt-4o-2024-08-06')?.input).toBe(2.5);
  });

  it('does not guess: unknown, similar and fine-tuned names have no price', () => {
    for (const model of [
      'gpt-5-mega',
      'llama3.2',
      'ft:gpt-4o-mini:acme::1',
      '',
      '__proto__',
      'constructor',
      'toString',
    ]) {
      expect(priceOf(model)).toBeUndefined();
      expect(limitsOf(model)).toEqual({});
    }
  });

  it('knows an announced change, from its day on', () => {
    const at = (day: string): number | undefined => priceOf('gemini-4-argon', priceTable, Date.parse(day))?.input;
    expect([at('2026-11-30T23:59:59Z'), at('2026-12-01T00:00:00Z')]).toEqual([2, 4]);
  });

  it('reads a table of your own', () => {
    const own = { price: { input: 0.1, output: 0.2 }, limits: {}, source: 'https://example.com', seenOn: '2026-01-01' };
    const table = { ...priceTable, 'my-model': own };
    expect(priceOf('my-model', table)).toEqual(own.price);
    expect(priceOf('gpt-5', table)).toEqual(priceOf('gpt-5'));
  });
});

describe('priceTable', () => {
  it.each(Object.entries(priceTable))('says for %s where and when its figures were read', (_, entry) => {
    expect(new URL(entry.source).protocol).toBe('https:');
    expect(entry.seenOn).toMatch(/^20\d\d-\d\d-\d\d$/);
    const { price, limits } = entry;
    expect(price.input + (price.searchUnit ?? 0)).toBeGreaterThan(0);
    expect(price.searchUnit ?? 0).not.toBeLessThan(0);
    expect(price.output >= price.input || price.output === 0).toBe(true);
    expect(price.cachedInput ?? -1).toBeLessThan(price.input);
    expect(limits.contextTokens).toBeGreaterThan(2_000);
  });

  it('has the models of an open weight under the server whose price it is, and under no other', () => {
    expect(priceOf('groq:openai/gpt-oss-120b')).toEqual({ input: 0.15, output: 0.6, cachedInput: 0.075 });
    expect(priceOf('cerebras:gpt-oss-120b')).toEqual({ input: 0.35, output: 0.75 });
    expect(priceOf('moonshot:kimi-k2.6')?.output).toBe(4);
    expect(priceOf('deepseek:deepseek-v4-pro')?.cachedInput).toBe(0.044);
    const elsewhere = [
      ...['gpt-oss-120b', 'openai/gpt-oss-120b', 'together:openai/gpt-oss-120b', 'ollama:gpt-oss:20b'],
      ...['moonshotai/Kimi-K2.6', 'together:moonshotai/Kimi-K2.6', 'fireworks:accounts/fireworks/models/glm-5p2'],
      ...['zai-org/GLM-5.3', 'deepseek-ai/DeepSeek-V4-Pro', 'huggingface:deepseek-ai/DeepSeek-V4-Pro:together'],
    ];
    for (const model of elsewhere) expect(priceOf(model)).toBeUndefined();
  });

  it('tells the newest name of a family by its alias, where it is known which model that is', () => {
    expect(priceOf('mistral:mistral-medium-latest')).toEqual({ input: 1.5, output: 7.5, cachedInput: 0.15 });
    expect(priceOf('mistral-large-2512')?.output).toBe(1.5);
    expect(priceOf('mistral-large-latest')).toBeUndefined();
  });

  it('bills searches of rerankers by the search, tokens by the token', () => {
    const searched = { inputTokens: 900, outputTokens: 0, billed: { inputTokens: 0, outputTokens: 0, searchUnits: 3 } };
    const costAt = (model: string): number => costOf(searched, priceOf(model) ?? { input: Number.NaN, output: 0 });
    expect(costAt('cohere:rerank-v3.5')).toBeCloseTo(3 * 0.002, 12);
    expect(costAt('cohere:rerank-v4.0-pro')).toBeCloseTo(3 * 0.0025, 12);
    const read = { inputTokens: 1_000_000, outputTokens: 0 };
    expect(costOf(read, priceOf('voyage:rerank-2.5') ?? { input: 0, output: 0 })).toBe(0.05);
    expect(costOf(read, priceOf('voyage-4-lite') ?? { input: 0, output: 0 })).toBe(0.02);
  });

  it('bills long input of Grok at twice the price', () => {
    expect(priceOf('grok-4.7')?.longInput).toEqual({
      aboveTokens: 200_000,
      price: { input: 4, output: 12, cachedInput: 1 },
    });
  });

  it('gives context and output limits', () => {
    expect(limitsOf('gpt-5-mini')).toEqual({ contextTokens: 400_000, maxOutputTokens: 128_000 });
    expect(priceEntryOf('claude-haiku-5-5')?.limits.contextTokens).toBe(1_000_000);
  });
});

describe('costOf', () => {
  const price = { input: 2, output: 8, cachedInput: 0.5, cacheWrite: 2.5 };

  it('counts cached and written input once, at their own price', () => {
    const usage = {
      inputTokens: 1_000_000,
      outputTokens: 100_000,
      cachedInputTokens: 400_000,
      cacheWriteTokens: 200_000,
    };
    expect(costOf(usage, price)).toBeCloseTo(0.4 * 2 + 0.4 * 0.5 + 0.2 * 2.5 + 0.1 * 8, 12);
  });

  it('takes the input price where the cache has none of its own', () => {
    const usage = { inputTokens: 1_000_000, outputTokens: 0, cachedInputTokens: 500_000, cacheWriteTokens: 500_000 };
    expect(costOf(usage, { input: 2, output: 8 })).toBe(2);
  });

  it('never makes a negative amount of figures that do not add up', () => {
    const usage = { inputTokens: 10, outputTokens: 0, cachedInputTokens: 50, cacheWriteTokens: 50 };
    expect(costOf(usage, price)).toBeCloseTo((10 * 0.5) / 1e6, 15);
  });

  it('takes what the provider puts on the bill over the tokens that it counted', () => {
    const usage = { inputTokens: 2_000_000, outputTokens: 50, billed: { inputTokens: 1_000_000, outputTokens: 0 } };
    expect(costOf(usage, { input: 2, output: 8 })).toBe(2);
    expect(costOf({ ...usage, cachedInputTokens: 1_900_000 }, { input: 2, output: 8, cachedInput: 1 })).toBe(2);
    const searched = { ...usage, billed: { inputTokens: 0, outputTokens: 0, searchUnits: 3 } };
    expect(costOf(searched, { input: 2, output: 8, searchUnit: 2_000 })).toBeCloseTo(0.006, 12);
    expect(costOf(searched, { input: 2, output: 8 })).toBe(0);
  });

  it('bills a whole call at the long price once its input is over the threshold', () => {
    const haiku = priceOf('claude-haiku-5-5');
    if (haiku === undefined) throw new Error('no price');
    expect(costOf({ inputTokens: 100_000, outputTokens: 1_000 }, haiku)).toBeCloseTo(0.01 + 0.0005, 12);
    expect(costOf({ inputTokens: 100_001, outputTokens: 1_000 }, haiku)).toBeCloseTo(0.0500005 + 0.0025, 12);
    expect(priceOf('gpt-6.1-sol')?.longInput?.price).toEqual({ input: 4, output: 15, cachedInput: 0.2, cacheWrite: 5 });
  });
});

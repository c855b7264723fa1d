import type { PriceEntry } from './prices.js';
import type { ModelPrice } from './types.js';

/** A place where figures were read, and the day they were true. */
export type Origin = Pick<PriceEntry, 'source' | 'seenOn'>;

/** A commit of models.dev, whose files say themselves where their figures are from. */
export const modelsDev = (seenOn: string, commit: string, path: string): Origin => ({
  source: `https://github.com/anomalyco/models.dev/blob/${commit}/providers/${path}`,
  seenOn,
});

/** The models of a provider as models.dev had them on 2026-07-02. */
export const modelsDevInJuly = (provider: string): Origin => ({
  source: `https://github.com/anomalyco/models.dev/tree/f3fc692299671838c7c65fd8126bf84d81a2e817/providers/${provider}/models`,
  seenOn: '2026-07-02',
});

/** A chat model: USD for a million tokens of input, output and cached input. */
export const chatEntry = (
  origin: Origin,
  [input, output, cachedInput]: readonly [number, number, number?],
  contextTokens: number,
  maxOutputTokens?: number,
): PriceEntry => ({
  price: { input, output, ...(cachedInput === undefined ? {} : { cachedInput }) },
  limits: { contextTokens, ...(maxOutputTokens === undefined ? {} : { maxOutputTokens }) },
  ...origin,
});

/** An embedder, or a reranker that is paid by the token. */
export const inputEntry = (origin: Origin, input: number, contextTokens: number): PriceEntry => ({
  price: { input, output: 0 },
  limits: { contextTokens },
  ...origin,
});

/** Twice as much for everything once the input is longer. */
export const withDoubleAbove = (aboveTokens: number, entry: PriceEntry): PriceEntry => {
  const { input, output, cachedInput } = entry.price;
  const price: ModelPrice = {
    input: input * 2,
    output: output * 2,
    ...(cachedInput === undefined ? {} : { cachedInput: cachedInput * 2 }),
  };
  return { ...entry, price: { ...entry.price, longInput: { aboveTokens, price } } };
};

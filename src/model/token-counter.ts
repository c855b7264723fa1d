import { sliceTimer, yieldToEventLoop } from '../core/index.js';
import { type CountCache, countCache } from './count-cache.js';
import { type CountShort, encodingOf, type ModelEncoding, loadEncoding } from './encoding.js';
import { requestParts } from './request-tokens.js';
import { estimateTokens } from './tokens.js';
import { maxSliceLength, stretchFrom } from './text-slices.js';
import type { ChatRequest } from './types.js';

export interface TokenCount {
  readonly tokens: number;
  /**
   * True when this is the number that the provider will bill. False for models whose tokenizer is not public, for parts whose
   * tokens are not documented (pictures, tools), and for texts with more than 500 letters or signs in a run, which are cut
   * before they are counted: that adds at most one token for each cut.
   */
  readonly isExact: boolean;
}

/** Counts tokens as one model does. The tables are loaded when the first text is counted; counts of recent texts are kept. */
export interface TokenCounter {
  readonly model: string;
  /** The tokens of a text alone. */
  readonly count: (text: string) => Promise<TokenCount>;
  /** The input tokens of a request: messages with what goes around them, tools, schema, pictures. */
  readonly countRequest: (request: ChatRequest) => Promise<TokenCount>;
}

/** Characters of text whose counts are kept, for each encoding. */
const cachedLength = 2_000_000;
const caches: Readonly<Record<ModelEncoding['name'], CountCache>> = {
  o200k_base: countCache(cachedLength),
  cl100k_base: countCache(cachedLength),
};

/** Counts stretch by stretch, and gives the event loop a turn in between when it is time. */
const countSlices = async (text: string, countShort: CountShort): Promise<TokenCount> => {
  const isDue = sliceTimer();
  let tokens = 0;
  let isExact = true;
  for (let at = 0; at < text.length; ) {
    const stretch = stretchFrom(text, at);
    tokens += countShort(text.slice(at, stretch.end));
    isExact &&= stretch.isExact;
    at = stretch.end;
    if (isDue()) await yieldToEventLoop();
  }
  return { tokens, isExact };
};

/** The count of a text that was counted not long ago; undefined when it must be counted. */
const knownCount = (text: string, { name, isPublished }: ModelEncoding): TokenCount | undefined => {
  const tokens = caches[name].get(text);
  return tokens === undefined ? undefined : { tokens, isExact: isPublished };
};

const countWith = async (text: string, encoding: ModelEncoding): Promise<TokenCount> => {
  const countShort = await loadEncoding(encoding.name);
  const known = knownCount(text, encoding);
  if (known !== undefined) return known;
  const cache = caches[encoding.name];
  if (text.length <= maxSliceLength) {
    const tokens = countShort(text);
    cache.set(text, tokens);
    return { tokens, isExact: encoding.isPublished };
  }
  const { tokens, isExact } = await countSlices(text, countShort);
  if (isExact) cache.set(text, tokens);
  return { tokens, isExact: isExact && encoding.isPublished };
};

/**
 * A counter for a model: exact for OpenAI's models (`isExact` says so), by `estimateTokens` for all others. Its first count
 * loads the encoding's tables, about 0.2 s once in a process; after that it is faster than tiktoken itself. It gives the event
 * loop its turns, and takes time proportional to any text.
 * @example (await tokenCounter('gpt-5-mini').count('Hello, world!')) // => { tokens: 4, isExact: true }
 */
export const tokenCounter = (model: string): TokenCounter => {
  const encoding = encodingOf(model);
  const count = (text: string): Promise<TokenCount> =>
    encoding === undefined
      ? Promise.resolve({ tokens: estimateTokens(text, model), isExact: false })
      : countWith(text, encoding);
  const countRequest = async (request: ChatRequest): Promise<TokenCount> => {
    const parts = requestParts(request, model);
    let tokens = parts.fixedTokens;
    let isExact = parts.isExact;
    for (const text of parts.texts) {
      // A promise for each text would take longer than a long conversation that was counted before.
      const known = encoding === undefined ? undefined : knownCount(text, encoding);
      const counted = known ?? (await count(text));
      tokens += counted.tokens;
      isExact &&= counted.isExact;
    }
    return { tokens, isExact };
  };
  return { model, count, countRequest };
};
